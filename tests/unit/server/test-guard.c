/* The choke point on bytes: what it lets in, what it refuses with which status, and
 * that nothing of the peer's own bytes reaches libsoup. */
#include "server/guard.h"

#include <string.h>

#define API "/api/v1"

/* A unix socket. */
static const PgmEntrance local = { .local = TRUE };

static PgmPass *
judge (const char *text, PgmRefusal *refusal)
{
  gsize end = pgm_http_head_find_end (text, strlen (text));

  g_assert_cmpuint (end, ==, strlen (text));
  return pgm_guard_judge (&local, text, end, refusal);
}

static void
assert_refused (const char *text, guint status)
{
  g_auto (PgmRefusal) refusal = { 0 };
  PgmPass *pass;
  GString *answer;

  g_test_message ("%s", text);
  pass = judge (text, &refusal);
  g_assert_null (pass);
  g_assert_cmpuint (refusal.status, ==, status);
  g_assert_nonnull (refusal.reason);
  answer = pgm_guard_write_refusal (&refusal);
  g_assert_nonnull (strstr (answer->str, "{\"error\":"));
  g_string_free (answer, TRUE);
}

static void
test_lets_in (void)
{
  static const struct
  {
    const char *text;
    const char *id;
  } cases[] = {
    { "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", NULL },
    { "GET / HTTP/1.1\r\nhost: LOCALHOST:80\r\n\r\n", NULL },
    { "GET http://127.0.0.1/api/v1/status HTTP/1.1\r\nHost: [::1]:7654\r\n\r\n", NULL },
    { "GET /api/v1/%73tatus HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n\r\n", NULL },
    { "GET /api/v1/migrations/clone-1.a_B HTTP/1.1\r\nHost: localhost\r\n\r\n", "clone-1.a_B" },
    { "POST /api/v1/migrations/x/stop HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json; charset=UTF-8\r\nContent-Length: 2\r\n\r\n",
      "x" },
    { "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
      "Content-Type: application/json\r\n\r\n",
      NULL },
    { "GET /api/v1/ws?migration=x HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (PgmRefusal) refusal = { 0 };
      g_autoptr (PgmPass) pass = judge (cases[i].text, &refusal);
      GString *head;

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (refusal.reason, ==, NULL);
      g_assert_nonnull (pass);
      g_assert_cmpstr (pass->id, ==, cases[i].id);
      head = pgm_http_head_write (pass->head);
      g_assert_null (strstr (head->str, "Range"));
      g_assert_null (strstr (head->str, "Extensions"));
      g_assert_null (strstr (head->str, "api"));
      g_assert_true (g_str_has_suffix (head->str, "\r\n\r\n"));
      g_string_free (head, TRUE);
    }
}

static void
test_refuses (void)
{
  static const struct
  {
    guint status;
    const char *text;
  } cases[] = {
    { 505, "GET / HTTP/1.0\r\n\r\n" },
    { 505, "PRI * HTTP/2.0\r\n\r\n" },
    { 400, "GET /\r\n\r\n" },
    { 400, "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: localhost\r\nX: \001\r\n\r\n" },
    { 400, "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "GET /%0d%0a HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: user@localhost\r\n\r\n" },
    { 403, "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n" },
    { 403, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n" },
    { 404, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 404, "GET /api/v1/migrations/a%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 404, "GET /api/v1/migrations/../status HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 404, "GET /api/v1/migrations/%22 HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 405, "DELETE /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 405, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "GET /api/v1/status?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n" },
    { 411, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" },
    { 413, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nContent-Length: 1048577\r\n\r\n" },
    { 400, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n" },
    { 400, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nContent-Length: +1\r\n\r\n" },
    { 400, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
           "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n" },
    { 415, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 415, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: text/plain\r\n\r\n" },
    { 415, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: multipart/form-data; boundary=x\r\n\r\n" },
    { 415, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json; charset=latin1\r\n\r\n" },
    { 417, "POST /api/v1/jobs/stop HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nExpect: wonders\r\n\r\n" },
    { 426, "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\n\r\n" },
    { 426, "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n\r\n" },
    { 426, "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" },
    { 400, "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, cases[i].status);
}

static void
test_bounds (void)
{
  GString *many = g_string_new ("GET / HTTP/1.1\r\nHost: localhost\r\n");
  g_autofree char *path = g_strnfill (PGM_HEAD_MAX_TARGET, 'a');
  g_autofree char *target = g_strdup_printf ("GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
  g_autofree char *id = g_strnfill (65, 'a');
  g_autofree char *long_id =
      g_strdup_printf ("GET " API "/migrations/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", id);

  for (guint i = 0; i < PGM_HEAD_MAX_HEADERS; i++)
    g_string_append_printf (many, "X-%u: y\r\n", i);
  g_string_append (many, "\r\n");
  assert_refused (many->str, 431);
  g_string_free (many, TRUE);
  assert_refused (target, 414);
  assert_refused (long_id, 404);
}

/* Whatever the bytes are, there is one answer: a pass or a refusal. Also the way in
 * for a fuzzer. */
static void
test_any_bytes (void)
{
  static const char seed[] = "POST http://localhost/api/v1/migrations/x/stop HTTP/1.1\r\n"
                             "Host: localhost\r\nContent-Type: application/json\r\n"
                             "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 200000; i++)
    {
      g_autofree char *bytes = g_memdup2 (seed, sizeof seed - 1);
      g_auto (PgmRefusal) refusal = { 0 };
      g_autoptr (PgmPass) pass = NULL;
      gsize end;

      for (guint changes = (guint) g_rand_int_range (random, 1, 6); changes > 0; changes--)
        bytes[g_rand_int_range (random, 0, sizeof seed - 1)] =
            (char) g_rand_int_range (random, 0, 256);
      end = pgm_http_head_find_end (bytes, sizeof seed - 1);
      if (end == 0)
        continue;
      pass = pgm_guard_judge (&local, bytes, end, &refusal);
      g_assert_true ((pass != NULL) == (refusal.status == 0));
    }
}

/* Every route can be described, has a handler, and no method of the engine is
 * forgotten: a test of the table, read as a program would. */
static void
test_routes (void)
{
  static const char *const without[] = { "start_sample", "stop_sample", "write_sample", NULL };
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "..", "..", "src", "engine", "engine.h", NULL);
  g_autofree char *header = NULL;
  g_autoptr (GRegex) regex = g_regex_new ("\\(\\*(\\w+?)(?:_async)?\\) \\(PgmEngine", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint methods = 0;

  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      g_assert_true (route->run != NULL || (route->flags & PGM_ROUTE_WEBSOCKET) != 0);
      g_assert_nonnull (route->summary);
      if (!pgm_route_takes_query (route))
        g_assert_true ((route->request != NULL) ==
                       (g_str_equal (route->method, "POST") || g_str_equal (route->method, "PUT")));
      g_assert_true (g_str_has_prefix (route->path, API "/") ||
                     g_str_equal (route->path, "/metrics") || (route->flags & PGM_ROUTE_OPEN) != 0);
    }
  g_assert_true (g_file_get_contents (path, &header, NULL, NULL));
  g_regex_match (regex, header, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);
      gboolean found = g_strv_contains (without, name);

      if (g_str_has_suffix (name, "_finish"))
        continue;
      methods++;
      for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
        found |= g_strcmp0 (route->engine_call, name) == 0;
      if (!found)
        g_error ("no route for %s", name);
    }
  g_assert_cmpuint (methods, >=, 9);
  for (guint ask = 0; ask < PGM_ASK_COUNT; ask++)
    {
      guint routes = 0;

      for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
        routes += g_strcmp0 (route->engine_call, "ask") == 0 && route->ask == ask;
      g_assert_cmpuint (routes, ==, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/guard/lets-in", test_lets_in);
  g_test_add_func ("/server/guard/refuses", test_refuses);
  g_test_add_func ("/server/guard/bounds", test_bounds);
  g_test_add_func ("/server/guard/any-bytes", test_any_bytes);
  g_test_add_func ("/server/guard/routes", test_routes);
  return g_test_run ();
}
