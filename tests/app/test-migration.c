/* A migration as a person makes it, with nothing but the window: assistant, preflight,
 * start, lag, cutover, back, cleaning up; on the real engine and real servers. */
#include "busy.h"
#include "notice-board.h"
#include "stage.h"

#include <signal.h>
#include <string.h>

#include "app/migration-assistant.h"
#include "app/table-row.h"

/* "No main-loop stall over 16 ms of our making": turns that lay out or draw a frame
 * belong to the toolkit and its software renderer here, and are told separately. A page
 * is built in one turn; on a machine that others use too even processor time grows. */
#define STALL_MS 16.0
#define BUILD_MS 250.0

/* A server that stands still is waited for no shorter than this. */
#define FROZEN_SECONDS 6

/* @limit: of work in one turn, and of waiting outside of the loop's own poll. */
static void
tell_busy (const char *what, double limit)
{
  Busy busy = busy_end ();

  g_test_message ("%s: longest turn of the main loop %.1f ms of processor time (%.1f ms with a "
                  "frame, %.1f ms by the clock); longest wait outside of poll %.1f ms",
                  what, busy.longest_cpu_ms, busy.longest_frame_ms, busy.longest_ms,
                  busy.longest_wait_ms);
  g_test_minimized_result (busy.longest_cpu_ms, "%s: longest turn", what);
  g_assert_cmpfloat (busy.longest_cpu_ms, <=, limit);
  g_assert_cmpfloat (busy.longest_wait_ms, <=, limit);
}

static gboolean
activate (gpointer widget, const char *action)
{
  return gtk_widget_activate_action (GTK_WIDGET (widget), action, NULL);
}

static gboolean
has_passed (Desk *desk, gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *) data;
}

static void
let_pass (Desk *desk, double seconds)
{
  gint64 until = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);

  desk_wait (desk, has_passed, &until);
}

/* The button that runs @action; NULL when none can be seen. */
static GtkWidget *
find_button (GtkWidget *widget, const char *action)
{
  GtkWidget *found = NULL;

  if (GTK_IS_BUTTON (widget) && gtk_widget_get_mapped (widget) &&
      g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), action) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_button (child, action);
  return found;
}

static gboolean
can_click (gpointer widget, const char *action)
{
  GtkWidget *button = find_button (widget, action);

  return button != NULL && gtk_widget_is_sensitive (button);
}

