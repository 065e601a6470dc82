#include "steps.h"

#include <stdlib.h>
#include <string.h>

#include "migration/schema.h"
#include "migration/toc.h"

/* Something of every kind that a schema dump can hold, indexes and keys in
 * every shape (F13, F16-F25, F30, F34-F36). */
static const char rich_sql[] =
    "CREATE SCHEMA \"My Schema\" AUTHORIZATION alice; CREATE SCHEMA shop; COMMENT ON SCHEMA shop IS 'the shop';"
    "CREATE TYPE shop.mood AS ENUM ('a','b'); CREATE DOMAIN shop.pos AS int CHECK (VALUE > 0);"
    "CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, m shop.mood, p shop.pos, fav int);"
    "CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 10), customer int, note text,"
    "  CONSTRAINT orders_pk PRIMARY KEY (id) INCLUDE (note) WITH (fillfactor=70) DEFERRABLE INITIALLY DEFERRED);"
    "ALTER TABLE shop.orders ADD CONSTRAINT orders_cust FOREIGN KEY (customer) REFERENCES shop.customers(id) ON DELETE CASCADE;"
    "ALTER TABLE shop.customers ADD CONSTRAINT cust_fav FOREIGN KEY (fav) REFERENCES shop.customers(id) NOT VALID;"
    "CREATE INDEX orders_note ON shop.orders (lower(note)) WHERE id > 10;"
    "CREATE INDEX orders_brin ON shop.orders USING brin (id) WITH (pages_per_range=16);"
    "CREATE UNIQUE INDEX orders_u ON shop.orders (customer, id DESC NULLS LAST);"
    "ALTER TABLE shop.orders CLUSTER ON orders_u; ALTER INDEX shop.orders_note ALTER COLUMN 1 SET STATISTICS 500;"
    "COMMENT ON INDEX shop.orders_note IS 'a note index'; COMMENT ON CONSTRAINT orders_pk ON shop.orders IS 'pk comment';"
    "CREATE TABLE shop.ri (a int NOT NULL, b int, UNIQUE (b) WITH (fillfactor=50) DEFERRABLE); CREATE UNIQUE INDEX ri_a ON shop.ri(a);"
    "ALTER TABLE shop.ri REPLICA IDENTITY USING INDEX ri_a; ALTER TABLE shop.ri ADD CONSTRAINT ck CHECK (b > 0) NOT VALID;"
    "CREATE TABLE shop.ex (r int4range, EXCLUDE USING gist (r WITH &&) WITH (fillfactor=60) WHERE (NOT isempty(r)) DEFERRABLE);"
    "CREATE TABLE shop.part (id int, t text, d date NOT NULL, PRIMARY KEY (id, d), UNIQUE (d, id, t)) PARTITION BY RANGE (d);"
    "CREATE TABLE shop.part1 PARTITION OF shop.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    "CREATE TABLE shop.part2 PARTITION OF shop.part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY HASH (id);"
    "CREATE TABLE shop.part2a PARTITION OF shop.part2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE shop.part2b PARTITION OF shop.part2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    "CREATE INDEX part_t ON shop.part (t); ALTER INDEX shop.part2a_t_idx RENAME TO funny_name; CREATE INDEX part1_own ON shop.part1 (t, id);"
    "CREATE INDEX part_only ON ONLY shop.part (id);"
    "CREATE TABLE shop.refpart (id int, d date, FOREIGN KEY (id, d) REFERENCES shop.part (id, d));"
    "CREATE TABLE shop.pfk (id int, c int REFERENCES shop.customers) PARTITION BY LIST (id);"
    "CREATE TABLE shop.pfk1 PARTITION OF shop.pfk FOR VALUES IN (1);"
    "CREATE TABLE shop.cycle1 (id int PRIMARY KEY, o int); CREATE TABLE shop.cycle2 (id int PRIMARY KEY, o int REFERENCES shop.cycle1);"
    "ALTER TABLE shop.cycle1 ADD FOREIGN KEY (o) REFERENCES shop.cycle2 DEFERRABLE INITIALLY DEFERRED;"
    "INSERT INTO shop.cycle1 VALUES (1, NULL); INSERT INTO shop.cycle2 VALUES (1, 1); UPDATE shop.cycle1 SET o = 1;"
    "CREATE VIEW shop.v AS SELECT id, name, count(*) FROM shop.customers GROUP BY id;"
    "CREATE MATERIALIZED VIEW shop.mv1 AS SELECT * FROM shop.v; CREATE MATERIALIZED VIEW shop.a_mv AS SELECT name FROM shop.mv1;"
    "CREATE UNIQUE INDEX a_mv_i ON shop.a_mv (name); CREATE MATERIALIZED VIEW shop.mvempty AS SELECT 1 AS x WITH NO DATA;"
    "CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN -- hello; 'x'\n RETURN NEW; END$$;"
    "CREATE TRIGGER trg BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.f(); ALTER TABLE shop.orders DISABLE TRIGGER trg;"
    "COMMENT ON TRIGGER trg ON shop.orders IS 'tc'; CREATE RULE r1 AS ON INSERT TO shop.ri DO ALSO NOTHING;"
    "ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY; CREATE POLICY pol ON shop.customers FOR SELECT TO alice USING (id > 0);"
    "CREATE PUBLICATION pub FOR TABLE shop.orders; CREATE STATISTICS shop.st ON id, name FROM shop.customers;"
    "CREATE FUNCTION shop.et() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;"
    "CREATE EVENT TRIGGER et ON ddl_command_start EXECUTE FUNCTION shop.et(); COMMENT ON EVENT TRIGGER et IS 'evt';"
    "CREATE TABLE \"My Schema\".\"T 1\" (\"Id x\" int PRIMARY KEY, \"q\"\"uote\" text); ALTER TABLE \"My Schema\".\"T 1\" OWNER TO alice;"
    "GRANT SELECT ON \"My Schema\".\"T 1\" TO bob; REVOKE INSERT ON \"My Schema\".\"T 1\" FROM alice;"
    "GRANT USAGE ON SCHEMA shop TO bob; GRANT SELECT (id) ON shop.orders TO bob;"
    "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO bob; CREATE UNLOGGED TABLE shop.unl (a int);"
    "INSERT INTO shop.customers (name) SELECT 'c' || i FROM generate_series(1,100) i;"
    "INSERT INTO shop.orders (customer, note) SELECT 1+i%100, 'note '||i FROM generate_series(1,1000) i;"
    "INSERT INTO shop.part SELECT i, 't'||i, '2020-06-01'::date + (i % 500) FROM generate_series(1,1000) i;"
    "REFRESH MATERIALIZED VIEW shop.mv1; REFRESH MATERIALIZED VIEW shop.a_mv;"
    "CREATE SEQUENCE shop.never START 42; CREATE SEQUENCE shop.cached CACHE 50; SELECT nextval('shop.cached');"
    "CREATE SEQUENCE shop.down INCREMENT -3 MAXVALUE 100 START 100; SELECT nextval('shop.down'), nextval('shop.down');";

