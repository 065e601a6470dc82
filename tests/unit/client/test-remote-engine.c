/* The remote engine against a real server whose engine is played: what comes by call
 * and by signal, and what is heard when the process goes away. */
#include "client/remote-engine.h"

#include <glib/gstdio.h>

#include "fixture/engine.h"
#include "server/server.h"

#define PATIENCE_SECONDS 30

typedef struct
{
  char *directory;
  PgmTestEngine *there;
  PgmServer *server;
  PgmEngine *engine;
  guint patience;
  GAsyncResult *result;
  guint snapshots;
  guint64 rows;
  guint finished;
  int outcome;
} House;

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, House *self)
{
  g_assert_cmpstr (job_id, ==, snapshot->job_id);
  g_assert_cmpuint (self->finished, ==, 0);
  self->snapshots++;
  self->rows = snapshot->total_rows;
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, House *self)
{
  g_assert_cmpstr (job_id, ==, report->job_id);
  self->finished++;
  self->outcome = report->outcome;
}

static gboolean
on_patience_lost (gpointer user_data)
{
  g_error ("nothing happened for %d seconds", PATIENCE_SECONDS);
  return G_SOURCE_REMOVE;
}

static void
set_up (House *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) engines = NULL;
  PgmServerOptions options = { .job_id = "clone-1" };

  self->directory = g_dir_make_tmp ("pgm-client-XXXXXX", NULL);
  options.directory = self->directory;
  self->there = pgm_test_engine_new ();
  pgm_test_engine_add_job (self->there, "clone-1", 3);
  self->server = pgm_server_new (PGM_ENGINE (self->there), &options, &error);
  g_assert_no_error (error);
  engines = pgm_remote_engine_find (self->directory);
  g_assert_cmpuint (engines->len, ==, 1);
  self->engine = g_object_ref (g_ptr_array_index (engines, 0));
  g_signal_connect (self->engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (self->engine, "finished", G_CALLBACK (on_finished), self);
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, NULL);
}

static void
tear_down (House *self, gconstpointer data)
{
  g_clear_object (&self->result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->engine);
  g_clear_pointer (&self->server, pgm_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->there);
  g_source_remove (self->patience);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object (&((House *) user_data)->result, result);
}

static GAsyncResult *
wait_for_result (House *self)
{
  g_clear_object (&self->result);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return self->result;
}

static GPtrArray *
list_jobs (House *self, GError **error)
{
  pgm_engine_list_jobs_async (self->engine, NULL, on_result, self);
  return pgm_engine_list_jobs_finish (self->engine, wait_for_result (self), error);
}

static gboolean
stop (House *self, const char *job_id, GError **error)
{
  pgm_engine_stop_job_async (self->engine, job_id, NULL, on_result, self);
  return pgm_engine_stop_job_finish (self->engine, wait_for_result (self), error);
}

static gboolean
request (House *self, const char *job_id, PgmRequestKind kind, GError **error)
{
  PgmJobRequest *wish = pgm_record_new (&pgm_job_request_type);

  wish->kind = (int) kind;
  pgm_engine_request_job_async (self->engine, job_id, wish, NULL, on_result, self);
  pgm_record_unref (wish);
  return pgm_engine_request_job_finish (self->engine, wait_for_result (self), error);
}

