/* Migrations that are written down: starting them, forgetting them, and the cutover of
 * those that cut over by themselves. */
#include "engine/auto-cutover.h"
#include "engine/local-engine-private.h"
#include "engine/planned.h"

/* What a thread has read for the engine's context. */
typedef struct
{
  PgmJobSpec *spec;
  PgmMigrationBody *plan;
  gboolean begun;
} Loaded;

static void
free_loaded (gpointer data)
{
  Loaded *loaded = data;

  pgm_record_unref (loaded->spec);
  pgm_record_unref (loaded->plan);
  g_free (loaded);
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Loaded *loaded = g_new0 (Loaded, 1);
  GError *error = NULL;

  loaded->spec = pgm_planned_load (PGM_LOCAL_ENGINE (source)->store, data, &loaded->plan,
                                   &loaded->begun, &error);
  if (loaded->spec != NULL)
    {
      g_task_return_pointer (task, loaded, free_loaded);
      return;
    }
  free_loaded (loaded);
  g_task_return_error (task, error);
}

void
pgm_local_engine_watch_for_cutover (PgmLocalEngine *self, const PgmMigrationBody *plan)
{
  PgmAutoCutover *cutover = pgm_auto_cutover_new (plan);

  if (cutover != NULL)
    g_hash_table_replace (self->cutovers, g_strdup (plan->id), cutover);
}

/* What comes of it is in the job's snapshots and events; a refusal is tried again. */
void
pgm_local_engine_look_for_cutover (PgmLocalEngine *self, PgmJob *job, const PgmSnapshot *snapshot)
{
  PgmAutoCutover *cutover = g_hash_table_lookup (self->cutovers, pgm_job_get_id (job));
  PgmJobRequest *request =
      cutover != NULL ? pgm_auto_cutover_look (cutover, snapshot, g_get_monotonic_time ()) : NULL;

  g_autoptr (GError) refusal = NULL;

  if (request != NULL && !pgm_job_request (job, request, &refusal))
    pgm_job_warn (job, refusal->message);
  pgm_record_unref (request);
}

static PgmJob *
start_loaded (PgmLocalEngine *self, const Loaded *loaded, GError **error)
{
  PgmJobMode mode = pgm_local_engine_get_mode (self);
  PgmJob *job;

  if (loaded->begun)
    mode |= PGM_JOB_MODE_CONTINUED;
  job = pgm_local_engine_start_job (self, loaded->spec, mode, error);
  if (job != NULL && loaded->plan != NULL)
    pgm_local_engine_watch_for_cutover (self, loaded->plan);
  return job;
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  Loaded *loaded = g_task_propagate_pointer (G_TASK (result), &error);
  PgmJob *job = NULL;
  PgmAnswer *answer;

  if (loaded != NULL)
    job = start_loaded (PGM_LOCAL_ENGINE (source), loaded, &error);
  g_clear_pointer (&loaded, free_loaded);
  if (job == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  answer = pgm_record_new (&pgm_answer_type);
  answer->ok = TRUE;
  answer->job_id = g_strdup (pgm_job_get_id (job));
  answer->message = g_strdup_printf ("migration \"%s\" runs", answer->job_id);
  g_task_return_pointer (task, answer, pgm_record_unref);
}

void
pgm_local_engine_start_migration (PgmLocalEngine *self, GTask *task)
{
  const PgmAsked *asked = g_task_get_task_data (task);
  g_autoptr (GTask) load = g_task_new (self, g_task_get_cancellable (task), on_loaded, task);

  g_task_set_task_data (load, g_strdup (asked->id), g_free);
  g_task_run_in_thread (load, load_thread);
}

static void
forget_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  const PgmAsked *asked = data;
  const PgmForceQuery *query = asked->request;
  GError *error = NULL;

  pgm_store_flush (self->store);
  if (!pgm_planned_check_forget (self->store, asked->id, query->force, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  pgm_local_engine_remove_job (self, asked->id);
  pgm_store_job_forget (self->store, asked->id);
  pgm_store_flush (self->store);
  g_task_return_pointer (task, NULL, NULL);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (pgm_engine_stop_job_finish (PGM_ENGINE (source), result, &error))
    g_task_run_in_thread (task, forget_thread);
  else
    g_task_return_error (task, error);
}

void
pgm_local_engine_delete_migration (PgmLocalEngine *self, GTask *task)
{
  g_autoptr (GTask) held = task;
  const PgmAsked *asked = g_task_get_task_data (task);
  const PgmForceQuery *query = asked->request;
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (self, asked->id);
  GError *error = NULL;

  if (job == NULL || !pgm_job_is_running (job))
    g_task_run_in_thread (task, forget_thread);
  else if (query->force)
    pgm_engine_stop_job_async (PGM_ENGINE (self), asked->id, NULL, on_stopped, g_object_ref (task));
  else
    {
      pgm_error_set_full (&error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Stop it first, or let force=true do that.",
                          "migration \"%s\" is running", asked->id);
      g_task_return_error (task, error);
    }
}
