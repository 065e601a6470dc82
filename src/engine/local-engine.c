#include "engine/asks.h"
#include "engine/auto-cutover.h"
#include "engine/local-engine-private.h"
#include "engine/planned.h"

/* Each has threads and sessions of its own; beyond this something is wrong. */
#define MAX_RUNNING 64
/* Ended jobs that can still be looked at; older ones are in the store. */
#define MAX_ENDED 100
/* Of other processes and earlier ones, in the list of jobs. */
#define MAX_HISTORY 100
#define MAX_EVENTS  10000
/* Of a job that never lives for a minute: it may be what ends the daemon. */
#define MAX_RESTARTS 5

static void pgm_local_engine_iface_init (PgmEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmLocalEngine,
                               pgm_local_engine,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_ENGINE, pgm_local_engine_iface_init))

static void
unref_job (gpointer job)
{
  pgm_job_unref (job);
}

static void
unref_array (gpointer array)
{
  g_ptr_array_unref (array);
}

static void
free_cutover (gpointer cutover)
{
  pgm_auto_cutover_free (cutover);
}

static void
pgm_local_engine_dispose (GObject *object)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (object);

  /* All are told before the first is waited for. */
  for (guint i = 0; i < self->jobs->len; i++)
    pgm_job_cancel (g_ptr_array_index (self->jobs, i));
  for (guint i = 0; i < self->jobs->len; i++)
    pgm_job_detach (g_ptr_array_index (self->jobs, i));
  g_ptr_array_set_size (self->jobs, 0);
  G_OBJECT_CLASS (pgm_local_engine_parent_class)->dispose (object);
}

static void
pgm_local_engine_finalize (GObject *object)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (object);

  g_clear_object (&self->store);
  pgm_record_unref (self->daemon);
  g_ptr_array_unref (self->jobs);
  g_clear_pointer (&self->samples, pgm_samples_free);
  g_hash_table_unref (self->waiting);
  g_hash_table_unref (self->cutovers);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (pgm_local_engine_parent_class)->finalize (object);
}

static void
pgm_local_engine_class_init (PgmLocalEngineClass *class)
{
  G_OBJECT_CLASS (class)->dispose = pgm_local_engine_dispose;
  G_OBJECT_CLASS (class)->finalize = pgm_local_engine_finalize;
}

static void
pgm_local_engine_init (PgmLocalEngine *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
  self->jobs = g_ptr_array_new_with_free_func (unref_job);
  self->samples = pgm_samples_new ();
  self->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unref_array);
  self->cutovers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_cutover);
}

PgmEngine *
pgm_local_engine_new (PgmStore *store)
{
  PgmLocalEngine *self = g_object_new (PGM_TYPE_LOCAL_ENGINE, NULL);

  if (store != NULL)
    self->store = g_object_ref (store);
  return PGM_ENGINE (self);
}

PgmJob *
pgm_local_engine_find_job (PgmLocalEngine *self, const char *job_id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = self->jobs->len; i > 0; i--)
    {
      PgmJob *job = g_ptr_array_index (self->jobs, i - 1);

      if (g_str_equal (pgm_job_get_id (job), job_id))
        return pgm_job_ref (job);
    }
  return NULL;
}

static guint
count_running_locked (PgmLocalEngine *self)
{
  guint running = 0;

  for (guint i = 0; i < self->jobs->len; i++)
    running += pgm_job_is_running (g_ptr_array_index (self->jobs, i)) ? 1 : 0;
  return running;
}

static void
add_job (PgmLocalEngine *self, PgmJob *job)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_add (self->jobs, job);
  for (guint i = 0; self->jobs->len > MAX_ENDED && i < self->jobs->len;)
    if (pgm_job_is_running (g_ptr_array_index (self->jobs, i)))
      i++;
    else
      g_ptr_array_remove_index (self->jobs, i);
}

void
pgm_local_engine_remove_job (PgmLocalEngine *self, const char *job_id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->jobs->len; i++)
    if (g_str_equal (pgm_job_get_id (g_ptr_array_index (self->jobs, i)), job_id))
      {
        g_ptr_array_remove_index (self->jobs, i);
        return;
      }
}