static void
test_looking (House *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = list_jobs (self, &error);
  g_autoptr (GPtrArray) events = NULL;
  PgmSnapshot *snapshot;
  PgmReport *report;

  g_assert_no_error (error);
  g_assert_cmpuint (jobs->len, ==, 1);
  g_assert_cmpstr (((PgmJobInfo *) g_ptr_array_index (jobs, 0))->id, ==, "clone-1");
  while (self->snapshots == 0)
    g_main_context_iteration (NULL, TRUE);
  pgm_test_engine_show (self->there, "clone-1", 42);
  while (self->rows != 42)
    g_main_context_iteration (NULL, TRUE);
  snapshot = pgm_engine_ref_snapshot (self->engine, "clone-1");
  g_assert_cmpuint (snapshot->total_rows, ==, 42);
  g_assert_cmpuint (snapshot->tables->len, ==, 3);
  pgm_record_unref (snapshot);
  g_assert_null (pgm_engine_ref_report (self->engine, "clone-1"));

  pgm_engine_list_events_async (self->engine, "clone-1", NULL, on_result, self);
  events = pgm_engine_list_events_finish (self->engine, wait_for_result (self), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (events->len, ==, 1);
  pgm_engine_list_events_async (self->engine, "nobody", NULL, on_result, self);
  g_assert_null (pgm_engine_list_events_finish (self->engine, wait_for_result (self), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);

  pgm_test_engine_finish (self->there, "clone-1", PGM_OUTCOME_DIFFERENT);
  while (self->finished == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (self->outcome, ==, PGM_OUTCOME_DIFFERENT);
  g_assert_cmpuint (self->rows, ==, 4711);
  report = pgm_engine_ref_report (self->engine, "clone-1");
  g_assert_nonnull (report);
  pgm_record_unref (report);
}

static void
test_steering (House *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (request (self, "clone-1", PGM_REQUEST_SWITCHOVER_BACK, &error));
  g_assert_no_error (error);
  g_assert_cmpint (pgm_test_engine_get_request (self->there)->kind, ==,
                   PGM_REQUEST_SWITCHOVER_BACK);
  pgm_test_engine_refuse (self->there, "not now");
  g_assert_false (request (self, "clone-1", PGM_REQUEST_PAUSE, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, "not now");
  g_clear_error (&error);
  g_assert_false (request (self, "nobody", PGM_REQUEST_PAUSE, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (stop (self, "no/body", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_true (stop (self, "clone-1", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (self->finished, ==, 1);
  g_assert_cmpint (self->outcome, ==, PGM_OUTCOME_INTERRUPTED);
  g_assert_true (stop (self, "clone-1", &error));
  g_assert_cmpuint (self->finished, ==, 1);
}

/* Everything of the specification arrives, the password too. */
static void
test_start (House *self, gconstpointer data)
{
  PgmJobSpec *spec = pgm_record_from_json (
      &pgm_job_spec_type,
      "{\"id\":\"mine\",\"kind\":\"clone\",\"source\":{\"uri\":\"postgresql://u@a/s\","
      "\"password\":\"MARKED \\\"\"},\"destination\":{\"host\":\"b\"},"
      "\"clone\":{\"exclude\":[\"x.*\"],\"no_acl\":true}}",
      -1, NULL);
  PgmJobSpec *there;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;

  pgm_engine_start_job_async (self->engine, spec, NULL, on_result, self);
  id = pgm_engine_start_job_finish (self->engine, wait_for_result (self), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (id, ==, "mine");
  g_assert_cmpuint (self->snapshots, >=, 1);
  there = pgm_test_engine_get_spec (self->there);
  g_assert_true (pgm_record_equal (there, spec));
  g_assert_cmpstr (pgm_secret_reveal (there->source->password), ==, "MARKED \"");
  g_assert_cmpstr (there->clone->exclude[0], ==, "x.*");
  pgm_record_unref (spec);
}

/* The process goes away without a word. */
static void
test_lost (House *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = list_jobs (self, &error);
  g_autoptr (GPtrArray) engines = NULL;

  g_assert_no_error (error);
  while (self->snapshots == 0)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->server, pgm_server_free);
  while (self->finished == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (self->outcome, ==, PGM_OUTCOME_FAILED);
  g_assert_null (list_jobs (self, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  engines = pgm_remote_engine_find (self->directory);
  g_assert_cmpuint (engines->len, ==, 0);
}

/* Given away while calls are under way and jobs are looked at. */
static void
test_given_away (House *self, gconstpointer data)
{
  PgmEngine *other =
      pgm_remote_engine_new (pgm_remote_engine_get_path (PGM_REMOTE_ENGINE (self->engine)));
  g_autoptr (GPtrArray) jobs = NULL;

  pgm_engine_list_jobs_async (other, NULL, on_result, self);
  jobs = pgm_engine_list_jobs_finish (other, wait_for_result (self), NULL);
  g_assert_nonnull (jobs);
  g_clear_object (&self->result);
  pgm_engine_list_jobs_async (other, NULL, NULL, NULL);
  g_object_unref (other);
  for (guint i = 0; i < 300; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

#define ADD(name, func)                                                                            \
  g_test_add ("/client/remote-engine/" name, House, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("looking", test_looking);
  ADD ("steering", test_steering);
  ADD ("start", test_start);
  ADD ("lost", test_lost);
  ADD ("given-away", test_given_away);
  return g_test_run ();
}