static const char rich_large_objects_sql[] =
    "SELECT lo_from_bytea(100000 + i, convert_to(repeat('ab', i), 'UTF8')) FROM generate_series(1, 450) i;"
    "SELECT lo_from_bytea(777777, convert_to(repeat('0123456789', 4000000),'UTF8')); SELECT lo_create(888888);"
    "ALTER LARGE OBJECT 777777 OWNER TO alice; GRANT SELECT ON LARGE OBJECT 777777 TO bob WITH GRANT OPTION;"
    "REVOKE UPDATE ON LARGE OBJECT 777777 FROM alice; COMMENT ON LARGE OBJECT 777777 IS 'it''s big';";

static const char large_objects_sql[] =
    "SELECT m.oid, m.lomowner::regrole, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(m.lomacl) a),"
    " obj_description(m.oid, 'pg_largeobject'), md5(lo_get(m.oid)) FROM pg_largeobject_metadata m ORDER BY 1";

static const char contents_sql[] =
    "SELECT 'customers', count(*), sum(hashtextextended(c::text, 0)) FROM shop.customers c UNION ALL"
    " SELECT 'part', count(*), sum(hashtextextended(c::text, 0)) FROM shop.part c UNION ALL"
    " SELECT 'mv', count(*), sum(hashtextextended(c::text, 0)) FROM shop.a_mv c UNION ALL"
    " SELECT 'seq', last_value, is_called::int FROM shop.never UNION ALL SELECT 'seq', last_value, is_called::int FROM shop.cached"
    " UNION ALL SELECT 'seq', last_value, is_called::int FROM shop.down UNION ALL SELECT 'seq', last_value, is_called::int FROM shop.customers_id_seq"
    " UNION ALL SELECT 'seq', last_value, is_called::int FROM shop.orders_id_seq"
    " UNION ALL SELECT 'populated', sum(relispopulated::int), count(*) FROM pg_class WHERE relkind = 'm'";

