/* The dashboard is pressed and looked at, without a terminal and without engines. */
#include "tui/dashboard.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC
#define START  (1000 * SECOND)

/* ---- what engines would say ---- */

static PgmJobInfo *
make_info (const char *id, PgmJobStatus status, gint64 started_at)
{
  PgmJobInfo *info = pgm_record_new (&pgm_job_info_type);

  info->id = g_strdup (id);
  info->kind = g_strdup ("clone");
  info->status = (int) status;
  info->phase = status == PGM_JOB_RUNNING ? PGM_PHASE_STREAMING : PGM_PHASE_DONE;
  info->outcome = status == PGM_JOB_ENDED ? g_strdup ("done") : NULL;
  info->source = g_strdup ("shop on db1");
  info->destination = g_strdup ("shop on db2");
  info->here = status == PGM_JOB_RUNNING;
  info->started_at = started_at;
  return info;
}

static void
add_table (PgmSnapshot *snapshot, const char *name)
{
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  table->schema = g_strdup ("public");
  table->name = g_strdup (name);
  table->status = PGM_TABLE_COPIED;
  g_ptr_array_add (snapshot->tables, table);
}

static PgmSnapshot *
make_snapshot (const char *job_id, PgmPhase phase)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  snapshot->job_id = g_strdup (job_id);
  snapshot->phase = (int) phase;
  snapshot->timestamp = START;
  snapshot->retained_limit = -1;
  snapshot->retained_sec = -1;
  if (phase == PGM_PHASE_STREAMING || phase == PGM_PHASE_PAUSED)
    snapshot->applied_lsn = snapshot->confirmed_lsn = 0x1000;
  add_table (snapshot, "orders");
  add_table (snapshot, "items");
  return snapshot;
}

static void
show (PgmDashboard *dashboard, PgmSnapshot *snapshot, gint64 now)
{
  g_autofree char *job_id = g_strdup (snapshot->job_id);

  pgm_dashboard_take_snapshot (dashboard, job_id, snapshot, now);
  pgm_record_unref (snapshot);
  pgm_dashboard_refresh (dashboard, now);
}

static void
list (PgmDashboard *dashboard, PgmJobInfo *info)
{
  g_autoptr (GPtrArray) infos = g_ptr_array_new_with_free_func (pgm_record_unref);

  if (info->here)
    pgm_dashboard_set_served (dashboard, info->id, TRUE);
  g_ptr_array_add (infos, info);
  pgm_dashboard_take_jobs (dashboard, infos);
}

/* One that is followed. */
static PgmDashboard *
make_dashboard (void)
{
  PgmDashboard *dashboard = pgm_dashboard_new ();

  list (dashboard, make_info ("clone-1", PGM_JOB_RUNNING, 100));
  show (dashboard, make_snapshot ("clone-1", PGM_PHASE_STREAMING), START);
  return dashboard;
}

/* ---- people ---- */

static PgmWish
press (PgmDashboard *dashboard, PgmKeyName name)
{
  PgmKey key = { .name = name };

  return pgm_dashboard_press (dashboard, &key, START);
}

/* Types @text; the wish of its last key. */
static PgmWish
type (PgmDashboard *dashboard, const char *text)
{
  PgmWish wish = { PGM_WISH_NONE };

  for (; *text != '\0'; text++)
    {
      PgmKey key = { PGM_KEY_CHARACTER, (gunichar) *text };

      g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
      wish = pgm_dashboard_press (dashboard, &key, START);
    }
  return wish;
}

static char *
picture_of (PgmDashboard *dashboard, guint columns, guint rows, gboolean ascii)
{
  g_autoptr (PgmCanvas) canvas = pgm_dashboard_paint (dashboard, columns, rows, ascii, "12:00:00");
  g_autoptr (GString) picture = g_string_new (NULL);

  for (guint i = 0; i < rows; i++)
    {
      g_autofree char *line = pgm_canvas_get_line (canvas, i);

      g_string_append_printf (picture, "%s\n", line);
    }
  return g_string_free (g_steal_pointer (&picture), FALSE);
}

