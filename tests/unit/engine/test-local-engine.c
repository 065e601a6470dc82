/* The engine as a face sees it: jobs on two real clusters, from the start to the
 * report, stopped in the middle, refused, failed, and given away while running. What
 * every engine promises is asked of the remote one, too, which speaks over a socket
 * to a server in front of the local one. */
#include "client/remote-engine.h"
#include "engine/local-engine.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "fixture/cluster.h"
#include "server/server.h"

/* Long, for a loaded machine; only a defect waits for it. */
#define PATIENCE_SECONDS 60

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
  gboolean remote; /* the engine that is tested */
} Clusters;

typedef struct
{
  Clusters *clusters;
  PgmConfig *config;
  char *path; /* of state.db */
  PgmStore *store;
  PgmEngine *engine;
  PgmEngine *behind; /* of the server, when @engine is remote */
  PgmServer *server;
  gulong handlers[2];
  guint patience;

  /* What came by signal. */
  guint snapshots;
  int last_phase;
  guint after_end; /* snapshots after "finished" */
  guint finished;
  PgmReport *report;

  GAsyncResult *result;
} Face;

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, Face *self)
{
  g_assert_cmpstr (snapshot->job_id, ==, job_id);
  self->snapshots++;
  self->last_phase = snapshot->phase;
  self->after_end += self->finished;
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Face *self)
{
  g_assert_cmpstr (report->job_id, ==, job_id);
  self->finished++;
  g_clear_pointer (&self->report, pgm_record_unref);
  self->report = pgm_record_ref (report);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (g_set_object (&((Face *) user_data)->result, result));
}

static gboolean
on_patience_lost (gpointer user_data)
{
  g_error ("nothing happened for %d seconds", PATIENCE_SECONDS);
  return G_SOURCE_REMOVE;
}

static void
connect_engine (Face *self, PgmStore *store)
{
  self->engine = pgm_local_engine_new (store);
  if (self->clusters->remote)
    {
      const PgmServerOptions options = { .directory = self->config->state_dir, .job_id = "test" };
      g_autoptr (GError) error = NULL;

      self->behind = self->engine;
      self->server = pgm_server_new (self->behind, &options, &error);
      g_assert_no_error (error);
      self->engine = pgm_remote_engine_new (pgm_server_get_path (self->server));
    }
  self->handlers[0] = g_signal_connect (self->engine, "snapshot", G_CALLBACK (on_snapshot), self);
  self->handlers[1] = g_signal_connect (self->engine, "finished", G_CALLBACK (on_finished), self);
}

static void
set_up (Face *self, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("pgm-engine-XXXXXX", NULL);

  self->clusters = (Clusters *) (guintptr) data;
  self->config = pgm_record_new (&pgm_config_type);
  self->config->state_dir = g_strdup (directory);
  self->config->copy_workers = 2;
  self->path = g_build_filename (directory, "state.db", NULL);
  self->store = pgm_store_new (self->config, NULL);
  connect_engine (self, self->store);
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, NULL);

  pgm_test_cluster_execute (self->clusters->source, NULL,
                            "DROP DATABASE IF EXISTS shop; CREATE DATABASE shop");
  pgm_test_cluster_execute (self->clusters->destination, NULL,
                            "DROP DATABASE IF EXISTS shop (FORCE); CREATE DATABASE shop");
  pgm_test_cluster_execute (
      self->clusters->source, "shop",
      "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
      "CREATE TABLE customers (id int PRIMARY KEY, name text UNIQUE);"
      "INSERT INTO orders SELECT i, 'note ' || i FROM generate_series(1, 5000) i;"
      "INSERT INTO customers SELECT i, 'name ' || i FROM generate_series(1, 100) i");
}

/* A task's worker thread lets go of the task, and so of the engine, a moment
 * after the result has come. */
static void
assert_goes_away (gpointer object)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_SECONDS * G_USEC_PER_SEC;
  gpointer weak = object;

  g_object_add_weak_pointer (object, &weak);
  g_object_unref (object);
  while (g_atomic_pointer_get (&weak) != NULL && g_get_monotonic_time () < deadline)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_null (weak);
}

