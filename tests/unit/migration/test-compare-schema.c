#include "comparison.h"

#include <string.h>

#include "core/child.h"
#include "rich-database.h"

/* Each class of objects, changed once on the destination, is found; and a schema
 * that went through pg_dump, also to a newer major, differs in nothing. */

typedef struct
{
  const char *change;
  const char *object_class;
  const char *identity;
  const char *state;
} Change;

/* Made one after the other in the same database. */
static const Change changes[] = {
  { "CREATE SCHEMA extra", "schema", "extra", "only-destination" },
  { "DROP EXTENSION hstore CASCADE", "extension", "hstore", "only-source" },
  { "ALTER TYPE shop.mood ADD VALUE 'last'", "type", "shop.mood", "different" },
  { "ALTER TYPE shop.addr ADD ATTRIBUTE x int", "type", "shop.addr", "different" },
  { "ALTER DOMAIN shop.vd SET DEFAULT 'a'", "domain", "shop.vd", "different" },
  { "ALTER DOMAIN shop.email DROP CONSTRAINT len", "domain", "shop.email", "different" },
  { "ALTER TABLE shop.par2 ALTER z TYPE bigint", "table", "shop.par2", "different" },
  { "ALTER TABLE shop.customers ALTER note SET STORAGE MAIN", "table", "shop.customers",
    "different" },
  { "ALTER TABLE shop.tmpdata SET LOGGED", "table", "shop.tmpdata", "different" },
  { "ALTER TABLE shop.parent ADD q int", "table", "shop.parent", "different" },
  { "ALTER TABLE shop.res REPLICA IDENTITY FULL", "table", "shop.res", "different" },
  { "ALTER TABLE shop.deff SET (fillfactor = 50)", "table", "shop.deff", "different" },
  { "ALTER TABLE shop.refevents ALTER eid SET DEFAULT 1", "table", "shop.refevents", "different" },
  { "ALTER TABLE shop.par2 ALTER z SET NOT NULL", "table", "shop.par2", "different" },
  { "ALTER TABLE shop.events DETACH PARTITION shop.events_1", "table", "shop.events_1",
    "different" },
  { "DROP TABLE \"Mixed Case\".\"Weird \"\"Table\"", "table", "\"Mixed Case\".\"Weird \"\"Table\"",
    "only-source" },
  { "ALTER SEQUENCE shop.free_seq INCREMENT 6", "sequence", "shop.free_seq", "different" },
  { "ALTER SEQUENCE shop.customers_id_seq OWNED BY NONE", "sequence", "shop.customers_id_seq",
    "different" },
  { "CREATE OR REPLACE VIEW shop.v5 AS SELECT status, count(*) n, sum(last) s FROM shop.customers GROUP BY status HAVING count(*) > 2",
    "view", "shop.v5", "different" },
  { "ALTER VIEW shop.v2 SET (security_barrier = off)", "view", "shop.v2", "different" },
  { "REFRESH MATERIALIZED VIEW shop.mv_empty", "materialized view", "shop.mv_empty", "different" },
  { "DROP INDEX shop.orders_placed; CREATE INDEX orders_placed ON shop.orders (placed)", "index",
    "shop.orders_placed", "different" },
  { "ALTER TABLE shop.orders SET WITHOUT CLUSTER", "index", "shop.orders_pkey", "different" },
  { "DROP INDEX shop.orders_expr", "index", "shop.orders_expr", "only-source" },
  { "ALTER TABLE shop.customers DROP CONSTRAINT customers_status_check; ALTER TABLE shop.customers ADD CONSTRAINT customers_status_check CHECK (status IN ('new','old'))",
    "constraint", "customers_status_check ON shop.customers", "different" },
  { "ALTER TABLE shop.res VALIDATE CONSTRAINT nv", "constraint", "nv ON shop.res", "different" },
  { "ALTER TABLE shop.orders DROP CONSTRAINT orders_customer_fkey", "constraint",
    "orders_customer_fkey ON shop.orders", "only-source" },
  { "ALTER TABLE shop.customers ENABLE TRIGGER t1", "trigger", "t1 ON shop.customers",
    "different" },
  { "DROP TRIGGER t3 ON shop.orders", "trigger", "t3 ON shop.orders", "only-source" },
  { "ALTER TABLE shop.tmpdata DISABLE RULE r2", "rule", "r2 ON shop.tmpdata", "different" },
  { "ALTER POLICY pol ON shop.customers USING (true)", "policy", "pol ON shop.customers",
    "different" },
  { "ALTER TABLE shop.deff ENABLE ROW LEVEL SECURITY", "table", "shop.deff", "different" },
  { "ALTER STATISTICS shop.st SET STATISTICS 55", "extended statistics", "shop.st", "different" },
  { "CREATE OR REPLACE FUNCTION shop.trg() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'",
    "function", "shop.trg()", "different" },
  { "ALTER FUNCTION shop.f(int, text) COST 51", "function", "shop.f(a integer, b text)",
    "different" },
  { "DROP PROCEDURE shop.p(int)", "procedure", "shop.p(INOUT a integer)", "only-source" },
  { "DROP AGGREGATE shop.mysum(int); CREATE AGGREGATE shop.mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1')",
    "aggregate", "shop.mysum(integer)", "different" },
  { "ALTER OPERATOR shop.=== (int, text) SET (RESTRICT = eqsel)", "operator",
    "shop.===(integer,text)", "different" },
  { "DROP CAST (shop.addr AS text)", "cast", "(shop.addr AS text)", "only-source" },
  { "DROP OPERATOR CLASS shop.ioc USING btree", "operator class", "shop.ioc USING btree",
    "only-source" },
  { "CREATE COLLATION shop.fr (provider = icu, locale = 'fr')", "collation", "shop.fr",
    "only-destination" },
  { "DROP CONVERSION shop.conv", "conversion", "shop.conv", "only-source" },
  { "ALTER TEXT SEARCH CONFIGURATION shop.tsc DROP MAPPING FOR asciiword",
    "text search configuration", "shop.tsc", "different" },
  { "ALTER TEXT SEARCH DICTIONARY shop.tsd (accept = false)", "text search dictionary", "shop.tsd",
    "different" },
  { "CREATE FOREIGN DATA WRAPPER fw2", "foreign-data wrapper", "fw2", "only-destination" },
  { "ALTER SERVER srv OPTIONS (SET password 'anders')", "foreign server", "srv", "different" },
  { "ALTER USER MAPPING FOR app_owner SERVER srv OPTIONS (SET password 'x')", "user mapping",
    "app_owner ON srv", "different" },
  { "ALTER FOREIGN TABLE shop.ft OPTIONS (SET t 'r')", "foreign table", "shop.ft", "different" },
  { "ALTER PUBLICATION pub DROP TABLE shop.orders", "publication", "pub", "different" },
  { "ALTER EVENT TRIGGER et DISABLE", "event trigger", "et", "different" },
  { "ALTER TABLE shop.orders OWNER TO app_owner", "owner", "table shop.orders", "different" },
  { "ALTER SCHEMA shop OWNER TO postgres", "owner", "schema shop", "different" },
  { "REVOKE INSERT ON shop.customers FROM \"Reader Role\"", "privileges", "table shop.customers",
    "different" },
  { "REVOKE SELECT (id) ON shop.orders FROM \"Reader Role\"", "privileges", "column shop.orders.id",
    "only-source" },
  { "GRANT EXECUTE ON FUNCTION shop.f(int, text) TO PUBLIC", "privileges",
    "function shop.f(a integer, b text)", "only-source" },
  { "REVOKE SELECT ON LARGE OBJECT 77001 FROM \"Reader Role\"", "privileges", "large object 77001",
    "only-source" },
  { "ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM \"Reader Role\"",
    "default privileges", "of postgres in schema shop on tables", "only-source" },
  { "COMMENT ON COLUMN shop.customers.name IS 'another'", "comment",
    "table column shop.customers.name", "different" },
  { "COMMENT ON LARGE OBJECT 77001 IS NULL", "comment", "large object 77001", "only-source" },
  { "ALTER DATABASE copy SET work_mem = '10MB'", "setting", "work_mem for all roles", "different" },
};