static void
assert_seen (PgmDashboard *dashboard, const char *text, gboolean seen)
{
  g_autofree char *picture = picture_of (dashboard, 100, 30, FALSE);

  if ((strstr (picture, text) != NULL) != seen)
    g_error ("\"%s\" is %s:\n%s", text, seen ? "missing" : "there", picture);
}

#define SEEN(dashboard, text)   assert_seen ((dashboard), (text), TRUE)
#define UNSEEN(dashboard, text) assert_seen ((dashboard), (text), FALSE)

/* ---- the tests ---- */

static void
test_content (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  PgmPhaseEntry *phase = pgm_record_new (&pgm_phase_entry_type);

  snapshot->timestamp = START + 2 * SECOND;
  snapshot->lag_bytes = 3 << 20;
  snapshot->lag_sec = 7;
  snapshot->changes = 2000;
  snapshot->transactions = 100;
  snapshot->applied_lsn = 0x1000 + (2 << 20);
  snapshot->retained_bytes = 5 << 20;
  snapshot->retained_limit = 1 << 20;
  snapshot->xmin_age = 1234;
  snapshot->slot_status = g_strdup ("extended");
  snapshot->activity = g_strdup ("applying");
  phase->phase = PGM_PHASE_COPY;
  phase->duration_sec = 12;
  phase->ended_at = 1;
  g_ptr_array_add (snapshot->phases, phase);
  show (dashboard, snapshot, START + 2 * SECOND);
  SEEN (dashboard, "1 running of 1");
  SEEN (dashboard, "clone clone-1  shop on db1 → shop on db2");
  SEEN (dashboard, "copy 12 s");
  SEEN (dashboard, "streaming applying");
  SEEN (dashboard, "3.0 MiB, 7.0 s");
  SEEN (dashboard, "1.0 k rows/s, 50 tx/s, 1.0 MiB/s");
  SEEN (dashboard, "5.0 MiB kept back, slot lost after 1.0 MiB more, slot extended");
  SEEN (dashboard, "VACUUM 1.2 k tx behind");
  SEEN (dashboard, "public.orders");
  SEEN (dashboard, "█");
}

static void
test_nothing (void)
{
  g_autoptr (PgmDashboard) dashboard = pgm_dashboard_new ();
  PgmWish wish;

  pgm_dashboard_refresh (dashboard, START);
  SEEN (dashboard, "0 running of 0");
  wish = type (dashboard, "S");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
  SEEN (dashboard, "can't be asked");
  (void) type (dashboard, "1");
  SEEN (dashboard, "No job is known yet");
  wish = type (dashboard, "q");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_QUIT);
}

/* Every size and every pane, in both alphabets; a box on top or not. */
static void
test_sizes (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  const char *const keys[] = { "1", "2", "3", "4", "5", "6", "?", "C" };

  list (dashboard, make_info ("clone-2", PGM_JOB_ENDED, 50));
  for (gsize key = 0; key < G_N_ELEMENTS (keys); key++)
    {
      (void) type (dashboard, keys[key]);
      for (guint columns = 1; columns < 130; columns += 7)
        for (guint rows = 1; rows < 40; rows++)
          {
            g_autofree char *picture = picture_of (dashboard, columns, rows, rows % 2 == 0);

            g_assert_true (g_utf8_validate (picture, -1, NULL));
          }
      (void) press (dashboard, PGM_KEY_ESCAPE);
    }
}

static void
test_small (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_autofree char *picture = picture_of (dashboard, 40, 10, FALSE);
  g_autofree char *tiny = picture_of (dashboard, 10, 3, FALSE);

  g_assert_nonnull (strstr (picture, "clone-1"));
  g_assert_nonnull (strstr (picture, "streaming"));
  g_assert_nonnull (strstr (picture, "public.items"));
  g_assert_nonnull (strstr (tiny, "too small"));
}

static void
test_ascii (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_autofree char *picture = picture_of (dashboard, 100, 30, TRUE);

  g_assert_true (g_str_is_ascii (picture));
  g_assert_nonnull (strstr (picture, "shop on db1 -> shop on db2"));
}

