/* The server on TCP, within TLS and without: who is let in, for how long, and how many
 * at a time. */
#include "server/entrances.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/fingerprint.h"
#include "fixture/engine.h"
#include "fixture/talk.h"
#include "model/summary.h"
#include "server/tls-files.h"

#define API  "/api/v1"
#define JSON "Content-Type: application/json\r\n"

typedef struct
{
  char *directory;
  char *token_file;
  char *certificate;
  char *key;
  char *fingerprint; /* NULL: no TLS */
  char *token;
  PgmTestEngine *engine;
  PgmServer *server;
  const char *url;
  const char *host; /* what a Host says there */
} House;

static const char tls[] = "tls";

static void
make_files (House *self)
{
  self->directory = g_dir_make_tmp ("pgm-entrances-XXXXXX", NULL);
  self->token_file = g_build_filename (self->directory, "token", NULL);
  self->certificate = g_build_filename (self->directory, "cert.pem", NULL);
  self->key = g_build_filename (self->directory, "key.pem", NULL);
}

static void
set_up (House *self, gconstpointer data)
{
  const char *const listen[] = { "127.0.0.1:0", NULL };
  const char *const allowed[] = { "db.example.com", "front.example.com:8443", NULL };
  PgmServerOptions options = { .listen = listen, .allowed_hosts = allowed, .max_websockets = 20 };
  g_autoptr (GError) error = NULL;

  make_files (self);
  options.token_file = self->token_file;
  if (data == tls)
    {
      self->fingerprint = pgm_tls_files_create (self->certificate, self->key, NULL, &error);
      g_assert_no_error (error);
      options.tls_certificate = self->certificate;
      options.tls_key = self->key;
    }
  self->engine = pgm_test_engine_new ();
  pgm_test_engine_add_job (self->engine, "clone-1", 3);
  self->server = pgm_server_new (PGM_ENGINE (self->engine), &options, &error);
  g_assert_no_error (error);
  g_assert_null (pgm_server_get_path (self->server));
  self->url = pgm_server_get_urls (self->server)[0];
  self->host = strstr (self->url, "//") + 2;
  g_assert_true (g_file_get_contents (self->token_file, &self->token, NULL, NULL));
  g_strchomp (self->token);
}

static void
tear_down (House *self, gconstpointer data)
{
  g_clear_pointer (&self->server, pgm_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->engine);
  g_unlink (self->token_file);
  g_unlink (self->certificate);
  g_unlink (self->key);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  g_free (self->token_file);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->fingerprint);
  g_free (self->token);
}

/* With the right Host; @headers are more of them. */
static char *
make_request (House *self, const char *method, const char *path, const char *headers)
{
  return g_strdup_printf ("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, path, self->host,
                          headers);
}

static char *
bear (House *self, const char *headers)
{
  return g_strdup_printf ("Authorization: Bearer %s\r\n%s", self->token, headers);
}

static guint
ask (House *self, const char *request, char **body)
{
  return pgm_talk_ask_url (self->url, request, body);
}

static guint
ask_with (House *self, const char *method, const char *path, const char *headers)
{
  g_autofree char *request = make_request (self, method, path, headers);

  return ask (self, request, NULL);
}

static char *
fill_in (const char *path)
{
  g_autoptr (GString) filled = g_string_new (path);

  g_string_replace (filled, "{id}", "clone-1", 0);
  return g_strdup (filled->str);
}

/* Nothing but what is open answers without the token, and nothing at all to a foreign
 * Host or page, token or not. */