static void
click (gpointer widget, const char *action)
{
  GtkWidget *button = find_button (widget, action);

  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

typedef struct
{
  gpointer widget;
  const char *action;
} Click;

static gboolean
is_clickable (Desk *desk, gpointer data)
{
  Click *wanted = data;

  return can_click (wanted->widget, wanted->action);
}

/* Until @action can be had, then has it. */
static void
wait_and_click (Desk *desk, gpointer widget, const char *action)
{
  Click wanted = { widget, action };

  desk_wait (desk, is_clickable, &wanted);
  click (widget, action);
}

/* ---- the whole path ---- */

static PgmMigrationAssistant *
open_assistant (Desk *desk)
{
  GtkWidget *page;

  desk_activate (desk, "win.new-migration");
  page = pgm_window_get_page (desk_get_window (desk));
  g_assert_true (PGM_IS_MIGRATION_ASSISTANT (page));
  return PGM_MIGRATION_ASSISTANT (page);
}

static gboolean
is_checked (Desk *desk, gpointer data)
{
  PgmMigrationPreflight *preflight = pgm_migration_assistant_get_preflight (data);

  return !pgm_migration_preflight_is_running (preflight) &&
         pgm_migration_preflight_get_report (preflight) != NULL;
}

static void
fill_ends (Desk *desk, PgmMigrationAssistant *assistant, Stage *stage)
{
  g_assert_false (can_click (assistant, "assistant.next"));
  pgm_migration_end_set_uri (pgm_migration_assistant_get_source (assistant),
                             stage->sample->source_uri);
  pgm_migration_end_set_uri (pgm_migration_assistant_get_destination (assistant),
                             stage->sample->destination_uri);
  wait_and_click (desk, assistant, "assistant.next");
  g_assert_nonnull (strstr (
      pgm_migration_end_get_result (pgm_migration_assistant_get_source (assistant)), "PostgreSQL"));
}

static PgmMigrationPage *
go_through_assistant (Desk *desk, Stage *stage)
{
  PgmMigrationAssistant *assistant = open_assistant (desk);
  PgmMigrationPreflight *preflight = pgm_migration_assistant_get_preflight (assistant);
  PgmMigrationPage *page;

  fill_ends (desk, assistant, stage);
  g_assert_cmpint (pgm_migration_assistant_get_step (assistant), ==, PGM_ASSISTANT_WHAT);
  wait_and_click (desk, assistant, "assistant.next");
  g_assert_cmpint (pgm_migration_assistant_get_step (assistant), ==, PGM_ASSISTANT_HOW);
  click (assistant, "assistant.next");
  g_assert_false (can_click (assistant, "assistant.start"));
  desk_wait (desk, is_checked, assistant);
  g_assert_true (pgm_migration_preflight_is_clear (preflight));
  g_assert_cmpuint (pgm_migration_preflight_count (preflight, PGM_CHECK_OK), >, 5);
  wait_and_click (desk, assistant, "assistant.start");
  desk_wait (desk, stage_is_page_there, stage);
  page = stage_get_page (stage);
  stage->job_id = g_strdup (pgm_migration_page_get_job_id (page));
  return page;
}

static void
assert_proof (Stage *stage, const char *direction)
{
  const PgmSnapshot *snapshot = pgm_migration_page_get_snapshot (stage_get_page (stage));
  PgmCutoverView *view = pgm_migration_page_get_cutover (stage_get_page (stage));

  g_assert_true (snapshot->cutover->done);
  g_assert_true (snapshot->cutover->proved);
  g_assert_cmpstr (snapshot->cutover->direction, ==, direction);
  g_assert_cmpstr (pgm_cutover_proof_get_result (pgm_cutover_view_get_proof (view)), ==,
                   "Done and Proved");
  g_assert_true (can_click (view, "cutover.copy"));
}

typedef struct
{
  Stage *stage;
  const char *state;
} State;

static gboolean
has_state (Desk *desk, gpointer data)
{
  State *wanted = data;

  return g_str_equal (pgm_migration_page_get_state (stage_get_page (wanted->stage)), wanted->state);
}

static void
cut_over (Desk *desk, Stage *stage, const char *direction, const char *state)
{
  State after = { stage, state };
  PgmMigrationPage *page = stage_get_page (stage);
  PgmCutoverView *view = pgm_migration_page_get_cutover (page);

  wait_and_click (desk, page, "migration.cut-over");
  stage_wait_for_cutover (stage, PGM_CUTOVER_STAGE_ASKING);
  wait_and_click (desk, view, "cutover.start");
  g_assert_cmpint (pgm_cutover_view_get_stage (view), ==, PGM_CUTOVER_STAGE_LIVE);
  stage_wait_for_cutover (stage, PGM_CUTOVER_STAGE_PROOF);
  assert_proof (stage, direction);
  click (view, "cutover.copy");
  desk_wait (desk, has_state, &after);
  click (view, "cutover.close");
}

static void
assert_report (PgmMigrationPage *page)
{
  g_autofree char *text = pgm_migration_page_make_report (page, FALSE);
  g_autofree char *json = pgm_migration_page_make_report (page, TRUE);
  g_autoptr (GError) error = NULL;
  PgmReport *report = pgm_record_from_json (&pgm_report_type, json, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (report->cutover);
  g_assert_nonnull (strstr (text, "Over to the destination"));
  g_assert_nonnull (strstr (text, "Back to the source"));
  g_assert_nonnull (strstr (text, "Second sentinel"));
  g_assert_nonnull (strstr (text, "equal"));
  pgm_record_unref (report);
}

static gboolean
is_verified (Desk *desk, gpointer data)
{
  const PgmSnapshot *snapshot = pgm_migration_page_get_snapshot (stage_get_page (data));

  return snapshot->verification != NULL && snapshot->verification->finished_at != 0;
}

static gboolean
is_note_shown (Desk *desk, gpointer data)
{
  PgmMigrationOverview *overview = pgm_migration_page_get_overview (stage_get_page (data));

  return g_str_has_prefix (pgm_migration_overview_get_note (overview, PGM_NOTE_VERIFICATION),
                           "Equal");
}

static void
whole_path (Desk *desk)
{
  PgmMigrationPage *page;
  Stage stage;

  stage_set_up (&stage, desk, 0);
  stage_write (&stage, 2);
  busy_begin ();
  page = go_through_assistant (desk, &stage);
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  g_assert_cmpuint (pgm_table_view_get_n_rows (
                        pgm_migration_tables_get_view (pgm_migration_page_get_tables (page))),
                    ==, 0); /* nobody has looked yet */
  pgm_migration_page_show_tab (page, "tables");
  g_assert_cmpuint (pgm_table_view_get_n_rows (
                        pgm_migration_tables_get_view (pgm_migration_page_get_tables (page))),
                    >=, 5);
  pgm_migration_page_show_tab (page, "overview");

  wait_and_click (desk, page, "migration.pause");
  stage_wait_for_request (&stage, PGM_REQUEST_RESUME);
  g_assert_false (can_click (page, "migration.cut-over"));
  wait_and_click (desk, page, "migration.resume");
  wait_and_click (desk, page, "migration.verify");
  desk_wait (desk, is_verified, &stage);
  desk_wait (desk, is_note_shown, &stage);

  cut_over (desk, &stage, "forward", "Cut over, with a way back");
  cut_over (desk, &stage, "back", "Following every change");

  stage_wait_for_request (&stage, PGM_REQUEST_CLEANUP);
  g_assert_true (activate (page, "migration.clean-up"));
  stage_answer (&stage, "accept");
  stage_wait_for_end (&stage);
  tell_busy ("whole path", BUILD_MS);
  g_assert_cmpint (pgm_migration_page_get_report (page)->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpstr (pgm_migration_page_get_state (page), ==, "Done");
  assert_report (page);
  stage_tear_down (&stage);
}

/* ---- what goes wrong ---- */

static void
cancel_cutover (Desk *desk)
{
  PgmMigrationPage *page;
  PgmCutoverView *view;
  Stage stage;

  stage_set_up (&stage, desk, 0);
  page = stage_start (&stage, TRUE);
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  view = pgm_migration_page_get_cutover (page);
  /* somebody holds a table, so that the lock has to be waited for */
  stage_hold (&stage);
  click (page, "migration.cut-over");
  stage_choose_fence (&stage, PGM_FENCE_NONE);
  wait_and_click (desk, view, "cutover.start");
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER_CANCEL);
  let_pass (desk, 1);
  g_assert_cmpint (pgm_cutover_view_get_stage (view), ==, PGM_CUTOVER_STAGE_LIVE);
  wait_and_click (desk, view, "cutover.cancel");
  stage_wait_for_cutover (&stage, PGM_CUTOVER_STAGE_PROOF);
  g_assert_cmpstr (pgm_cutover_proof_get_result (pgm_cutover_view_get_proof (view)), ==,
                   "Given Up");
  g_assert_nonnull (strstr (pgm_migration_page_get_snapshot (page)->cutover->error, "cancelled"));
  stage_release (&stage);

  /* everything is as before: it can be done now */
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  click (view, "cutover.close");
  stage_choose_fence (&stage, PGM_FENCE_REVOKE);
  cut_over (desk, &stage, "forward", "Cut over, with a way back");
  stage_tear_down (&stage);
}

static void
protected_cluster (Desk *desk)
{
  PgmMigrationPage *page;
  PgmCutoverView *view;
  PgmCutoverAsk *ask;
  Stage stage;

  stage_set_up (&stage, desk, 0);
  page = stage_start (&stage, TRUE);
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  view = pgm_migration_page_get_cutover (page);
  ask = pgm_cutover_view_get_ask (view);
  pgm_migration_page_show_tab (page, "cutover");
  pgm_cutover_view_set_ends (view, "old", FALSE, "<b>lisbon</b> & co", TRUE);
  stage_wait_for_cutover (&stage, PGM_CUTOVER_STAGE_ASKING);
  g_assert_false (pgm_cutover_ask_is_complete (ask));
  g_assert_false (can_click (view, "cutover.start"));
  gtk_editable_set_text (desk_get_child_of (ask, "confirm_entry"), "<b>lisbon</b>");
  g_assert_false (can_click (view, "cutover.start"));
  gtk_editable_set_text (desk_get_child_of (ask, "confirm_entry"), "<b>lisbon</b> & co");
  g_assert_true (can_click (view, "cutover.start"));
  /* PgBouncer needs to be told where it is */
  stage_choose_fence (&stage, PGM_FENCE_PGBOUNCER);
  g_assert_false (can_click (view, "cutover.start"));
  stage_tear_down (&stage);
}

static gboolean
is_in_trouble (Desk *desk, gpointer data)
{
  return g_strcmp0 (pgm_migration_page_get_state (stage_get_page (data)), "Trying again") == 0;
}

static void
lost_destination (Desk *desk)
{
  PgmMigrationOverview *overview;
  PgmMigrationPage *page;
  Stage stage;

  stage_set_up (&stage, desk, 0);
  page = stage_start (&stage, TRUE);
  overview = pgm_migration_page_get_overview (page);
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  busy_begin ();
  stage_signal (&stage, FALSE, SIGQUIT);
  desk_wait (desk, is_in_trouble, &stage);
  g_assert_cmpstr (pgm_migration_overview_get_note (overview, PGM_NOTE_TROUBLE), !=, "");
  g_assert_true (activate (page, "migration.stop"));
  stage_answer (&stage, "accept");
  stage_wait_for_end (&stage);
  tell_busy ("a server was killed", STALL_MS);
  g_assert_cmpstr (pgm_migration_page_get_state (page), ==, "Stopped");
  g_assert_true (can_click (page, "migration.go-on"));
  stage_tear_down (&stage);
}

/* A server that doesn't answer: the window does. */
static void
frozen_source (Desk *desk)
{
  static const char *const tabs[] = { "tables", "log", "cutover", "overview" };
  PgmMigrationPage *page;
  Stage stage;

  stage_set_up (&stage, desk, 0);
  page = stage_start (&stage, TRUE);
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  for (gsize i = 0; i < G_N_ELEMENTS (tabs); i++)
    {
      pgm_migration_page_show_tab (page, tabs[i]);
      let_pass (desk, 0.2);
    }
  stage_signal (&stage, TRUE, SIGSTOP);
  busy_begin ();
  for (gsize i = 0; i < G_N_ELEMENTS (tabs); i++)
    {
      pgm_migration_page_show_tab (page, tabs[i]);
      let_pass (desk, (double) FROZEN_SECONDS / G_N_ELEMENTS (tabs));
    }
  activate (page, "migration.pause");
  let_pass (desk, 1);
  tell_busy ("a server stands still", STALL_MS);
  stage_signal (&stage, TRUE, SIGCONT);
  stage_tear_down (&stage);
}

static const char *const hostile[] = {
  "<b>bold</b> & \"quoted\"",
  "two\nlines",
  "rtl \xe2\x80\xae gnp.exe",
  /* 63 bytes */
  "\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8"
  "\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8"
  "\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8\xe8\xa1\xa8",
};

static void
make_hostile_tables (Stage *stage)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_auto (GStrv) parts = g_strsplit (hostile[i], "\"", -1);
      g_autofree char *doubled = g_strjoinv ("\"\"", parts);
      g_autofree char *sql = g_strdup_printf (
          "CREATE SCHEMA \"%s\"; CREATE TABLE \"%s\".\"%s\" (id int PRIMARY KEY, \"%s\" text);"
          "INSERT INTO \"%s\".\"%s\" VALUES (1, 'x')",
          doubled, doubled, doubled, doubled, doubled, doubled);

      stage_execute (stage, TRUE, sql);
    }
}