static void
test_jobs_order (void)
{
  g_autoptr (PgmDashboard) dashboard = pgm_dashboard_new ();
  g_autofree char *picture = NULL;

  list (dashboard, make_info ("old", PGM_JOB_ENDED, 10));
  list (dashboard, make_info ("newer", PGM_JOB_ENDED, 900));
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "old");
  list (dashboard, make_info ("runs", PGM_JOB_RUNNING, 500));
  /* Nobody had chosen yet. */
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "runs");
  (void) type (dashboard, "1");
  picture = picture_of (dashboard, 80, 20, FALSE);
  g_assert_cmpuint (strstr (picture, "\nruns") - picture, <, strstr (picture, "\nnewer") - picture);
  g_assert_cmpuint (strstr (picture, "\nnewer") - picture, <, strstr (picture, "\nold") - picture);
  (void) press (dashboard, PGM_KEY_DOWN);
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "newer");
  g_assert_true (pgm_dashboard_lacks_events (dashboard));
  (void) press (dashboard, PGM_KEY_END);
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "old");
  /* Somebody has chosen: it stays. */
  list (dashboard, make_info ("another", PGM_JOB_RUNNING, 990));
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "old");
}

static void
test_wanted_job (void)
{
  g_autoptr (PgmDashboard) dashboard = pgm_dashboard_new ();

  g_assert_false (pgm_dashboard_choose_job (dashboard, "clone-2"));
  list (dashboard, make_info ("clone-1", PGM_JOB_RUNNING, 100));
  list (dashboard, make_info ("clone-2", PGM_JOB_RUNNING, 50));
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "clone-2");
}

static void
test_filter (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();

  (void) type (dashboard, "/ORQ");
  UNSEEN (dashboard, "public.orders");
  SEEN (dashboard, "No table fits the filter.");
  (void) press (dashboard, PGM_KEY_BACKSPACE);
  SEEN (dashboard, "public.orders");
  UNSEEN (dashboard, "public.items");
  SEEN (dashboard, "/OR_");
  (void) press (dashboard, PGM_KEY_ENTER);
  SEEN (dashboard, "Tables /OR");
  /* Letters are keys again. */
  (void) type (dashboard, "3");
  UNSEEN (dashboard, "public.orders");
  (void) type (dashboard, "2");
  (void) press (dashboard, PGM_KEY_ESCAPE);
  SEEN (dashboard, "public.items");
}

static void
test_hold (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();

  (void) type (dashboard, " ");
  SEEN (dashboard, "HELD");
  show (dashboard, make_snapshot ("clone-1", PGM_PHASE_PAUSED), START + 60 * SECOND);
  SEEN (dashboard, "streaming");
  UNSEEN (dashboard, "paused");
  UNSEEN (dashboard, "no answer");
  (void) type (dashboard, " ");
  pgm_dashboard_refresh (dashboard, START + 60 * SECOND);
  SEEN (dashboard, "paused");
  UNSEEN (dashboard, "HELD");
}

static void
test_interval (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmWish wish = type (dashboard, "-");

  g_assert_cmpfloat (pgm_dashboard_get_interval (dashboard), ==, 0.5);
  wish = type (dashboard, "+");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_INTERVAL);
  g_assert_cmpfloat (pgm_dashboard_get_interval (dashboard), ==, 1);
  pgm_dashboard_set_interval (dashboard, 4);
  g_assert_cmpfloat (pgm_dashboard_get_interval (dashboard), ==, 4);
  SEEN (dashboard, "every 4 s");
  for (guint i = 0; i < 20; i++)
    wish = type (dashboard, "+");
  g_assert_cmpfloat (pgm_dashboard_get_interval (dashboard), ==, 30);
}

/* Nothing but a plain yes is one. */
static void
test_stop (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_auto (PgmWish) wish = { PGM_WISH_NONE };

  (void) type (dashboard, "S");
  SEEN (dashboard, "Stop this job?");
  wish = type (dashboard, "q");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
  UNSEEN (dashboard, "Stop this job?");
  (void) type (dashboard, "S");
  wish = press (dashboard, PGM_KEY_ENTER);
  g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
  wish = type (dashboard, "Sy");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_STOP);
  g_assert_cmpstr (wish.job_id, ==, "clone-1");
}

