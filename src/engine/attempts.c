#include "engine/attempts.h"

#define FIRST_WAIT_MS 1000
#define LAST_WAIT_MS  (60 * 1000)
/* An attempt that lived so long was a good one. */
#define GOOD_US (60 * G_USEC_PER_SEC)
/* For sessions of a process that was killed. */
#define PATIENCE_US (120 * G_USEC_PER_SEC)

/* What was copied stays, and is not dropped again. */
static PgmJobSpec *
make_resuming (const PgmJobSpec *spec)
{
  g_autofree char *json = NULL;
  PgmJobSpec *copy;

  if (spec->kind != PGM_JOB_CLONE || spec->clone->dry_run)
    return NULL;
  json = pgm_record_to_json (spec->clone, FALSE);
  copy = pgm_record_new (&pgm_job_spec_type);
  copy->id = g_strdup (spec->id);
  copy->kind = spec->kind;
  copy->source = pgm_record_ref (spec->source);
  copy->destination = pgm_record_ref (spec->destination);
  copy->follow = spec->follow != NULL ? pgm_record_ref (spec->follow) : NULL;
  copy->clone = pgm_record_from_json (&pgm_clone_options_type, json, -1, NULL);
  copy->clone->resume = TRUE;
  copy->clone->drop_existing = FALSE;
  return copy;
}

void
pgm_attempts_init (PgmAttempts *self, const PgmJobSpec *spec, PgmJobMode mode)
{
  self->spec = spec;
  self->resuming = make_resuming (spec);
  self->kept = (mode & PGM_JOB_MODE_KEPT) != 0;
  self->restarted = (mode & PGM_JOB_MODE_RESTARTED) != 0;
  self->resume =
      (mode & (PGM_JOB_MODE_RESTARTED | PGM_JOB_MODE_CONTINUED)) != 0 && self->resuming != NULL;
  pgm_attempts_begin (self);
  self->first = self->began;
}

void
pgm_attempts_clear (PgmAttempts *self)
{
  g_clear_pointer (&self->resuming, pgm_record_unref);
}

const PgmJobSpec *
pgm_attempts_get_spec (PgmAttempts *self)
{
  return self->resume ? self->resuming : self->spec;
}

void
pgm_attempts_begin (PgmAttempts *self)
{
  self->began = g_get_monotonic_time ();
}

/* Between a half and the whole of it, so that jobs that fell together don't come back
 * together. FALSE: cancelled. */
static gboolean
rest (PgmAttempts *self, const GError *error, PgmProgress *progress, GCancellable *cancellable)
{
  gint64 wait_ms;
  GPollFD poll;

  if (g_get_monotonic_time () - self->began > GOOD_US)
    self->backoff_ms = 0;
  self->backoff_ms = CLAMP (self->backoff_ms * 2, FIRST_WAIT_MS, LAST_WAIT_MS);
  wait_ms = g_random_int_range ((gint32) self->backoff_ms / 2, (gint32) self->backoff_ms + 1);
  pgm_progress_error (progress, error, TRUE);
  pgm_progress_set_activity (progress, "waits %.1f s before the next attempt",
                             (double) wait_ms / 1000);
  if (g_cancellable_make_pollfd (cancellable, &poll))
    {
      (void) g_poll (&poll, 1, (gint) wait_ms);
      g_cancellable_release_fd (cancellable);
    }
  return !g_cancellable_is_cancelled (cancellable);
}

/* Whoever starts a job for the first time is told at once when a name is wrong. Of one
 * that was running before, the servers still see the old sessions for a while. */
static gboolean
passes_by_itself (PgmAttempts *self, const GError *error)
{
  if (!self->kept)
    return FALSE;
  if (g_error_matches (error, PGM_ERROR, PGM_ERROR_LOST))
    return TRUE;
  if (!self->restarted)
    return FALSE;
  return g_error_matches (error, PGM_ERROR, PGM_ERROR_CONNECT) ||
         (g_error_matches (error, PGM_ERROR, PGM_ERROR_REFUSED) &&
          g_get_monotonic_time () - self->first < PATIENCE_US);
}

gboolean
pgm_attempts_wait (PgmAttempts *self,
                   const GError *error,
                   PgmProgress *progress,
                   GCancellable *cancellable)
{
  if (g_cancellable_is_cancelled (cancellable))
    return FALSE;
  /* It was killed, or fell, before anything was there to go on with. */
  if (self->resume && !self->spec->clone->resume &&
      g_error_matches (error, PGM_ERROR, PGM_ERROR_NOT_FOUND))
    {
      self->resume = FALSE;
      return TRUE;
    }
  if (!passes_by_itself (self, error))
    return FALSE;
  self->restarted = TRUE;
  if (!rest (self, error, progress, cancellable))
    return FALSE;
  self->resume = self->resuming != NULL;
  return TRUE;
}
