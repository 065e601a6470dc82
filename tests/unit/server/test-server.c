/* The server on a real socket, with clients that speak bytes: every route, what is
 * bad about requests and clients, and listeners. The engine is played. */
#include "server/server.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture/engine.h"
#include "fixture/talk.h"
#include "model/migration.h"
#include "model/summary.h"
#include "server/gate.h"

#define API "/api/v1"
/* Of a request that is the only one on its line. */
#define HOST "Host: localhost\r\nConnection: close\r\n"
#define JSON "Content-Type: application/json\r\n"
#define UPGRADE                                                                                    \
  "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"  \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

typedef struct
{
  char *directory;
  PgmTestEngine *engine;
  PgmServer *server;
} House;

static PgmServer *
serve (House *self, const char *directory, const char *job_id, GError **error)
{
  const PgmServerOptions options = { .directory = directory, .job_id = job_id };

  return pgm_server_new (PGM_ENGINE (self->engine), &options, error);
}

static void
set_up (House *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("pgm-server-XXXXXX", NULL);
  self->engine = pgm_test_engine_new ();
  pgm_test_engine_add_job (self->engine, "clone-1", 3);
  self->server = serve (self, self->directory, "clone-1", &error);
  g_assert_no_error (error);
}

static void
tear_down (House *self, gconstpointer data)
{
  g_clear_pointer (&self->server, pgm_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->engine);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
}

static GIOStream *
dial (House *self)
{
  return pgm_talk_dial_unix (pgm_server_get_path (self->server));
}

static guint
ask (House *self, const char *request, char **body)
{
  return pgm_talk_ask_unix (pgm_server_get_path (self->server), request, body);
}

static guint
post (House *self, const char *path, const char *json, char **body)
{
  g_autofree char *request =
      g_strdup_printf ("POST " API "%s HTTP/1.1\r\n" HOST JSON "Content-Length: %zu\r\n\r\n%s",
                       path, strlen (json), json);

  return ask (self, request, body);
}

static guint
get (House *self, const char *path, char **body)
{
  g_autofree char *request = g_strdup_printf ("GET " API "%s HTTP/1.1\r\n" HOST "\r\n", path);

  return ask (self, request, body);
}

static char *
fill_in (const char *path)
{
  g_autoptr (GString) filled = g_string_new (path);

  g_string_replace (filled, "{id}", "clone-1", 0);
  return g_strdup (filled->str);
}

/* Every route answers as its line says, and none is behind the guard's back. */
static void
test_route_table (House *self, gconstpointer data)
{
  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      g_autofree char *path = fill_in (route->path);
      g_autofree char *foreign = g_strdup_printf (
          "%s %s HTTP/1.1\r\nHost: evil.example\r\n" JSON "\r\n", route->method, path);
      g_autofree char *origin =
          g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST JSON "Origin: http://evil.example\r\n\r\n",
                           route->method, path);
      g_autofree char *untyped = g_strdup_printf (
          "%s %s HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", route->method, path);
      g_autofree char *right =
          g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST JSON "\r\n", route->method, path);
      gboolean posts = g_str_equal (route->method, "POST") || g_str_equal (route->method, "PUT");
      gboolean incomplete = FALSE; /* what is asked with has fields that must be there */
      guint status;

      for (const PgmField *field = route->request != NULL ? route->request->fields : NULL;
           field != NULL && field->name != NULL; field++)
        incomplete |= (field->flags & PGM_FIELD_REQUIRED) != 0;
      g_test_message ("%s %s", route->method, path);
      g_assert_cmpuint (ask (self, foreign, NULL), ==, 403);
      g_assert_cmpuint (ask (self, origin, NULL), ==, 403);
      g_assert_cmpuint (ask (self, untyped, NULL), ==, posts ? 415 : 400);
      status = ask (self, right, NULL);
      if ((route->flags & PGM_ROUTE_WEBSOCKET) != 0)
        g_assert_cmpuint (status, ==, 426);
      else if (g_str_has_suffix (path, "/report"))
        g_assert_cmpuint (status, ==, 404);
      else if (incomplete || g_strcmp0 (route->engine_call, "start_job") == 0)
        g_assert_cmpuint (status, ==, 400);
      else if (g_strcmp0 (route->engine_call, "ask") == 0)
        g_assert_cmpuint (status, ==, route->status);
      else if (posts && g_str_has_prefix (path, API "/migrations"))
        g_assert_true (status == 202 || status == 409); /* stopped by then */
      else
        g_assert_cmpuint (status, ==, g_str_has_suffix (path, "/switchover") ? 409 : route->status);
    }
}

