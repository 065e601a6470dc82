#include "tui/dashboard-private.h"

#include <string.h>

#include "core/i18n.h"

/* Seconds; pg_activity's, and one that keeps up with the pictures. */
static const double intervals[] = { 0.5, 1, 2, 3, 5, 10, 30 };

#define MAX_NOTES 500

static void
free_job (gpointer job)
{
  pgm_job_view_free (job);
}

static void
free_note (gpointer data)
{
  PgmNote *note = data;

  g_free (note->text);
  g_free (note);
}

/* Lists whose end is news. */
static gboolean
shows_tail (PgmPane pane)
{
  return pane == PGM_PANE_EVENTS || pane == PGM_PANE_LOG || pane == PGM_PANE_CUTOVER;
}

PgmDashboard *
pgm_dashboard_new (void)
{
  PgmDashboard *self = g_new0 (PgmDashboard, 1);

  self->jobs = g_ptr_array_new_with_free_func (free_job);
  self->tables = pgm_table_list_new ();
  self->notes = g_ptr_array_new_with_free_func (free_note);
  self->typed = g_string_new (NULL);
  self->pane = PGM_PANE_TABLES;
  for (guint i = 0; i < PGM_N_PANES; i++)
    self->cursors[i].tail = shows_tail ((PgmPane) i);
  return self;
}

void
pgm_dashboard_free (PgmDashboard *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->jobs);
  g_ptr_array_unref (self->notes);
  pgm_table_list_free (self->tables);
  g_string_free (self->typed, TRUE);
  for (guint i = 0; i < PGM_N_PANES; i++)
    g_free (self->filters[i]);
  g_free (self->question.job_id);
  g_free (self->question.text);
  g_free (self->chosen);
  g_free (self->wanted);
  g_free (self);
}

void
pgm_wish_clear (PgmWish *self)
{
  g_clear_pointer (&self->job_id, g_free);
}

/* ---- jobs ---- */

PgmJobView *
pgm_dashboard_find_job (PgmDashboard *self, const char *job_id)
{
  for (guint i = 0; job_id != NULL && i < self->jobs->len; i++)
    {
      PgmJobView *job = g_ptr_array_index (self->jobs, i);

      if (g_str_equal (job->id, job_id))
        return job;
    }
  return NULL;
}

PgmJobView *
pgm_dashboard_get_view (PgmDashboard *self)
{
  return pgm_dashboard_find_job (self, self->chosen);
}

static PgmJobView *
ensure_job (PgmDashboard *self, const char *job_id)
{
  PgmJobView *job = pgm_dashboard_find_job (self, job_id);

  if (job != NULL)
    return job;
  job = pgm_job_view_new (job_id);
  g_ptr_array_add (self->jobs, job);
  return job;
}

static gint
compare_jobs (gconstpointer a, gconstpointer b)
{
  const PgmJobView *first = *(PgmJobView *const *) a;
  const PgmJobView *second = *(PgmJobView *const *) b;
  gboolean first_over = pgm_job_view_is_over (first);
  gboolean second_over = pgm_job_view_is_over (second);
  gint64 first_began = first->info != NULL ? first->info->started_at : G_MAXINT64;
  gint64 second_began = second->info != NULL ? second->info->started_at : G_MAXINT64;

  if (first->served != second->served)
    return first->served ? -1 : 1;
  if (first_over != second_over)
    return first_over ? 1 : -1;
  if (first_began != second_began)
    return first_began > second_began ? -1 : 1;
  return strcmp (first->id, second->id);
}

static void
forget_details (PgmDashboard *self)
{
  for (guint i = 0; i < PGM_N_PANES; i++)
    if (i != PGM_PANE_JOBS && i != PGM_PANE_LOG)
      self->cursors[i] = (PgmCursor){ .tail = shows_tail ((PgmPane) i) };
  self->offset = 0;
}

static void
choose (PgmDashboard *self, const char *job_id)
{
  PgmJobView *job;

  if (g_strcmp0 (self->chosen, job_id) == 0)
    return;
  g_free (self->chosen);
  self->chosen = g_strdup (job_id);
  forget_details (self);
  job = pgm_dashboard_get_view (self);
  pgm_table_list_set_snapshot (self->tables, job != NULL ? job->shown : NULL);
}

static gboolean
has_same_ends (const PgmJobView *a, const PgmJobView *b)
{
  return a->info != NULL && b->info != NULL && a->info->source != NULL &&
         g_strcmp0 (a->info->source, b->info->source) == 0 &&
         g_strcmp0 (a->info->destination, b->info->destination) == 0;
}

/* A job that was cut off is gone on with under another name: whoever looked at the one
 * wants to see the other. */