static PgmTestCluster *cluster;

static void
make_database (const char *name)
{
  pgm_test_cluster_create_database (cluster, name, NULL);
}

static void
assert_same_query (const char *one, const char *other, const char *sql)
{
  g_autofree char *a = pgm_test_cluster_query (cluster, one, sql);
  g_autofree char *b = pgm_test_cluster_query (cluster, other, sql);

  pgm_steps_assert_same (a, b);
}

static void
test_everything (void)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  make_database ("rich");
  make_database ("rich_copy");
  pgm_test_cluster_execute (cluster, "rich", rich_sql);
  pgm_test_cluster_execute (cluster, "rich", rich_large_objects_sql);
  if (pgm_test_cluster_get_major (cluster) >= 15)
    pgm_test_cluster_execute (
        cluster, "rich",
        "CREATE UNIQUE INDEX nnd_i ON shop.orders (customer, note) NULLS NOT DISTINCT;"
        "CREATE TABLE shop.nnd (a int, UNIQUE NULLS NOT DISTINCT (a))");
  {
    g_autoptr (PgmSteps) steps = pgm_steps_new (cluster, "rich", cluster, "rich_copy", NULL);

    pgm_steps_run_all (steps);
    pgm_steps_assert_problems (steps, 0);
    g_assert_cmpuint (steps->ctx.report->large_objects, ==, 452);
    g_assert_cmpuint (steps->ctx.report->sequences, ==, steps->ctx.catalog->sequences->len);
  }
  before = pgm_steps_dump (cluster, "rich");
  after = pgm_steps_dump (cluster, "rich_copy");
  pgm_steps_assert_same (before, after);
  assert_same_query ("rich", "rich_copy", contents_sql);
  assert_same_query ("rich", "rich_copy", large_objects_sql);
  assert_same_query (
      "rich", "rich_copy",
      "SELECT c.oid::regclass::text, relispopulated FROM pg_class c WHERE relkind IN ('m') ORDER BY 1");
  assert_same_query (
      "rich", "rich_copy",
      "SELECT indexrelid::regclass::text, indisvalid, indisclustered, indisreplident FROM pg_index"
      " WHERE indrelid >= 16384 AND indexrelid::regclass::text NOT LIKE 'pg_toast%' ORDER BY indexrelid::regclass::text COLLATE \"C\"");
}

/* Objects that can't be made are named with their SQL, each, and hide no other. */
static void
test_problems (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmTestCluster) other = pgm_test_cluster_new (pgm_steps_major (), NULL, &error);
  g_autoptr (PgmSteps) steps = NULL;
  const PgmProblem *problem;
  g_autofree char *triggers = NULL;

  g_assert_no_error (error);
  make_database ("sick");
  pgm_test_cluster_create_database (other, "sick", NULL);
  pgm_test_cluster_execute (
      cluster, "sick",
      "CREATE TABLE t (id int PRIMARY KEY, v int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
      "CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
      "CREATE POLICY only_alice ON t TO alice USING (true); CREATE POLICY everyone ON t USING (true);"
      "GRANT SELECT ON t TO bob; INSERT INTO t SELECT i, 7 FROM generate_series(1, 10) i");
  steps = pgm_steps_new (cluster, "sick", other, "sick", NULL);
  pgm_steps_restore_schema (steps);
  pgm_steps_copy_rows (steps);
  pgm_steps_build_indexes (steps);
  pgm_steps_run_rest (steps);
  pgm_steps_assert_problems (steps, 2);
  problem = pgm_steps_find_problem (steps, "POLICY public t only_alice");
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem->sql, "CREATE POLICY only_alice ON public.t"));
  g_assert_null (strstr (problem->sql, "SET "));
  g_assert_nonnull (strstr (problem->reason, "alice"));
  problem = pgm_steps_find_problem (steps, "ACL public TABLE t");
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem->sql, "GRANT SELECT ON TABLE public.t TO bob"));
  triggers = pgm_test_cluster_query (
      other, "sick",
      "SELECT string_agg(tgname::text, ',' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal"
      " UNION ALL SELECT string_agg(polname::text, ',') FROM pg_policy");
  g_assert_cmpstr (triggers, ==, "a,z\neveryone");
}