static void
test_pause (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_auto (PgmWish) pause = type (dashboard, "py");
  g_auto (PgmWish) resume = { PGM_WISH_NONE };
  g_auto (PgmWish) verify = { PGM_WISH_NONE };

  g_assert_cmpint (pause.kind, ==, PGM_WISH_REQUEST);
  g_assert_cmpint (pause.request, ==, PGM_REQUEST_PAUSE);
  show (dashboard, make_snapshot ("clone-1", PGM_PHASE_PAUSED), START + SECOND);
  resume = type (dashboard, "py");
  g_assert_cmpint (resume.request, ==, PGM_REQUEST_RESUME);
  verify = type (dashboard, "Vy");
  g_assert_cmpint (verify.request, ==, PGM_REQUEST_VERIFY);
}

static void
test_cutover (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_auto (PgmWish) wish = { PGM_WISH_NONE };

  wish = type (dashboard, "Cy");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
  wish = press (dashboard, PGM_KEY_ENTER); /* "y" is not "yes" */
  g_assert_cmpint (wish.kind, ==, PGM_WISH_NONE);
  UNSEEN (dashboard, "Move the writes");
  (void) type (dashboard, "Cyesx");
  (void) press (dashboard, PGM_KEY_BACKSPACE);
  SEEN (dashboard, "Move the writes to the destination?");
  SEEN (dashboard, "yes_");
  wish = press (dashboard, PGM_KEY_ENTER);
  g_assert_cmpint (wish.kind, ==, PGM_WISH_REQUEST);
  g_assert_cmpint (wish.request, ==, PGM_REQUEST_SWITCHOVER);
  g_assert_cmpstr (wish.job_id, ==, "clone-1");
}

static PgmSnapshot *
with_cutover (gboolean done, const char *direction)
{
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  PgmCutoverReport *cutover = pgm_record_new (&pgm_cutover_report_type);
  PgmCutoverStep *step = pgm_record_new (&pgm_cutover_step_type);

  cutover->done = done;
  cutover->proved = done;
  cutover->direction = g_strdup (direction);
  cutover->error = done ? NULL : g_strdup ("somebody holds a lock");
  step->name = g_strdup ("fence");
  step->message = g_strdup ("nobody may connect");
  step->ok = TRUE;
  g_ptr_array_add (cutover->steps, step);
  snapshot->cutover = cutover;
  return snapshot;
}

/* Where the writes are decides which way C goes. */
static void
test_cutover_directions (void)
{
  static const struct
  {
    gboolean done;
    const char *direction;
    PgmRequestKind request;
  } cases[] = {
    { TRUE, "forward", PGM_REQUEST_SWITCHOVER_BACK },
    { FALSE, "forward", PGM_REQUEST_SWITCHOVER },
    { TRUE, "back", PGM_REQUEST_SWITCHOVER },
    { FALSE, "back", PGM_REQUEST_SWITCHOVER_BACK },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PgmDashboard) dashboard = make_dashboard ();
      g_auto (PgmWish) wish = { PGM_WISH_NONE };

      show (dashboard, with_cutover (cases[i].done, cases[i].direction), START);
      (void) type (dashboard, "5");
      SEEN (dashboard, "0.0 ms  ok   fence");
      SEEN (dashboard, cases[i].done ? "nothing was written between" : "somebody holds a lock");
      (void) type (dashboard, "Cyes");
      wish = press (dashboard, PGM_KEY_ENTER);
      g_assert_cmpint (wish.request, ==, cases[i].request);
    }
}

static void
test_cutover_called_off (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_SWITCHOVER);
  g_auto (PgmWish) wish = { PGM_WISH_NONE };

  snapshot->requests = g_strsplit ("switchover-cancel", " ", -1);
  show (dashboard, snapshot, START);
  wish = type (dashboard, "Cy");
  g_assert_cmpint (wish.kind, ==, PGM_WISH_REQUEST);
  g_assert_cmpint (wish.request, ==, PGM_REQUEST_SWITCHOVER_CANCEL);
}

