#include "steps.h"

#include <string.h>

#include "migration/analyze.h"
#include "migration/large-objects.h"
#include "migration/sequences.h"
#include "migration/settings.h"

static PgmTestCluster *cluster;
static PgmTestCluster *other;

static void
make (const char *name, const char *sql)
{
  pgm_test_cluster_create_database (cluster, name, NULL);
  pgm_test_cluster_create_database (other, name, NULL);
  pgm_test_cluster_execute (cluster, name, sql);
}

static void
assert_same_query (const char *database, const char *sql)
{
  g_autofree char *here = pgm_test_cluster_query (cluster, database, sql);
  g_autofree char *there = pgm_test_cluster_query (other, database, sql);

  pgm_steps_assert_same (here, there);
}

static const char large_objects_sql[] =
    "SELECT m.oid, m.lomowner::regrole, m.lomacl, obj_description(m.oid, 'pg_largeobject'), md5(lo_get(m.oid))"
    " FROM pg_largeobject_metadata m ORDER BY 1";

/* F34: empty, one byte around a piece's end, beyond a window, with holes. */
static void
test_large_objects (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;

  make (
      "lo",
      "SELECT lo_create(50000); SELECT lo_from_bytea(50001, '\\x00');"
      "SELECT lo_from_bytea(50010 + d, convert_to(repeat('x', 1048576 + d), 'UTF8')) FROM generate_series(-1, 1) d;"
      "SELECT lo_from_bytea(50020, convert_to(repeat('0123456789abcdef', 5 * 1024 * 1024 / 2 + 1), 'UTF8'));"
      "SELECT lo_create(50021); SELECT lo_put(50021, 3000000, 'after a hole');"
      "SELECT lo_from_bytea(60000 + i, decode(md5(i::text), 'hex')) FROM generate_series(1, 1000) i;"
      "ALTER LARGE OBJECT 50001 OWNER TO alice; GRANT SELECT ON LARGE OBJECT 50001 TO bob, PUBLIC;"
      "ALTER LARGE OBJECT 50010 OWNER TO alice; REVOKE ALL ON LARGE OBJECT 50010 FROM alice;"
      "ALTER LARGE OBJECT 50011 OWNER TO alice; REVOKE UPDATE ON LARGE OBJECT 50011 FROM alice; GRANT UPDATE ON LARGE OBJECT 50011 TO bob WITH GRANT OPTION;"
      "COMMENT ON LARGE OBJECT 50020 IS E'back\\\\slash and ''quote'''");
  steps = pgm_steps_new (cluster, "lo", other, "lo", NULL);
  pgm_steps_make_ledger (steps);
  g_assert_true (pgm_large_objects_copy (&steps->ctx, 2, NULL, &error));
  g_assert_no_error (error);
  pgm_steps_assert_problems (steps, 0);
  g_assert_cmpuint (steps->ctx.report->large_objects, ==, 1007);
  assert_same_query ("lo", large_objects_sql);

  /* Somebody else's are left alone, and said. */
  pgm_test_cluster_execute (
      other, "lo",
      "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid > 50001; SELECT lo_put(50001, 0, 'changed');"
      "TRUNCATE pgmanager.clone_large_object");
  g_assert_true (pgm_large_objects_copy (&steps->ctx, 2, NULL, &error));
  pgm_steps_assert_problems (steps, 2);
  g_assert_nonnull (pgm_steps_find_problem (steps, "large object 50001"));
  {
    g_autofree char *kept =
        pgm_test_cluster_query (other, "lo", "SELECT encode(lo_get(50001), 'escape')");

    g_assert_cmpstr (kept, ==, "changed");
  }
  /* With --resume ours are made anew, and the one that the source has no more goes. */
  pgm_test_cluster_execute (
      other, "lo",
      "SELECT lo_create(70000), lo_create(70001);"
      "INSERT INTO pgmanager.clone_large_object VALUES (50000), (50001), (70000)");
  steps->spec->clone->resume = TRUE;
  g_assert_true (pgm_large_objects_copy (&steps->ctx, 2, NULL, &error));
  pgm_steps_assert_problems (steps, 2);
  {
    g_autofree char *ours = pgm_test_cluster_query (
        other, "lo",
        "SELECT string_agg(oid::text, ',') FROM pg_largeobject_metadata WHERE oid >= 70000");

    g_assert_cmpstr (ours, ==, "70001");
  }
  pgm_test_cluster_execute (other, "lo", "SELECT lo_unlink(70001)");
  assert_same_query ("lo", large_objects_sql);
}