static PgmTestCluster *cluster;

static PgmReport *
compare_copy (void)
{
  return comparison_run (pgm_test_cluster_get_uri (cluster, "rich"),
                         pgm_test_cluster_get_uri (cluster, "copy"),
                         comparison_options (TRUE, FALSE));
}

static void
assert_found (const Change *change, PgmReport *report)
{
  const PgmObjectDifference *found =
      comparison_find_object (report, change->object_class, change->identity);

  if (found == NULL)
    {
      g_autofree char *text = comparison_describe (report);

      g_error ("not found after %s: %s %s; only\n%s", change->change, change->object_class,
               change->identity, text);
    }
  g_assert_cmpstr (found->state, ==, change->state);
  g_assert_true ((found->source_ddl == NULL) == g_str_equal (change->state, "only-destination"));
  g_assert_true ((found->destination_ddl == NULL) == g_str_equal (change->state, "only-source"));
  g_assert_null (found->source_ddl != NULL ? strstr (found->source_ddl, "geheim") : NULL);
  g_assert_cmpint (report->outcome, ==, PGM_OUTCOME_DIFFERENT);
}

static void
test_every_class (void)
{
  PgmReport *report = NULL;

  pgm_test_cluster_execute (cluster, "postgres", "CREATE DATABASE copy TEMPLATE rich");
  pgm_test_cluster_execute (cluster, "postgres",
                            "ALTER DATABASE copy SET work_mem = '9MB';"
                            "ALTER ROLE app_owner IN DATABASE copy SET search_path = shop, public");
  report = comparison_run (pgm_test_cluster_get_uri (cluster, "rich"),
                           pgm_test_cluster_get_uri (cluster, "copy"), NULL);
  comparison_assert_equal (report);
  g_assert_cmpuint (report->objects_compared, >, 150);

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      const Change *change = &changes[i];

      g_test_message ("%s", change->change);
      /* Tables are changed more than once on the way. */
      if (!g_str_equal (change->object_class, "table"))
        g_assert_null (comparison_find_object (report, change->object_class, change->identity));
      pgm_record_unref (report);
      pgm_test_cluster_execute (cluster, "copy", change->change);
      report = compare_copy ();
      assert_found (change, report);
    }
  pgm_record_unref (report);
}