static void
test_comparison (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  PgmVerification *verification = pgm_record_new (&pgm_verification_type);
  PgmTableComparison *table = pgm_record_new (&pgm_table_comparison_type);
  PgmRowDifference *row = pgm_record_new (&pgm_row_difference_type);

  (void) type (dashboard, "6");
  SEEN (dashboard, "weren't compared yet");
  verification->percent = 40;
  verification->activity = g_strdup ("digesting");
  row->key = g_strdup ("(id)=(42)");
  row->state = g_strdup ("different");
  row->source_row = g_strdup ("(42,a)");
  row->destination_row = g_strdup ("(42,b)");
  table->schema = g_strdup ("public");
  table->name = g_strdup ("orders");
  table->state = g_strdup ("different");
  g_ptr_array_add (table->rows, row);
  g_ptr_array_add (verification->differences, table);
  snapshot->verification = verification;
  show (dashboard, snapshot, START);
  SEEN (dashboard, "40 %  digesting");
  SEEN (dashboard, "public.orders: different");
  SEEN (dashboard, "> (42,b)");
  snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  snapshot->verification = pgm_record_new (&pgm_verification_type);
  snapshot->verification->finished_at = 5;
  snapshot->verification->equal = TRUE;
  show (dashboard, snapshot, START);
  SEEN (dashboard, "Result         equal");
}

/* What is no longer true is dimmed and dated, and comes back. */
static void
test_silence (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  g_autoptr (PgmCanvas) canvas = NULL;

  pgm_dashboard_refresh (dashboard, START + 12 * SECOND);
  SEEN (dashboard, "no answer; this is how it stood 12 s ago");
  pgm_dashboard_set_served (dashboard, "clone-1", FALSE);
  pgm_dashboard_refresh (dashboard, START + 90 * SECOND);
  SEEN (dashboard, "connection lost; this is how it stood 1 min 30 s ago; reconnecting");
  SEEN (dashboard, "public.orders");
  canvas = pgm_dashboard_paint (dashboard, 80, 24, FALSE, NULL);
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 1, 0)->style, ==, PGM_STYLE_DIM);
  g_assert_cmpint (type (dashboard, "Sy").kind, ==, PGM_WISH_NONE);
  list (dashboard, make_info ("clone-1", PGM_JOB_RUNNING, 100));
  show (dashboard, make_snapshot ("clone-1", PGM_PHASE_STREAMING), START + 91 * SECOND);
  UNSEEN (dashboard, "ago");
}

/* A job that was killed is gone on with under another name. */
static void
test_successor (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();

  pgm_dashboard_choose_job (dashboard, "clone-1");
  pgm_dashboard_set_served (dashboard, "clone-1", FALSE);
  list (dashboard, make_info ("clone-9", PGM_JOB_RUNNING, 200));
  g_assert_cmpstr (pgm_dashboard_get_job (dashboard), ==, "clone-9");
}

static void
test_end (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmReport *report = pgm_record_new (&pgm_report_type);

  report->outcome = PGM_OUTCOME_FAILED;
  report->exit_status = 6;
  report->error = g_strdup ("the slot is gone");
  pgm_dashboard_set_served (dashboard, "clone-1", FALSE);
  pgm_dashboard_take_report (dashboard, "clone-1", report);
  pgm_record_unref (report);
  pgm_dashboard_refresh (dashboard, START + 60 * SECOND);
  SEEN (dashboard, "failed: the slot is gone");
  UNSEEN (dashboard, "ago");
  g_assert_cmpint (type (dashboard, "Sy").kind, ==, PGM_WISH_NONE);
}

/* Names, messages and errors of servers, on every pane. */
static void
test_hostile (void)
{
  g_autoptr (PgmDashboard) dashboard = pgm_dashboard_new ();
  const char *evil = "\033[2J\033]0;x\007\r\n\302\233m\342\200\256\377";
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  PgmEvent *event = pgm_record_new (&pgm_event_type);
  PgmErrorEntry *error = pgm_record_new (&pgm_error_entry_type);
  PgmJobInfo *info = make_info ("clone-1", PGM_JOB_RUNNING, 1);

  g_free (info->source);
  info->source = g_strdup (evil);
  list (dashboard, info);
  add_table (snapshot, evil);
  snapshot->activity = g_strdup (evil);
  snapshot->last_error = g_strdup (evil);
  event->type = g_strdup (evil);
  event->message = g_strdup (evil);
  g_ptr_array_add (snapshot->events, event);
  error->message = g_strdup (evil);
  g_ptr_array_add (snapshot->error_history, error);
  show (dashboard, snapshot, START);
  pgm_dashboard_note (dashboard, PGM_NOTE_ERROR, evil, START - 100 * SECOND);
  for (guint pane = 0; pane < 6; pane++)
    {
      g_autofree char *picture = picture_of (dashboard, 100, 30, FALSE);

      g_assert_true (g_utf8_validate (picture, -1, NULL));
      for (char *place = picture; *place != '\0'; place = g_utf8_next_char (place))
        g_assert_true (*place == '\n' || !g_unichar_iscntrl (g_utf8_get_char (place)));
      g_assert_null (strstr (picture, "\342\200\256"));
      (void) press (dashboard, PGM_KEY_TAB);
    }
}