/* Who asked the job to stop learns that it has. */
static void
answer_waiting (PgmLocalEngine *self, const char *job_id)
{
  g_autofree char *key = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  if (!g_hash_table_steal_extended (self->waiting, job_id, (gpointer *) &key, (gpointer *) &tasks))
    return;
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

/* A handler may let go of the engine, so both are held for the emission. */
static void
on_job (PgmJob *job, PgmReport *report, gpointer user_data)
{
  g_autoptr (PgmLocalEngine) self = g_object_ref (PGM_LOCAL_ENGINE (user_data));
  g_autoptr (PgmJob) held = pgm_job_ref (job);
  PgmSnapshot *snapshot = pgm_job_ref_snapshot (job);

  g_signal_emit_by_name (self, "snapshot", pgm_job_get_id (held), snapshot);
  if (report == NULL)
    pgm_local_engine_look_for_cutover (self, held, snapshot);
  pgm_record_unref (snapshot);
  if (report == NULL)
    return;
  g_hash_table_remove (self->cutovers, pgm_job_get_id (held));
  g_signal_emit_by_name (self, "finished", pgm_job_get_id (held), report);
  answer_waiting (self, pgm_job_get_id (held));
}

/* The same id again is fine for one that has ended (resume); it takes its place. */
static gboolean
make_room_for (PgmLocalEngine *self, const PgmJobSpec *spec, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->resting)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "Try again when it is back.",
                          "the daemon is ending");
      return FALSE;
    }
  if (count_running_locked (self) >= MAX_RUNNING)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Wait for one of them to end, or stop it first.",
                          "%d jobs are running already", MAX_RUNNING);
      return FALSE;
    }
  for (guint i = 0; spec->id != NULL && i < self->jobs->len; i++)
    {
      PgmJob *job = g_ptr_array_index (self->jobs, i);

      if (!g_str_equal (pgm_job_get_id (job), spec->id))
        continue;
      if (pgm_job_is_running (job))
        {
          pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                              "Wait for it to end, or stop it first.", "job \"%s\" is running",
                              spec->id);
          return FALSE;
        }
      g_ptr_array_remove_index (self->jobs, i);
      break;
    }
  return TRUE;
}

PgmJob *
pgm_local_engine_start_job (PgmLocalEngine *self,
                            const PgmJobSpec *spec,
                            PgmJobMode mode,
                            GError **error)
{
  PgmJob *job = make_room_for (self, spec, error)
                    ? pgm_job_start (spec, mode, self->store, self->context, on_job, self, error)
                    : NULL;

  if (job != NULL)
    add_job (self, job);
  return job;
}

PgmJobMode
pgm_local_engine_get_mode (PgmLocalEngine *self)
{
  return self->daemon != NULL ? PGM_JOB_MODE_KEPT : PGM_JOB_MODE_PLAIN;
}

/* Whoever hears that a job runs may believe that it goes on after a crash. */
static void
flush_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  pgm_store_flush (PGM_LOCAL_ENGINE (source)->store);
  g_task_return_pointer (task, g_strdup (data), g_free);
}