static void
test_options (void)
{
  PgmCompareOptions *options = comparison_options (TRUE, FALSE);
  PgmReport *report = NULL;

  pgm_test_cluster_create_database (cluster, "some", NULL);
  pgm_test_cluster_create_database (cluster, "other", NULL);
  pgm_test_cluster_execute (cluster, "some",
                            "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (a int);"
                            "CREATE TABLE two.t (a serial); COMMENT ON TABLE two.t IS 'x';"
                            "GRANT SELECT ON one.t TO app_owner");
  pgm_test_cluster_execute (cluster, "other",
                            "CREATE SCHEMA one; CREATE TABLE one.t (a int);"
                            "ALTER TABLE one.t OWNER TO app_owner");
  options->include = g_strsplit ("one", ",", -1);
  options->no_owner = TRUE;
  options->no_acl = TRUE;
  report = comparison_run (pgm_test_cluster_get_uri (cluster, "some"),
                           pgm_test_cluster_get_uri (cluster, "other"), options);
  comparison_assert_equal (report);
  pgm_record_unref (report);

  report = comparison_run (pgm_test_cluster_get_uri (cluster, "some"),
                           pgm_test_cluster_get_uri (cluster, "other"),
                           comparison_options (TRUE, FALSE));
  g_assert_nonnull (comparison_find_object (report, "owner", "table one.t"));
  g_assert_nonnull (comparison_find_object (report, "privileges", "table one.t"));
  g_assert_nonnull (comparison_find_object (report, "schema", "two"));
  g_assert_nonnull (comparison_find_object (report, "table", "two.t"));
  /* What hangs on the missing table goes without saying. */
  g_assert_null (comparison_find_object (report, "sequence", "two.t_a_seq"));
  g_assert_null (comparison_find_object (report, "comment", "table two.t"));
  pgm_record_unref (report);
}

