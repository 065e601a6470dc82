#include "migration/cutover-log.h"

#include <stdarg.h>

struct _PgmCutoverLog
{
  PgmProgress *progress;
  PgmCutoverReport *report;
  gint64 begun;   /* monotonic, of the open step */
  gint64 fenced;  /* monotonic, when the fence began to rise for the first time; 0: not yet */
  gint64 stopped; /* monotonic, since when the application waits; 0: it doesn't */
  gboolean open;
};

PgmCutoverLog *
pgm_cutover_log_new (PgmProgress *progress, PgmFence fence, gboolean back)
{
  PgmCutoverLog *self = g_new0 (PgmCutoverLog, 1);

  self->progress = pgm_progress_ref (progress);
  self->report = pgm_record_new (&pgm_cutover_report_type);
  self->report->fence = g_strdup (pgm_fence_names[fence]);
  self->report->direction = g_strdup (back ? "back" : "forward");
  self->report->started_at = g_get_real_time ();
  return self;
}

void
pgm_cutover_log_free (PgmCutoverLog *self)
{
  if (self == NULL)
    return;
  pgm_progress_unref (self->progress);
  pgm_record_unref (self->report);
  g_free (self);
}

PgmCutoverReport *
pgm_cutover_log_get_report (PgmCutoverLog *self)
{
  return self->report;
}

/* Steps and standing objects are immutable once they are in, so the copy shares them. */
PgmCutoverReport *
pgm_cutover_log_copy (PgmCutoverLog *self)
{
  const PgmCutoverReport *from = self->report;
  PgmCutoverReport *copy = pgm_record_new (&pgm_cutover_report_type);

  copy->done = from->done;
  copy->proved = from->proved;
  copy->fence = g_strdup (from->fence);
  copy->direction = g_strdup (from->direction);
  copy->started_at = from->started_at;
  copy->stopped_ms = from->stopped_ms;
  copy->longest_wait_ms = from->longest_wait_ms;
  copy->first_sentinel = from->first_sentinel;
  copy->second_sentinel = from->second_sentinel;
  copy->final_lsn = from->final_lsn;
  copy->sequences = from->sequences;
  copy->error = g_strdup (from->error);
  for (guint i = 0; i < from->steps->len; i++)
    g_ptr_array_add (copy->steps, pgm_record_ref (g_ptr_array_index (from->steps, i)));
  for (guint i = 0; i < from->standing->len; i++)
    g_ptr_array_add (copy->standing, pgm_record_ref (g_ptr_array_index (from->standing, i)));
  return copy;
}

void
pgm_cutover_log_publish (PgmCutoverLog *self)
{
  PgmCutoverReport *copy = pgm_cutover_log_copy (self);

  pgm_progress_set_cutover (self->progress, copy);
  pgm_record_unref (copy);
}

static double
milliseconds (gint64 from, gint64 to)
{
  return (double) (to - from) / 1000;
}

static PgmCutoverStep *
last_step (PgmCutoverLog *self)
{
  GPtrArray *steps = self->report->steps;

  return steps->len > 0 ? g_ptr_array_index (steps, steps->len - 1) : NULL;
}

const char *
pgm_cutover_log_get_step (PgmCutoverLog *self)
{
  PgmCutoverStep *step = last_step (self);

  return step != NULL ? step->name : "preflight";
}

void
pgm_cutover_log_begin (PgmCutoverLog *self, const char *name)
{
  PgmCutoverStep *step = pgm_record_new (&pgm_cutover_step_type);

  if (self->open)
    pgm_cutover_log_done (self, "%s", "");
  self->begun = g_get_monotonic_time ();
  self->open = TRUE;
  step->name = g_strdup (name);
  /* Before the fence: times count back from it, which is not known yet. */
  step->at_ms = self->fenced != 0 ? milliseconds (self->fenced, self->begun) : 0;
  g_ptr_array_add (self->report->steps, step);
  pgm_cutover_log_publish (self);
}

static void
end_step (PgmCutoverLog *self, gboolean ok, const char *message)
{
  GPtrArray *steps = self->report->steps;
  PgmCutoverStep *open = last_step (self);
  PgmCutoverStep *step = NULL;

  if (!self->open || open == NULL)
    return;
  step = pgm_record_new (&pgm_cutover_step_type);
  step->name = g_strdup (open->name);
  step->at_ms = open->at_ms;
  step->took_ms = milliseconds (self->begun, g_get_monotonic_time ());
  step->ok = ok;
  step->message = message != NULL && *message != '\0' ? g_strdup (message) : NULL;
  g_ptr_array_remove_index (steps, steps->len - 1);
  g_ptr_array_add (steps, step);
  self->open = FALSE;
  pgm_cutover_log_publish (self);
}

void
pgm_cutover_log_done (PgmCutoverLog *self, const char *format, ...)
{
  va_list arguments;
  g_autofree char *message = NULL;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  end_step (self, TRUE, message);
}

void
pgm_cutover_log_fail (PgmCutoverLog *self, const GError *error)
{
  end_step (self, FALSE, error->message);
}

/* Steps before the fence get their times once it is known when it rose. */
static void
date_earlier_steps (PgmCutoverLog *self, gint64 now)
{
  GPtrArray *steps = self->report->steps;
  double at = 0;

  for (guint i = steps->len; i > 0; i--)
    {
      PgmCutoverStep *old = g_ptr_array_index (steps, i - 1);
      PgmCutoverStep *step = pgm_record_new (&pgm_cutover_step_type);

      at -= i == steps->len && self->open ? milliseconds (self->begun, now) : old->took_ms;
      step->name = g_strdup (old->name);
      step->message = g_strdup (old->message);
      step->took_ms = old->took_ms;
      step->ok = old->ok;
      step->at_ms = at;
      pgm_record_unref (old);
      steps->pdata[i - 1] = step;
    }
}

void
pgm_cutover_log_stopped (PgmCutoverLog *self)
{
  self->stopped = g_get_monotonic_time ();
  if (self->fenced != 0)
    return;
  self->fenced = self->stopped;
  date_earlier_steps (self, self->fenced);
}

double
pgm_cutover_log_get_stopped_ms (PgmCutoverLog *self)
{
  return self->stopped != 0 ? milliseconds (self->stopped, g_get_monotonic_time ()) : 0;
}

void
pgm_cutover_log_resumed (PgmCutoverLog *self)
{
  double waited = pgm_cutover_log_get_stopped_ms (self);

  self->report->longest_wait_ms = MAX (self->report->longest_wait_ms, waited);
  self->stopped = 0;
}

void
pgm_cutover_log_add_standing (PgmCutoverLog *self,
                              const char *where,
                              const char *what,
                              const char *undo_sql)
{
  PgmStanding *standing = pgm_record_new (&pgm_standing_type);

  standing->where = g_strdup (where);
  standing->what = g_strdup (what);
  standing->undo_sql = g_strdup (undo_sql);
  g_ptr_array_add (self->report->standing, standing);
}