static void
test_looking (House *self, gconstpointer data)
{
  g_autofree char *status = NULL;
  g_autofree char *jobs = NULL;
  g_autofree char *one = NULL;
  g_autofree char *logs = NULL;
  g_autoptr (GPtrArray) migrations = NULL;
  PgmSnapshot *snapshot;
  PgmMigration *migration;

  pgm_test_engine_show (self->engine, "clone-1", 42);
  /* A snapshot goes to the server's thread, which may hear the client first. */
  for (int i = 0;; i++)
    {
      g_assert_cmpuint (get (self, "/status", &status), ==, 200);
      snapshot = pgm_record_from_json (&pgm_snapshot_type, status, -1, NULL);
      if (snapshot->total_rows == 42 || i == 1000)
        break;
      pgm_record_unref (snapshot);
      g_clear_pointer (&status, g_free);
    }
  g_assert_cmpuint (snapshot->total_rows, ==, 42);
  g_assert_cmpuint (snapshot->tables->len, ==, 3);
  pgm_record_unref (snapshot);

  g_assert_cmpuint (get (self, "/migrations", &jobs), ==, 200);
  migrations = pgm_records_from_json (&pgm_migration_type, jobs, -1, NULL);
  g_assert_cmpuint (migrations->len, ==, 1);
  migration = g_ptr_array_index (migrations, 0);
  g_assert_cmpstr (migration->status, ==, "running");
  g_assert_cmpuint (migration->live_tables->len, ==, 0);

  g_assert_cmpuint (get (self, "/migrations/clone-1", &one), ==, 200);
  migration = pgm_record_from_json (&pgm_migration_type, one, -1, NULL);
  g_assert_cmpuint (migration->live_tables->len, ==, 3);
  g_assert_cmpuint (migration->live_total_rows, ==, 42);
  pgm_record_unref (migration);

  g_assert_cmpuint (get (self, "/migrations/clone-1/logs", &logs), ==, 200);
  g_assert_nonnull (strstr (logs, "\"level\":\"warning\""));
  g_assert_cmpuint (get (self, "/migrations/nobody", NULL), ==, 404);
  g_assert_cmpuint (get (self, "/migrations/nobody/logs", NULL), ==, 404);
  g_assert_cmpuint (get (self, "/migrations/nobody/report", NULL), ==, 404);
  g_assert_cmpuint (post (self, "/migrations/nobody/stop", "{}", NULL), ==, 404);
}

static void
test_requests (House *self, gconstpointer data)
{
  g_autofree char *body = NULL;
  PgmJobRequest *request;
  PgmJobSpec *spec;

  g_assert_cmpuint (post (self, "/jobs/switchover",
                          "{\"timeout_sec\":12.5,\"fence\":\"readonly\",\"sequence_margin\":7}",
                          &body),
                    ==, 202);
  g_assert_nonnull (strstr (body, "\"job_id\":\"clone-1\""));
  request = pgm_test_engine_get_request (self->engine);
  g_assert_cmpint (request->kind, ==, PGM_REQUEST_SWITCHOVER);
  g_assert_cmpfloat (request->switchover->timeout_sec, ==, 12.5);
  g_assert_cmpint (request->switchover->fence, ==, PGM_FENCE_READONLY);
  g_assert_cmpint (request->switchover->sequence_margin, ==, 7);
  g_assert_cmpuint (post (self, "/migrations/clone-1/pause", "", NULL), ==, 202);
  g_assert_cmpint (pgm_test_engine_get_request (self->engine)->kind, ==, PGM_REQUEST_PAUSE);

  g_clear_pointer (&body, g_free);
  pgm_test_engine_refuse (self->engine, "resume is not possible now: nothing is paused");
  g_assert_cmpuint (post (self, "/migrations/clone-1/resume", "{}", &body), ==, 409);
  g_assert_nonnull (strstr (body, "nothing is paused"));

  g_assert_cmpuint (post (self, "/jobs/clone",
                          "{\"source_uri\":\"postgresql://u:MARKED@a/s\",\"dest_uri\":\"host=b\","
                          "\"follow\":true,\"slot_name\":\"s1\",\"workers\":3}",
                          NULL),
                    ==, 202);
  spec = pgm_test_engine_get_spec (self->engine);
  g_assert_cmpstr (spec->source->uri, ==, "postgresql://u@a/s");
  g_assert_cmpstr (pgm_secret_reveal (spec->source->password), ==, "MARKED");
  g_assert_cmpstr (spec->follow->slot_name, ==, "s1");
  g_assert_cmpint (spec->clone->copy_workers, ==, 3);

  g_assert_cmpuint (post (self, "/jobs/stop", "{}", NULL), ==, 202);
  g_assert_cmpuint (post (self, "/jobs/stop", "{}", NULL), ==, 202);
  g_clear_pointer (&body, g_free);
  g_assert_cmpuint (post (self, "/jobs/stop", "{}", &body), ==, 409);
  g_assert_nonnull (strstr (body, "no job is running"));
}