/* What the snapshot saw, not what is there now. */
static void
test_large_objects_snapshot (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  make ("los", "SELECT lo_from_bytea(50001, 'before'); SELECT lo_from_bytea(50002, 'gone')");
  steps = pgm_steps_new (cluster, "los", other, "los", NULL);
  pgm_steps_make_ledger (steps);
  pgm_test_cluster_execute (
      cluster, "los",
      "SELECT lo_put(50001, 0, 'after!'); SELECT lo_unlink(50002); SELECT lo_create(50003)");
  g_assert_true (pgm_large_objects_copy (&steps->ctx, 2, NULL, &error));
  g_assert_no_error (error);
  value = pgm_test_cluster_query (
      other, "los",
      "SELECT string_agg(oid || encode(lo_get(oid), 'escape'), ',' ORDER BY oid) FROM pg_largeobject_metadata");
  g_assert_cmpstr (value, ==, "50001before,50002gone");
}

/* Without the privilege the object is named, with the GRANT. */
static void
test_large_objects_privilege (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *there = NULL;
  const PgmProblem *problem;

  make (
      "lop",
      "SELECT lo_from_bytea(50001, 'mine'); SELECT lo_from_bytea(50002, 'open'); GRANT SELECT ON LARGE OBJECT 50002 TO reader");
  steps = pgm_steps_new_as (cluster, "lop", "reader", other, "lop", NULL);
  pgm_steps_make_ledger (steps);
  g_assert_true (pgm_large_objects_copy (&steps->ctx, 2, NULL, &error));
  g_assert_no_error (error);
  pgm_steps_assert_problems (steps, 1);
  problem = pgm_steps_find_problem (steps, "large object 50001");
  g_assert_nonnull (problem);
  g_assert_cmpstr (problem->sql, ==, "GRANT SELECT ON LARGE OBJECT 50001 TO \"reader\"");
  there = pgm_test_cluster_query (other, "lop",
                                  "SELECT string_agg(oid::text, ',') FROM pg_largeobject_metadata");
  g_assert_cmpstr (there, ==, "50002");
}

static const char settings_sql[] =
    "SELECT coalesce(r.rolname, '-'), s.setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
    " LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE d.datname = current_database() UNION ALL"
    " SELECT 'acl', array_agg(a::text ORDER BY a::text) FROM pg_database d, unnest(datacl) a WHERE datname = current_database() UNION ALL"
    " SELECT 'comment', ARRAY[shobj_description(oid, 'pg_database')] FROM pg_database WHERE datname = current_database() ORDER BY 1";

static void
test_settings (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;

  make (
      "Set tings",
      "ALTER DATABASE \"Set tings\" SET work_mem = '7MB'; ALTER DATABASE \"Set tings\" SET search_path = \"$user\", \"My, \"\"s\", public;"
      "ALTER DATABASE \"Set tings\" SET my.thing = 'it''s = \\this'; ALTER DATABASE \"Set tings\" SET DateStyle = 'SQL, DMY';"
      "ALTER ROLE bob IN DATABASE \"Set tings\" SET statement_timeout = '3s'; ALTER DATABASE \"Set tings\" SET temp_tablespaces = '';"
      "COMMENT ON DATABASE \"Set tings\" IS 'source it''s'; REVOKE CONNECT ON DATABASE \"Set tings\" FROM PUBLIC;"
      "GRANT CONNECT ON DATABASE \"Set tings\" TO bob; GRANT CREATE ON DATABASE \"Set tings\" TO alice WITH GRANT OPTION");
  steps = pgm_steps_new (cluster, "Set tings", other, "Set tings", NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (
          pgm_settings_copy (&steps->ctx, steps->source, steps->destination, NULL, &error));
      g_assert_no_error (error);
      pgm_steps_assert_problems (steps, 0);
      assert_same_query ("Set tings", settings_sql);
    }
}

