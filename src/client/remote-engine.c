#include "client/remote-engine.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/rest.h"
#include "client/watch.h"
#include "model/migration.h"

struct _PgmRemoteEngine
{
  GObject parent_instance;
  PgmRest *rest;
  GHashTable *watches;   /* job id → PgmWatch, while it runs */
  GHashTable *snapshots; /* job id → PgmSnapshot */
  GHashTable *reports;   /* job id → PgmReport */
  GHashTable *waiting;   /* job id → GPtrArray of GTask: who waits for its end */
  GHashTable *starting;  /* job id → GTask: a start that waits for the first picture */
};

static void pgm_remote_engine_iface_init (PgmEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmRemoteEngine,
                               pgm_remote_engine,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_ENGINE,
                                                      pgm_remote_engine_iface_init))

static void
free_watch (gpointer watch)
{
  pgm_watch_free (watch);
}

static void
unref_array (gpointer array)
{
  g_ptr_array_unref (array);
}

static void
pgm_remote_engine_dispose (GObject *object)
{
  PgmRemoteEngine *self = PGM_REMOTE_ENGINE (object);

  g_hash_table_remove_all (self->watches);
  if (self->rest != NULL)
    pgm_rest_abort (self->rest);
  g_clear_object (&self->rest);
  G_OBJECT_CLASS (pgm_remote_engine_parent_class)->dispose (object);
}

static void
pgm_remote_engine_finalize (GObject *object)
{
  PgmRemoteEngine *self = PGM_REMOTE_ENGINE (object);

  g_hash_table_unref (self->watches);
  g_hash_table_unref (self->snapshots);
  g_hash_table_unref (self->reports);
  g_hash_table_unref (self->waiting);
  g_hash_table_unref (self->starting);
  G_OBJECT_CLASS (pgm_remote_engine_parent_class)->finalize (object);
}

static void
pgm_remote_engine_class_init (PgmRemoteEngineClass *class)
{
  G_OBJECT_CLASS (class)->dispose = pgm_remote_engine_dispose;
  G_OBJECT_CLASS (class)->finalize = pgm_remote_engine_finalize;
}

static GHashTable *
new_table (GDestroyNotify free_value)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
}

static void
pgm_remote_engine_init (PgmRemoteEngine *self)
{
  self->watches = new_table (free_watch);
  self->snapshots = new_table (pgm_record_unref);
  self->reports = new_table (pgm_record_unref);
  self->waiting = new_table (unref_array);
  self->starting = new_table (g_object_unref);
}

static PgmEngine *
take_rest (PgmRest *rest)
{
  PgmRemoteEngine *self = g_object_new (PGM_TYPE_REMOTE_ENGINE, NULL);

  self->rest = rest;
  return PGM_ENGINE (self);
}

PgmEngine *
pgm_remote_engine_new (const char *path)
{
  return take_rest (pgm_rest_new (path));
}

PgmEngine *
pgm_remote_engine_new_for_url (const PgmRemoteTarget *target, GError **error)
{
  PgmRest *rest = pgm_rest_new_for_url (target, error);

  return rest != NULL ? take_rest (rest) : NULL;
}

const char *
pgm_remote_engine_get_name (PgmRemoteEngine *self)
{
  return pgm_rest_get_name (self->rest);
}

/* The job is known to have begun: its first picture is here, or its end. */
static void
answer_starting (PgmRemoteEngine *self, const char *job_id)
{
  g_autofree char *key = NULL;
  g_autoptr (GTask) task = NULL;

  if (g_hash_table_steal_extended (self->starting, job_id, (gpointer *) &key, (gpointer *) &task))
    g_task_return_pointer (task, g_strdup (job_id), g_free);
}