/* A closed schema: what is wrong is named. */
static void
test_bad_bodies (House *self, gconstpointer data)
{
  static const struct
  {
    const char *json;
    const char *named;
  } cases[] = {
    { "{\"timeout\":1}", "\\\"timeout\\\" is not known" },
    { "{\"timeout_sec\":\"1\"}", "\\\"timeout_sec\\\" must be a number" },
    { "{\"fence\":\"wall\"}", "\\\"fence\\\" must be one of" },
    { "{\"fence\":\"none\",\"fence\":\"none\"}", "twice" },
    { "[]", "must be an object" },
    { "{", "malformed JSON" },
    { "{}{}", "malformed JSON" },
    { "null", "must be an object" },
    { "\xff", "not valid UTF-8" },
  };
  GString *deep = g_string_new ("{\"fence\":");
  g_autofree char *answer = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *body = NULL;

      g_assert_cmpuint (post (self, "/jobs/switchover", cases[i].json, &body), ==, 400);
      g_test_message ("%s", body);
      g_assert_nonnull (strstr (body, cases[i].named));
    }
  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  g_assert_cmpuint (post (self, "/jobs/switchover", deep->str, &answer), ==, 400);
  g_assert_nonnull (strstr (answer, "too deeply"));
  g_string_free (deep, TRUE);
  g_assert_null (pgm_test_engine_get_request (self->engine));
}

/* Too much of everything; the refusal comes although the client still sends. */
static void
test_too_large (House *self, gconstpointer data)
{
  GString *head = g_string_new ("GET / HTTP/1.1\r\n" HOST "X: ");
  g_autofree char *body = g_strnfill (4 * 1024 * 1024, ' ');
  g_autoptr (GIOStream) socket = dial (self);
  g_autofree char *most = NULL;
  g_autofree char *spaces = g_strnfill (1024 * 1024 - 2, ' ');
  GString *answer;

  for (guint i = 0; i < 20000; i++)
    g_string_append_c (head, 'y');
  g_assert_cmpuint (ask (self, head->str, NULL), ==, 431);
  g_string_free (head, TRUE);

  pgm_talk_say (socket,
                "POST " API "/jobs/stop HTTP/1.1\r\n" HOST JSON "Content-Length: 4194304\r\n\r\n");
  pgm_talk_send (socket, body, strlen (body));
  answer = pgm_talk_hear (socket, G_MAXSIZE);
  g_assert_cmpuint (pgm_talk_status_of (answer), ==, 413);
  g_string_free (answer, TRUE);

  most = g_strconcat ("{", spaces, "}", NULL);
  g_assert_cmpuint (post (self, "/migrations/clone-1/pause", most, NULL), ==, 202);
  g_assert_cmpuint (ask (self,
                         "POST " API "/jobs/switchover HTTP/1.1\r\n" HOST JSON
                         "Content-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n" HOST "\r\n",
                         NULL),
                    ==, 202);
}