static void
follow_successor (PgmDashboard *self)
{
  const PgmJobView *chosen = pgm_dashboard_get_view (self);

  if (chosen == NULL || chosen->served || !chosen->was_served || chosen->report != NULL)
    return;
  for (guint i = 0; i < self->jobs->len; i++)
    {
      const PgmJobView *job = g_ptr_array_index (self->jobs, i);

      if (job->served && has_same_ends (job, chosen) &&
          job->info->started_at > chosen->info->started_at)
        {
          choose (self, job->id);
          return;
        }
    }
}

static void
order_jobs (PgmDashboard *self)
{
  const PgmJobView *first;

  g_ptr_array_sort (self->jobs, compare_jobs);
  if (self->jobs->len == 0)
    return;
  if (self->wanted != NULL && pgm_dashboard_find_job (self, self->wanted) != NULL)
    {
      choose (self, self->wanted);
      g_clear_pointer (&self->wanted, g_free);
      self->by_hand = TRUE;
    }
  follow_successor (self);
  /* Who has chosen nothing sees what runs. */
  first = g_ptr_array_index (self->jobs, 0);
  if (pgm_dashboard_get_view (self) == NULL ||
      (!self->by_hand && first->served && !pgm_dashboard_get_view (self)->served &&
       pgm_dashboard_get_view (self)->shown == NULL))
    choose (self, first->id);
}

void
pgm_dashboard_take_jobs (PgmDashboard *self, GPtrArray *infos)
{
  for (guint i = 0; i < infos->len; i++)
    {
      PgmJobInfo *info = g_ptr_array_index (infos, i);

      pgm_job_view_take_info (ensure_job (self, info->id), info);
    }
  order_jobs (self);
}

void
pgm_dashboard_take_snapshot (PgmDashboard *self,
                             const char *job_id,
                             PgmSnapshot *snapshot,
                             gint64 now)
{
  PgmJobView *job = ensure_job (self, job_id);
  gboolean first = job->snapshot == NULL;

  pgm_job_view_take_snapshot (job, snapshot, now);
  if (!first)
    return;
  /* There is nothing yet that could be held. */
  job->shown = pgm_record_ref (snapshot);
  order_jobs (self);
  if (job == pgm_dashboard_get_view (self))
    pgm_table_list_set_snapshot (self->tables, snapshot);
}

void
pgm_dashboard_take_report (PgmDashboard *self, const char *job_id, PgmReport *report)
{
  PgmJobView *job = ensure_job (self, job_id);

  pgm_record_unref (job->report);
  job->report = pgm_record_ref (report);
  order_jobs (self);
}

void
pgm_dashboard_take_events (PgmDashboard *self, const char *job_id, GPtrArray *events)
{
  PgmJobView *job = ensure_job (self, job_id);

  g_clear_pointer (&job->events, g_ptr_array_unref);
  job->events = g_ptr_array_ref (events);
}

void
pgm_dashboard_set_served (PgmDashboard *self, const char *job_id, gboolean served)
{
  PgmJobView *job = ensure_job (self, job_id);

  if (job->served == served)
    return;
  job->served = served;
  job->was_served |= served;
  if (served)
    {
      /* It runs again: what was said of its end no longer holds. */
      pgm_record_unref (job->report);
      job->report = NULL;
    }
  order_jobs (self);
}

const char *
pgm_dashboard_get_job (PgmDashboard *self)
{
  return self->chosen;
}

gboolean
pgm_dashboard_choose_job (PgmDashboard *self, const char *job_id)
{
  self->by_hand = TRUE;
  if (pgm_dashboard_find_job (self, job_id) == NULL)
    {
      g_free (self->wanted);
      self->wanted = g_strdup (job_id);
      return FALSE;
    }
  choose (self, job_id);
  return TRUE;
}

gboolean
pgm_dashboard_lacks_events (PgmDashboard *self)
{
  const PgmJobView *job = pgm_dashboard_get_view (self);

  return job != NULL && !job->served && job->snapshot == NULL && job->events == NULL;
}

GPtrArray *
pgm_dashboard_list_jobs (PgmDashboard *self)
{
  GPtrArray *jobs = g_ptr_array_new ();

  for (guint i = 0; i < self->jobs->len; i++)
    if (pgm_job_view_matches (g_ptr_array_index (self->jobs, i), self->filters[PGM_PANE_JOBS]))
      g_ptr_array_add (jobs, g_ptr_array_index (self->jobs, i));
  return jobs;
}

/* ---- the picture ---- */

double
pgm_dashboard_get_interval (const PgmDashboard *self)
{
  return self->interval_given > 0 ? self->interval_given : intervals[self->interval];
}

void
pgm_dashboard_set_interval (PgmDashboard *self, double seconds)
{
  self->interval_given = seconds;
  self->interval = 0;
  while (self->interval + 1 < G_N_ELEMENTS (intervals) && intervals[self->interval] < seconds)
    self->interval++;
}