static int
compare_lines (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* A privilege that is granted again goes to the end of its list. */
static char *
sort_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  qsort (lines, g_strv_length (lines), sizeof *lines, compare_lines);
  return g_strjoinv ("\n", lines);
}

/* What --resume does when the run before ended after post-data. */
static void
test_twice (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *sorted = NULL;
  g_autofree char *sorted_after = NULL;

  make_database ("twice");
  make_database ("twice_copy");
  pgm_test_cluster_execute (cluster, "twice", rich_sql);
  {
    g_autoptr (PgmSteps) steps = pgm_steps_new (cluster, "twice", cluster, "twice_copy", NULL);

    pgm_steps_run_all (steps);
    pgm_steps_assert_problems (steps, 0);
  }
  pgm_test_cluster_execute (
      cluster, "twice_copy",
      "DROP EVENT TRIGGER et; DROP TRIGGER trg ON shop.orders; DROP INDEX shop.orders_note;"
      "ALTER TABLE shop.orders DROP CONSTRAINT orders_cust; DROP RULE r1 ON shop.ri");
  {
    g_autoptr (PgmSteps) steps = pgm_steps_new (cluster, "twice", cluster, "twice_copy", NULL);

    steps->spec->clone->resume = TRUE;
    g_assert_true (pgm_schema_dump (&steps->ctx, NULL, &error));
    pgm_steps_build_indexes (steps);
    pgm_steps_run_rest (steps);
    pgm_steps_assert_problems (steps, 0);
    g_assert_cmpuint (steps->ctx.report->indexes, ==, 1);
    g_assert_cmpuint (steps->ctx.report->constraints, ==, 1);
  }
  before = pgm_steps_dump (cluster, "twice");
  after = pgm_steps_dump (cluster, "twice_copy");
  sorted = sort_lines (before);
  sorted_after = sort_lines (after);
  pgm_steps_assert_same (sorted, sorted_after);
}

/* Nothing of what was left out, and everything that what was taken needs. */
static void
test_filter (void)
{
  g_autoptr (PgmSteps) steps = NULL;
  g_autofree char *relations = NULL;
  g_autofree char *rest = NULL;

  make_database ("sieve");
  make_database ("sieve_copy");
  pgm_test_cluster_execute (cluster, "sieve", rich_sql);
  pgm_test_cluster_execute (
      cluster, "sieve",
      "CREATE SCHEMA types; CREATE TYPE types.kind AS ENUM ('x'); CREATE TYPE types.unused AS ENUM ('y');"
      "CREATE FUNCTION types.unused() RETURNS int LANGUAGE sql AS 'SELECT 1';"
      "ALTER TABLE shop.orders ADD kind types.kind; CREATE TABLE public.other (a int)");
  steps = pgm_steps_new (cluster, "sieve", cluster, "sieve_copy", "shop.orders,shop.part2*");
  pgm_steps_run_all (steps);
  pgm_steps_assert_problems (steps, 0);
  relations = pgm_test_cluster_query (
      cluster, "sieve_copy",
      "SELECT string_agg(oid::regclass::text, ' ' ORDER BY oid::regclass::text COLLATE \"C\") FROM pg_class"
      " WHERE oid >= 16384 AND relkind NOT IN ('i', 't', 'I', 'S')");
  g_assert_cmpstr (relations, ==,
                   steps->ctx.pg_dump->major < 14
                       ? "shop.orders shop.part shop.part2 shop.part2a shop.part2b"
                       : "shop.orders shop.part2 shop.part2a shop.part2b");
  rest = pgm_test_cluster_query (
      cluster, "sieve_copy",
      "SELECT (SELECT count(*) FROM pg_type t WHERE typname IN ('kind')), (SELECT count(*) FROM pg_type t WHERE typname = 'unused'),"
      " (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'types'),"
      " (SELECT count(*) FROM pg_trigger WHERE tgname = 'trg'), (SELECT count(*) FROM pg_constraint WHERE contype = 'f'),"
      " (SELECT count(*) FROM shop.part2) > 0");
  g_assert_cmpstr (rest, ==, "1|0|0|1|0|t");
}