static void
answer_waiting (PgmRemoteEngine *self, const char *job_id, gboolean lost)
{
  g_autofree char *key = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  if (!g_hash_table_steal_extended (self->waiting, job_id, (gpointer *) &key, (gpointer *) &tasks))
    return;
  for (guint i = 0; i < tasks->len; i++)
    if (lost)
      g_task_return_new_error (g_ptr_array_index (tasks, i), PGM_ERROR, PGM_ERROR_LOST,
                               "the process that ran job \"%s\" has gone away", job_id);
    else
      g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
on_watch_snapshot (PgmWatch *watch, PgmSnapshot *snapshot, gpointer user_data)
{
  g_autoptr (PgmRemoteEngine) self = g_object_ref (user_data);
  g_autofree char *job_id = g_strdup (pgm_watch_get_job_id (watch));

  g_hash_table_replace (self->snapshots, g_strdup (job_id), pgm_record_ref (snapshot));
  answer_starting (self, job_id);
  g_signal_emit_by_name (self, "snapshot", job_id, snapshot);
}

static void
on_watch_finished (PgmWatch *watch, PgmReport *report, gboolean lost, gpointer user_data)
{
  g_autoptr (PgmRemoteEngine) self = g_object_ref (user_data);
  g_autofree char *job_id = g_strdup (pgm_watch_get_job_id (watch));

  g_hash_table_replace (self->reports, g_strdup (job_id), pgm_record_ref (report));
  g_hash_table_remove (self->watches, job_id);
  answer_starting (self, job_id);
  g_signal_emit_by_name (self, "finished", job_id, report);
  answer_waiting (self, job_id, lost);
}

static void
watch (PgmRemoteEngine *self, const char *job_id)
{
  static const PgmWatchFuncs funcs = { on_watch_snapshot, on_watch_finished };

  if (g_hash_table_contains (self->watches, job_id))
    return;
  g_hash_table_remove (self->reports, job_id);
  g_hash_table_insert (self->watches, g_strdup (job_id),
                       pgm_watch_new (self->rest, job_id, &funcs, self));
}

/* An answer of @type (an array of them when @many), or NULL with @error. */
static gpointer
finish_call (GObject *rest,
             GAsyncResult *result,
             const PgmRecordType *type,
             gboolean many,
             GError **error)
{
  g_autoptr (GBytes) bytes = pgm_rest_call_finish (PGM_REST (rest), result, error);
  g_autoptr (GError) reason = NULL;
  gpointer answer;
  gsize size;
  const char *text;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &size);
  answer = many ? (gpointer) pgm_records_from_json (type, text, (gssize) size, &reason)
                : pgm_record_from_json (type, text, (gssize) size, &reason);
  if (answer == NULL)
    pgm_error_set_full (error, PGM_ERROR_PROTOCOL, NULL, reason->message,
                        "Use the same version of pgmanager as the one that runs the job.",
                        "the answer of the process that runs the job can't be understood");
  return answer;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  PgmRemoteEngine *self = g_task_get_source_object (task);
  GError *error = NULL;
  PgmAnswer *answer = finish_call (source, result, &pgm_answer_type, FALSE, &error);

  if (answer == NULL || answer->job_id == NULL)
    {
      if (error == NULL)
        pgm_error_set (&error, PGM_ERROR_PROTOCOL, "the job that began has no name");
      g_task_return_error (task, error);
    }
  else
    {
      /* It runs from here on, so its id must arrive whatever happens to the call. */
      g_task_set_check_cancellable (task, FALSE);
      g_hash_table_insert (self->starting, g_strdup (answer->job_id), g_steal_pointer (&task));
      watch (self, answer->job_id);
    }
  pgm_record_unref (answer);
}