static void
change_interval (PgmDashboard *self, int step)
{
  self->interval_given = 0;
  if (step > 0 && self->interval + 1 < G_N_ELEMENTS (intervals))
    self->interval++;
  else if (step < 0 && self->interval > 0)
    self->interval--;
}

void
pgm_dashboard_refresh (PgmDashboard *self, gint64 now)
{
  const PgmJobView *chosen = pgm_dashboard_get_view (self);

  if (self->held)
    return;
  self->shown_at = now;
  for (guint i = 0; i < self->jobs->len; i++)
    {
      PgmJobView *job = g_ptr_array_index (self->jobs, i);

      if (job->shown == job->snapshot)
        continue;
      pgm_record_unref (job->shown);
      job->shown = pgm_record_ref (job->snapshot);
    }
  pgm_table_list_set_snapshot (self->tables, chosen != NULL ? chosen->shown : NULL);
}

void
pgm_dashboard_note (PgmDashboard *self, PgmNoteLevel level, const char *text, gint64 now)
{
  PgmNote *note = g_new0 (PgmNote, 1);

  note->time = g_get_real_time ();
  note->level = level;
  note->text = g_strdup (text);
  g_ptr_array_add (self->notes, note);
  self->note_time = now;
  if (self->notes->len > MAX_NOTES)
    g_ptr_array_remove_index (self->notes, 0);
}

/* ---- keys ---- */

static gboolean
move_of (const PgmKey *key, PgmMove *move)
{
  switch (key->name)
    {
    case PGM_KEY_UP:
      *move = PGM_MOVE_UP;
      return TRUE;
    case PGM_KEY_DOWN:
      *move = PGM_MOVE_DOWN;
      return TRUE;
    case PGM_KEY_PAGE_UP:
      *move = PGM_MOVE_PAGE_UP;
      return TRUE;
    case PGM_KEY_PAGE_DOWN:
      *move = PGM_MOVE_PAGE_DOWN;
      return TRUE;
    case PGM_KEY_HOME:
      *move = PGM_MOVE_FIRST;
      return TRUE;
    case PGM_KEY_END:
      *move = PGM_MOVE_LAST;
      return TRUE;
    case PGM_KEY_CHARACTER:
      *move = key->character == 'k' ? PGM_MOVE_UP : PGM_MOVE_DOWN;
      return key->character == 'k' || key->character == 'j';
    case PGM_KEY_ENTER:
    case PGM_KEY_ESCAPE:
    case PGM_KEY_BACKSPACE:
    case PGM_KEY_TAB:
    case PGM_KEY_BACK_TAB:
    case PGM_KEY_LEFT:
    case PGM_KEY_RIGHT:
    case PGM_KEY_HELP:
    case PGM_KEY_REDRAW:
    case PGM_KEY_SUSPEND:
    default:
      return FALSE;
    }
}

/* The cursor in the list of jobs is the choice itself. */
static void
move_in_jobs (PgmDashboard *self, PgmMove move)
{
  g_autoptr (GPtrArray) jobs = pgm_dashboard_list_jobs (self);
  PgmCursor *cursor = &self->cursors[PGM_PANE_JOBS];
  guint at;

  if (jobs->len == 0)
    return;
  if (g_ptr_array_find (jobs, pgm_dashboard_get_view (self), &at))
    cursor->at = at;
  pgm_cursor_move (cursor, move, jobs->len, self->rows_seen[PGM_PANE_JOBS], FALSE);
  self->by_hand = TRUE;
  choose (self, ((PgmJobView *) g_ptr_array_index (jobs, cursor->at))->id);
}

static void
move_cursor (PgmDashboard *self, PgmMove move)
{
  if (self->pane == PGM_PANE_JOBS)
    move_in_jobs (self, move);
  else
    pgm_cursor_move (&self->cursors[self->pane], move, pgm_dashboard_get_length (self, self->pane),
                     self->rows_seen[self->pane], shows_tail (self->pane));
}

static void
set_filter (PgmDashboard *self, const char *text)
{
  g_free (self->filters[self->pane]);
  self->filters[self->pane] = *text != '\0' ? g_strdup (text) : NULL;
  if (self->pane == PGM_PANE_TABLES)
    pgm_table_list_set_filter (self->tables, text);
}

static void
begin_filter (PgmDashboard *self)
{
  const char *old = self->filters[self->pane];

  self->mode = PGM_MODE_FILTER;
  g_string_assign (self->typed, old != NULL ? old : "");
}