/* A client that wants to be told before it sends its body. */
static void
test_expect_continue (House *self, gconstpointer data)
{
  g_autoptr (GIOStream) socket = dial (self);
  GString *answer;

  pgm_talk_say (socket, "POST " API "/migrations/clone-1/pause HTTP/1.1\r\n" HOST JSON
                        "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  answer = pgm_talk_hear (socket, 25);
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1.1 100 "));
  g_string_free (answer, TRUE);
  pgm_talk_say (socket, "{}");
  answer = pgm_talk_hear (socket, G_MAXSIZE);
  g_assert_cmpuint (pgm_talk_status_of (answer), ==, 202);
  g_string_free (answer, TRUE);
}

/* One who says nothing, one who says it letter by letter, one who stops within the
 * body: each has ten seconds. Meanwhile all others are served. */
static void
test_slow_clients (House *self, gconstpointer data)
{
  g_autoptr (GIOStream) silent = dial (self);
  g_autoptr (GIOStream) loris = dial (self);
  g_autoptr (GIOStream) stuck = dial (self);
  gint64 start = g_get_monotonic_time ();
  double seconds;

  pgm_talk_say (stuck,
                "POST " API "/jobs/stop HTTP/1.1\r\n" HOST JSON "Content-Length: 100\r\n\r\n{");
  pgm_talk_say (loris, "GET / HTTP/1.1\r\nX: ");
  while (!pgm_talk_is_cut (silent) || !pgm_talk_is_cut (loris) || !pgm_talk_is_cut (stuck))
    {
      pgm_talk_say (loris, "y");
      pgm_talk_wait (100);
      g_assert_cmpuint (get (self, "/status", NULL), ==, 200);
      g_assert_cmpint (g_get_monotonic_time () - start, <,
                       PGM_TALK_PATIENCE_SECONDS * G_USEC_PER_SEC);
    }
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_cmpfloat (seconds, >, 8);
  g_assert_cmpfloat (seconds, <, 20);
}

/* As many as there is room for are kept, the others sent away at once and in words;
 * when some have left, there is room again. */
static void
test_many_connections (House *self, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  guint away = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_ptr_array_add (sockets, dial (self));
      pgm_talk_wait (1);
    }
  pgm_talk_wait (200);
  for (guint i = 0; i < sockets->len; i++)
    {
      char buffer[512] = "";

      if (pgm_talk_receive (g_ptr_array_index (sockets, i), buffer, sizeof buffer - 1, NULL) > 0)
        {
          g_assert_true (g_str_has_prefix (buffer, "HTTP/1.1 503 "));
          away++;
        }
    }
  g_assert_cmpuint (away, ==, 200 - PGM_GATE_CONNECTIONS);
  g_ptr_array_set_size (sockets, 0);
  pgm_talk_wait (200);
  g_assert_cmpuint (get (self, "/status", NULL), ==, 200);
}

/* Clients that hang up at every moment of a request. */
static void
test_hang_ups (House *self, gconstpointer data)
{
  static const char request[] =
      "POST " API "/migrations/clone-1/pause HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}";
  g_autoptr (GIOStream) half = dial (self);
  GString *answer;

  for (gsize i = 0; i < sizeof request; i += 3)
    {
      g_autoptr (GIOStream) socket = dial (self);

      pgm_talk_send (socket, request, MIN (i, sizeof request - 1));
      g_io_stream_close (socket, NULL, NULL);
      pgm_talk_breathe ();
    }
  /* Its own way out closed, it still listens. */
  pgm_talk_say (half, "GET " API "/status HTTP/1.1\r\n" HOST "\r\n");
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (half)), FALSE, TRUE,
                     NULL);
  answer = pgm_talk_hear (half, G_MAXSIZE);
  g_assert_cmpuint (pgm_talk_status_of (answer), ==, 200);
  g_string_free (answer, TRUE);
}

/* One message of a server; FALSE at the end of the line. */
static gboolean
take_frame (GString *heard, guint *opcode, char **payload)
{
  const guchar *bytes = (const guchar *) heard->str;
  gsize header = 2;
  guint64 size;

  if (heard->len < 2)
    return FALSE;
  size = bytes[1];
  if (size == 126)
    {
      header = 4;
      size = ((guint64) bytes[2] << 8) | bytes[3];
    }
  else if (size == 127)
    {
      header = 10;
      size = 0;
      for (guint i = 2; heard->len >= 10 && i < 10; i++)
        size = (size << 8) | bytes[i];
    }
  if (heard->len < header + size)
    return FALSE;
  *opcode = bytes[0] & 0x0F;
  g_free (*payload);
  *payload = g_strndup (heard->str + header, size);
  g_string_erase (heard, 0, (gssize) (header + size));
  return TRUE;
}