/* Only what is seen is drawn, so that thousands cost nothing. */
static void
test_many_tables (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();
  PgmSnapshot *snapshot = make_snapshot ("clone-1", PGM_PHASE_STREAMING);
  gint64 begin;

  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%05u", i);

      add_table (snapshot, name);
    }
  show (dashboard, snapshot, START);
  (void) press (dashboard, PGM_KEY_END);
  SEEN (dashboard, "public.t19999");
  SEEN (dashboard, "20002/20002");
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (PgmCanvas) canvas = NULL;

      (void) press (dashboard, PGM_KEY_PAGE_UP);
      canvas = pgm_dashboard_paint (dashboard, 120, 40, FALSE, NULL);
    }
  g_test_message ("%" G_GINT64_FORMAT " us", (g_get_monotonic_time () - begin) / 200);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * SECOND);
}

/* A person who hits every key at random. */
static void
test_any_keys (void)
{
  g_autoptr (PgmDashboard) dashboard = make_dashboard ();

  list (dashboard, make_info ("clone-2", PGM_JOB_ENDED, 50));
  for (guint round = 0; round < 20000; round++)
    {
      PgmKey key = { .name = (PgmKeyName) g_test_rand_int_range (0, PGM_KEY_SUSPEND + 1) };
      g_auto (PgmWish) wish = { PGM_WISH_NONE };

      if (key.name == PGM_KEY_CHARACTER)
        key.character = (gunichar) g_test_rand_int_range (' ', 0x250);
      wish = pgm_dashboard_press (dashboard, &key, START);
      g_assert_cmpint (wish.job_id != NULL, ==, wish.kind >= PGM_WISH_STOP);
      if (round % 50 == 0)
        {
          g_autofree char *picture = picture_of (dashboard, (guint) g_test_rand_int_range (1, 120),
                                                 (guint) g_test_rand_int_range (1, 50), FALSE);

          g_assert_nonnull (picture);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/dashboard/content", test_content);
  g_test_add_func ("/tui/dashboard/nothing", test_nothing);
  g_test_add_func ("/tui/dashboard/sizes", test_sizes);
  g_test_add_func ("/tui/dashboard/small", test_small);
  g_test_add_func ("/tui/dashboard/ascii", test_ascii);
  g_test_add_func ("/tui/dashboard/jobs-order", test_jobs_order);
  g_test_add_func ("/tui/dashboard/wanted-job", test_wanted_job);
  g_test_add_func ("/tui/dashboard/filter", test_filter);
  g_test_add_func ("/tui/dashboard/hold", test_hold);
  g_test_add_func ("/tui/dashboard/interval", test_interval);
  g_test_add_func ("/tui/dashboard/stop", test_stop);
  g_test_add_func ("/tui/dashboard/pause", test_pause);
  g_test_add_func ("/tui/dashboard/cutover", test_cutover);
  g_test_add_func ("/tui/dashboard/cutover-directions", test_cutover_directions);
  g_test_add_func ("/tui/dashboard/cutover-called-off", test_cutover_called_off);
  g_test_add_func ("/tui/dashboard/comparison", test_comparison);
  g_test_add_func ("/tui/dashboard/silence", test_silence);
  g_test_add_func ("/tui/dashboard/successor", test_successor);
  g_test_add_func ("/tui/dashboard/end", test_end);
  g_test_add_func ("/tui/dashboard/hostile", test_hostile);
  g_test_add_func ("/tui/dashboard/many-tables", test_many_tables);
  g_test_add_func ("/tui/dashboard/any-keys", test_any_keys);
  return g_test_run ();
}
