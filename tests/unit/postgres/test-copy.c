/* The pump between two databases of a real server: what arrives, and what both
 * sessions are good for after every kind of failure. */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "../../fixture/cluster.h"
#include "core/units.h"
#include "postgres/copy.h"

/* One cluster for all tests of the program. */
typedef struct
{
  PgmTestCluster *cluster;
} Shared;

typedef struct
{
  PgmTestCluster *cluster;
  PgmConnection *source;
  PgmConnection *destination;
} Fixture;

static PgmConnection *
connect_to (PgmTestCluster *cluster, const char *dbname, const char *label)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = label };
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, dbname), &error);
  g_assert_no_error (error);
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static const char schema_sql[] =
    "CREATE TABLE t (id int, v text); CREATE TABLE empty (a int); CREATE TABLE zero ();"
    "CREATE TABLE wide (v bytea); CREATE TABLE checked (id int CHECK (id < 500000), v text)";

/* One cluster for all, fresh databases for each. */
static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  self->cluster = ((const Shared *) data)->cluster;
  pgm_test_cluster_execute (self->cluster, "postgres", "DROP DATABASE IF EXISTS src");
  pgm_test_cluster_execute (self->cluster, "postgres", "DROP DATABASE IF EXISTS dst");
  pgm_test_cluster_create_database (self->cluster, "src", NULL);
  pgm_test_cluster_create_database (self->cluster, "dst", NULL);
  pgm_test_cluster_execute (self->cluster, "src", schema_sql);
  pgm_test_cluster_execute (self->cluster, "dst", schema_sql);
  self->source = connect_to (self->cluster, "src", "source");
  self->destination = connect_to (self->cluster, "dst", "destination");
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  pgm_connection_free (self->source);
  pgm_connection_free (self->destination);
}

static void
assert_usable (PgmConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (pgm_connection_is_lost (connection));
  g_assert_true (pgm_connection_exec (connection, "ROLLBACK", NULL, &error));
  g_autofree char *value =
      pgm_connection_query_value (connection, "SELECT 42", 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (value, ==, "42");
}

static gboolean
pump (Fixture *self,
      const char *table,
      const char *format,
      PgmCopyCounters *counters,
      guint64 *rows,
      GError **error)
{
  g_autofree char *to = g_strdup_printf ("COPY public.%s TO STDOUT (FORMAT %s)", table, format);
  g_autofree char *from = g_strdup_printf ("COPY public.%s FROM STDIN (FORMAT %s)", table, format);
  return pgm_copy_pump (self->source, to, self->destination, from, counters, rows, NULL, error);
}

/* Both databases read by psql. */
static void
assert_same (Fixture *self, const char *table)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT count(*), md5(coalesce(string_agg(md5(x::text), ',' ORDER BY md5(x::text)), '')) FROM %s x",
      table);
  g_autofree char *left = pgm_test_cluster_query (self->cluster, "src", sql);
  g_autofree char *right = pgm_test_cluster_query (self->cluster, "dst", sql);
  g_assert_cmpstr (left, ==, right);
}

static void
check_both_formats (Fixture *self, const char *table, guint64 expected)
{
  static const char *const formats[] = { "text", "binary" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GError) error = NULL;
      PgmCopyCounters counters = { 0 };
      guint64 rows = 99;
      g_assert_true (
          pgm_connection_execf (self->destination, NULL, &error, "TRUNCATE public.%s", table));
      gboolean ok = pump (self, table, formats[i], &counters, &rows, &error);
      g_assert_no_error (error);
      g_assert_true (ok);
      g_assert_cmpuint (rows, ==, expected);
      g_assert_cmpuint (counters.rows, ==, expected);
      assert_same (self, table);
    }
}

static void
test_rows (Fixture *self, gconstpointer data)
{
  pgm_test_cluster_execute (
      self->cluster, "src",
      "INSERT INTO t SELECT i, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' "
      "ELSE repeat(md5(i::text), i % 9) || E'\\t\\\\\\n' END FROM generate_series(1, 30000) i");
  check_both_formats (self, "t", 30000);
}