static void
receive_more (GIOStream *socket, GString *heard)
{
  char buffer[65536];
  gssize got = pgm_talk_receive (socket, buffer, sizeof buffer, NULL);

  if (got > 0)
    g_string_append_len (heard, buffer, got);
  else
    pgm_talk_breathe ();
}

/* The next message; the head of the answer is taken off first. */
static guint
next_frame (GIOStream *socket, GString *heard, char **payload)
{
  gint64 deadline = g_get_monotonic_time () + PGM_TALK_PATIENCE_SECONDS * G_USEC_PER_SEC;
  guint opcode = 0;

  while (!take_frame (heard, &opcode, payload))
    {
      receive_more (socket, heard);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  return opcode;
}

static GIOStream *
listen_to (House *self, const char *query, GString *heard)
{
  g_autofree char *request =
      g_strdup_printf ("GET " API "/ws%s HTTP/1.1\r\n" UPGRADE
                       "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                       query);
  GIOStream *socket = dial (self);
  char *blank;

  pgm_talk_say (socket, request);
  while ((blank = strstr (heard->str, "\r\n\r\n")) == NULL)
    receive_more (socket, heard);
  g_assert_cmpuint (pgm_talk_status_of (heard), ==, 101);
  g_assert_null (strstr (heard->str, "deflate"));
  g_string_erase (heard, 0, blank + 4 - heard->str);
  return socket;
}

static guint64
rows_of (const char *json)
{
  PgmSnapshot *snapshot = pgm_record_from_json (&pgm_snapshot_type, json, -1, NULL);
  guint64 rows;

  g_assert_nonnull (snapshot);
  rows = snapshot->total_rows;
  pgm_record_unref (snapshot);
  return rows;
}

/* A picture at once, then each as it comes, the last one again when none comes; at
 * the end the report, for who asked for it. */
static void
test_listener (House *self, gconstpointer data)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autofree char *payload = NULL;
  g_autoptr (GIOStream) socket = NULL;
  PgmReportMessage *message;

  pgm_talk_wait (50);
  socket = listen_to (self, "?migration=clone-1&report=true", heard);
  g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
  g_assert_cmpuint (rows_of (payload), ==, 0);
  pgm_test_engine_show (self->engine, "clone-1", 5);
  g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
  g_assert_cmpuint (rows_of (payload), ==, 5);
  g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
  g_assert_cmpuint (rows_of (payload), ==, 5);
  pgm_test_engine_finish (self->engine, "clone-1", PGM_OUTCOME_DONE);
  do
    g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
  while (!g_str_has_prefix (payload, "{\"report\""));
  message = pgm_record_from_json (&pgm_report_message_type, payload, -1, NULL);
  g_assert_cmpstr (message->report->job_id, ==, "clone-1");
  pgm_record_unref (message);
  g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 8);
}

static PgmJobSummary *
find_job (const PgmSummary *summary, const char *id)
{
  for (guint i = 0; i < summary->jobs->len; i++)
    {
      PgmJobSummary *job = g_ptr_array_index (summary->jobs, i);

      if (g_str_equal (job->id, id))
        return job;
    }
  g_assert_not_reached ();
}

/* All jobs at a glance, whatever runs. */
static void
test_summary (House *self, gconstpointer data)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autofree char *payload = NULL;
  g_autoptr (GIOStream) socket = NULL;
  PgmSummary *summary = NULL;

  pgm_test_engine_add_job (self->engine, "clone-2", 3);
  pgm_test_engine_show (self->engine, "clone-2", 7);
  pgm_talk_wait (50);
  socket = listen_to (self, "?all=summary", heard);
  pgm_test_engine_finish (self->engine, "clone-1", PGM_OUTCOME_FAILED);
  do
    {
      pgm_record_unref (summary);
      g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
      g_assert_null (strstr (payload, "tables\""));
      summary = pgm_record_from_json (&pgm_summary_type, payload, -1, NULL);
      g_assert_cmpuint (summary->jobs->len, ==, 2);
    }
  while (find_job (summary, "clone-1")->running);
  g_assert_cmpstr (find_job (summary, "clone-1")->outcome, ==, "failed");
  g_assert_cmpuint (find_job (summary, "clone-2")->total_rows, ==, 7);
  pgm_record_unref (summary);
}

