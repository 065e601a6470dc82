/* Sessions on a real server: reaching it, what they pin, errors, cancelling. */
#include "config.h"

#include <string.h>

#include "../../fixture/cluster.h"
#include "postgres/connection.h"

/* One cluster for all tests of the program. */
typedef struct
{
  PgmTestCluster *cluster;
} Shared;

typedef struct
{
  PgmTestCluster *cluster; /* with passwords */
  PgmConnection *connection;
} Fixture;

static PgmConnection *
try_open (const char *text, const PgmSessionOptions *options, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (PgmConninfo) info = pgm_conninfo_new (text, &local);
  g_assert_no_error (local);
  return pgm_connection_open (info, options, NULL, error);
}

static PgmConnection *
open_session (const char *text, const PgmSessionOptions *options)
{
  g_autoptr (GError) error = NULL;
  PgmConnection *connection = try_open (text, options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (connection);
  return connection;
}

static char *
ask (PgmConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;
  char *value = pgm_connection_query_value (connection, sql, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  return value;
}

static void
assert_setting (PgmConnection *connection, const char *name, const char *expected)
{
  g_autofree char *sql = g_strdup_printf ("SELECT current_setting('%s')", name);
  g_autofree char *value = ask (connection, sql);
  g_assert_cmpstr (value, ==, expected);
}

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  PgmSessionOptions options = { .label = "source" };
  self->cluster = ((const Shared *) data)->cluster;
  self->connection = open_session (pgm_test_cluster_get_uri (self->cluster, NULL), &options);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  pgm_connection_free (self->connection);
}

static void
test_local (Fixture *self, gconstpointer data)
{
  PgmSessionOptions options = { .label = "source" };
  g_autoptr (PgmConnection) by_socket =
      open_session (pgm_test_cluster_get_socket_uri (self->cluster, NULL), &options);

  g_assert_true (pgm_connection_is_local (by_socket));
  g_assert_true (pgm_connection_is_local (self->connection));
}

static void
assert_refused (const char *uri,
                PgmErrorCode code,
                const char *sqlstate,
                const char *part,
                const char *hint)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "destination", .connect_timeout = 2 };
  g_autoptr (PgmConnection) connection = try_open (uri, &options, &error);

  g_assert_null (connection);
  g_assert_error (error, PGM_ERROR, (int) code);
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, sqlstate);
  g_assert_true (g_str_has_prefix (error->message, "destination: can't connect to "));
  g_assert_nonnull (strstr (error->message, part));
  g_assert_nonnull (pgm_error_get_hint (error));
  g_assert_nonnull (strstr (pgm_error_get_hint (error), hint));
  g_autofree char *text = pgm_error_to_text (error);
  g_assert_null (strstr (text, "wrong-secret"));
}

static void
test_refused (Fixture *self, gconstpointer data)
{
  int port = pgm_test_cluster_get_port (self->cluster);
  g_autofree char *wrong =
      g_strdup_printf ("postgresql://postgres:wrong-secret@127.0.0.1:%d/postgres", port);
  g_autofree char *none =
      g_strdup_printf ("host=127.0.0.1 port=%d user=postgres passfile=/nonexistent", port);

  assert_refused (wrong, PGM_ERROR_CONNECT, "28P01", "password authentication failed", "password");
  assert_refused (none, PGM_ERROR_CONNECT, NULL, "no password supplied", "password");
  assert_refused (pgm_test_cluster_get_uri (self->cluster, "nosuch db"), PGM_ERROR_CONNECT, "3D000",
                  "database \"nosuch db\" does not exist", "Create the database");
  assert_refused ("host=127.0.0.1 port=1", PGM_ERROR_CONNECT, NULL, "Connection refused", "listen");
  assert_refused ("host=h port=many", PGM_ERROR_USAGE, NULL, "port", "whole number");
  assert_refused ("host=h port=99999", PGM_ERROR_USAGE, NULL, "99999", "65535");
  assert_refused ("host=/nonexistent", PGM_ERROR_CONNECT, NULL, "No such file", "socket");
  assert_refused ("host=nosuch.invalid", PGM_ERROR_CONNECT, NULL, "nosuch.invalid", "name");
}