/* Who does not own the destination is told what its owner would have to run. */
static void
test_settings_privilege (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;

  make ("setp",
        "ALTER DATABASE setp SET work_mem = '7MB'; REVOKE CONNECT ON DATABASE setp FROM PUBLIC");
  steps = pgm_steps_new_to (cluster, "setp", other, "setp", "reader");
  g_assert_true (pgm_settings_copy (&steps->ctx, steps->source, steps->destination, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (pgm_steps_find_problem (steps, "setting of the database"));
  g_assert_cmpstr (pgm_steps_find_problem (steps, "setting of the database")->sql, ==,
                   "ALTER DATABASE \"setp\" SET \"work_mem\" TO '7MB'");
  g_assert_nonnull (pgm_steps_find_problem (steps, "privileges of the database"));
}

/* F25, F36: not called, called, cached, descending; one that can't be read. */
static void
test_sequences (void)
{
  static const char sql[] =
      "SELECT last_value, is_called FROM a UNION ALL SELECT last_value, is_called FROM b UNION ALL"
      " SELECT last_value, is_called FROM c UNION ALL SELECT last_value, is_called FROM \"D d\" UNION ALL"
      " SELECT last_value, is_called FROM t_id_seq UNION ALL SELECT last_value, is_called FROM t_k_seq";
  g_autoptr (PgmSteps) steps = NULL;
  g_autoptr (GError) error = NULL;
  const PgmProblem *problem;

  make (
      "seq",
      "CREATE SEQUENCE a START 42; CREATE SEQUENCE b CACHE 50; CREATE SEQUENCE c INCREMENT -7 MINVALUE -1000 MAXVALUE 10 START 10;"
      "CREATE SEQUENCE \"D d\" AS smallint; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (START 5), k serial);"
      "SELECT nextval('b'), nextval('c'), nextval('c'), setval('\"D d\"', 32767, false); INSERT INTO t DEFAULT VALUES");
  steps = pgm_steps_new (cluster, "seq", other, "seq", NULL);
  pgm_steps_restore_schema (steps);
  /* Values as they are now, not as they were under the snapshot. */
  pgm_test_cluster_execute (cluster, "seq", "INSERT INTO t SELECT FROM generate_series(1, 100)");
  g_assert_true (pgm_sequences_copy (&steps->ctx, steps->source, steps->destination, NULL, &error));
  g_assert_no_error (error);
  pgm_steps_assert_problems (steps, 0);
  g_assert_cmpuint (steps->ctx.report->sequences, ==, 6);
  assert_same_query ("seq", sql);

  pgm_test_cluster_execute (cluster, "seq", "DROP SEQUENCE b; SELECT nextval('a')");
  pgm_test_cluster_execute (other, "seq", "DROP SEQUENCE c");
  g_assert_true (pgm_sequences_copy (&steps->ctx, steps->source, steps->destination, NULL, &error));
  g_assert_no_error (error);
  pgm_steps_assert_problems (steps, 2);
  problem = pgm_steps_find_problem (steps, "sequence public.c");
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem->sql, "setval("));
  g_assert_nonnull (pgm_steps_find_problem (steps, "sequence public.b"));
  {
    g_autofree char *value =
        pgm_test_cluster_query (other, "seq", "SELECT last_value, is_called FROM a");

    g_assert_cmpstr (value, ==, "42|t");
  }
}