static void
test_nothing (Fixture *self, gconstpointer data)
{
  check_both_formats (self, "empty", 0);
  pgm_test_cluster_execute (self->cluster, "src",
                            "INSERT INTO zero SELECT FROM generate_series(1, 3)");
  check_both_formats (self, "zero", 3);
}

/* Rows around and far beyond the size of a chunk. */
static void
test_wide_rows (Fixture *self, gconstpointer data)
{
  pgm_test_cluster_execute (
      self->cluster, "src",
      "INSERT INTO wide SELECT convert_to(repeat('x', n), 'UTF8') FROM unnest(ARRAY[0, 1, 262143 / 2, 131069, 131070, 131071, "
      "131072, 262100, 262117, 262118, 262119, 262140, 262144, 300000, 524288, 5000000, 17]) n");
  check_both_formats (self, "wide", 17);
}

static void
test_bytes_are_counted (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmCopyCounters counters = { 0 };

  pgm_test_cluster_execute (self->cluster, "src", "INSERT INTO t VALUES (1, 'ab'), (22, NULL)");
  g_assert_true (pump (self, "t", "text", &counters, NULL, &error));
  g_assert_cmpuint (counters.bytes, ==, strlen ("1\tab\n22\t\\N\n"));
}

static void
test_prepared_session (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (pgm_copy_prepare_session (self->source, NULL, &error));
  g_assert_no_error (error);
  test_rows (self, data);
}

/* Enough rows that they are gathered, then pauses of the source, long and short,
 * and a small rest: nothing waits for more to come, also not afterwards. */
static void
test_gathered (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmCopyCounters counters = { 0 };
  guint64 rows = 0;
  gint64 began = g_get_monotonic_time ();

  g_assert_true (pgm_copy_prepare_session (self->source, NULL, &error));
  gboolean ok =
      pgm_copy_pump (self->source,
                     "COPY (SELECT i, CASE WHEN i IN (6000, 7000, 7001) THEN pg_sleep(0.3)::text"
                     "  WHEN i % 200 = 0 THEN pg_sleep(0.002)::text ELSE repeat('x', 1000) END"
                     "  FROM generate_series(1, 10000) i) TO STDOUT",
                     self->destination, "COPY public.t FROM STDIN", &counters, &rows, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (rows, ==, 10000);
  g_assert_cmpuint (counters.rows, ==, 10000);
  assert_usable (self->source);
  assert_usable (self->destination);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_USEC_PER_SEC);
}

static void
test_put (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 50000; i++)
    g_string_append_printf (text, "%u\trow number %u\n", i, i);
  g_assert_true (pgm_copy_put (self->destination, "COPY public.t FROM STDIN", text->str, text->len, NULL,
                               NULL, &error));
  g_autofree char *found =
      pgm_test_cluster_query (self->cluster, "dst", "SELECT count(*), sum(id) FROM t");
  g_assert_cmpstr (found, ==, "50000|1249975000");

  g_assert_false (
      pgm_copy_put (self->destination, "COPY public.t FROM STDIN", "x\ty\n", 4, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "22P02");
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "line 1"));
  assert_usable (self->destination);
}

