#include "migration/deadline.h"

struct _PgmDeadline
{
  gint64 at;
  GCancellable *cancellable;
  GCancellable *parent;
  gulong chained;
  gint passed; /* atomic */
  GMutex mutex;
  GCond cond;
  gboolean ended;
  GThread *thread;
};

static gpointer
watch (gpointer data)
{
  PgmDeadline *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->ended && g_get_monotonic_time () < self->at)
    g_cond_wait_until (&self->cond, &self->mutex, self->at);
  if (!self->ended)
    g_atomic_int_set (&self->passed, TRUE);
  g_mutex_unlock (&self->mutex);
  if (g_atomic_int_get (&self->passed))
    g_cancellable_cancel (self->cancellable);
  return NULL;
}

static void
cancel_child (GCancellable *parent G_GNUC_UNUSED, gpointer child)
{
  g_cancellable_cancel (child);
}

PgmDeadline *
pgm_deadline_new (gint64 at, GCancellable *parent)
{
  PgmDeadline *self = g_new0 (PgmDeadline, 1);

  self->at = at;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  if (parent != NULL)
    {
      self->parent = g_object_ref (parent);
      self->chained =
          g_cancellable_connect (parent, G_CALLBACK (cancel_child), self->cancellable, NULL);
    }
  self->thread = g_thread_new ("pgm-deadline", watch, self);
  return self;
}

void
pgm_deadline_free (PgmDeadline *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  if (self->parent != NULL)
    g_cancellable_disconnect (self->parent, self->chained);
  g_clear_object (&self->parent);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

GCancellable *
pgm_deadline_get_cancellable (PgmDeadline *self)
{
  return self->cancellable;
}

gint64
pgm_deadline_get_time (PgmDeadline *self)
{
  return self->at;
}

void
pgm_deadline_explain (PgmDeadline *self, double seconds, const char *during, GError **error)
{
  gboolean late = g_atomic_int_get (&self->passed) || g_get_monotonic_time () >= self->at;

  if (error == NULL || *error == NULL || !late ||
      (!pgm_error_is_cancelled (*error) &&
       !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)))
    return;
  if (self->parent != NULL && g_cancellable_is_cancelled (self->parent))
    return;
  g_clear_error (error);
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                      "Try again when less is going on, or allow a longer timeout.",
                      "the cutover was given up after %g s, at the step “%s”", seconds, during);
}