static void
start_job_async (PgmEngine *engine,
                 PgmJobSpec *spec,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (engine);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  PgmJob *job;

  g_task_set_source_tag (task, start_job_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  job = pgm_local_engine_start_job (self, spec, pgm_local_engine_get_mode (self), &error);
  if (job == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* It runs from here on, so its id must arrive whatever happens to the call. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->daemon == NULL || self->store == NULL)
    {
      g_task_return_pointer (task, g_strdup (pgm_job_get_id (job)), g_free);
      return;
    }
  g_task_set_task_data (task, g_strdup (pgm_job_get_id (job)), g_free);
  g_task_run_in_thread (task, flush_thread);
}

static char *
start_job_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
wait_for_end (PgmLocalEngine *self, const char *job_id, GTask *task)
{
  GPtrArray *tasks = g_hash_table_lookup (self->waiting, job_id);

  if (tasks == NULL)
    {
      tasks = g_ptr_array_new_with_free_func (g_object_unref);
      g_hash_table_insert (self->waiting, g_strdup (job_id), tasks);
    }
  g_ptr_array_add (tasks, g_object_ref (task));
}

static void
stop_job_async (PgmEngine *engine,
                const char *job_id,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (engine);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (self, job_id);

  g_task_set_source_tag (task, stop_job_async);
  if (job == NULL)
    {
      g_autofree char *name = g_strdup (job_id);
      GError *error = NULL;

      pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", name);
      g_task_return_error (task, error);
    }
  else if (!pgm_job_is_running (job))
    g_task_return_boolean (task, TRUE);
  else
    {
      wait_for_end (self, job_id, task);
      pgm_job_cancel (job);
    }
}

static gboolean
finish_boolean (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
request_job_async (PgmEngine *engine,
                   const char *job_id,
                   PgmJobRequest *request,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (engine);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (self, job_id);
  GError *error = NULL;

  g_task_set_source_tag (task, request_job_async);
  if (job == NULL)
    pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", job_id);
  if (job != NULL && pgm_job_request (job, request, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static PgmSnapshot *
ref_snapshot (PgmEngine *engine, const char *job_id)
{
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (PGM_LOCAL_ENGINE (engine), job_id);

  return job != NULL ? pgm_job_ref_snapshot (job) : NULL;
}

static PgmReport *
ref_report (PgmEngine *engine, const char *job_id)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (engine);
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (self, job_id);
  PgmJobHistory *history;
  PgmReport *report = NULL;

  if (job != NULL || self->store == NULL)
    return job != NULL ? pgm_job_ref_report (job) : NULL;
  history = pgm_history_get_job (pgm_store_get_path (self->store), job_id, NULL);
  if (history != NULL && history->report != NULL)
    report = pgm_record_ref (history->report);
  pgm_record_unref (history);
  return report;
}

static PgmJobInfo *
history_to_info (const PgmJobHistory *history)
{
  PgmJobInfo *info = pgm_record_new (&pgm_job_info_type);

  info->id = g_strdup (history->id);
  info->kind = g_strdup (history->kind);
  info->status = history->status;
  info->phase = history->phase;
  info->source = g_strdup (history->source);
  info->destination = g_strdup (history->destination);
  info->started_at = history->started_at;
  info->finished_at = history->finished_at;
  info->updated_at = history->updated_at;
  pgm_job_info_set_report (info, history->report);
  if (history->spec != NULL)
    info->spec = pgm_record_ref (history->spec);
  return info;
}

static GPtrArray *
list_own_jobs (PgmLocalEngine *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *infos = g_ptr_array_new_with_free_func (pgm_record_unref);

  for (guint i = 0; i < self->jobs->len; i++)
    g_ptr_array_add (infos, pgm_job_make_info (g_ptr_array_index (self->jobs, i)));
  return infos;
}

static gboolean
has_info (const GPtrArray *infos, guint count, const char *job_id)
{
  for (guint i = 0; i < count; i++)
    if (g_str_equal (((PgmJobInfo *) g_ptr_array_index (infos, i))->id, job_id))
      return TRUE;
  return FALSE;
}

static gint
compare_infos (gconstpointer a, gconstpointer b)
{
  const PgmJobInfo *first = *(PgmJobInfo *const *) a;
  const PgmJobInfo *second = *(PgmJobInfo *const *) b;

  gint64 one = MAX (first->started_at, first->created_at);
  gint64 other = MAX (second->started_at, second->created_at);

  if (one != other)
    return one > other ? -1 : 1;
  return strcmp (first->id, second->id);
}

/* A history that can't be read is no reason to hide what runs. */
static void
list_jobs_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  GPtrArray *infos = list_own_jobs (self);
  guint own = infos->len;
  g_autoptr (GPtrArray) history =
      self->store != NULL
          ? pgm_history_list_jobs (pgm_store_get_path (self->store), MAX_HISTORY, NULL)
          : NULL;

  for (guint i = 0; history != NULL && i < history->len; i++)
    {
      const PgmJobHistory *job = g_ptr_array_index (history, i);

      if (!has_info (infos, own, job->id))
        g_ptr_array_add (infos, history_to_info (job));
    }
  if (self->store != NULL)
    pgm_planned_merge (self->store, infos);
  g_ptr_array_sort (infos, compare_infos);
  g_task_return_pointer (task, infos, unref_array);
}

static void
list_jobs_async (PgmEngine *engine,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, list_jobs_async);
  g_task_run_in_thread (task, list_jobs_thread);
}

static GPtrArray *
finish_array (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What its picture has: the newest of them, and of this process only. */
static GPtrArray *
list_own_events (PgmLocalEngine *self, const char *job_id)
{
  g_autoptr (PgmJob) job = pgm_local_engine_find_job (self, job_id);
  PgmSnapshot *snapshot = job != NULL ? pgm_job_ref_snapshot (job) : NULL;
  GPtrArray *events = snapshot != NULL ? g_ptr_array_ref (snapshot->events) : NULL;

  pgm_record_unref (snapshot);
  return events;
}

/* The state file knows them all, unless it can't be written. */
static GPtrArray *
list_kept_events (PgmLocalEngine *self, const char *job_id, GError **error)
{
  const char *path = pgm_store_get_path (self->store);
  g_autofree char *problem = NULL;
  PgmJobHistory *history;

  pgm_store_flush (self->store);
  problem = pgm_store_dup_problem (self->store);
  history = problem == NULL ? pgm_history_get_job (path, job_id, error) : NULL;
  if (history == NULL)
    return NULL;
  pgm_record_unref (history);
  return pgm_history_list_events (path, job_id, MAX_EVENTS, error);
}

static void
list_events_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  g_autoptr (GError) reason = NULL;
  GPtrArray *events = self->store != NULL ? list_kept_events (self, data, &reason) : NULL;

  if (events == NULL)
    events = list_own_events (self, data);
  if (events != NULL)
    g_task_return_pointer (task, events, unref_array);
  else if (reason != NULL)
    g_task_return_error (task, g_steal_pointer (&reason));
  else
    g_task_return_new_error (task, PGM_ERROR, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"",
                             (const char *) data);
}

static void
list_events_async (PgmEngine *engine,
                   const char *job_id,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, list_events_async);
  g_task_set_task_data (task, g_strdup (job_id), g_free);
  g_task_run_in_thread (task, list_events_thread);
}

/* What it says of itself, as it is now. */
static void
answer_daemon (PgmLocalEngine *self, GTask *task)
{
  PgmDaemonInfo *info;

  if (self->daemon == NULL)
    {
      g_task_return_new_error (task, PGM_ERROR, PGM_ERROR_NOT_FOUND,
                               "this process is not the daemon");
      return;
    }
  info = pgm_record_new (&pgm_daemon_info_type);
  info->pid = self->daemon->pid;
  info->version = g_strdup (self->daemon->version);
  info->started_at = self->daemon->started_at;
  info->addresses = g_strdupv (self->daemon->addresses);
  info->state_dir = g_strdup (self->daemon->state_dir);
  info->log_file = g_strdup (self->daemon->log_file);
  info->jobs = pgm_local_engine_count_running (self);
  info->problem = self->store != NULL ? pgm_store_dup_problem (self->store) : NULL;
  g_task_return_pointer (task, info, pgm_record_unref);
}

static void
free_asked (gpointer data)
{
  PgmAsked *asked = data;

  g_free (asked->id);
  pgm_record_unref (asked->request);
  g_free (asked);
}

static void
ask_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  const PgmAsked *asked = data;
  g_autoptr (GError) error = NULL;
  gpointer answer =
      pgm_asks_get (asked->ask) (self->store, asked->id, asked->request, cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, answer,
                           pgm_question_get (asked->ask)->many ? unref_array : pgm_record_unref);
}

