#include "migration/control.h"

struct _PgmControl
{
  gatomicrefcount ref_count;
  GMutex lock;
  GCond posted;
  guint kinds;
  char *state;
  PgmJobRequest *request; /* not taken yet; at most one */
  GCancellable *cutover;  /* of the one under way */
};

PgmControl *
pgm_control_new (void)
{
  PgmControl *self = g_new0 (PgmControl, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->posted);
  self->state = g_strdup ("the job has not begun to follow");
  return self;
}

PgmControl *
pgm_control_ref (PgmControl *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_control_unref (PgmControl *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->posted);
  pgm_record_unref (self->request);
  g_clear_object (&self->cutover);
  g_free (self->state);
  g_free (self);
}

/* The job is busy with the cutover, so this can't wait for its turn. */
static gboolean
cancel_cutover (PgmControl *self, GError **error)
{
  g_autoptr (GCancellable) cutover = NULL;

  g_mutex_lock (&self->lock);
  if (self->cutover != NULL)
    cutover = g_object_ref (self->cutover);
  g_mutex_unlock (&self->lock);
  if (cutover == NULL)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED, "no cutover is under way");
      return FALSE;
    }
  g_cancellable_cancel (cutover);
  return TRUE;
}

static gboolean
post_request (PgmControl *self, PgmJobRequest *request, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *name = pgm_request_kind_names[request->kind];

  if (self->request != NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "Wait for it, then ask again.",
                          "the job is busy with another request (%s)",
                          pgm_request_kind_names[self->request->kind]);
      return FALSE;
    }
  if ((self->kinds & (1u << request->kind)) == 0)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED, "%s is not possible now: %s", name, self->state);
      return FALSE;
    }
  self->request = pgm_record_ref (request);
  g_cond_signal (&self->posted);
  return TRUE;
}

gboolean
pgm_control_post (PgmControl *self, PgmJobRequest *request, GError **error)
{
  return request->kind == PGM_REQUEST_SWITCHOVER_CANCEL ? cancel_cutover (self, error)
                                                        : post_request (self, request, error);
}

void
pgm_control_set_cutover (PgmControl *self, GCancellable *cutover)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_set_object (&self->cutover, cutover);
}

GStrv
pgm_control_list_requests (PgmControl *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint kinds = self->request == NULL ? self->kinds : 0;

  if (self->cutover != NULL && !g_cancellable_is_cancelled (self->cutover))
    kinds |= 1u << PGM_REQUEST_SWITCHOVER_CANCEL;
  for (guint i = 0; pgm_request_kind_names[i] != NULL; i++)
    if ((kinds & (1u << i)) != 0)
      g_strv_builder_add (names, pgm_request_kind_names[i]);
  return g_strv_builder_end (names);
}

void
pgm_control_allow (PgmControl *self, guint kinds, const char *state)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->kinds = kinds;
  if (state != self->state)
    {
      g_free (self->state);
      self->state = g_strdup (state);
    }
}

/* A cancellation must end the wait, whichever thread it comes from. */
static void
wake (GCancellable *cancellable, gpointer data)
{
  PgmControl *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->posted);
  g_mutex_unlock (&self->lock);
}

PgmJobRequest *
pgm_control_take (PgmControl *self, gint64 timeout_us, GCancellable *cancellable)
{
  gint64 deadline = g_get_monotonic_time () + timeout_us;
  PgmJobRequest *request = NULL;
  gulong handler = 0;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (wake), self, NULL);
  g_mutex_lock (&self->lock);
  while (self->request == NULL && !g_cancellable_is_cancelled (cancellable))
    if (!g_cond_wait_until (&self->posted, &self->lock, deadline))
      break;
  request = g_steal_pointer (&self->request);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, handler);
  return request;
}