static void
drop_engine (Face *self)
{
  g_signal_handler_disconnect (self->engine, self->handlers[0]);
  g_signal_handler_disconnect (self->engine, self->handlers[1]);
  assert_goes_away (g_steal_pointer (&self->engine));
  g_clear_pointer (&self->server, pgm_server_free);
  if (self->behind != NULL)
    assert_goes_away (g_steal_pointer (&self->behind));
}

static void
remove_state (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_unlink (file) != 0)
        remove_state (file);
    }
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

static void
tear_down (Face *self, gconstpointer data)
{
  g_clear_object (&self->result);
  /* Results and idle sources may still hold the engine. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  if (self->engine != NULL)
    drop_engine (self);
  if (self->store != NULL)
    g_assert_finalize_object (self->store);
  g_source_remove (self->patience);
  remove_state (self->config->state_dir);
  pgm_record_unref (self->config);
  pgm_record_unref (self->report);
  g_free (self->path);
}

static PgmEndpoint *
make_endpoint (const char *uri)
{
  PgmEndpoint *endpoint = pgm_record_new (&pgm_endpoint_type);

  endpoint->uri = g_strdup (uri);
  return endpoint;
}

static PgmJobSpec *
make_clone (Face *self)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLONE;
  spec->source = make_endpoint (pgm_test_cluster_get_uri (self->clusters->source, "shop"));
  spec->destination =
      make_endpoint (pgm_test_cluster_get_uri (self->clusters->destination, "shop"));
  return spec;
}

/* Takes @spec; the job's id or NULL with an error. */
static char *
start_on (Face *self, PgmEngine *engine, PgmJobSpec *spec, GError **error)
{
  char *id;

  g_clear_object (&self->result);
  pgm_engine_start_job_async (engine, spec, NULL, on_result, self);
  pgm_record_unref (spec);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  id = pgm_engine_start_job_finish (engine, self->result, error);
  g_clear_object (&self->result);
  return id;
}

static char *
start (Face *self, PgmJobSpec *spec)
{
  g_autoptr (GError) error = NULL;
  char *id = start_on (self, self->engine, spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (id);
  return id;
}

static void
wait_for_report (Face *self)
{
  while (self->finished == 0)
    g_main_context_iteration (NULL, TRUE);
  /* A second one, or a picture after the end, would come soon. */
  for (gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC; g_get_monotonic_time () < until;)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (20000);
    }
  g_assert_cmpuint (self->finished, ==, 1);
  g_assert_cmpuint (self->after_end, ==, 0);
}

static gboolean
stop (Face *self, const char *job_id, GError **error)
{
  gboolean done;

  g_clear_object (&self->result);
  pgm_engine_stop_job_async (self->engine, job_id, NULL, on_result, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  done = pgm_engine_stop_job_finish (self->engine, self->result, error);
  g_clear_object (&self->result);
  return done;
}

/* A lock that outlives its session: whoever wants to read the table waits. */
static void
lock_orders (Face *self)
{
  pgm_test_cluster_execute (self->clusters->source, "shop",
                            "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;"
                            "PREPARE TRANSACTION 'held'");
}

static void
unlock_orders (Face *self)
{
  pgm_test_cluster_execute (self->clusters->source, "shop", "ROLLBACK PREPARED 'held'");
}

/* The job is in the middle: it waits for the table. */
static void
wait_until_held (Face *self)
{
  for (;;)
    {
      g_autofree char *waiting = pgm_test_cluster_query (
          self->clusters->source, "shop", "SELECT count(*) FROM pg_locks WHERE NOT granted");

      if (!g_str_equal (waiting, "0"))
        return;
      g_main_context_iteration (NULL, FALSE);
      g_usleep (50000);
    }
}

static PgmJobHistory *
read_history (Face *self, const char *job_id)
{
  g_autoptr (GError) error = NULL;
  PgmJobHistory *job;

  if (self->store != NULL)
    pgm_store_flush (self->store);
  job = pgm_history_get_job (self->path, job_id, &error);
  g_assert_no_error (error);
  return job;
}

static void
test_clone (Face *self, gconstpointer data)
{
  g_autofree char *id = start (self, make_clone (self));
  g_autofree char *rows = NULL;
  g_autoptr (GPtrArray) events = NULL;
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (self->engine, id);
  PgmReport *report;
  PgmJobHistory *job;

  g_assert_true (g_str_has_prefix (id, "clone-"));
  g_assert_nonnull (snapshot);
  pgm_record_unref (snapshot);
  g_assert_null (pgm_engine_ref_report (self->engine, id));
  wait_for_report (self);

  g_assert_cmpstr (self->report->error, ==, NULL);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_OK);
  g_assert_cmpuint (self->report->rows, ==, 5100);
  g_assert_cmpfloat (self->report->seconds, >, 0);
  g_assert_cmpint (self->report->finished_at, >=, self->report->started_at);
  g_assert_cmpuint (self->snapshots, >=, 1);
  g_assert_cmpint (self->last_phase, ==, PGM_PHASE_DONE);
  rows = pgm_test_cluster_query (self->clusters->destination, "shop",
                                 "SELECT count(*), sum(id), max(note) FROM orders");
  g_assert_cmpstr (rows, ==, "5000|12502500|note 999");

  report = pgm_engine_ref_report (self->engine, id);
  g_assert_true (pgm_record_equal (report, self->report));
  pgm_record_unref (report);
  snapshot = pgm_engine_ref_snapshot (self->engine, id);
  g_assert_cmpint (snapshot->phase, ==, PGM_PHASE_DONE);
  g_assert_cmpfloat (snapshot->percent, ==, 100);
  pgm_record_unref (snapshot);

  job = read_history (self, id);
  g_assert_cmpint (job->status, ==, PGM_JOB_ENDED);
  g_assert_cmpint (job->phase, ==, PGM_PHASE_DONE);
  g_assert_cmpint (job->spec->clone->copy_workers, ==, 2);
  g_assert_true (pgm_record_equal (job->report, self->report));
  pgm_record_unref (job);
  events = pgm_history_list_events (self->path, id, 0, NULL);
  g_assert_cmpuint (events->len, >=, 4);
}

/* A check stands in the way: refused, exit 5, the check in the report. */
static void
test_refused_by_check (Face *self, gconstpointer data)
{
  g_autofree char *id = NULL;

  pgm_test_cluster_execute (self->clusters->destination, "shop",
                            "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)");
  id = start (self, make_clone (self));
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_REFUSED);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_REFUSED);
  g_assert_true (pgm_report_has_blocker (self->report));
  g_assert_nonnull (self->report->error);
  g_assert_cmpint (self->last_phase, ==, PGM_PHASE_FAILED);
}