static void
ask_async (PgmEngine *engine,
           PgmAsk ask,
           const char *id,
           gpointer request,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (engine);
  const PgmQuestion *question = pgm_question_get (ask);
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);
  PgmAsked *asked = g_new0 (PgmAsked, 1);

  asked->ask = ask;
  asked->id = g_strdup (id);
  if (question->request != NULL)
    asked->request =
        request != NULL ? pgm_record_ref (request) : pgm_record_new (question->request);
  g_task_set_source_tag (task, ask_async);
  g_task_set_task_data (task, asked, free_asked);
  if (ask == PGM_ASK_READ_DAEMON)
    answer_daemon (self, task);
  else if (ask == PGM_ASK_START_MIGRATION && self->store != NULL)
    pgm_local_engine_start_migration (self, g_steal_pointer (&task));
  else if (ask == PGM_ASK_DELETE_MIGRATION && self->store != NULL)
    pgm_local_engine_delete_migration (self, g_steal_pointer (&task));
  else if (pgm_asks_get (ask) == NULL || self->store == NULL)
    g_task_return_new_error (task, PGM_ERROR, PGM_ERROR_REFUSED,
                             "this program can't do that yet: %s", question->summary);
  else
    g_task_run_in_thread (task, ask_thread);
}

void
pgm_local_engine_become_daemon (PgmLocalEngine *self, PgmDaemonInfo *info)
{
  self->daemon = pgm_record_ref (info);
}

guint
pgm_local_engine_count_running (PgmLocalEngine *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return count_running_locked (self);
}

void
pgm_local_engine_rest (PgmLocalEngine *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->resting = TRUE;
  for (guint i = 0; i < self->jobs->len; i++)
    pgm_job_rest (g_ptr_array_index (self->jobs, i));
}