/* pg_dump of @newer writes what is known of @older into a file. */
static char *
dump (PgmTestCluster *older, PgmTestCluster *newer)
{
  g_autofree char *program =
      g_build_filename (pgm_test_cluster_get_bindir (newer), "pg_dump", NULL);
  const char *argv[] = { program, "-d", pgm_test_cluster_get_uri (older, "rich"), NULL };
  g_autoptr (GError) error = NULL;
  PgmChildResult *result =
      pgm_child_run (argv, NULL, NULL, -1, -1, PGM_CHILD_KEEP_OUTPUT, NULL, &error);
  g_autofree char *text = NULL;
  g_autoptr (GRegex) own = g_regex_new ("ALTER [^;]* SET \\(pg_attver=[0-9]+\\);", 0, 0, NULL);
  g_autoptr (GRegex) beside = g_regex_new ("pg_attver=[0-9]+, *|, *pg_attver=[0-9]+", 0, 0, NULL);
  g_autofree char *without = NULL;
  char *clean = NULL;

  g_assert_no_error (error);
  g_test_message ("%s", result->errors);
  g_assert_cmpint (result->status, ==, 0);
  text = g_strndup (g_bytes_get_data (result->output, NULL), g_bytes_get_size (result->output));
  pgm_child_result_free (result);
  without = g_regex_replace_literal (own, text, -1, 0, "", 0, NULL);
  clean = g_regex_replace_literal (beside, without, -1, 0, "", 0, NULL);
  return clean;
}

static void
restore_and_compare (PgmTestCluster *source, PgmTestCluster *destination, const char *dbname)
{
  g_autofree char *text = dump (source, destination);
  g_autofree char *settings =
      g_strdup_printf ("ALTER DATABASE %s SET work_mem = '9MB';"
                       "ALTER ROLE app_owner IN DATABASE %s SET search_path = shop, public",
                       dbname, dbname);
  PgmReport *report = NULL;

  pgm_test_cluster_create_database (destination, dbname, NULL);
  pgm_test_cluster_execute (destination, dbname, text);
  pgm_test_cluster_execute (destination, dbname, settings);
  report = comparison_run (pgm_test_cluster_get_uri (source, "rich"),
                           pgm_test_cluster_get_uri (destination, dbname), NULL);
  comparison_assert_equal (report);
  pgm_record_unref (report);
}

static void
test_restored (void)
{
  restore_and_compare (cluster, cluster, "restored");
}

static void
test_versions (gconstpointer data)
{
  int source_major = GPOINTER_TO_INT (data) / 100;
  int destination_major = GPOINTER_TO_INT (data) % 100;
  g_autofree char *source_bindir = pgm_test_cluster_find_bindir (source_major);
  g_autofree char *destination_bindir = pgm_test_cluster_find_bindir (destination_major);
  g_autoptr (PgmTestCluster) source = NULL;
  g_autoptr (PgmTestCluster) destination = NULL;

  if (source_bindir == NULL || destination_bindir == NULL)
    {
      g_test_skip ("these versions of PostgreSQL are not here");
      return;
    }
  source = pgm_test_cluster_new (source_major, NULL, NULL);
  destination = pgm_test_cluster_new (destination_major, NULL, NULL);
  g_assert_nonnull (source);
  g_assert_nonnull (destination);
  pgm_test_cluster_create_database (source, "rich", NULL);
  pgm_test_cluster_execute (source, "rich", rich_sql);
  pgm_test_cluster_execute (destination, NULL,
                            "CREATE ROLE app_owner; CREATE ROLE \"Reader Role\"");
  restore_and_compare (source, destination, "restored");
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_create_database (cluster, "rich", NULL);
  pgm_test_cluster_execute (cluster, "rich", rich_sql);
  g_test_add_func ("/migration/compare-schema/every-class", test_every_class);
  g_test_add_func ("/migration/compare-schema/options", test_options);
  g_test_add_func ("/migration/compare-schema/restored", test_restored);
  g_test_add_data_func ("/migration/compare-schema/13-to-17", GINT_TO_POINTER (1317),
                        test_versions);
  g_test_add_data_func ("/migration/compare-schema/15-to-18", GINT_TO_POINTER (1518),
                        test_versions);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
