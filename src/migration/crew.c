#include "migration/crew.h"

#include "postgres/snapshot.h"

typedef struct
{
  PgmCloneContext *ctx;
  const PgmCrewOptions *options;
  GPtrArray *tasks;
  PgmCrewFunc func;
  gpointer data;
  GCancellable *cancellable; /* fires with the caller's, and when one of us fails */
  GMutex lock;
  guint next; /* the first task nobody has taken */
  guint hired;
  GError *error; /* the first one */
} Crew;

static void
crew_fail (Crew *self, GError *error)
{
  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->lock);
  g_clear_error (&error);
  g_cancellable_cancel (self->cancellable);
}

static gpointer
crew_take (Crew *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->error != NULL || self->next >= self->tasks->len)
    return NULL;
  return g_ptr_array_index (self->tasks, self->next++);
}

static gboolean
member_open (Crew *self, PgmCrewMember *member, const char *role, GError **error)
{
  PgmEnds *ends = self->ctx->ends;

  member->destination =
      pgm_ends_connect (ends, PGM_END_DESTINATION, role, self->cancellable, error);
  if (member->destination == NULL)
    return FALSE;
  if (self->options->settings != NULL &&
      !pgm_connection_exec (member->destination, self->options->settings, self->cancellable, error))
    return FALSE;
  if (!self->options->source)
    return TRUE;
  member->source = pgm_ends_connect (ends, PGM_END_SOURCE, role, self->cancellable, error);
  return member->source != NULL &&
         pgm_snapshot_import (member->source, self->ctx->snapshot, self->cancellable, error);
}

static gboolean
member_work (Crew *self, PgmCrewMember *member, const char *role, GError **error)
{
  gpointer task = crew_take (self);

  if (task == NULL)
    return TRUE;
  if (!member_open (self, member, role, error))
    return FALSE;
  for (; task != NULL; task = crew_take (self))
    if (!self->func (member, task, self->cancellable, error))
      return FALSE;
  return TRUE;
}

static gpointer
crew_thread (gpointer data)
{
  Crew *self = data;
  PgmCrewMember member = { self->ctx, NULL, NULL, self->data };
  g_autoptr (GError) error = NULL;
  g_autofree char *role = NULL;

  g_mutex_lock (&self->lock);
  role = g_strdup_printf ("%s-%u", self->options->role, ++self->hired);
  g_mutex_unlock (&self->lock);
  if (!member_work (self, &member, role, &error))
    crew_fail (self, g_steal_pointer (&error));
  g_clear_pointer (&member.source, pgm_connection_free);
  g_clear_pointer (&member.destination, pgm_connection_free);
  return NULL;
}

static void
pass_on_cancellation (GCancellable *cancellable, gpointer data)
{
  g_cancellable_cancel (data);
}

static void
crew_run_threads (Crew *self)
{
  guint n_threads = CLAMP (self->options->workers, 1, self->tasks->len) - 1;
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();

  for (guint i = 0; i < n_threads; i++)
    g_ptr_array_add (threads, g_thread_new (self->options->role, crew_thread, self));
  crew_thread (self);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (g_ptr_array_index (threads, i));
}

gboolean
pgm_crew_run (PgmCloneContext *ctx,
              const PgmCrewOptions *options,
              GPtrArray *tasks,
              PgmCrewFunc func,
              gpointer data,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GCancellable) inner = g_cancellable_new ();
  Crew self = { ctx, options, tasks, func, data, inner };
  gulong handler = 0;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (tasks->len == 0)
    return TRUE;
  g_mutex_init (&self.lock);
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (pass_on_cancellation), inner, NULL);
  crew_run_threads (&self);
  g_cancellable_disconnect (cancellable, handler);
  g_mutex_clear (&self.lock);
  if (self.error == NULL)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