static void
test_unreachable (Face *self, gconstpointer data)
{
  PgmJobSpec *spec = make_clone (self);
  g_autofree char *id = NULL;
  PgmSnapshot *snapshot;

  pgm_record_unref (spec->source);
  spec->source = make_endpoint ("postgresql://u:MARKED@127.0.0.1:1/shop");
  spec->id = g_strdup ("my-job.1");
  id = start (self, spec);
  g_assert_cmpstr (id, ==, "my-job.1");
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_FAILED);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_CONNECT);
  g_assert_nonnull (self->report->error);
  g_assert_null (strstr (self->report->source, "MARKED"));
  snapshot = pgm_engine_ref_snapshot (self->engine, id);
  g_assert_cmpint (snapshot->error_count, ==, 1);
  g_assert_cmpstr (snapshot->last_error, ==, self->report->error);
  pgm_record_unref (snapshot);
}

/* What can be known at once is told by the call itself. */
static void
test_bad_requests (Face *self, gconstpointer data)
{
  static const char *const specs[] = {
    "{\"kind\":\"clone\",\"source\":{\"uri\":\"postgresql://[::1/db\"},\"destination\":{}}",
    "{\"kind\":\"clone\",\"source\":{},\"destination\":{\"uri\":\"host\"}}",
    "{\"id\":\"../x\",\"kind\":\"clone\",\"source\":{},\"destination\":{}}",
    "{\"id\":\"\",\"kind\":\"compare\",\"source\":{},\"destination\":{}}",
  };
  PgmJobSpec *bare = pgm_record_new (&pgm_job_spec_type);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      PgmJobSpec *spec = pgm_record_from_json (&pgm_job_spec_type, specs[i], -1, &error);

      g_assert_no_error (error);
      g_test_message ("%s", specs[i]);
      g_assert_null (start_on (self, self->engine, spec, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_clear_error (&error);
    }
  g_assert_null (start_on (self, self->engine, bare, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_clear_error (&error);

  g_assert_false (stop (self, "no-such-job", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_assert_null (pgm_engine_ref_snapshot (self->engine, "no-such-job"));
  g_assert_null (pgm_engine_ref_report (self->engine, "no-such-job"));
  g_assert_cmpuint (self->snapshots, ==, 0);
}

static void
test_cancelled_start (Face *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  PgmJobSpec *spec = make_clone (self);

  g_cancellable_cancel (cancellable);
  pgm_engine_start_job_async (self->engine, spec, cancellable, on_result, self);
  pgm_record_unref (spec);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (pgm_engine_start_job_finish (self->engine, self->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* R16: the same clone not twice, neither here nor from elsewhere, whoever one is
 * on the servers, and no id twice. */
static void
test_second_start (Face *self, gconstpointer data)
{
  PgmEngine *other = pgm_local_engine_new (self->store);
  g_autofree char *pid = g_strdup_printf ("process %d", getpid ());
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  PgmJobSpec *same = make_clone (self);
  PgmJobSpec *again = make_clone (self);

  lock_orders (self);
  id = start (self, make_clone (self));
  wait_until_held (self);

  g_assert_null (start_on (self, self->engine, make_clone (self), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, pid));
  g_clear_error (&error);
  again->kind = PGM_JOB_COMPARE;
  again->id = g_strdup (id);
  g_assert_null (start_on (self, self->engine, again, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, id));
  g_clear_error (&error);

  same->source->user = g_strdup ("somebody_else");
  g_assert_null (start_on (self, other, same, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, pid));

  unlock_orders (self);
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_finalize_object (other);
}

static GPtrArray *
list_jobs (Face *self)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *jobs;

  g_clear_object (&self->result);
  pgm_engine_list_jobs_async (self->engine, NULL, on_result, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  jobs = pgm_engine_list_jobs_finish (self->engine, self->result, &error);
  g_assert_no_error (error);
  g_clear_object (&self->result);
  return jobs;
}

static GPtrArray *
list_events (Face *self, const char *job_id, GError **error)
{
  GPtrArray *events;

  g_clear_object (&self->result);
  pgm_engine_list_events_async (self->engine, job_id, NULL, on_result, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  events = pgm_engine_list_events_finish (self->engine, self->result, error);
  g_clear_object (&self->result);
  return events;
}

/* Two jobs at once, each with its own end; the newer stands first. */
static void
test_two_at_once (Face *self, gconstpointer data)
{
  PgmJobSpec *other = make_clone (self);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = NULL;
  PgmJobInfo *info;

  lock_orders (self);
  first = start (self, make_clone (self));
  wait_until_held (self);
  pgm_record_unref (other->source);
  other->source = make_endpoint ("postgresql://u:MARKED@127.0.0.1:1/shop");
  other->kind = PGM_JOB_COMPARE;
  second = start (self, other);
  while (self->finished == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (self->report->job_id, ==, second);

  jobs = list_jobs (self);
  g_assert_cmpuint (jobs->len, ==, 2);
  info = g_ptr_array_index (jobs, 0);
  g_assert_cmpstr (info->id, ==, second);
  g_assert_cmpint (info->status, ==, PGM_JOB_ENDED);
  g_assert_cmpstr (info->outcome, ==, "failed");
  g_assert_cmpstr (info->error, ==, self->report->error);
  g_assert_null (strstr (info->spec->source->uri, "MARKED"));
  info = g_ptr_array_index (jobs, 1);
  g_assert_cmpstr (info->id, ==, first);
  g_assert_cmpint (info->status, ==, PGM_JOB_RUNNING);
  g_assert_true (info->here);

  unlock_orders (self);
  g_assert_true (stop (self, first, &error));
  g_assert_cmpuint (self->finished, ==, 2);
  self->finished = 0;
}

/* What an earlier engine did is told by a later one on the same store. */
static void
test_history (Face *self, gconstpointer data)
{
  g_autofree char *id = start (self, make_clone (self));
  g_autoptr (GPtrArray) jobs = NULL;
  g_autoptr (GPtrArray) events = NULL;
  g_autoptr (GError) error = NULL;
  PgmJobInfo *info;
  PgmReport *report;

  wait_for_report (self);
  events = list_events (self, id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (events->len, >=, 4);
  g_clear_pointer (&events, g_ptr_array_unref);
  drop_engine (self);
  pgm_store_flush (self->store);
  connect_engine (self, self->store);

  jobs = list_jobs (self);
  g_assert_cmpuint (jobs->len, ==, 1);
  info = g_ptr_array_index (jobs, 0);
  g_assert_cmpstr (info->id, ==, id);
  g_assert_cmpstr (info->outcome, ==, "done");
  g_assert_false (info->here);
  g_assert_cmpint (info->updated_at, >=, info->finished_at);
  g_assert_cmpint (info->finished_at, >=, info->started_at);
  report = pgm_engine_ref_report (self->engine, id);
  g_assert_true (pgm_record_equal (report, self->report));
  pgm_record_unref (report);
  events = list_events (self, id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (events->len, >=, 4);
  g_assert_null (list_events (self, "no-such-job", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
}

/* Cancelled in the middle: the answer comes after "finished"; then everything is
 * free again, and the clone can be made. */
static void
test_stop (Face *self, gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *again = NULL;
  g_autoptr (GError) error = NULL;
  gint64 started;

  lock_orders (self);
  id = start (self, make_clone (self));
  wait_until_held (self);
  started = g_get_monotonic_time ();
  g_assert_true (stop (self, id, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 10 * G_USEC_PER_SEC);
  g_assert_cmpuint (self->finished, ==, 1);
  unlock_orders (self);
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_INTERRUPTED);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_INTERRUPTED);
  g_assert_cmpint (self->last_phase, ==, PGM_PHASE_STOPPED);
  g_assert_true (stop (self, id, &error));

  self->finished = 0;
  again = start (self, make_clone (self));
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
}

/* The engine is given away while a job runs: that is stopped, nothing is emitted,
 * and the store learns it. */
static void
test_given_away (Face *self, gconstpointer data)
{
  g_autofree char *id = NULL;
  gint64 started;
  PgmJobHistory *job;

  lock_orders (self);
  id = start (self, make_clone (self));
  wait_until_held (self);
  started = g_get_monotonic_time ();
  drop_engine (self);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 10 * G_USEC_PER_SEC);
  g_assert_cmpuint (self->finished, ==, 0);
  unlock_orders (self);
  job = read_history (self, id);
  g_assert_cmpint (job->status, ==, PGM_JOB_ENDED);
  g_assert_cmpint (job->report->outcome, ==, PGM_OUTCOME_INTERRUPTED);
  pgm_record_unref (job);
}

static void
drop_in_handler (PgmEngine *engine, const char *job_id, PgmReport *report, Face *self)
{
  g_signal_handler_disconnect (engine, self->handlers[0]);
  g_signal_handlers_disconnect_by_data (engine, self);
  g_object_unref (g_steal_pointer (&self->engine));
}

/* A window that closes on "finished" may hold the last reference. */
static void
test_given_away_in_handler (Face *self, gconstpointer data)
{
  g_autofree char *id = NULL;
  gpointer watched = self->engine;

  g_object_add_weak_pointer (G_OBJECT (self->engine), &watched);
  g_signal_connect (self->engine, "finished", G_CALLBACK (drop_in_handler), self);
  id = start (self, make_clone (self));
  while (watched != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (self->finished, ==, 1);
  g_assert_null (self->engine);
}

/* Nothing is recorded, and the configuration does not count. */
static void
test_without_store (Face *self, gconstpointer data)
{
  g_autofree char *id = NULL;

  drop_engine (self);
  g_assert_finalize_object (g_steal_pointer (&self->store));
  g_setenv ("XDG_STATE_HOME", self->config->state_dir, TRUE);
  connect_engine (self, NULL);
  id = start (self, make_clone (self));
  wait_for_report (self);
  g_unsetenv ("XDG_STATE_HOME");
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
}

static void
test_dry_run (Face *self, gconstpointer data)
{
  PgmJobSpec *spec = make_clone (self);
  g_autofree char *id = NULL;
  g_autofree char *tables = NULL;

  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->dry_run = TRUE;
  id = start (self, spec);
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpuint (self->report->plan->len, ==, 2);
  g_assert_cmpuint (self->report->checks->len, >, 5);
  tables = pgm_test_cluster_query (self->clusters->destination, "shop",
                                   "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
  g_assert_cmpstr (tables, ==, "0");
}

/* Equal after a clone, then different in one row. */
static void
test_compare (Face *self, gconstpointer data)
{
  g_autofree char *clone = start (self, make_clone (self));
  g_autofree char *equal = NULL;
  g_autofree char *different = NULL;
  PgmJobSpec *spec;

  wait_for_report (self);
  spec = make_clone (self);
  spec->kind = PGM_JOB_COMPARE;
  self->finished = 0;
  equal = start (self, pgm_record_ref (spec));
  wait_for_report (self);
  g_assert_cmpstr (self->report->error, ==, NULL);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_OK);

  pgm_test_cluster_execute (self->clusters->destination, "shop",
                            "UPDATE orders SET note = 'other' WHERE id = 42");
  self->finished = 0;
  different = start (self, spec);
  wait_for_report (self);
  g_assert_cmpint (self->report->outcome, ==, PGM_OUTCOME_DIFFERENT);
  g_assert_cmpint (self->report->exit_status, ==, PGM_EXIT_DIFFERENT);
  g_assert_cmpint (self->last_phase, ==, PGM_PHASE_DONE);
}

static void
test_sample (Face *self, gconstpointer data)
{
  PgmSampleSpec *spec = pgm_record_new (&pgm_sample_spec_type);
  g_autoptr (GError) error = NULL;
  PgmSample *sample;

  spec->orders = 100;
  pgm_engine_start_sample_async (self->engine, spec, NULL, on_result, self);
  pgm_record_unref (spec);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  sample = pgm_engine_start_sample_finish (self->engine, self->result, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (sample->directory, G_FILE_TEST_IS_DIR));
  g_clear_object (&self->result);

  pgm_engine_stop_sample_async (self->engine, sample->id, NULL, on_result, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (pgm_engine_stop_sample_finish (self->engine, self->result, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (sample->directory, G_FILE_TEST_EXISTS));
  g_clear_object (&self->result);

  pgm_engine_stop_sample_async (self->engine, sample->id, NULL, on_result, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (pgm_engine_stop_sample_finish (self->engine, self->result, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  pgm_record_unref (sample);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/engine/local-engine/" name, Face, &local, set_up, func, tear_down)
/* Of the remote one, too. */
#define ADD_BOTH(name, func)                                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    ADD (name, func);                                                                              \
    g_test_add ("/engine/remote-engine/" name, Face, &remote, set_up, func, tear_down);            \
  }                                                                                                \
  G_STMT_END

int
main (int argc, char **argv)
{
  Clusters local = { 0 };
  Clusters remote;
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  local.source = pgm_test_cluster_new_full (0, NULL, "max_prepared_transactions = 4",
                                            PGM_TEST_CLUSTER_DEFAULT, &error);
  g_assert_no_error (error);
  local.destination = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  remote = local;
  remote.remote = TRUE;
  ADD_BOTH ("clone", test_clone);
  ADD_BOTH ("refused-by-check", test_refused_by_check);
  ADD_BOTH ("unreachable", test_unreachable);
  ADD_BOTH ("bad-requests", test_bad_requests);
  ADD_BOTH ("cancelled-start", test_cancelled_start);
  ADD_BOTH ("second-start", test_second_start);
  ADD_BOTH ("two-at-once", test_two_at_once);
  ADD ("history", test_history);
  ADD_BOTH ("stop", test_stop);
  ADD ("given-away", test_given_away);
  ADD ("given-away-in-handler", test_given_away_in_handler);
  ADD ("without-store", test_without_store);
  ADD_BOTH ("dry-run", test_dry_run);
  ADD_BOTH ("compare", test_compare);
  ADD ("sample", test_sample);
  status = g_test_run ();
  pgm_test_cluster_free (local.source);
  pgm_test_cluster_free (local.destination);
  return status;
}