static void
test_listener_refused (House *self, gconstpointer data)
{
  static const char *const bad[] = {
    "all=everything",
    "all=summary&migration=clone-1",
    "all=summary&report=true",
    "migration=clone-1&migration=clone-1",
    "wishes=1",
    "report=maybe",
    "%zz",
  };

  pgm_talk_wait (50);
  g_assert_cmpuint (ask (self, "GET " API "/ws?migration=nobody HTTP/1.1\r\n" UPGRADE "\r\n", NULL),
                    ==, 404);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *request =
          g_strdup_printf ("GET " API "/ws?%s HTTP/1.1\r\n" UPGRADE "\r\n", bad[i]);

      g_assert_cmpuint (ask (self, request, NULL), ==, 400);
    }
}

/* The process ends with its job: who waits for the report still gets it. */
static void
test_report_at_the_end (House *self, gconstpointer data)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autofree char *payload = NULL;
  g_autoptr (GIOStream) socket = NULL;
  g_autofree char *path = g_strdup (pgm_server_get_path (self->server));
  gint64 start;

  pgm_talk_wait (50);
  socket = listen_to (self, "?migration=clone-1&report=true", heard);
  pgm_test_engine_finish (self->engine, "clone-1", PGM_OUTCOME_DONE);
  start = g_get_monotonic_time ();
  g_clear_pointer (&self->server, pgm_server_free);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  do
    g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
  while (!g_str_has_prefix (payload, "{\"report\""));
}

/* Newest wins: one who doesn't read gets, when it does, what lay in the kernel and
 * then the newest; nothing is queued, and others are not held up. */
static void
test_stalled_listener (House *self, gconstpointer data)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autofree char *payload = NULL;
  g_autoptr (GIOStream) socket = NULL;
  gsize before;
  guint frames = 0;
  guint64 rows = 0;

  pgm_test_engine_add_job (self->engine, "clone-2", 5000);
  pgm_test_engine_show (self->engine, "clone-2", 1);
  pgm_talk_wait (50);
  socket = listen_to (self, "?migration=clone-2", heard);
  for (guint64 i = 2; i < 10; i++)
    {
      pgm_test_engine_show (self->engine, "clone-2", i);
      pgm_talk_wait (20);
    }
  before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  for (guint64 i = 10; i <= 100; i++)
    {
      pgm_test_engine_show (self->engine, "clone-2", i);
      pgm_talk_wait (20);
      if (i % 20 == 0)
        g_assert_cmpuint (get (self, "/jobs/status", NULL), ==, 200);
    }
  /* A queue would hold 90 pictures of more than half a megabyte. */
  g_assert_cmpuint (mallinfo2 ().uordblks + mallinfo2 ().hblkhd, <, before + 4 * 1024 * 1024);
  while (rows < 100)
    {
      g_assert_cmpuint (next_frame (socket, heard, &payload), ==, 1);
      rows = rows_of (payload);
      frames++;
    }
  g_assert_cmpuint (frames, <, 6);
}

/* What listeners say is limited, too: such a one is cut, and nothing is gathered. */
static void
test_large_frame (House *self, gconstpointer data)
{
  static const guchar header[] = { 0x81, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4 };
  g_autofree char *filler = g_strnfill (1024 * 1024, 'x');
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (GIOStream) socket = NULL;
  GString *rest;

  pgm_talk_wait (50);
  socket = listen_to (self, "", heard);
  pgm_talk_send (socket, (const char *) header, sizeof header);
  pgm_talk_send (socket, filler, 1024 * 1024);
  rest = pgm_talk_hear (socket, G_MAXSIZE);
  g_assert_cmpuint (rest->len, <, 64 * 1024);
  g_string_free (rest, TRUE);
  g_assert_cmpuint (get (self, "/status", NULL), ==, 200);
}

/* Whose socket it is: modes, a second process, one that died, and one that is not
 * ours. */
