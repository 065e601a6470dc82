/* The panes that are text: events, log, cutover, comparison. */
#include <string.h>

#include "core/i18n.h"
#include "core/units.h"
#include "tui/dashboard-private.h"

static void
free_line (gpointer data)
{
  PgmLine *line = data;

  g_free (line->text);
  g_free (line);
}

typedef struct
{
  GPtrArray *lines;
  const char *filter;
} Lines;

/* Takes @text. */
static void
add (Lines *self, PgmStyle style, char *text)
{
  PgmLine *line;

  if (!pgm_filter_matches (self->filter, text))
    {
      g_free (text);
      return;
    }
  line = g_new0 (PgmLine, 1);
  line->style = style;
  line->text = text;
  g_ptr_array_add (self->lines, line);
}

static char *
format_clock (gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, "%H:%M:%S") : g_strdup ("        ");
}

static PgmStyle
style_of_event (const PgmEvent *event)
{
  if (g_strcmp0 (event->type, "error") == 0 || g_strcmp0 (event->type, "problem") == 0)
    return PGM_STYLE_BAD;
  return g_strcmp0 (event->type, "warning") == 0 ? PGM_STYLE_WARNING : PGM_STYLE_PLAIN;
}

static void
add_events (Lines *self, const PgmJobView *job)
{
  GPtrArray *events = job->shown != NULL ? job->shown->events : job->events;

  for (guint i = 0; events != NULL && i < events->len; i++)
    {
      const PgmEvent *event = g_ptr_array_index (events, i);
      g_autofree char *clock = format_clock (event->time);

      add (self, style_of_event (event),
           g_strdup_printf ("%s  %-8s %s", clock, event->type != NULL ? event->type : "",
                            event->message != NULL ? event->message : ""));
    }
}

static void
add_error (Lines *self, const PgmErrorEntry *entry)
{
  g_autofree char *clock = format_clock (entry->time);

  add (self, PGM_STYLE_BAD,
       g_strdup_printf ("%s  %s: %s%s", clock, pgm_phase_names[entry->phase],
                        entry->message != NULL ? entry->message : "",
                        entry->retryable ? _ (" (tried again)") : ""));
}

static void
add_note (Lines *self, const PgmNote *note)
{
  g_autofree char *clock = format_clock (note->time);
  PgmStyle style = note->level == PGM_NOTE_ERROR  ? PGM_STYLE_BAD
                   : note->level == PGM_NOTE_GOOD ? PGM_STYLE_GOOD
                                                  : PGM_STYLE_PLAIN;

  add (self, style, g_strdup_printf ("%s  %s", clock, note->text));
}

/* What went wrong with the job, and what was asked for from here, by time. */
static void
add_log (Lines *self, GPtrArray *notes, const PgmSnapshot *snapshot)
{
  guint errors = snapshot != NULL ? snapshot->error_history->len : 0;
  guint error = 0;
  guint note = 0;

  while (error < errors || note < notes->len)
    {
      const PgmErrorEntry *entry =
          error < errors ? g_ptr_array_index (snapshot->error_history, error) : NULL;

      if (entry != NULL && (note == notes->len ||
                            entry->time <= ((PgmNote *) g_ptr_array_index (notes, note))->time))
        {
          add_error (self, entry);
          error++;
        }
      else
        add_note (self, g_ptr_array_index (notes, note++));
    }
}

static void
add_pair (Lines *self, PgmStyle style, const char *label, const char *text)
{
  if (text != NULL)
    add (self, style, g_strdup_printf ("%-14s %s", label, text));
}

static void
add_step (Lines *self, const PgmCutoverStep *step)
{
  /* Times count from the fence; before it nobody knew yet when that would be. */
  gboolean timed = step->at_ms != 0 || g_strcmp0 (step->name, "fence") == 0;
  gboolean ended = pgm_cutover_step_has_ended (step);
  const char *sign = !ended ? "..." : step->ok ? _ ("ok") : _ ("FAIL");
  g_autofree char *at = timed ? g_strdup_printf ("%9.1f ms", step->at_ms) : g_strdup ("");

  add (self,
       !ended     ? PGM_STYLE_STRONG
       : step->ok ? PGM_STYLE_PLAIN
                  : PGM_STYLE_BAD,
       g_strdup_printf ("%12s  %-4s %-16s %s", at, sign, step->name,
                        step->message != NULL ? step->message : ""));
}

static void
add_lsn (Lines *self, const char *label, PgmLsn lsn)
{
  char buffer[PGM_LSN_TEXT_SIZE];

  if (lsn != 0)
    add_pair (self, PGM_STYLE_PLAIN, label, pgm_lsn_format (lsn, buffer));
}

static void
add_result (Lines *self, const PgmCutoverReport *cutover)
{
  g_autofree char *stopped = pgm_format_duration_ms (cutover->stopped_ms);
  g_autofree char *waited = pgm_format_duration_ms (cutover->longest_wait_ms);

  add_pair (self, PGM_STYLE_GOOD, _ ("Result"),
            g_strcmp0 (cutover->direction, "back") == 0
                ? _ ("done; the writes belong to the source again")
                : _ ("done; the writes belong to the destination"));
  add_pair (self, cutover->proved ? PGM_STYLE_GOOD : PGM_STYLE_WARNING, _ ("Proof"),
            cutover->proved ? _ ("nothing was written between the two sentinels")
                            : _ ("none: without a fence nobody can say who still wrote"));
  add_pair (self, PGM_STYLE_PLAIN, _ ("Writes held"), stopped);
  add_pair (self, PGM_STYLE_PLAIN, _ ("Longest wait"), waited);
}