static void
test_bad_statements (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_copy_pump (self->source, "COPY public.t TO STDOUT", self->destination,
                                 "COPY public.nosuch FROM STDIN", NULL, NULL, NULL, &error));
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "42P01");
  g_assert_true (g_str_has_prefix (error->message, "destination: "));
  g_clear_error (&error);
  assert_usable (self->source);
  assert_usable (self->destination);

  g_assert_false (pgm_copy_pump (self->source, "COPY public.nosuch TO STDOUT", self->destination,
                                 "COPY public.t FROM STDIN", NULL, NULL, NULL, &error));
  g_assert_true (g_str_has_prefix (error->message, "source: "));
  g_clear_error (&error);
  assert_usable (self->source);
  assert_usable (self->destination);

  g_assert_false (pgm_copy_pump (self->source, "SELECT 1", self->destination,
                                 "COPY public.t FROM STDIN", NULL, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  assert_usable (self->source);
  assert_usable (self->destination);
}

/* The source raises an error after many rows have gone over. */
static void
test_source_fails (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmCopyCounters counters = { 0 };

  g_assert_false (pgm_copy_pump (
      self->source,
      "COPY (SELECT i, (100 / (200000 - i))::text FROM (SELECT generate_series(1, 300000) i) s) TO STDOUT",
      self->destination, "COPY public.t FROM STDIN", &counters, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "22012");
  g_assert_true (g_str_has_prefix (error->message, "source: "));
  g_assert_cmpuint (counters.rows, ==, 0);
  g_assert_cmpuint (counters.bytes, ==, 0);
  assert_usable (self->source);
  assert_usable (self->destination);
  g_autofree char *left = pgm_test_cluster_query (self->cluster, "dst", "SELECT count(*) FROM t");
  g_assert_cmpstr (left, ==, "0");
}

/* The destination refuses a row in the middle: it must be noticed while the
 * source, which would never come to an end, still sends. */
static void
test_destination_fails (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (pgm_copy_pump (
      self->source,
      "COPY (SELECT i % 2000000000, 'some row' FROM (SELECT generate_series(1, 1000000000000) i) s) TO STDOUT",
      self->destination, "COPY public.checked FROM STDIN", NULL, NULL, NULL, &error));
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "23514");
  g_assert_true (g_str_has_prefix (error->message, "destination: "));
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "line 500000"));
  g_assert_cmpfloat ((double) (g_get_monotonic_time () - begin), <, 60.0 * G_USEC_PER_SEC);
  assert_usable (self->source);
  assert_usable (self->destination);
}

/* A trigger that leaves rows out says nothing, so the numbers have to. */
static void
test_rows_left_out (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmCopyCounters counters = { 0 };

  pgm_test_cluster_execute (self->cluster, "src",
                            "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 10) i");
  pgm_test_cluster_execute (
      self->cluster, "dst",
      "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS "
      "$$BEGIN IF NEW.id = 7 THEN RETURN NULL; END IF; RETURN NEW; END$$;"
      "CREATE TRIGGER skip BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE skip()");
  g_assert_false (pump (self, "t", "text", &counters, NULL, &error));
  g_assert_cmpstr (error->message, ==, "destination: of 10 rows that were sent 9 were taken");
  g_assert_cmpuint (counters.rows, ==, 0);
  assert_usable (self->source);
  assert_usable (self->destination);
}