static const char listing[] = ";\n; Archive created at …\n;     TOC Entries: 5\n;\n"
                              "7; 2615 16468 SCHEMA - My Schema alice\n"
                              "235; 1259 16633 TABLE My Schema T 1; x alice\n;\tdepends on: 7 \n"
                              "3557; 0 0 ACL My Schema TABLE \"T 1\" alice\n;\tdepends on: 235 7\n"
                              "3389; 2606 16501 FK CONSTRAINT shop customers cust_fav postgres\n";

static void
test_toc (void)
{
  g_autoptr (PgmToc) toc = pgm_toc_parse (
      listing, "; x\n7; 2615 16468 SCHEMA - My Schema alice\n235; 1259 16633 TABLE\n99; 1 1 X\n");
  PgmTocEntry *entry = pgm_toc_find (toc, 3557);

  g_assert_cmpuint (toc->entries->len, ==, 4);
  g_assert_cmpuint (entry->needs->len, ==, 2);
  g_assert_cmpuint (g_array_index (entry->needs, guint, 0), ==, 235);
  g_assert_cmpuint (g_array_index (entry->needs, guint, 1), ==, 7);
  g_assert_false (entry->pre_data);
  entry = pgm_toc_find (toc, 235);
  g_assert_true (entry->pre_data);
  g_assert_cmpuint (entry->catalog, ==, PGM_CATALOG_CLASS);
  g_assert_cmpuint (entry->oid, ==, 16633);
  g_assert_cmpstr (entry->text, ==, "TABLE My Schema T 1; x alice");
  g_assert_cmpuint (entry->needs->len, ==, 1);
  g_assert_true (pgm_toc_entry_is (pgm_toc_find (toc, 3389), "FK CONSTRAINT"));
  g_assert_false (pgm_toc_entry_is (pgm_toc_find (toc, 3389), "FK CONSTRAINT shop customers cust"));
  g_assert_false (pgm_toc_entry_is (pgm_toc_find (toc, 3389), "CONSTRAINT"));
  g_assert_null (pgm_toc_find (toc, 99));
}

static void
test_fingerprint (void)
{
  g_autofree char *one = NULL;
  g_autofree char *same = NULL;
  g_autofree char *changed = NULL;
  char **results[] = { &one, &same, &changed };

  make_database ("print");
  pgm_test_cluster_execute (cluster, "print", "CREATE TABLE t (a int PRIMARY KEY)");
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (PgmSteps) steps = NULL;
      g_autoptr (GError) error = NULL;

      if (i == 2)
        pgm_test_cluster_execute (cluster, "print", "ALTER TABLE t ADD b int");
      steps = pgm_steps_new (cluster, "print", cluster, "print", NULL);
      g_assert_true (pgm_schema_dump (&steps->ctx, NULL, &error));
      *results[i] = pgm_schema_fingerprint (&steps->ctx, NULL, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpuint (strlen (one), ==, 64);
  g_assert_cmpstr (one, ==, same);
  g_assert_cmpstr (one, !=, changed);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (pgm_steps_major (), NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_execute (cluster, NULL, "CREATE ROLE alice; CREATE ROLE bob");
  g_test_add_func ("/schema/everything", test_everything);
  g_test_add_func ("/schema/problems", test_problems);
  g_test_add_func ("/schema/twice", test_twice);
  g_test_add_func ("/schema/filter", test_filter);
  g_test_add_func ("/schema/fingerprint", test_fingerprint);
  g_test_add_func ("/schema/toc", test_toc);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