static void
test_every_route (House *self, gconstpointer data)
{
  g_autofree char *wrong_token = g_strnfill (64, '0');
  g_autofree char *wrong = g_strdup_printf ("Authorization: Bearer %s\r\n" JSON, wrong_token);
  g_autofree char *right = bear (self, JSON);
  g_autofree char *origin = bear (self, JSON "Origin: http://evil.example\r\n");

  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      g_autofree char *path = fill_in (route->path);
      g_autofree char *foreign = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: evil.example\r\n%s\r\n",
                                                  route->method, path, right);
      gboolean open = (route->flags & PGM_ROUTE_OPEN) != 0;
      guint without = ask_with (self, route->method, path, JSON);

      g_test_message ("%s %s", route->method, path);
      g_assert_true (open ? without == 200 || without == 503 : without == 401);
      if (!open)
        g_assert_cmpuint (ask_with (self, route->method, path, wrong), ==, 401);
      g_assert_cmpuint (ask (self, foreign, NULL), ==, 403);
      g_assert_cmpuint (ask_with (self, route->method, path, origin), ==, 403);
      without = ask_with (self, route->method, path, right);
      g_assert_true (without != 401 && without != 403);
    }
  g_assert_cmpuint (ask_with (self, "GET", "/nowhere", ""), ==, 401);
  g_assert_cmpuint (ask_with (self, "GET", "/nowhere", right), ==, 404);
}

/* Names that are ours, with our port. */
static void
test_hosts (House *self, gconstpointer data)
{
  const char *port = strrchr (self->url, ':');
  const char *scheme = self->fingerprint != NULL ? "https" : "http";
  const struct
  {
    const char *name;
    gboolean with_port;
    guint status;
  } cases[] = {
    { "127.0.0.1", TRUE, 200 },
    { "localhost", TRUE, 200 },
    { "LOCALHOST", TRUE, 200 },
    { "[::1]", TRUE, 200 },
    { "db.example.com", TRUE, 200 },
    { "db.example.com", FALSE, 200 },
    { "front.example.com:8443", FALSE, 200 },
    { "front.example.com", TRUE, 403 },
    { "localhost", FALSE, 403 },
    { "localhost:1", FALSE, 403 },
    { "127.0.0.2", TRUE, 403 },
    { "x.localhost", TRUE, 403 },
    { "localhost.evil.example", TRUE, 403 },
    { "db.example.com.evil.example", TRUE, 403 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host = g_strconcat (cases[i].name, cases[i].with_port ? port : "", NULL);
      g_autofree char *plain = g_strdup_printf ("GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", host);
      g_autofree char *absolute = g_strdup_printf (
          "GET %s://%s/healthz HTTP/1.1\r\nHost: %s\r\n\r\n", scheme, host, self->host);
      g_autofree char *page = g_strdup_printf (
          "GET /healthz HTTP/1.1\r\nHost: %s\r\nOrigin: %s://%s\r\n\r\n", host, scheme, host);
      g_autofree char *other =
          g_strdup_printf ("GET /healthz HTTP/1.1\r\nHost: %s\r\nOrigin: %s://%s\r\n\r\n", host,
                           self->fingerprint != NULL ? "http" : "https", host);
      g_autofree char *doubled = g_strdup_printf (
          "GET /healthz HTTP/1.1\r\nHost: %s\r\nHost: %s\r\n\r\n", self->host, host);

      g_test_message ("%s", host);
      g_assert_cmpuint (ask (self, plain, NULL), ==, cases[i].status);
      g_assert_cmpuint (ask (self, absolute, NULL), ==, cases[i].status);
      g_assert_cmpuint (ask (self, page, NULL), ==, cases[i].status);
      g_assert_cmpuint (ask (self, other, NULL), ==, 403);
      g_assert_cmpuint (ask (self, doubled, NULL), ==, 400);
    }
}

/* Many requests over one line; two at once are answered one after the other; the end is
 * said by the client or comes by itself. */
static void
test_keep_alive (House *self, gconstpointer data)
{
  g_autofree char *headers = bear (self, "");
  g_autofree char *closing = bear (self, "Connection: close\r\n");
  g_autofree char *status = make_request (self, "GET", API "/status", headers);
  g_autofree char *health = make_request (self, "GET", "/healthz", "");
  g_autofree char *last = make_request (self, "GET", "/healthz", closing);
  g_autofree char *head = NULL;
  g_autofree char *two = g_strconcat (status, last, NULL);
  g_autoptr (GIOStream) line = pgm_talk_dial_url (self->url, NULL);
  GString *answers;

  for (guint i = 0; i < 20; i++)
    {
      g_clear_pointer (&head, g_free);
      pgm_talk_say (line, i % 2 == 0 ? status : health);
      g_assert_cmpuint (pgm_talk_hear_answer (line, &head, NULL), ==, 200);
      g_assert_nonnull (strstr (head, "Connection: keep-alive"));
    }
  pgm_talk_say (line, two);
  answers = pgm_talk_hear (line, G_MAXSIZE);
  g_assert_nonnull (strstr (answers->str, "\"phase\""));
  g_assert_true (g_str_has_suffix (answers->str, "ok\n"));
  g_assert_nonnull (strstr (answers->str, "Connection: close"));
  g_string_free (answers, TRUE);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (directory) != NULL)
    count++;
  return count;
}