static void
hostile_names (Desk *desk)
{
  PgmMigrationAssistant *assistant;
  PgmMigrationSelection *selection;
  PgmMigrationPage *page;
  g_auto (GStrv) excludes = NULL;
  g_autofree char *report = NULL;
  Stage stage;

  stage_set_up (&stage, desk, 2000);
  make_hostile_tables (&stage);
  assistant = open_assistant (desk);
  selection = pgm_migration_assistant_get_selection (assistant);
  fill_ends (desk, assistant, &stage);
  {
    Click next = { assistant, "assistant.next" };

    desk_wait (desk, is_clickable, &next);
  }
  /* all of them can be found, and left out by their exact names */
  for (guint i = 0; i < g_list_model_get_n_items (pgm_migration_selection_get_schemas (selection));
       i++)
    {
      g_autoptr (PgmSelectionNode) schema =
          g_list_model_get_item (pgm_migration_selection_get_schemas (selection), i);

      if (g_strcmp0 (pgm_selection_node_get_name (schema), hostile[0]) == 0)
        pgm_selection_node_set_chosen (schema, FALSE);
    }
  excludes = pgm_migration_selection_make_excludes (selection);
  g_assert_cmpuint (g_strv_length (excludes), ==, 1);
  pgm_migration_selection_search (selection, "QUOTED");
  pgm_migration_selection_search (selection, NULL);
  click (assistant, "assistant.next");
  click (assistant, "assistant.next");
  desk_wait (desk, is_checked, assistant);
  g_assert_true (
      pgm_migration_preflight_is_clear (pgm_migration_assistant_get_preflight (assistant)));
  wait_and_click (desk, assistant, "assistant.start");
  desk_wait (desk, stage_is_page_there, &stage);
  page = stage_get_page (&stage);
  stage.job_id = g_strdup (pgm_migration_page_get_job_id (page));
  pgm_migration_page_show_tab (page, "tables");
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  for (gsize i = 1; i < G_N_ELEMENTS (hostile); i++)
    g_assert_true (stage_has_table (&stage, hostile[i]));
  g_assert_false (stage_has_table (&stage, hostile[0]));
  pgm_migration_page_show_tab (page, "log");
  let_pass (desk, 0.3);
  report = pgm_migration_page_make_report (page, FALSE);
  g_assert_null (strstr (report, "\xe2\x80\xae"));
  stage_tear_down (&stage);
}