static void
start_job_async (PgmEngine *engine,
                 PgmJobSpec *spec,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  PgmRemoteEngine *self = PGM_REMOTE_ENGINE (engine);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (PgmSecret) body = NULL;

  g_task_set_source_tag (task, start_job_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (spec->source == NULL || spec->destination == NULL)
    {
      g_task_return_new_error (task, PGM_ERROR, PGM_ERROR_USAGE,
                               "a job needs a source and a destination");
      return;
    }
  body = pgm_record_to_secret_json (spec);
  /* Not cancelled half way: nobody would know of the job. */
  pgm_rest_call_async (self->rest, "POST", "/jobs", body, NULL, on_started,
                       g_steal_pointer (&task));
}

static gpointer
finish_pointer (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static char *
start_job_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return finish_pointer (result, error);
}

static gboolean
finish_boolean (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
call_job (PgmRemoteEngine *self,
          const char *job_id,
          const char *what,
          PgmSecret *body,
          GAsyncReadyCallback callback,
          GTask *task)
{
  g_autofree char *escaped = g_uri_escape_string (job_id, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/migrations/%s/%s", escaped, what);

  g_task_set_task_data (task, g_strdup (job_id), g_free);
  pgm_rest_call_async (self->rest, "POST", path, body, g_task_get_cancellable (task), callback,
                       task);
}

static void
wait_for_end (PgmRemoteEngine *self, const char *job_id, GTask *task)
{
  GPtrArray *tasks = g_hash_table_lookup (self->waiting, job_id);

  if (tasks == NULL)
    {
      tasks = g_ptr_array_new_with_free_func (g_object_unref);
      g_hash_table_insert (self->waiting, g_strdup (job_id), tasks);
    }
  g_ptr_array_add (tasks, g_object_ref (task));
  watch (self, job_id);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  PgmRemoteEngine *self = g_task_get_source_object (task);
  GError *error = NULL;
  PgmAnswer *answer = finish_call (source, result, &pgm_answer_type, FALSE, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (g_hash_table_contains (self->reports, g_task_get_task_data (task)))
    g_task_return_boolean (task, TRUE);
  else
    wait_for_end (self, g_task_get_task_data (task), task);
  pgm_record_unref (answer);
}

static void
stop_job_async (PgmEngine *engine,
                const char *job_id,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  GTask *task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, stop_job_async);
  call_job (PGM_REMOTE_ENGINE (engine), job_id, "stop", NULL, on_stopped, task);
}

static void
on_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  PgmAnswer *answer = finish_call (source, result, &pgm_answer_type, FALSE, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  pgm_record_unref (answer);
}

static void
request_job_async (PgmEngine *engine,
                   const char *job_id,
                   PgmJobRequest *request,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  GTask *task = g_task_new (engine, cancellable, callback, user_data);
  g_autoptr (PgmSecret) body = NULL;

  g_task_set_source_tag (task, request_job_async);
  if (request->switchover != NULL)
    body = pgm_record_to_secret_json (request->switchover);
  call_job (PGM_REMOTE_ENGINE (engine), job_id, pgm_request_kind_names[request->kind], body,
            on_requested, task);
}

/* What runs over there is looked at from now on. */
static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  PgmRemoteEngine *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GPtrArray) migrations =
      finish_call (source, result, &pgm_migration_type, TRUE, &error);
  GPtrArray *jobs;

  if (migrations == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  jobs = g_ptr_array_new_with_free_func (pgm_record_unref);
  for (guint i = 0; i < migrations->len; i++)
    {
      const PgmMigration *migration = g_ptr_array_index (migrations, i);
      PgmJobInfo *job = migration->job;

      if (job == NULL)
        continue;
      g_ptr_array_add (jobs, pgm_record_ref (job));
      if (job->here && job->status == PGM_JOB_RUNNING)
        watch (self, job->id);
    }
  g_task_return_pointer (task, jobs, unref_array);
}

static void
list_jobs_async (PgmEngine *engine,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  GTask *task = g_task_new (engine, cancellable, callback, user_data);

  g_task_set_source_tag (task, list_jobs_async);
  pgm_rest_call_async (PGM_REMOTE_ENGINE (engine)->rest, "GET", "/migrations", NULL, cancellable,
                       on_listed, task);
}

static GPtrArray *
finish_array (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return finish_pointer (result, error);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GPtrArray *events = finish_call (source, result, &pgm_event_type, TRUE, &error);

  if (events == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, events, unref_array);
}

static void
list_events_async (PgmEngine *engine,
                   const char *job_id,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  GTask *task = g_task_new (engine, cancellable, callback, user_data);
  g_autofree char *escaped = g_uri_escape_string (job_id, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/migrations/%s/events", escaped);

  g_task_set_source_tag (task, list_events_async);
  pgm_rest_call_async (PGM_REMOTE_ENGINE (engine)->rest, "GET", path, NULL, cancellable, on_events,
                       task);
}

typedef struct
{
  PgmAsk ask;
  char *path;
} Asked;

static void
free_asked (gpointer data)
{
  Asked *asked = data;

  g_free (asked->path);
  g_free (asked);
}

/* "/clusters/prod/introspect?node=a" */
static char *
make_path (const PgmQuestion *question, const char *id, gpointer request, gboolean in_path)
{
  g_auto (GStrv) parts = g_strsplit (question->path, "{id}", 2);
  g_autofree char *escaped = id != NULL ? g_uri_escape_string (id, NULL, FALSE) : NULL;
  g_autofree char *query = request != NULL && in_path ? pgm_record_to_query (request) : NULL;

  return g_strconcat (parts[0], escaped != NULL ? escaped : "", escaped != NULL ? parts[1] : "",
                      query != NULL && *query != '\0' ? "?" : "", query, NULL);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Asked *asked = g_task_get_task_data (task);
  const PgmQuestion *question = pgm_question_get (asked->ask);
  g_autoptr (GError) error = NULL;
  gpointer answer = NULL;

  if (question->response != NULL)
    answer = finish_call (source, result, question->response, question->many, &error);
  else
    g_bytes_unref (pgm_rest_call_finish (PGM_REST (source), result, &error));
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, answer, question->many ? unref_array : pgm_record_unref);
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
  const PgmQuestion *question = pgm_question_get (ask);
  gboolean in_path =
      g_str_equal (question->method, "GET") || g_str_equal (question->method, "DELETE");
  GTask *task = g_task_new (engine, cancellable, callback, user_data);
  g_autoptr (PgmSecret) body =
      request != NULL && !in_path ? pgm_record_to_secret_json (request) : NULL;
  Asked *asked = g_new0 (Asked, 1);

  asked->ask = ask;
  asked->path = make_path (question, id, request, in_path);
  g_task_set_source_tag (task, ask_async);
  g_task_set_task_data (task, asked, free_asked);
  pgm_rest_call_async (PGM_REMOTE_ENGINE (engine)->rest, question->method, asked->path, body,
                       cancellable, on_asked, task);
}

static gpointer
ask_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return finish_pointer (result, error);
}

static gpointer
ref_from (GHashTable *table, const char *job_id)
{
  gpointer record = g_hash_table_lookup (table, job_id);

  return record != NULL ? pgm_record_ref (record) : NULL;
}

static PgmSnapshot *
ref_snapshot (PgmEngine *engine, const char *job_id)
{
  return ref_from (PGM_REMOTE_ENGINE (engine)->snapshots, job_id);
}

static PgmReport *
ref_report (PgmEngine *engine, const char *job_id)
{
  return ref_from (PGM_REMOTE_ENGINE (engine)->reports, job_id);
}

static void
refuse_sample (PgmEngine *engine, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, NULL, callback, user_data);

  g_task_return_new_error (task, PGM_ERROR, PGM_ERROR_REFUSED,
                           "samples are only made in the process that shows them");
}