static void
add_standing (Lines *self, const PgmCutoverReport *cutover)
{
  for (guint i = 0; i < cutover->standing->len; i++)
    {
      const PgmStanding *standing = g_ptr_array_index (cutover->standing, i);

      add (self, PGM_STYLE_WARNING,
           g_strdup_printf (_ ("Still stands on the %s: %s"), standing->where, standing->what));
      if (standing->undo_sql != NULL)
        add (self, PGM_STYLE_PLAIN, g_strdup_printf ("    %s", standing->undo_sql));
    }
}

static void
add_cutover (Lines *self, const PgmJobView *job)
{
  const PgmCutoverReport *cutover = job->shown != NULL    ? job->shown->cutover
                                    : job->report != NULL ? job->report->cutover
                                                          : NULL;

  if (cutover == NULL)
    return;
  for (guint i = 0; i < cutover->steps->len; i++)
    add_step (self, g_ptr_array_index (cutover->steps, i));
  if (cutover->done)
    add_result (self, cutover);
  else if (cutover->error != NULL)
    add_pair (self, PGM_STYLE_BAD, _ ("Given up"), cutover->error);
  add_pair (self, PGM_STYLE_PLAIN, _ ("Fence"), cutover->fence);
  add_lsn (self, _ ("Sentinel"), cutover->first_sentinel);
  add_lsn (self, _ ("2nd sentinel"), cutover->second_sentinel);
  add_lsn (self, _ ("Final LSN"), cutover->final_lsn);
  add_standing (self, cutover);
}

static void
add_difference (Lines *self, const PgmTableComparison *table)
{
  add (self, PGM_STYLE_BAD,
       g_strdup_printf ("%s.%s: %s%s%s", table->schema, table->name, table->state,
                        table->reason != NULL ? ": " : "",
                        table->reason != NULL ? table->reason : ""));
  for (guint i = 0; i < table->rows->len; i++)
    {
      const PgmRowDifference *row = g_ptr_array_index (table->rows, i);

      add (self, PGM_STYLE_PLAIN, g_strdup_printf ("  %s: %s", row->state, row->key));
      if (row->source_row != NULL)
        add (self, PGM_STYLE_PLAIN, g_strdup_printf ("    < %s", row->source_row));
      if (row->destination_row != NULL)
        add (self, PGM_STYLE_PLAIN, g_strdup_printf ("    > %s", row->destination_row));
    }
}

static void
add_comparison_result (Lines *self, const PgmVerification *verification)
{
  g_autofree char *rows = pgm_format_count (verification->rows);
  g_autofree char *held = pgm_format_duration_ms (verification->held_ms);
  g_autofree char *applying = g_strdup_printf (_ ("stood still for %s"), held);
  g_autofree char *data = g_strdup_printf (
      _ ("%" G_GINT64_FORMAT " tables digested (%s rows), %" G_GINT64_FORMAT " differ"),
      verification->tables, rows, verification->differing_tables);

  if (verification->error != NULL)
    add_pair (self, PGM_STYLE_BAD, _ ("No result"), verification->error);
  else
    add_pair (self, verification->equal ? PGM_STYLE_GOOD : PGM_STYLE_BAD, _ ("Result"),
              verification->equal ? _ ("equal") : _ ("DIFFERENT"));
  add_pair (self, PGM_STYLE_PLAIN, _ ("Data"), data);
  add_lsn (self, _ ("As of"), verification->lsn);
  add_pair (self, PGM_STYLE_PLAIN, _ ("Applying"), applying);
}

static void
add_comparison (Lines *self, const PgmJobView *job)
{
  const PgmVerification *verification = job->shown != NULL    ? job->shown->verification
                                        : job->report != NULL ? job->report->verification
                                                              : NULL;

  if (verification == NULL)
    return;
  if (verification->finished_at != 0)
    add_comparison_result (self, verification);
  else
    add (self, PGM_STYLE_STRONG,
         g_strdup_printf ("%3.0f %%  %s", verification->percent,
                          verification->activity != NULL ? verification->activity : ""));
  for (guint i = 0; verification->left_out != NULL && verification->left_out[i] != NULL; i++)
    add_pair (self, PGM_STYLE_WARNING, _ ("Not compared"), verification->left_out[i]);
  for (guint i = 0; i < verification->differences->len; i++)
    add_difference (self, g_ptr_array_index (verification->differences, i));
}

GPtrArray *
pgm_dashboard_list_lines (PgmDashboard *self, PgmPane pane)
{
  const PgmJobView *job = pgm_dashboard_get_view (self);
  Lines lines = {
    .lines = g_ptr_array_new_with_free_func (free_line),
    .filter = self->filters[pane],
  };

  if (pane == PGM_PANE_LOG)
    add_log (&lines, self->notes, job != NULL ? job->shown : NULL);
  else if (pane == PGM_PANE_EVENTS && job != NULL)
    add_events (&lines, job);
  else if (pane == PGM_PANE_CUTOVER && job != NULL)
    add_cutover (&lines, job);
  else if (pane == PGM_PANE_COMPARISON && job != NULL)
    add_comparison (&lines, job);
  return lines.lines;
}

guint
pgm_dashboard_get_length (PgmDashboard *self, PgmPane pane)
{
  g_autoptr (GPtrArray) list = NULL;

  if (pane == PGM_PANE_TABLES)
    return pgm_table_list_get_length (self->tables);
  list = pane == PGM_PANE_JOBS ? pgm_dashboard_list_jobs (self)
                               : pgm_dashboard_list_lines (self, pane);
  return list->len;
}
