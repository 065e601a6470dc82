#include "steps.h"

#include <string.h>

#include "migration/foreign-key.h"
#include "migration/index.h"

static PgmTestCluster *cluster;

static PgmSteps *
make (const char *name, const char *sql)
{
  g_autofree char *copy = g_strconcat (name, "_copy", NULL);

  pgm_test_cluster_create_database (cluster, name, NULL);
  pgm_test_cluster_create_database (cluster, copy, NULL);
  pgm_test_cluster_execute (cluster, name, sql);
  return pgm_steps_new (cluster, name, cluster, copy, NULL);
}

static void
assert_same_schema (const char *name)
{
  g_autofree char *copy = g_strconcat (name, "_copy", NULL);
  g_autofree char *before = pgm_steps_dump (cluster, name);
  g_autofree char *after = pgm_steps_dump (cluster, copy);

  pgm_steps_assert_same (before, after);
}

/* Makes the catalog say that every table is @bytes large. */
static void
pretend_size (PgmSteps *steps, gint64 bytes)
{
  for (guint i = 0; i < steps->ctx.catalog->tables->len; i++)
    ((PgmTable *) g_ptr_array_index (steps->ctx.catalog->tables, i))->bytes = bytes;
}

static const char shapes_sql[] =
    "CREATE TABLE one (id int PRIMARY KEY);"
    "CREATE TABLE two (id int, v text, w int, PRIMARY KEY (id) INCLUDE (v) WITH (fillfactor=80) DEFERRABLE INITIALLY DEFERRED,"
    "  UNIQUE (v, w) WITH (fillfactor=33), UNIQUE (w) DEFERRABLE);"
    "CREATE INDEX two_v ON two (lower(v) text_pattern_ops) WITH (fillfactor=44) WHERE w > 3; CREATE INDEX two_w ON two USING hash (w);"
    "ALTER TABLE two CLUSTER ON two_v_w_key; ALTER TABLE two REPLICA IDENTITY USING INDEX two_r;"
    "CREATE TABLE three (r int4range, p point, EXCLUDE USING gist (r WITH &&), EXCLUDE USING gist (r WITH =) WITH (fillfactor=60)"
    "  WHERE (NOT isempty(r)) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE INDEX three_p ON three USING gist (p); CREATE INDEX three_b ON three USING brin (r) WITH (pages_per_range=9);"
    "CREATE TABLE four (\"A b\" int NOT NULL, CONSTRAINT \"Strange \"\"name\" UNIQUE (\"A b\"));"
    "INSERT INTO one SELECT i FROM generate_series(1, 5000) i; INSERT INTO two SELECT i, 'v' || i, i FROM generate_series(1, 5000) i;"
    "INSERT INTO three SELECT int4range(i, i + 1), point(i, i) FROM generate_series(1, 500) i;";

static void
check_shapes (const char *name, gint64 bytes)
{
  g_autofree char *sql = g_strdup (shapes_sql);
  g_autofree char *replica = NULL;
  g_autoptr (PgmSteps) steps = NULL;
  char *place = strstr (sql, "ALTER TABLE two REPLICA IDENTITY USING INDEX two_r;");

  /* A replica identity needs columns that are NOT NULL and no deferral. */
  replica = g_strdup_printf (
      "%.*sALTER TABLE two ALTER w SET NOT NULL; CREATE UNIQUE INDEX two_r ON two (w); %s",
      (int) (place - sql), sql, place);
  steps = make (name, replica);
  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pretend_size (steps, bytes);
  pgm_steps_build_indexes (steps);
  pgm_steps_assert_problems (steps, 0);
  g_assert_cmpuint (steps->ctx.report->indexes, ==, steps->ctx.catalog->indexes->len);
  g_assert_cmpuint (steps->ctx.report->constraints, ==, 7);
  assert_same_schema (name);
}

static void
test_small (void)
{
  check_shapes ("small", 8192);
}

/* Every index a task of its own; keys become constraints afterwards. */
static void
test_large (void)
{
  check_shapes ("large", G_GINT64_CONSTANT (100) << 20);
}