/* What is typed counts at once. */
static void
press_in_filter (PgmDashboard *self, const PgmKey *key)
{
  PgmMove move;

  if (key->name == PGM_KEY_ENTER || key->name == PGM_KEY_TAB)
    self->mode = PGM_MODE_BROWSE;
  else if (key->name == PGM_KEY_ESCAPE)
    {
      self->mode = PGM_MODE_BROWSE;
      set_filter (self, "");
    }
  else if (key->name == PGM_KEY_BACKSPACE && self->typed->len > 0)
    {
      char *last = g_utf8_prev_char (self->typed->str + self->typed->len);

      g_string_truncate (self->typed, (gsize) (last - self->typed->str));
      set_filter (self, self->typed->str);
    }
  else if (key->name == PGM_KEY_CHARACTER && g_unichar_isprint (key->character))
    {
      g_string_append_unichar (self->typed, key->character);
      set_filter (self, self->typed->str);
    }
  else if (key->name != PGM_KEY_CHARACTER && move_of (key, &move))
    move_cursor (self, move);
}

static void
press_in_help (PgmDashboard *self, const PgmKey *key)
{
  PgmMove move;

  /* Painting brings it back within the text. */
  if (move_of (key, &move))
    pgm_cursor_move (&self->help, move, G_MAXUINT16, 1, FALSE);
  else
    self->mode = PGM_MODE_BROWSE;
}

static void
turn_pane (PgmDashboard *self, guint step)
{
  self->pane = (PgmPane) ((self->pane + step) % PGM_N_PANES);
  self->offset = 0;
}

static void
change_order (PgmDashboard *self, gboolean reverse)
{
  PgmTableOrder order = pgm_table_list_get_order (self->tables);
  gboolean reversed = pgm_table_list_is_reversed (self->tables);

  if (reverse)
    reversed = !reversed;
  else
    order = (PgmTableOrder) ((order + 1) % PGM_N_TABLE_ORDERS);
  pgm_table_list_set_order (self->tables, order, reversed);
}

static PgmWish
press_character (PgmDashboard *self, gunichar character, gint64 now)
{
  PgmWish wish = { PGM_WISH_NONE };

  switch (character)
    {
    case 'q':
    case 'Q':
      wish.kind = PGM_WISH_QUIT;
      break;
    case ' ':
      self->held = !self->held;
      pgm_dashboard_refresh (self, now);
      break;
    case '+':
    case '=':
    case '-':
      change_interval (self, character == '-' ? -1 : 1);
      wish.kind = PGM_WISH_INTERVAL;
      break;
    case '?':
    case 'h':
      self->mode = PGM_MODE_HELP;
      self->help = (PgmCursor){ 0 };
      break;
    case '/':
      begin_filter (self);
      break;
    case 's':
    case 'r':
      change_order (self, character == 'r');
      break;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
      turn_pane (self, (character - '1') + PGM_N_PANES - self->pane);
      break;
    case 'p':
    case 'S':
    case 'C':
    case 'V':
      if (!pgm_dashboard_ask (self, character))
        pgm_dashboard_note (self, PGM_NOTE_ERROR, _ ("This job can't be asked for anything now."),
                            now);
      break;
    default:
      break;
    }
  return wish;
}

static PgmWish
press_in_browse (PgmDashboard *self, const PgmKey *key, gint64 now)
{
  PgmWish wish = { PGM_WISH_NONE };
  PgmMove move;

  if (move_of (key, &move))
    move_cursor (self, move);
  else if (key->name == PGM_KEY_CHARACTER)
    return press_character (self, key->character, now);
  else if (key->name == PGM_KEY_TAB)
    turn_pane (self, 1);
  else if (key->name == PGM_KEY_BACK_TAB)
    turn_pane (self, PGM_N_PANES - 1);
  else if (key->name == PGM_KEY_RIGHT)
    self->offset = MIN (self->offset + 8, 4096);
  else if (key->name == PGM_KEY_LEFT)
    self->offset = self->offset > 8 ? self->offset - 8 : 0;
  else if (key->name == PGM_KEY_HELP)
    return press_character (self, '?', now);
  else if (key->name == PGM_KEY_ESCAPE)
    set_filter (self, "");
  else if (key->name == PGM_KEY_ENTER && self->pane == PGM_PANE_JOBS)
    self->pane = PGM_PANE_TABLES;
  return wish;
}

PgmWish
pgm_dashboard_press (PgmDashboard *self, const PgmKey *key, gint64 now)
{
  PgmWish wish = { PGM_WISH_NONE };

  if (key->name == PGM_KEY_REDRAW || key->name == PGM_KEY_SUSPEND)
    {
      wish.kind = key->name == PGM_KEY_REDRAW ? PGM_WISH_REDRAW : PGM_WISH_SUSPEND;
      return wish;
    }
  switch (self->mode)
    {
    case PGM_MODE_FILTER:
      press_in_filter (self, key);
      return wish;
    case PGM_MODE_ASK:
      return pgm_dashboard_answer (self, key);
    case PGM_MODE_HELP:
      press_in_help (self, key);
      return wish;
    case PGM_MODE_BROWSE:
    default:
      return press_in_browse (self, key, now);
    }
}