/* A blocker stands in the way, is told with its SQL, and gone after it was seen to. */
static void
blocker (Desk *desk)
{
  PgmMigrationAssistant *assistant;
  PgmMigrationPreflight *preflight;
  Stage stage;

  stage_set_up (&stage, desk, 2000);
  stage_execute (&stage, TRUE,
                 "CREATE TABLE public.nokey (a int); INSERT INTO public.nokey "
                 "VALUES (1)");
  assistant = open_assistant (desk);
  preflight = pgm_migration_assistant_get_preflight (assistant);
  fill_ends (desk, assistant, &stage);
  wait_and_click (desk, assistant, "assistant.next");
  wait_and_click (desk, assistant, "assistant.next");
  desk_wait (desk, is_checked, assistant);
  g_assert_cmpuint (pgm_migration_preflight_count (preflight, PGM_CHECK_BLOCKER), ==, 1);
  g_assert_false (can_click (assistant, "assistant.start"));
  g_assert_nonnull (strstr (pgm_migration_preflight_get_summary (preflight), "1 blocker"));
  stage_execute (&stage, TRUE, "ALTER TABLE public.nokey REPLICA IDENTITY FULL");
  click (assistant, "assistant.check");
  g_assert_true (pgm_migration_preflight_is_running (preflight));
  desk_wait (desk, is_checked, assistant);
  g_assert_cmpuint (pgm_migration_preflight_count (preflight, PGM_CHECK_BLOCKER), ==, 0);
  g_assert_true (can_click (assistant, "assistant.start"));

  /* a server that isn't there is told in words, and nothing goes on without it */
  activate (assistant, "assistant.back");
  activate (assistant, "assistant.back");
  activate (assistant, "assistant.back");
  pgm_migration_end_set_uri (pgm_migration_assistant_get_source (assistant),
                             "postgresql:///shop?host=/nowhere");
  g_assert_false (can_click (assistant, "assistant.next"));
  desk_wait (desk, stage_end_has_failed, pgm_migration_assistant_get_source (assistant));
  g_assert_false (can_click (assistant, "assistant.next"));
  stage_tear_down (&stage);
}

static void
run_case (gconstpointer data)
{
  desk_run (*(const DeskBody *) data);
}

int
main (int argc, char **argv)
{
  static const DeskBody bodies[] = { whole_path,       cancel_cutover, protected_cluster,
                                     lost_destination, frozen_source,  hostile_names,
                                     blocker };
  static const char *const paths[] = { "/app/migration/whole-path",
                                       "/app/migration/cancel-cutover",
                                       "/app/migration/protected-cluster",
                                       "/app/migration/lost-destination",
                                       "/app/migration/frozen-source",
                                       "/app/migration/hostile-names",
                                       "/app/migration/blocker" };
  NoticeBoard *board;
  int status;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    g_test_add_data_func (paths[i], &bodies[i], run_case);
  board = notice_board_open ();
  status = g_test_run ();
  notice_board_close (board);
  return status;
}
