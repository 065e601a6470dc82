#include "steps.h"

#include "migration/statistics.h"

static PgmTestCluster *destination;

/* An ANALYZE here would find no NULLs: what still says so came from the source. */
#define MARK "ANALYZE; UPDATE pg_statistic SET stanullfrac = 0.125 WHERE starelid >= 16384;"

static const char tables_sql[] =
    "CREATE TABLE plain (id int PRIMARY KEY, v text, a int[], r int4range, n numeric, d date, g int GENERATED ALWAYS AS (id + 1) STORED);"
    "INSERT INTO plain SELECT i, md5(i::text), ARRAY[i % 7, i % 3], int4range(i, i + i % 10), i / 7.0, date '2020-01-01' + i FROM generate_series(1, 5000) i;"
    "CREATE INDEX ON plain (lower(v), (id % 10)) INCLUDE (n);"
    "CREATE TABLE bare (a int, b text); INSERT INTO bare SELECT i % 10, 'x' || i FROM generate_series(1, 5000) i;"
    "CREATE TABLE bloated (a int); INSERT INTO bloated SELECT i FROM generate_series(1, 20000) i; DELETE FROM bloated WHERE a % 10 <> 0;"
    "CREATE TABLE par (k int, v text) PARTITION BY RANGE (k); CREATE TABLE par_1 PARTITION OF par FOR VALUES FROM (0) TO (500);"
    "CREATE TABLE par_2 PARTITION OF par DEFAULT; INSERT INTO par SELECT i, 'p' || i FROM generate_series(0, 999) i;"
    "CREATE TABLE mother (a int); CREATE TABLE child (b int) INHERITS (mother); INSERT INTO mother SELECT generate_series(1, 100);"
    "INSERT INTO child SELECT i, i FROM generate_series(1, 200) i;"
    "CREATE SCHEMA \"Odd'S\"; CREATE TABLE \"Odd'S\".\"T \"\"x\\y\" (\"c'1\" text);"
    "INSERT INTO \"Odd'S\".\"T \"\"x\\y\" SELECT E'it''s \\\\ {\"' || i % 3 FROM generate_series(1, 100) i;";

/* Everything that pg_stats shows, of tables and of expressions in indexes. */
static const char stats_sql[] =
    "SELECT (to_jsonb(s) - '{range_length_histogram,range_empty_frac,range_bounds_histogram}'::text[])::text"
    " FROM pg_stats s WHERE schemaname IN ('public', 'Odd''S') ORDER BY s.schemaname COLLATE \"C\", s.tablename COLLATE \"C\", s.attname COLLATE \"C\", s.inherited";

static const char marked_sql[] =
    "SELECT string_agg(DISTINCT tablename::text, ' ' ORDER BY tablename::text) FROM pg_stats"
    " WHERE schemaname IN ('public', 'Odd''S') AND null_frac %s 0.125";

static void
assert_stats (const char *database, const char *comparison, const char *expected)
{
  g_autofree char *sql = g_strdup_printf (marked_sql, comparison);
  g_autofree char *names = pgm_test_cluster_query (destination, database, sql);

  g_assert_cmpstr (names, ==, expected);
}

/* By a session of its own: what one has written is not counted yet while it lasts. */
static void
analyze (PgmTestCluster *source, const char *database)
{
  pgm_test_cluster_execute (source, database, MARK);
}

static PgmTestCluster *
source_of (int major)
{
  g_autoptr (GError) error = NULL;
  PgmTestCluster *source = pgm_test_cluster_new (major, NULL, &error);

  if (source == NULL)
    g_test_skip (error->message);
  return source;
}

/* All that is complete comes from the source, not a value of it changed; pages are
 * those of the destination. */
static void
test_carried (gconstpointer data)
{
  int major = GPOINTER_TO_INT (data);
  g_autoptr (PgmTestCluster) source = source_of (major);
  g_autofree char *name = g_strdup_printf ("carried_%d", major);
  g_autoptr (PgmSteps) steps = NULL;
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;
  g_autofree char *sizes = NULL;

  if (source == NULL)
    return;
  pgm_test_cluster_create_database (source, name, NULL);
  pgm_test_cluster_create_database (destination, name, NULL);
  pgm_test_cluster_execute (source, name, tables_sql);
  analyze (source, name);
  steps = pgm_steps_new (source, name, destination, name, NULL);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  if (major >= 14) /* before, nobody knows whether a partitioned table was analyzed */
    {
      here = pgm_test_cluster_query (source, name, stats_sql);
      there = pgm_test_cluster_query (destination, name, stats_sql);
      pgm_steps_assert_same (here, there);
      assert_stats (name, "<>", "");
    }
  else
    assert_stats (name, "<>", "par par_1 par_2");
  sizes = pgm_test_cluster_query (
      destination, name,
      "SELECT string_agg(format('%s %s %s', relname, reltuples, CASE relkind WHEN 'p' THEN relpages = -1"
      " ELSE relpages = pg_relation_size(oid) / 8192 END), ', ' ORDER BY relname) FROM pg_class"
      " WHERE relname IN ('bare', 'bloated', 'par', 'plain', 'mother')");
  g_assert_cmpstr (sizes, ==,
                   "bare 5000 t, bloated 2000 t, mother 100 t, par 1000 t, plain 5000 t");
}