static void
start_kept (PgmLocalEngine *self, const PgmKeptJob *kept, GError **error)
{
  PgmPlannedMigration *planned =
      pgm_history_get_planned (pgm_store_get_path (self->store), kept->id, NULL);

  if (planned != NULL && planned->plan != NULL)
    pgm_local_engine_watch_for_cutover (self, planned->plan);
  pgm_record_unref (planned);
  (void) pgm_local_engine_start_job (self, kept->spec, PGM_JOB_MODE_KEPT | PGM_JOB_MODE_RESTARTED,
                                     error);
}

static void
restart_job (PgmLocalEngine *self, PgmKeptJob *kept, PgmRestartFunc func, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (kept->restarts >= MAX_RESTARTS)
    pgm_error_set_full (&error, PGM_ERROR_REFUSED, NULL, NULL,
                        "Look into the log for why the daemon ended; start the job again by hand.",
                        "it was started again %" G_GINT64_FORMAT
                        " times and did not live for a minute",
                        kept->restarts);
  else if (kept->spec == NULL)
    pgm_error_set (&error, PGM_ERROR_FAILED, "what it was to do can't be read any more");
  else
    start_kept (self, kept, &error);
  if (error != NULL)
    pgm_store_job_unkeep (self->store, kept->id);
  func (kept->id, error, user_data);
}

gboolean
pgm_local_engine_restart_jobs (PgmLocalEngine *self,
                               PgmRestartFunc func,
                               gpointer user_data,
                               GError **error)
{
  g_autoptr (GPtrArray) kept = pgm_store_list_kept (self->store, error);

  for (guint i = 0; kept != NULL && i < kept->len; i++)
    restart_job (self, g_ptr_array_index (kept, i), func, user_data);
  return kept != NULL;
}

static gpointer
ask_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
start_sample_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  GError *error = NULL;
  PgmSample *sample = pgm_samples_start (self->samples, data, cancellable, &error);

  if (sample == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, sample, pgm_record_unref);
}

static void
start_sample_async (PgmEngine *engine,
                    PgmSampleSpec *spec,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, start_sample_async);
  /* One that was made is handed over even when the wish to cancel comes too late:
   * nobody could stop it otherwise. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, pgm_record_ref (spec), pgm_record_unref);
  g_task_run_in_thread (task, start_sample_thread);
}

static PgmSample *
start_sample_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
stop_sample_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  GError *error = NULL;

  if (pgm_samples_stop (self->samples, data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
stop_sample_async (PgmEngine *engine,
                   const char *sample_id,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, stop_sample_async);
  g_task_set_task_data (task, g_strdup (sample_id), g_free);
  g_task_run_in_thread (task, stop_sample_thread);
}

typedef struct
{
  char *sample_id;
  int writers;
} WriteRequest;

static void
write_request_free (gpointer data)
{
  WriteRequest *request = data;

  g_free (request->sample_id);
  g_free (request);
}

/* A thread, because ending the writers waits for their present transactions. */
static void
write_sample_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PgmLocalEngine *self = PGM_LOCAL_ENGINE (source);
  const WriteRequest *request = data;
  GError *error = NULL;
  PgmSampleActivity *activity =
      pgm_samples_write (self->samples, request->sample_id, request->writers, &error);

  if (activity == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, activity, pgm_record_unref);
}

static void
write_sample_async (PgmEngine *engine,
                    const char *sample_id,
                    int writers,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);
  WriteRequest *request = g_new0 (WriteRequest, 1);

  request->sample_id = g_strdup (sample_id);
  request->writers = writers;
  g_task_set_source_tag (task, write_sample_async);
  g_task_set_task_data (task, request, write_request_free);
  g_task_run_in_thread (task, write_sample_thread);
}

static PgmSampleActivity *
write_sample_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
pgm_local_engine_iface_init (PgmEngineInterface *iface)
{
  iface->start_job_async = start_job_async;
  iface->start_job_finish = start_job_finish;
  iface->stop_job_async = stop_job_async;
  iface->stop_job_finish = finish_boolean;
  iface->request_job_async = request_job_async;
  iface->request_job_finish = finish_boolean;
  iface->list_jobs_async = list_jobs_async;
  iface->list_jobs_finish = finish_array;
  iface->list_events_async = list_events_async;
  iface->list_events_finish = finish_array;
  iface->ask_async = ask_async;
  iface->ask_finish = ask_finish;
  iface->ref_snapshot = ref_snapshot;
  iface->ref_report = ref_report;
  iface->start_sample_async = start_sample_async;
  iface->start_sample_finish = start_sample_finish;
  iface->stop_sample_async = stop_sample_async;
  iface->stop_sample_finish = finish_boolean;
  iface->write_sample_async = write_sample_async;
  iface->write_sample_finish = write_sample_finish;
}