static void
check_failure (const char *name, gint64 bytes)
{
  g_autoptr (PgmSteps) steps = make (
      name,
      "CREATE TABLE t (id int PRIMARY KEY, v int, w int); CREATE INDEX t_v ON t (v); CREATE UNIQUE INDEX t_w ON t (w);"
      "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t SELECT i, i, i FROM generate_series(1, 100) i");
  g_autofree char *copy = g_strconcat (name, "_copy", NULL);
  g_autofree char *left = NULL;
  const PgmProblem *problem;

  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pgm_test_cluster_execute (cluster, copy, "INSERT INTO t VALUES (1, 7, 1000)");
  pretend_size (steps, bytes);
  pgm_steps_build_indexes (steps);
  pgm_steps_assert_problems (steps, 1);
  problem = pgm_steps_find_problem (steps, "constraint t_pkey on public.t");
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem->reason, "could not create unique index"));
  g_assert_nonnull (strstr (problem->sql, "t_pkey"));
  left = pgm_test_cluster_query (
      cluster, copy,
      "SELECT string_agg(indexname::text, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'");
  g_assert_cmpstr (left, ==, "t_v t_w u_pkey");
}

static void
test_failure (void)
{
  check_failure ("failing", 8192);
}

static void
test_failure_large (void)
{
  check_failure ("failing_large", G_GINT64_CONSTANT (100) << 20);
}

/* F22: an index that CREATE INDEX CONCURRENTLY left behind. */
static void
test_invalid (void)
{
  g_autoptr (PgmSteps) steps = make (
      "invalid",
      "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1), (1, 2); CREATE INDEX good ON t (b)");
  g_autoptr (GError) error = NULL;
  g_autofree char *names = NULL;
  g_autofree char *failed = pgm_test_cluster_sql (
      cluster, "invalid", "CREATE UNIQUE INDEX CONCURRENTLY bad ON t (a)", &error);

  g_assert_null (failed);
  pgm_steps_free (g_steal_pointer (&steps));
  steps = pgm_steps_new (cluster, "invalid", cluster, "invalid_copy", NULL);
  g_assert_cmpuint (steps->ctx.catalog->indexes->len, ==, 2);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  names = pgm_test_cluster_query (cluster, "invalid_copy",
                                  "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'");
  g_assert_cmpstr (names, ==, "good");
}