/* Clients leave between two requests, in order or not; the server lets them go. */
static void
test_leaving (House *self, gconstpointer data)
{
  g_autofree char *headers = bear (self, "");
  g_autofree char *request = make_request (self, "GET", API "/status", headers);
  g_autofree char *naked = make_request (self, "GET", API "/status", "");
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  const struct linger hard = { 1, 0 };
  guint before;

  g_assert_cmpuint (ask (self, request, NULL), ==, 200);
  pgm_talk_wait (300);
  before = count_descriptors ();
  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GIOStream) line = pgm_talk_dial_url (self->url, NULL);
      GSocket *socket;

      if (i % 4 != 0)
        {
          pgm_talk_say (line, i % 4 == 3 ? naked : request);
          g_assert_cmpuint (pgm_talk_hear_answer (line, NULL, NULL), ==, i % 4 == 3 ? 401 : 200);
        }
      if (i % 4 != 2 || self->fingerprint != NULL)
        continue;
      socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (line));
      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
  while (count_descriptors () > before)
    {
      pgm_talk_breathe ();
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

/* The bad request after a good one is refused like a first one. */
static void
test_bad_after_good (House *self, gconstpointer data)
{
  g_autofree char *headers = bear (self, "");
  g_autofree char *good = make_request (self, "GET", API "/status", headers);
  g_autofree char *naked = make_request (self, "GET", API "/status", "");
  g_autofree char *body = NULL;
  g_autoptr (GIOStream) line = pgm_talk_dial_url (self->url, NULL);

  pgm_talk_say (line, good);
  g_assert_cmpuint (pgm_talk_hear_answer (line, NULL, NULL), ==, 200);
  pgm_talk_say (line, naked);
  g_assert_cmpuint (pgm_talk_hear_answer (line, NULL, &body), ==, 401);
  g_assert_nonnull (strstr (body, "token"));
  while (!pgm_talk_is_cut (line))
    pgm_talk_breathe ();
}

/* Eight who say nothing, and a ninth who does: it waits a moment, not ten seconds. */
static void
test_strangers (House *self, gconstpointer data)
{
  g_autoptr (GPtrArray) silent = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *headers = bear (self, "");
  gint64 start;
  guint cut = 0;

  for (guint i = 0; i < 100; i++)
    g_ptr_array_add (silent, pgm_talk_dial_url (self->url, NULL));
  pgm_talk_wait (100);
  start = g_get_monotonic_time ();
  g_ptr_array_set_size (silent, 8);
  g_assert_cmpuint (ask_with (self, "GET", API "/status", headers), ==, 200);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
  while (cut == 0)
    {
      for (guint i = 0; i < silent->len; i++)
        cut += pgm_talk_is_cut (g_ptr_array_index (silent, i)) ? 1 : 0;
      pgm_talk_breathe ();
      g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
    }
}

/* Of those who showed the token there is room for 64; one who is silent between two
 * requests makes place for the next. */
static void
test_room (House *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *headers = bear (self, "");
  g_autofree char *request = make_request (self, "GET", API "/status", headers);

  for (guint i = 0; i < PGM_GATE_CONNECTIONS + 10; i++)
    {
      g_ptr_array_add (lines, pgm_talk_dial_url (self->url, NULL));
      pgm_talk_say (g_ptr_array_index (lines, i), request);
      g_assert_cmpuint (pgm_talk_hear_answer (g_ptr_array_index (lines, i), NULL, NULL), ==, 200);
    }
  pgm_talk_wait (50);
  g_assert_true (pgm_talk_is_cut (g_ptr_array_index (lines, 0)));
  g_assert_false (pgm_talk_is_cut (g_ptr_array_index (lines, lines->len - 1)));
}

#define UPGRADE                                                                                    \
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                     \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

/* The head of the answer: the rest are messages. */
static guint
open_websocket (House *self, GIOStream *line, const char *headers, char **head)
{
  g_autofree char *all = g_strconcat (UPGRADE, headers, NULL);
  g_autofree char *request = make_request (self, "GET", API "/ws", all);

  pgm_talk_say (line, request);
  return pgm_talk_hear_answer (line, head, NULL);
}

static void
test_websockets (House *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *headers = bear (self, "");
  g_autofree char *request = make_request (self, "GET", API "/status", headers);
  g_autoptr (GIOStream) naked = pgm_talk_dial_url (self->url, NULL);

  g_assert_cmpuint (open_websocket (self, naked, "", NULL), ==, 401);
  for (guint i = 0; i < 21; i++)
    {
      GIOStream *line = pgm_talk_dial_url (self->url, NULL);

      g_ptr_array_add (lines, line);
      g_assert_cmpuint (open_websocket (self, line, headers, NULL), ==, i < 20 ? 101 : 503);
    }
  /* They don't take the place of those who ask. */
  g_assert_cmpuint (ask (self, request, NULL), ==, 200);
}

/* A ticket opens one WebSocket, and is offered beside the name of what is spoken. */
static void
test_ticket (House *self, gconstpointer data)
{
  g_autofree char *headers = bear (self, JSON "Content-Length: 2\r\n");
  g_autofree char *head = make_request (self, "POST", API "/ws-ticket", headers);
  g_autofree char *request = g_strconcat (head, "{}", NULL);
  g_autofree char *body = NULL;
  g_autofree char *protocols = NULL;
  g_autofree char *answer = NULL;
  g_autofree char *elsewhere = NULL;
  g_autoptr (GIOStream) first = pgm_talk_dial_url (self->url, NULL);
  g_autoptr (GIOStream) second = pgm_talk_dial_url (self->url, NULL);
  PgmTicket *ticket;

  g_assert_cmpuint (ask (self, request, &body), ==, 201);
  ticket = pgm_record_from_json (&pgm_ticket_type, body, -1, NULL);
  g_assert_nonnull (ticket);
  g_assert_cmpint (ticket->expires_in, ==, 30);
  protocols = g_strdup_printf ("Sec-WebSocket-Protocol: pgmanager, %s\r\n", ticket->ticket);
  pgm_record_unref (ticket);
  /* It is no token. */
  elsewhere = make_request (self, "GET", API "/status", protocols);
  g_assert_cmpuint (ask (self, elsewhere, NULL), ==, 401);
  g_assert_cmpuint (open_websocket (self, first, protocols, &answer), ==, 101);
  g_assert_nonnull (strstr (answer, "Sec-WebSocket-Protocol: pgmanager"));
  g_assert_null (strstr (answer, "ticket"));
  g_assert_cmpuint (open_websocket (self, second, protocols, NULL), ==, 401);
}

#define ADD(name, func)                                                                            \
  {                                                                                                \
    g_test_add ("/server/entrances/" name, House, NULL, set_up, func, tear_down);                  \
    g_test_add ("/server/entrances/tls-" name, House, tls, set_up, func, tear_down);               \
  }

/* What is not started, and why. */
static void
test_refused (void)
{
  const struct
  {
    const char *listen;
    gboolean token;
    gboolean certificate;
    int code;
    const char *words;
  } cases[] = {
    { "127.0.0.1:0", FALSE, FALSE, PGM_ERROR_REFUSED, "without a token" },
    { "0.0.0.0:0", TRUE, FALSE, PGM_ERROR_REFUSED, "without TLS" },
    { "[::]:0", TRUE, FALSE, PGM_ERROR_REFUSED, "without TLS" },
    { "192.0.2.1", TRUE, FALSE, PGM_ERROR_REFUSED, "without TLS" },
    { "0.0.0.0:0", FALSE, TRUE, PGM_ERROR_REFUSED, "without a token" },
    { "192.0.2.1:0", TRUE, TRUE, PGM_ERROR_FAILED, "can't listen" },
    { "example.com", TRUE, TRUE, PGM_ERROR_USAGE, "no address" },
    { "127.0.0.1:65536", TRUE, FALSE, PGM_ERROR_USAGE, "no address" },
    { "127.0.0.1:", TRUE, FALSE, PGM_ERROR_USAGE, "no address" },
    { "127.0.0.1:x", TRUE, FALSE, PGM_ERROR_USAGE, "no address" },
    { "[::1", TRUE, FALSE, PGM_ERROR_USAGE, "no address" },
    { "", TRUE, FALSE, PGM_ERROR_USAGE, "no address" },
  };
  House files = { 0 };
  g_autoptr (PgmTestEngine) engine = pgm_test_engine_new ();

  make_files (&files);
  files.fingerprint = pgm_tls_files_create (files.certificate, files.key, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const listen[] = { cases[i].listen, NULL };
      const PgmServerOptions options = {
        .listen = listen,
        .token_file = cases[i].token ? files.token_file : NULL,
        .tls_certificate = cases[i].certificate ? files.certificate : NULL,
        .tls_key = cases[i].certificate ? files.key : NULL,
      };
      g_autoptr (GError) error = NULL;

      g_assert_null (pgm_server_new (PGM_ENGINE (engine), &options, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, PGM_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
  g_unlink (files.token_file);
  g_unlink (files.certificate);
  g_unlink (files.key);
  g_assert_cmpint (g_rmdir (files.directory), ==, 0);
  g_free (files.directory);
  g_free (files.token_file);
  g_free (files.certificate);
  g_free (files.key);
  g_free (files.fingerprint);
}

/* The certificate is the one of the file, and bytes that aren't TLS lead nowhere. */
static void
test_tls (House *self, gconstpointer data)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autofree char *plain_url = g_strdup_printf ("http://%s", self->host);
  g_autofree char *request = make_request (self, "GET", "/healthz", "");
  g_autoptr (GIOStream) line = pgm_talk_dial_url (self->url, &certificate);

  pgm_talk_say (line, request);
  g_assert_cmpuint (pgm_talk_hear_answer (line, NULL, NULL), ==, 200);
  g_assert_true (pgm_fingerprint_matches (self->fingerprint, certificate));
  g_assert_cmpuint (pgm_talk_ask_url (plain_url, request, NULL), ==, 0);
}

/* One who begins TLS and doesn't go on has ten seconds. */
static void
test_half_handshake (House *self, gconstpointer data)
{
  static const char hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, (char) 0xfc };
  g_autofree char *plain_url = g_strdup_printf ("http://%s", self->host);
  g_autoptr (GIOStream) line = pgm_talk_dial_url (plain_url, NULL);
  g_autofree char *headers = bear (self, "");
  gint64 start = g_get_monotonic_time ();
  double seconds;

  pgm_talk_send (line, hello, sizeof hello);
  while (!pgm_talk_is_cut (line))
    {
      g_assert_cmpuint (ask_with (self, "GET", API "/status", headers), ==, 200);
      pgm_talk_wait (100);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
    }
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_cmpfloat (seconds, >, 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/entrances/refused", test_refused);
  ADD ("every-route", test_every_route);
  ADD ("hosts", test_hosts);
  ADD ("keep-alive", test_keep_alive);
  ADD ("leaving", test_leaving);
  ADD ("bad-after-good", test_bad_after_good);
  ADD ("strangers", test_strangers);
  ADD ("room", test_room);
  ADD ("websockets", test_websockets);
  ADD ("ticket", test_ticket);
  g_test_add ("/server/entrances/tls", House, tls, set_up, test_tls, tear_down);
  g_test_add ("/server/entrances/half-handshake", House, tls, set_up, test_half_handshake,
              tear_down);
  return g_test_run ();
}