/* Notices in mid-copy are no failure. */
static void
test_destination_notices (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint64 rows = 0;

  pgm_test_cluster_execute (
      self->cluster, "dst",
      "CREATE FUNCTION chat() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.id % 100 = 0 THEN "
      "RAISE NOTICE 'row % %', NEW.id, repeat('n', 20000); END IF; RETURN NEW; END$$;"
      "CREATE TRIGGER chat BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION chat()");
  gboolean ok = pgm_copy_pump (
      self->source, "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i) TO STDOUT",
      self->destination, "COPY public.t FROM STDIN", NULL, &rows, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (rows, ==, 50000);
  g_auto (GStrv) notices = pgm_connection_steal_notices (self->destination);
  g_assert_cmpuint (g_strv_length (notices), ==, 500);
  g_assert_true (g_str_has_prefix (notices[0], "row 100 nnn"));
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
check_cancel (Fixture *self, const char *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 begin = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_false (pgm_copy_pump (self->source, to, self->destination, "COPY public.t FROM STDIN",
                                 NULL, NULL, cancellable, &error));
  g_thread_join (thread);
  g_assert_true (pgm_error_is_cancelled (error));
  g_assert_cmpfloat ((double) (g_get_monotonic_time () - begin), <, 4.0 * G_USEC_PER_SEC);
  assert_usable (self->source);
  assert_usable (self->destination);
}

static void
test_cancel (Fixture *self, gconstpointer data)
{
  check_cancel (
      self,
      "COPY (SELECT i % 1000, 'row' FROM (SELECT generate_series(1, 1000000000000) i) s) TO STDOUT");
  check_cancel (self, "COPY (SELECT 1, pg_sleep(30)::text) TO STDOUT");
}

/* The destination waits for a lock that nobody releases: its buffers fill up. */
static void
test_cancel_blocked_destination (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConnection) locker = connect_to (self->cluster, "dst", "locker");

  g_assert_true (pgm_connection_exec (locker, "BEGIN; LOCK TABLE public.t", NULL, &error));
  check_cancel (
      self,
      "COPY (SELECT i % 1000, repeat('row', 100) FROM (SELECT generate_series(1, 1000000000000) i) s) TO STDOUT");
}

static void
terminate (PgmTestCluster *cluster, PgmConnection *victim)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT pg_terminate_backend(%d)", pgm_connection_get_backend_pid (victim));
  pgm_test_cluster_execute (cluster, "postgres", sql);
}

typedef struct
{
  PgmTestCluster *cluster;
  PgmConnection *victim;
} Terminator;

static gpointer
terminate_soon (gpointer data)
{
  Terminator *self = data;
  g_usleep (300 * 1000);
  terminate (self->cluster, self->victim);
  return NULL;
}

static void
check_terminate (Fixture *self, PgmConnection *victim, PgmConnection *survivor)
{
  g_autoptr (GError) error = NULL;
  Terminator terminator = { self->cluster, victim };
  PgmCopyCounters counters = { 0 };
  GThread *thread = g_thread_new ("terminate", terminate_soon, &terminator);

  g_assert_false (pgm_copy_pump (
      self->source,
      "COPY (SELECT i % 1000, 'row' FROM (SELECT generate_series(1, 1000000000000) i) s) TO STDOUT",
      self->destination, "COPY public.t FROM STDIN", &counters, NULL, NULL, &error));
  g_thread_join (thread);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  g_assert_true (g_str_has_prefix (error->message, pgm_connection_get_label (victim)));
  g_assert_true (pgm_connection_is_lost (victim));
  g_assert_cmpuint (counters.rows, ==, 0);
  assert_usable (survivor);
}

static void
test_source_lost (Fixture *self, gconstpointer data)
{
  check_terminate (self, self->source, self->destination);
}

static void
test_destination_lost (Fixture *self, gconstpointer data)
{
  check_terminate (self, self->destination, self->source);
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
  g_autoptr (PgmTestCluster) cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  const Shared shared = { cluster };
  add ("/copy/rows", test_rows, &shared);
  add ("/copy/nothing", test_nothing, &shared);
  add ("/copy/wide-rows", test_wide_rows, &shared);
  add ("/copy/bytes-are-counted", test_bytes_are_counted, &shared);
  add ("/copy/prepared-session", test_prepared_session, &shared);
  add ("/copy/gathered", test_gathered, &shared);
  add ("/copy/put", test_put, &shared);
  add ("/copy/bad-statements", test_bad_statements, &shared);
  add ("/copy/source-fails", test_source_fails, &shared);
  add ("/copy/destination-fails", test_destination_fails, &shared);
  add ("/copy/rows-left-out", test_rows_left_out, &shared);
  add ("/copy/destination-notices", test_destination_notices, &shared);
  add ("/copy/cancel", test_cancel, &shared);
  add ("/copy/cancel-blocked-destination", test_cancel_blocked_destination, &shared);
  add ("/copy/source-lost", test_source_lost, &shared);
  add ("/copy/destination-lost", test_destination_lost, &shared);
  return g_test_run ();
}