/* A listener that never says a word. */
static void
test_silent_host (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *uri = g_strdup_printf ("host=127.0.0.1 port=%u connect_timeout=1", port);
  gint64 begin = g_get_monotonic_time ();

  assert_refused (uri, PGM_ERROR_CONNECT, NULL, "timeout expired", "does not answer");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);

  /* The next host of the list gets its own time. */
  PgmSessionOptions options = { .label = "source" };
  g_autofree char *list =
      g_strdup_printf ("host=127.0.0.1,127.0.0.1 port=%u,%d user=" PGM_TEST_USER
                       " password='" PGM_TEST_PASSWORD "' dbname=postgres connect_timeout=1",
                       port, pgm_test_cluster_get_port (self->cluster));
  g_autoptr (PgmConnection) connection = open_session (list, &options);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (200 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel_login (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *text = g_strdup_printf ("host=127.0.0.1 port=%u", port);
  g_autoptr (PgmConninfo) info = pgm_conninfo_new (text, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PgmSessionOptions options = { .label = "source" };
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_autoptr (PgmConnection) connection = pgm_connection_open (info, &options, cancellable, &error);
  g_thread_join (thread);
  g_assert_null (connection);
  g_assert_true (pgm_error_is_cancelled (error));
}

/* Rule A2, against everything that an administrator can set for the role. */
static void
test_pinned_settings (Fixture *self, gconstpointer data)
{
  static const char *const settings[][2] = {
    { "search_path", "" },
    { "datestyle", "ISO, MDY" },
    { "intervalstyle", "postgres" },
    { "extra_float_digits", "3" },
    { "timezone", "UTC" },
    { "bytea_output", "hex" },
    { "xmloption", "content" },
    { "array_nulls", "on" },
    { "lc_monetary", "C" },
    { "row_security", "off" },
    { "statement_timeout", "0" },
    { "lock_timeout", "0" },
    { "idle_in_transaction_session_timeout", "0" },
    { "default_transaction_read_only", "off" },
    { "default_transaction_isolation", "read committed" },
    { "client_encoding", "UTF8" },
    { "application_name", "pgm test: 1" },
  };
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source", .application_name = "pgm test: 1" };

  pgm_test_cluster_execute (
      self->cluster, "postgres",
      "ALTER ROLE postgres SET search_path = public; ALTER ROLE postgres SET datestyle = 'German';"
      "ALTER ROLE postgres SET intervalstyle = iso_8601; ALTER ROLE postgres SET extra_float_digits = 0;"
      "ALTER ROLE postgres SET timezone = 'Asia/Tokyo'; ALTER ROLE postgres SET bytea_output = escape;"
      "ALTER ROLE postgres SET statement_timeout = 1000; ALTER ROLE postgres SET lock_timeout = 1000;"
      "ALTER ROLE postgres SET array_nulls = off; ALTER ROLE postgres SET client_encoding = 'LATIN1';"
      "ALTER ROLE postgres SET default_transaction_isolation = serializable;"
      "ALTER ROLE postgres SET default_transaction_read_only = on");
  g_autoptr (PgmConnection) connection =
      open_session (pgm_test_cluster_get_uri (self->cluster, NULL), &options);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    assert_setting (connection, settings[i][0], settings[i][1]);
  if (pgm_connection_get_major (connection) >= 14)
    assert_setting (connection, "idle_session_timeout", "0");
  if (pgm_connection_get_major (connection) >= 17)
    assert_setting (connection, "transaction_timeout", "0");
  g_assert_true (pgm_connection_exec (connection, "ALTER ROLE postgres RESET ALL", NULL, &error));
}

static void
test_own_options_are_kept (Fixture *self, gconstpointer data)
{
  PgmSessionOptions options = { .label = "source",
                                .lc_monetary = "POSIX",
                                .client_encoding = "SQL_ASCII" };
  g_autofree char *uri = g_strdup_printf (
      "%s%coptions=-c%%20work_mem%%3D7MB%%20-c%%20datestyle%%3DGerman",
      pgm_test_cluster_get_uri (self->cluster, NULL),
      strchr (pgm_test_cluster_get_uri (self->cluster, NULL), '?') != NULL ? '&' : '?');
  g_autoptr (PgmConnection) connection = open_session (uri, &options);

  assert_setting (connection, "work_mem", "7MB");
  assert_setting (connection, "datestyle", "ISO, MDY");
  assert_setting (connection, "lc_monetary", "POSIX");
  assert_setting (connection, "client_encoding", "SQL_ASCII");
}

static void
test_database_encoding (Fixture *self, gconstpointer data)
{
  PgmSessionOptions options = { .label = "source" };
  g_autoptr (GError) error = NULL;

  pgm_test_cluster_create_database (self->cluster, "latin",
                                    "ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
  g_autoptr (PgmConnection) connection =
      open_session (pgm_test_cluster_get_uri (self->cluster, "latin"), &options);
  assert_setting (connection, "client_encoding", "LATIN1");
  /* What goes to people is UTF-8 all the same. */
  g_assert_false (pgm_connection_exec (connection, "SELECT * FROM \"caf\xe9\"", NULL, &error));
  g_assert_nonnull (strstr (error->message, "café"));
}

static void
test_identity (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmServerIdentity identity = *pgm_connection_get_identity (self->connection);
  g_autofree char *independent = pgm_test_cluster_query (
      self->cluster, NULL, "SELECT system_identifier FROM pg_control_system()");
  const char *uri = pgm_test_cluster_get_uri (self->cluster, NULL);

  g_assert_cmpuint (identity.system_identifier, ==, g_ascii_strtoull (independent, NULL, 10));
  g_assert_cmpuint (identity.timeline, ==, 1);

  PgmSessionOptions same = { .label = "source", .expected = &identity };
  g_autoptr (PgmConnection) second = open_session (uri, &same);
  PgmSessionOptions walsender = { .label = "source", .expected = &identity, .replication = TRUE };
  g_autoptr (PgmConnection) third = open_session (uri, &walsender);
  g_assert_cmpuint (pgm_connection_get_identity (third)->system_identifier, ==,
                    identity.system_identifier);
  g_autofree char *path = ask (third, "SHOW search_path");
  g_assert_cmpstr (path, ==, "");

  PgmServerIdentity other = { identity.system_identifier + 1, 1 };
  PgmSessionOptions different = { .label = "source", .expected = &other };
  g_assert_null (try_open (uri, &different, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), independent));
  g_clear_error (&error);

  PgmServerIdentity later = { identity.system_identifier, 2 };
  PgmSessionOptions promoted = { .label = "source", .expected = &later };
  g_assert_null (try_open (uri, &promoted, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
}

/* Without EXECUTE on pg_control_system() a session opens all the same, with all
 * of its settings. */
static void
test_identity_not_granted (Fixture *self, gconstpointer data)
{
  PgmSessionOptions options = { .label = "source" };

  pgm_test_cluster_execute (
      self->cluster, "postgres",
      "CREATE ROLE plain LOGIN PASSWORD 'p'; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  g_autofree char *uri = g_strdup_printf ("postgresql://plain:p@127.0.0.1:%d/postgres",
                                          pgm_test_cluster_get_port (self->cluster));
  g_autoptr (PgmConnection) connection = open_session (uri, &options);
  g_assert_cmpuint (pgm_connection_get_identity (connection)->system_identifier, ==, 0);
  if (pgm_connection_get_major (connection) >= 14)
    assert_setting (connection, "idle_session_timeout", "0");
  pgm_test_cluster_execute (
      self->cluster, "postgres",
      "DROP ROLE plain; GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
}

static void
test_query (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *params[] = { "7", NULL, "it's \\ \"x\"" };
  g_autoptr (PgmResult) result = pgm_connection_query (
      self->connection,
      "SELECT $1::int + 1 AS n, $2::text AS \"N\", $3::text, true, 4294967295::oid", 3, params,
      NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pgm_result_get_rows (result), ==, 1);
  g_assert_cmpuint (pgm_result_get_columns (result), ==, 5);
  g_assert_cmpstr (pgm_result_get_name (result, 1), ==, "N");
  g_assert_cmpint (pgm_result_get_int64 (result, 0, 0), ==, 8);
  g_assert_null (pgm_result_get (result, 0, 1));
  g_assert_cmpstr (pgm_result_get_or (result, 0, 1, "none"), ==, "none");
  g_assert_cmpstr (pgm_result_get (result, 0, 2), ==, params[2]);
  g_assert_true (pgm_result_get_bool (result, 0, 3));
  g_assert_cmpuint (pgm_result_get_oid (result, 0, 4), ==, G_MAXUINT32);

  g_assert_true (pgm_connection_exec (
      self->connection, "CREATE TEMP TABLE q AS SELECT g FROM generate_series(1, 5) g", NULL,
      &error));
  g_autoptr (PgmResult) updated =
      pgm_connection_query (self->connection, "DELETE FROM q WHERE g > 2", 0, NULL, NULL, &error);
  g_assert_cmpint (pgm_result_get_affected (updated), ==, 3);
}

static void
test_query_value (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
      pgm_connection_query_value (self->connection, "SELECT 1 WHERE false", 0, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (
      pgm_connection_query_value (self->connection, "SELECT NULL", 0, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
}

/* A statement and a value beyond any socket buffer. */
static void
test_large (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *big = g_strnfill (20 * 1000 * 1000, 'z');
  const char *params[] = { big };
  g_autofree char *back =
      pgm_connection_query_value (self->connection, "SELECT $1::text", 1, params, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (back), ==, strlen (big));
  g_assert_true (
      pgm_connection_execf (self->connection, NULL, &error, "SELECT '%s'; SELECT 1", big));
}

static void
test_error_fields (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_connection_exec (
      self->connection, "SELECT 1;\n\n  SELECT * FROM pg_catalog.nosuch WHERE x;\nSELECT 2", NULL,
      &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  g_assert_cmpstr (error->message, ==, "source: relation \"pg_catalog.nosuch\" does not exist");
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "42P01");
  g_assert_cmpstr (pgm_error_get_detail (error), ==,
                   "Line 3: SELECT * FROM pg_catalog.nosuch WHERE x;");
  g_clear_error (&error);

  g_assert_false (pgm_connection_exec (
      self->connection,
      "DO $$BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', HINT = 'the hint'; END$$", NULL,
      &error));
  g_assert_true (g_str_has_prefix (pgm_error_get_detail (error), "the detail\nPL/pgSQL function"));
  g_assert_cmpstr (pgm_error_get_hint (error), ==, "the hint");
  g_clear_error (&error);

  g_assert_false (
      pgm_connection_exec (self->connection, "COPY pg_catalog.pg_class TO STDOUT", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_clear_error (&error);
  g_autofree char *value = ask (self->connection, "SELECT 5");
  g_assert_cmpstr (value, ==, "5");
}

/* What had run before the error in one string is rolled back with it. */
static void
test_exec_is_one_transaction (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (pgm_connection_exec (
      self->connection, "CREATE TABLE public.half (a int); SELECT 1/0", NULL, &error));
  g_autofree char *found =
      ask (self->connection, "SELECT coalesce(to_regclass('public.half')::text, 'none')");
  g_assert_cmpstr (found, ==, "none");
}

static void
test_cancel (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
      gint64 begin = g_get_monotonic_time ();
      g_assert_false (
          pgm_connection_exec (self->connection, "SELECT pg_sleep(30)", cancellable, &error));
      g_thread_join (thread);
      g_assert_true (pgm_error_is_cancelled (error));
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 3 * G_USEC_PER_SEC);
      g_autofree char *value = ask (self->connection, "SELECT 'alive'");
      g_assert_cmpstr (value, ==, "alive");
      g_clear_error (&error);
      g_assert_false (pgm_connection_exec (self->connection, "SELECT 1", cancellable, &error));
      g_assert_true (pgm_error_is_cancelled (error));
    }
}

static void
test_lost (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sql = g_strdup_printf ("SELECT pg_terminate_backend(%d)",
                                          pgm_connection_get_backend_pid (self->connection));

  pgm_test_cluster_execute (self->cluster, "postgres", sql);
  g_usleep (100 * 1000);
  g_assert_false (pgm_connection_exec (self->connection, "SELECT 1", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  g_assert_true (pgm_connection_is_lost (self->connection));
  g_clear_error (&error);
  g_assert_false (pgm_connection_exec (self->connection, "SELECT 1", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
}

static void
test_lost_in_statement (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_connection_exec (
      self->connection, "SELECT pg_terminate_backend(pg_backend_pid())", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "57P01");
}

static void
test_notices (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (pgm_connection_steal_notices (self->connection));
  g_assert_true (pgm_connection_exec (
      self->connection, "DO $$BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END$$", NULL, &error));
  g_auto (GStrv) notices = pgm_connection_steal_notices (self->connection);
  g_assert_cmpuint (g_strv_length (notices), ==, 2);
  g_assert_cmpstr (notices[0], ==, "one");
  g_assert_cmpstr (notices[1], ==, "two");
  g_assert_null (pgm_connection_steal_notices (self->connection));
}

typedef void (*TestFunc) (Fixture *self, gconstpointer data);

static void
add (const char *path, TestFunc function, const Shared *shared)
{
  g_test_add (path, Fixture, shared, fixture_set_up, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_autoptr (PgmTestCluster) cluster =
      pgm_test_cluster_new_full (0, NULL, NULL, PGM_TEST_CLUSTER_SCRAM, &error);
  g_assert_no_error (error);
  const Shared shared = { cluster };
  add ("/connection/refused", test_refused, &shared);
  add ("/connection/silent-host", test_silent_host, &shared);
  add ("/connection/cancel-login", test_cancel_login, &shared);
  add ("/connection/pinned-settings", test_pinned_settings, &shared);
  add ("/connection/own-options-are-kept", test_own_options_are_kept, &shared);
  add ("/connection/database-encoding", test_database_encoding, &shared);
  add ("/connection/local", test_local, &shared);
  add ("/connection/identity", test_identity, &shared);
  add ("/connection/identity-not-granted", test_identity_not_granted, &shared);
  add ("/connection/query", test_query, &shared);
  add ("/connection/query-value", test_query_value, &shared);
  add ("/connection/large", test_large, &shared);
  add ("/connection/error-fields", test_error_fields, &shared);
  add ("/connection/exec-is-one-transaction", test_exec_is_one_transaction, &shared);
  add ("/connection/cancel", test_cancel, &shared);
  add ("/connection/lost", test_lost, &shared);
  add ("/connection/lost-in-statement", test_lost_in_statement, &shared);
  add ("/connection/notices", test_notices, &shared);
  return g_test_run ();
}