static void
start_sample_async (PgmEngine *engine,
                    PgmSampleSpec *spec,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  refuse_sample (engine, callback, user_data);
}

static PgmSample *
start_sample_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return finish_pointer (result, error);
}

static void
stop_sample_async (PgmEngine *engine,
                   const char *sample_id,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  refuse_sample (engine, callback, user_data);
}

static void
write_sample_async (PgmEngine *engine,
                    const char *sample_id,
                    int writers,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  refuse_sample (engine, callback, user_data);
}

static PgmSampleActivity *
write_sample_finish (PgmEngine *engine, GAsyncResult *result, GError **error)
{
  return finish_pointer (result, error);
}

static void
pgm_remote_engine_iface_init (PgmEngineInterface *iface)
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

/* A socket that nobody listens on refuses at once. */
static gboolean
is_alive (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) probe =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  if (probe == NULL)
    return FALSE;
  g_socket_set_blocking (probe, FALSE);
  return g_socket_connect (probe, address, NULL, NULL);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* "api.sock" and "job-….sock", in order. */
static GPtrArray *
list_names (const char *directory)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_equal (name, "api.sock") ||
        (g_str_has_prefix (name, "job-") && g_str_has_suffix (name, ".sock")))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

GPtrArray *
pgm_remote_engine_find (const char *directory)
{
  GPtrArray *engines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) names = NULL;
  struct stat status;

  /* A socket in somebody else's directory could be anybody's. */
  if (lstat (directory, &status) != 0 || status.st_uid != geteuid ())
    return engines;
  names = list_names (directory);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (directory, g_ptr_array_index (names, i), NULL);

      if (strlen (path) < 108 && is_alive (path))
        g_ptr_array_add (engines, pgm_remote_engine_new (path));
    }
  return engines;
}