/* F18: the functions count on a search_path that we don't have. */
static void
test_search_path (void)
{
  g_autoptr (PgmSteps) steps = NULL;

  if (pgm_test_cluster_get_major (cluster) >= 17)
    {
      g_test_skip ("such an index can't be made on 17 and later");
      return;
    }
  pgm_test_cluster_create_database (cluster, "path", NULL);
  pgm_test_cluster_create_database (cluster, "path_copy", NULL);
  pgm_test_cluster_execute (
      cluster, "path",
      "ALTER DATABASE path SET search_path = \"My s\", public; CREATE SCHEMA \"My s\"");
  pgm_test_cluster_execute (
      cluster, "path",
      "CREATE FUNCTION one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';"
      "CREATE FUNCTION two(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 + one(); END';"
      "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); CREATE INDEX t_two ON t (two(a));"
      "CREATE MATERIALIZED VIEW m AS SELECT two(a) FROM t");
  steps = pgm_steps_new (cluster, "path", cluster, "path_copy", NULL);
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (700 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

/* A running build ends at once, and its sessions with it. */
static void
test_cancel (void)
{
  g_autoptr (PgmSteps) steps = make (
      "slow",
      "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.pg_sleep(30); RETURN 1; END';"
      "CREATE TABLE t (a int); CREATE INDEX t_slow ON t (slow(a))");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmIndexPool) pool = NULL;
  GThread *thread;
  gint64 start;
  g_autofree char *sessions = NULL;

  pgm_steps_restore_schema (steps);
  pgm_test_cluster_execute (cluster, "slow_copy", "INSERT INTO t SELECT generate_series(1, 10)");
  pool = pgm_index_pool_new (&steps->ctx, 2, 0, cancellable, &error);
  g_assert_no_error (error);
  start = g_get_monotonic_time ();
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  pgm_index_pool_add_table (pool, pgm_catalog_find_table (steps->ctx.catalog, "public", "t"));
  g_assert_false (pgm_index_pool_finish (pool, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 15 * G_USEC_PER_SEC);
  g_thread_join (thread);
  sessions = pgm_test_cluster_query (
      cluster, "slow_copy",
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%t_slow%' AND state = 'active' AND pid <> pg_backend_pid()");
  g_assert_cmpstr (sessions, ==, "0");
}

/* A worker's session that ends is an error of the whole, and known at once. */
static void
test_lost (void)
{
  g_autoptr (PgmSteps) steps = make (
      "lost",
      "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.pg_sleep(20); RETURN 1; END';"
      "CREATE TABLE t (a int); CREATE INDEX t_slow ON t (slow(a))");
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmIndexPool) pool = NULL;

  pgm_steps_restore_schema (steps);
  pgm_test_cluster_execute (cluster, "lost_copy", "INSERT INTO t SELECT generate_series(1, 10)");
  pool = pgm_index_pool_new (&steps->ctx, 2, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (pgm_index_pool_has_failed (pool));
  pgm_index_pool_add_table (pool, pgm_catalog_find_table (steps->ctx.catalog, "public", "t"));
  for (guint i = 0; i < 100 && !pgm_index_pool_has_failed (pool); i++)
    {
      pgm_test_cluster_execute (
          cluster, "lost_copy",
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND state = 'active'");
      g_usleep (50 * 1000);
    }
  g_assert_true (pgm_index_pool_has_failed (pool));
  g_assert_false (pgm_index_pool_finish (pool, NULL, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (steps->ctx.report->problems->len, ==, 0);
}

/* A copier that builds in the transaction of its COPY. */
static void
test_table_sql (void)
{
  g_autoptr (PgmSteps) steps = make (
      "inline",
      "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE INDEX t_b ON t (b); CREATE TABLE none (a int)");
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmIndexPool) pool = NULL;
  g_autofree char *sql = NULL;
  g_autofree char *empty = NULL;
  PgmTable *table = pgm_catalog_find_table (steps->ctx.catalog, "public", "t");

  pgm_steps_restore_schema (steps);
  pool = pgm_index_pool_new (&steps->ctx, 1, 0, NULL, &error);
  g_assert_no_error (error);
  sql = pgm_index_pool_table_sql (pool, table);
  empty = pgm_index_pool_table_sql (pool,
                                    pgm_catalog_find_table (steps->ctx.catalog, "public", "none"));
  g_assert_cmpstr (empty, ==, "");
  pgm_test_cluster_execute (cluster, "inline_copy", sql);
  pgm_index_pool_table_built (pool, table);
  g_assert_true (pgm_index_pool_finish (pool, NULL, &error));
  g_assert_cmpuint (steps->ctx.report->indexes, ==, 2);
  g_assert_cmpuint (steps->ctx.report->constraints, ==, 1);
  assert_same_schema ("inline");
}

/* F23, F24: what is broken is named, stays NOT VALID, and holds nobody up. */
static void
test_foreign_keys (void)
{
  g_autoptr (PgmSteps) steps = make (
      "keys",
      "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int CONSTRAINT good REFERENCES p, q int CONSTRAINT bad REFERENCES p);"
      "CREATE TABLE d (p int CONSTRAINT old REFERENCES c); ALTER TABLE d DROP CONSTRAINT old; INSERT INTO d VALUES (99);"
      "ALTER TABLE d ADD CONSTRAINT old FOREIGN KEY (p) REFERENCES c NOT VALID;"
      "ALTER TABLE p ADD c int CONSTRAINT cycle REFERENCES c DEFERRABLE INITIALLY DEFERRED;"
      "CREATE TABLE t (a int CONSTRAINT tp REFERENCES p) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
      "CREATE TABLE r (id int, PRIMARY KEY (id)) PARTITION BY LIST (id); CREATE TABLE r1 PARTITION OF r FOR VALUES IN (1);"
      "CREATE TABLE s (a int CONSTRAINT sr REFERENCES r ON DELETE SET NULL);"
      "INSERT INTO p SELECT generate_series(1, 9); INSERT INTO c VALUES (1, 1, 1); INSERT INTO t VALUES (1); INSERT INTO r VALUES (1); INSERT INTO s VALUES (1)");
  g_autoptr (GError) error = NULL;
  g_autofree char *states = NULL;
  const PgmProblem *problem;

  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pgm_steps_build_indexes (steps);
  pgm_test_cluster_execute (cluster, "keys_copy", "UPDATE c SET q = 77");
  pretend_size (steps, 100 << 20);
  g_assert_true (pgm_foreign_keys_restore (&steps->ctx, 3, NULL, &error));
  g_assert_no_error (error);
  pgm_steps_assert_problems (steps, 1);
  problem = pgm_steps_find_problem (steps, "foreign key bad on public.c");
  g_assert_nonnull (problem);
  g_assert_cmpstr (problem->sql, ==,
                   "ALTER TABLE ONLY \"public\".\"c\" VALIDATE CONSTRAINT \"bad\"");
  states = pgm_test_cluster_query (
      cluster, "keys_copy",
      "SELECT string_agg(conname || ':' || convalidated, ' ' ORDER BY conname) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0");
  g_assert_cmpstr (states, ==, "bad:false cycle:true good:true old:false sr:true tp:true");
  /* Again, as --resume does: only what is missing. */
  pgm_test_cluster_execute (cluster, "keys_copy",
                            "UPDATE c SET q = 1; ALTER TABLE c DROP CONSTRAINT good");
  steps->ctx.report->constraints = 0;
  g_assert_true (pgm_foreign_keys_restore (&steps->ctx, 3, NULL, &error));
  g_assert_cmpuint (steps->ctx.report->constraints, ==, 1);
  pgm_steps_run_rest (steps);
  assert_same_schema ("keys");
}

/* A run that ended between an index and its constraint, or before the flags. */
static void
test_half_done (void)
{
  g_autoptr (PgmSteps) steps = NULL;

  steps = make (
      "half",
      "CREATE TABLE t (id int PRIMARY KEY, v int, UNIQUE (v) DEFERRABLE); CREATE INDEX t_i ON t (v, id);"
      "ALTER TABLE t CLUSTER ON t_i; INSERT INTO t SELECT i, i FROM generate_series(1, 100) i;"
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)");
  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pgm_test_cluster_execute (
      cluster, "half_copy",
      "CREATE UNIQUE INDEX t_pkey ON t (id); CREATE UNIQUE INDEX t_v_key ON t (v); CREATE INDEX t_i ON t (v, id);"
      "ALTER TABLE ONLY p ADD CONSTRAINT p_pkey PRIMARY KEY (id); ALTER TABLE p1 ADD CONSTRAINT p1_pkey PRIMARY KEY (id);"
      "ALTER INDEX p_pkey ATTACH PARTITION p1_pkey");
  pretend_size (steps, 100 << 20);
  pgm_steps_build_indexes (steps);
  pgm_steps_assert_problems (steps, 0);
  g_assert_cmpuint (steps->ctx.report->indexes, ==, 1);
  g_assert_cmpuint (steps->ctx.report->constraints, ==, 3);
  assert_same_schema ("half");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (pgm_steps_major (), NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/index/small", test_small);
  g_test_add_func ("/index/large", test_large);
  g_test_add_func ("/index/failure", test_failure);
  g_test_add_func ("/index/failure-large", test_failure_large);
  g_test_add_func ("/index/F22-invalid", test_invalid);
  g_test_add_func ("/index/F18-search-path", test_search_path);
  g_test_add_func ("/index/cancel", test_cancel);
  g_test_add_func ("/index/lost", test_lost);
  g_test_add_func ("/index/table-sql", test_table_sql);
  g_test_add_func ("/index/F23-foreign-keys", test_foreign_keys);
  g_test_add_func ("/index/half-done", test_half_done);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
