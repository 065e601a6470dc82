/* The remote engine against a real server whose engine is played: what comes by call
 * and by signal, and what is heard when the process goes away. */
#include "client/remote-engine.h"

#include <glib/gstdio.h>

#include "core/secret-file.h"
#include "fixture/engine.h"
#include "server/server.h"
#include "server/tls-files.h"

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

  /* With TLS only. */
  char *url;
  char *fingerprint;
  PgmSecret *token;
} House;

static const char tls[] = "tls";

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

/* Files of the server, in its directory. */
static char *
name_file (House *self, const char *name)
{
  return g_build_filename (self->directory, name, NULL);
}

/* On the unix socket; and, for who wants TLS, on @address. */
static void
serve (House *self, const char *address)
{
  g_autofree char *token_file = name_file (self, "token");
  g_autofree char *certificate = name_file (self, "cert.pem");
  g_autofree char *key = name_file (self, "key.pem");
  const char *const listen[] = { address, NULL };
  PgmServerOptions options = { .directory = self->directory, .job_id = "clone-1" };
  g_autoptr (GError) error = NULL;

  if (address != NULL)
    {
      options.listen = listen;
      options.token_file = token_file;
      options.tls_certificate = certificate;
      options.tls_key = key;
    }
  self->server = pgm_server_new (PGM_ENGINE (self->there), &options, &error);
  g_assert_no_error (error);
  if (address == NULL || self->url != NULL)
    return;
  self->url = g_strdup (pgm_server_get_urls (self->server)[0]);
  self->token = pgm_secret_file_load (token_file, &error);
  g_assert_no_error (error);
}

static PgmEngine *
connect_to (const PgmRemoteTarget *target)
{
  g_autoptr (GError) error = NULL;
  PgmEngine *engine = pgm_remote_engine_new_for_url (target, &error);

  g_assert_no_error (error);
  return engine;
}

static void
set_up (House *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("pgm-client-XXXXXX", NULL);
  self->there = pgm_test_engine_new ();
  pgm_test_engine_add_job (self->there, "clone-1", 3);
  if (data == tls)
    {
      g_autofree char *certificate = name_file (self, "cert.pem");
      g_autofree char *key = name_file (self, "key.pem");
      PgmRemoteTarget target = { 0 };

      self->fingerprint = pgm_tls_files_create (certificate, key, NULL, NULL);
      serve (self, "127.0.0.1:0");
      target.url = self->url;
      target.token = self->token;
      target.fingerprint = self->fingerprint;
      self->engine = connect_to (&target);
    }
  else
    {
      g_autoptr (GPtrArray) engines = NULL;

      serve (self, NULL);
      engines = pgm_remote_engine_find (self->directory);
      g_assert_cmpuint (engines->len, ==, 1);
      self->engine = g_object_ref (g_ptr_array_index (engines, 0));
    }
  g_signal_connect (self->engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (self->engine, "finished", G_CALLBACK (on_finished), self);
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, NULL);
}