/* What isn't complete or fresh is analyzed; a tree as a whole. */
static void
test_left_out (void)
{
  g_autoptr (PgmTestCluster) source = source_of (18);
  g_autoptr (PgmSteps) steps = NULL;
  g_autofree char *without = NULL;
  g_autofree char *extended = NULL;

  if (source == NULL)
    return;
  pgm_test_cluster_create_database (source, "left", NULL);
  pgm_test_cluster_create_database (destination, "left", NULL);
  pgm_test_cluster_execute (
      source, "left",
      "CREATE TABLE fine (a int); CREATE TABLE stale (a int); CREATE TABLE extended (a int, b int); CREATE STATISTICS es ON a, b FROM extended;"
      "CREATE TABLE incomplete (a int); CREATE TABLE indexed (a int); CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2));"
      "CREATE TABLE tree (k int) PARTITION BY RANGE (k); CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (200); CREATE TABLE tree_2 PARTITION OF tree DEFAULT;"
      "CREATE TABLE whole (k int) PARTITION BY RANGE (k); CREATE TABLE whole_1 PARTITION OF whole DEFAULT;"
      "DO $$DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['fine', 'stale', 'extended', 'incomplete', 'indexed', 'virtual', 'tree', 'whole'] LOOP"
      " EXECUTE format('INSERT INTO %I SELECT generate_series(1, 1000)', t); END LOOP; END$$;"
      "CREATE MATERIALIZED VIEW mat AS SELECT * FROM fine");
  analyze (source, "left");
  pgm_test_cluster_execute (
      source, "left",
      "INSERT INTO stale SELECT generate_series(1001, 2000); ALTER TABLE incomplete ADD b int; CREATE INDEX ON indexed ((a % 7));"
      "INSERT INTO tree SELECT generate_series(1001, 2000);");
  steps = pgm_steps_new (source, "left", destination, "left", NULL);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  assert_stats ("left", "=", "fine virtual whole whole_1");
  without = pgm_test_cluster_query (
      destination, "left",
      "SELECT string_agg(c.relname::text, ' ') FROM pg_class c WHERE relkind IN ('r', 'm', 'p') AND c.oid >= 16384"
      " AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = c.oid)");
  g_assert_cmpstr (without, ==, "");
  extended = pgm_test_cluster_query (destination, "left", "SELECT count(*) FROM pg_stats_ext");
  g_assert_cmpstr (extended, ==, "1");
}

/* A histogram in another order would mislead. */
static void
test_other_order (void)
{
  g_autoptr (PgmTestCluster) source = source_of (18);
  g_autoptr (PgmSteps) steps = NULL;

  if (source == NULL)
    return;
  pgm_test_cluster_create_database (source, "sorted", NULL);
  pgm_test_cluster_create_database (
      destination, "sorted",
      "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'");
  pgm_test_cluster_execute (source, "sorted",
                            "CREATE TABLE fine AS SELECT generate_series(1, 9) a");
  analyze (source, "sorted");
  steps = pgm_steps_new (source, "sorted", destination, "sorted", NULL);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  assert_stats ("sorted", "<>", "fine");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  destination = pgm_test_cluster_new (18, NULL, &error);
  if (destination == NULL)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  g_test_add_data_func ("/statistics/carried/13", GINT_TO_POINTER (13), test_carried);
  g_test_add_data_func ("/statistics/carried/15", GINT_TO_POINTER (15), test_carried);
  g_test_add_data_func ("/statistics/carried/18", GINT_TO_POINTER (18), test_carried);
  g_test_add_func ("/statistics/left-out", test_left_out);
  g_test_add_func ("/statistics/other-order", test_other_order);
  status = g_test_run ();
  pgm_test_cluster_free (destination);
  return status;
}