/* Statistics for everything, partitioned tables as a whole, in one go. */
static void
test_analyze (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autofree char *without = NULL;
  g_autofree char *inherited = NULL;

  make (
      "stat",
      "CREATE TABLE p (id int, v int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200); INSERT INTO p SELECT i, i FROM generate_series(0, 199) i;"
      "CREATE TABLE \"Odd \"\"name\" (a int); INSERT INTO \"Odd \"\"name\" SELECT generate_series(1, 10);"
      "CREATE MATERIALIZED VIEW m AS SELECT * FROM p;"
      "DO $$BEGIN FOR i IN 1..100 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT g a FROM generate_series(1, 5) g', i); END LOOP; END$$");
  steps = pgm_steps_new (cluster, "stat", other, "stat", NULL);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  without = pgm_test_cluster_query (
      other, "stat",
      "SELECT string_agg(c.relname::text, ' ') FROM pg_class c WHERE relkind IN ('r', 'm', 'p') AND c.oid >= 16384"
      " AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = c.oid)");
  g_assert_cmpstr (without, ==, "");
  inherited = pgm_test_cluster_query (
      other, "stat", "SELECT count(*) FROM pg_stats WHERE tablename = 'p' AND inherited");
  g_assert_cmpstr (inherited, ==, "2");
}

/* F35: in the order of dependencies, whatever the names; a failure is named. */
static void
test_matviews (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autofree char *rows = NULL;
  const PgmProblem *problem;

  make (
      "mat",
      "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;"
      "CREATE MATERIALIZED VIEW z AS SELECT a, b FROM t; CREATE VIEW y AS SELECT * FROM z; CREATE MATERIALIZED VIEW a AS SELECT * FROM y;"
      "CREATE UNIQUE INDEX a_a ON a (a); CREATE MATERIALIZED VIEW empty AS SELECT * FROM a WITH NO DATA; CREATE INDEX empty_b ON empty (b);"
      "CREATE MATERIALIZED VIEW bad AS SELECT 10 / (b - 100) FROM t; CREATE MATERIALIZED VIEW grouped AS SELECT t.*, count(*) FROM t GROUP BY t.a");
  steps = pgm_steps_new (cluster, "mat", other, "mat", NULL);
  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pgm_test_cluster_execute (other, "mat", "UPDATE t SET b = 100 WHERE a = 3");
  pgm_steps_build_indexes (steps);
  pgm_steps_run_rest (steps);
  pgm_steps_assert_problems (steps, 1);
  problem = pgm_steps_find_problem (steps, "materialized view public.bad");
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem->reason, "division by zero"));
  rows = pgm_test_cluster_query (
      other, "mat",
      "SELECT (SELECT count(*) FROM z), (SELECT count(*) FROM a), (SELECT count(*) FROM grouped),"
      " (SELECT string_agg(relname::text, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'm' AND NOT relispopulated),"
      " (SELECT string_agg(indexname::text, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public')");
  g_assert_cmpstr (rows, ==, "10|10|10|bad empty|a_a empty_b t_pkey");
}

int
main (int argc, char **argv)
{
  static const char roles_sql[] = "CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE reader LOGIN";
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (pgm_steps_major (), NULL, &error);
  g_assert_no_error (error);
  other = pgm_test_cluster_new (pgm_steps_major (), NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_execute (cluster, NULL, roles_sql);
  pgm_test_cluster_execute (other, NULL, roles_sql);
  g_test_add_func ("/steps/F34-large-objects", test_large_objects);
  g_test_add_func ("/steps/large-objects-snapshot", test_large_objects_snapshot);
  g_test_add_func ("/steps/large-objects-privilege", test_large_objects_privilege);
  g_test_add_func ("/steps/F19-settings", test_settings);
  g_test_add_func ("/steps/settings-privilege", test_settings_privilege);
  g_test_add_func ("/steps/F36-sequences", test_sequences);
  g_test_add_func ("/steps/analyze", test_analyze);
  g_test_add_func ("/steps/F35-matviews", test_matviews);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  pgm_test_cluster_free (other);
  return status;
}