static void
tear_down (House *self, gconstpointer data)
{
  static const char *const names[] = { "token", "cert.pem", "key.pem" };

  g_clear_object (&self->result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->engine);
  g_clear_pointer (&self->server, pgm_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->there);
  g_source_remove (self->patience);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = name_file (self, names[i]);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  g_free (self->url);
  g_free (self->fingerprint);
  pgm_secret_unref (self->token);
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
  /* The server adds where it came from. */
  spec->source->foreign = spec->destination->foreign = data == tls;
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
      pgm_remote_engine_new (pgm_remote_engine_get_name (PGM_REMOTE_ENGINE (self->engine)));
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

/* A server that is started again at its address: the pictures come on, and the report
 * at last. */
static void
test_reconnects (House *self, gconstpointer data)
{
  const char *address = strstr (self->url, "//") + 2;
  g_autoptr (GPtrArray) jobs = list_jobs (self, NULL);
  guint seen;

  g_assert_nonnull (jobs);
  while (self->snapshots == 0)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->server, pgm_server_free);
  for (guint i = 0; i < 500; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpuint (self->finished, ==, 0);
  seen = self->snapshots;
  serve (self, address);
  while (self->snapshots == seen)
    g_main_context_iteration (NULL, TRUE);
  pgm_test_engine_finish (self->there, "clone-1", PGM_OUTCOME_DONE);
  while (self->finished == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (self->outcome, ==, PGM_OUTCOME_DONE);
}

/* The error of a first call to @target. */
static GError *
try_target (House *self, const PgmRemoteTarget *target)
{
  PgmEngine *engine = connect_to (target);
  g_autoptr (GPtrArray) jobs = NULL;
  GError *error = NULL;

  pgm_engine_list_jobs_async (engine, NULL, on_result, self);
  jobs = pgm_engine_list_jobs_finish (engine, wait_for_result (self), &error);
  g_assert_true ((jobs == NULL) == (error != NULL));
  g_clear_object (&self->result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (engine);
  if (error != NULL)
    g_test_message ("%s", error->message);
  return error;
}

/* Whom we trust, and who trusts us. */
static void
test_trust (House *self, gconstpointer data)
{
  g_autofree char *certificate = name_file (self, "cert.pem");
  g_autofree char *zeros = g_strnfill (64, '0');
  g_autoptr (PgmSecret) wrong = pgm_secret_new (zeros);
  PgmRemoteTarget target = { .url = self->url, .token = self->token };
  g_autoptr (GError) error = try_target (self, &target);

  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  g_assert_nonnull (strstr (error->message, "not trusted"));
  g_assert_nonnull (strstr (pgm_error_get_detail (error), self->fingerprint));
  g_clear_error (&error);
  target.ca = certificate;
  g_assert_no_error (try_target (self, &target));
  target.ca = NULL;
  target.fingerprint = zeros;
  error = try_target (self, &target);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "fingerprint"));
  g_clear_error (&error);

  target.fingerprint = self->fingerprint;
  target.token = wrong;
  error = try_target (self, &target);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  g_assert_nonnull (strstr (error->message, "doesn't take this token"));
  g_clear_error (&error);
  target.token = NULL;
  error = try_target (self, &target);
  g_assert_nonnull (strstr (error->message, "needs a token"));
}

static void
test_bad_targets (void)
{
  static const struct
  {
    PgmRemoteTarget target;
    int code;
  } cases[] = {
    { { .url = "" }, PGM_ERROR_USAGE },
    { { .url = "127.0.0.1:7654" }, PGM_ERROR_USAGE },
    { { .url = "ftp://127.0.0.1" }, PGM_ERROR_USAGE },
    { { .url = "https://" }, PGM_ERROR_USAGE },
    { { .url = "https://u:secret@db.example.com" }, PGM_ERROR_USAGE },
    { { .url = "https://db.example.com/api" }, PGM_ERROR_USAGE },
    { { .url = "https://db.example.com/?token=x" }, PGM_ERROR_USAGE },
    { { .url = "http://db.example.com:7654" }, PGM_ERROR_REFUSED },
    { { .url = "http://192.0.2.1" }, PGM_ERROR_REFUSED },
    { { .url = "http://localhost.example.com" }, PGM_ERROR_REFUSED },
    { { .url = "http://localhost", .ca = "/x" }, PGM_ERROR_USAGE },
    { { .url = "https://localhost", .ca = "/nonexistent" }, PGM_ERROR_USAGE },
    { { .url = "https://localhost", .fingerprint = "ab:cd" }, PGM_ERROR_USAGE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i].target.url);
      g_assert_null (pgm_remote_engine_new_for_url (&cases[i].target, &error));
      g_assert_error (error, PGM_ERROR, cases[i].code);
    }
}

#define ADD(name, func)                                                                            \
  g_test_add ("/client/remote-engine/" name, House, NULL, set_up, func, tear_down)
#define ADD_TLS(name, func)                                                                        \
  g_test_add ("/client/remote-engine/tls-" name, House, tls, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("looking", test_looking);
  ADD ("steering", test_steering);
  ADD ("start", test_start);
  ADD ("lost", test_lost);
  ADD ("given-away", test_given_away);
  ADD_TLS ("looking", test_looking);
  ADD_TLS ("steering", test_steering);
  ADD_TLS ("start", test_start);
  ADD_TLS ("reconnects", test_reconnects);
  ADD_TLS ("trust", test_trust);
  g_test_add_func ("/client/remote-engine/bad-targets", test_bad_targets);
  return g_test_run ();
}