static void
test_sockets (House *self, gconstpointer data)
{
  g_autofree char *first = g_build_filename (self->directory, "api.sock", NULL);
  g_autofree char *second = g_build_filename (self->directory, "job-clone-2.sock", NULL);
  g_autofree char *third = g_build_filename (self->directory, "job-clone-3.sock", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (second);
  g_autoptr (GSocketAddress) another = g_unix_socket_address_new (third);
  g_autoptr (GSocket) gone =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocket) dead =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmServer) other = NULL;
  struct stat status;

  g_assert_cmpstr (pgm_server_get_path (self->server), ==, first);
  g_assert_cmpint (stat (first, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_assert_cmpint (stat (self->directory, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0700);

  g_assert_true (g_socket_bind (gone, another, FALSE, NULL));
  g_socket_close (gone, NULL);
  g_assert_true (g_socket_bind (dead, address, FALSE, NULL));
  g_socket_close (dead, NULL);
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
  other = serve (self, self->directory, "clone-2", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (pgm_server_get_path (other), ==, second);
  g_assert_false (g_file_test (third, G_FILE_TEST_EXISTS));
  g_assert_null (serve (self, self->directory, "clone-2", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);
  g_clear_pointer (&other, pgm_server_free);
  g_assert_false (g_file_test (second, G_FILE_TEST_EXISTS));

  g_assert_true (g_file_set_contents (second, "", 0, NULL));
  g_assert_null (serve (self, self->directory, "clone-2", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_unlink (second);
  g_clear_error (&error);
  g_assert_null (serve (self, "/nonexistent", "clone-2", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
}

static gboolean
collect (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, user_data, NULL,
                                               NULL);
}

static void
on_collected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (collect (source, result, user_data));
}

/* The modes would keep others out; should they ever not, the kernel tells who it is. */
static void
test_other_user (House *self, gconstpointer data)
{
  const char *path = pgm_server_get_path (self->server);
  g_autofree char *setpriv = g_find_program_in_path ("setpriv");
  g_autofree char *curl = g_find_program_in_path ("curl");
  g_autoptr (GSubprocess) child = NULL;
  char *output = NULL;

  if (geteuid () != 0 || setpriv == NULL || curl == NULL)
    {
      g_test_skip ("needs root, setpriv and curl");
      return;
    }
  g_assert_cmpint (g_chmod (self->directory, 0755), ==, 0);
  g_assert_cmpint (g_chmod (path, 0666), ==, 0);
  child =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, setpriv, "--reuid=65534",
                        "--regid=65534", "--clear-groups", curl, "-s", "-o", "/dev/null", "-w",
                        "%{http_code}", "--unix-socket", path, "http://localhost/healthz", NULL);
  g_assert_nonnull (child);
  g_subprocess_communicate_utf8_async (child, NULL, NULL, on_collected, &output);
  while (output == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (output, ==, "403");
  g_free (output);
}

/* With -m perf: how fast a large picture is told, client and server together. */
static void
test_speed (House *self, gconstpointer data)
{
  gint64 start;
  double seconds;
  const guint requests = 500;

  pgm_test_engine_add_job (self->engine, "clone-2", 10000);
  pgm_test_engine_show (self->engine, "clone-2", 1);
  pgm_talk_wait (50);
  start = g_get_monotonic_time ();
  for (guint i = 0; i < requests; i++)
    g_assert_cmpuint (get (self, "/status", NULL), ==, 200);
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_maximized_result (requests / seconds, "GET /status of 10,000 tables: %.0f a second",
                           requests / seconds);
}

#define ADD(name, func) g_test_add ("/server/server/" name, House, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("route-table", test_route_table);
  ADD ("looking", test_looking);
  ADD ("requests", test_requests);
  ADD ("bad-bodies", test_bad_bodies);
  ADD ("too-large", test_too_large);
  ADD ("expect-continue", test_expect_continue);
  ADD ("slow-clients", test_slow_clients);
  ADD ("many-connections", test_many_connections);
  ADD ("hang-ups", test_hang_ups);
  ADD ("listener", test_listener);
  ADD ("summary", test_summary);
  ADD ("listener-refused", test_listener_refused);
  ADD ("report-at-the-end", test_report_at_the_end);
  ADD ("stalled-listener", test_stalled_listener);
  ADD ("large-frame", test_large_frame);
  ADD ("sockets", test_sockets);
  ADD ("other-user", test_other_user);
  if (g_test_perf ())
    ADD ("speed", test_speed);
  return g_test_run ();
}
