/* The preflight's lines, between real servers. */
#include "config.h"

#include <string.h>

#include "preflight-bench.h"

static const char rich_sql[] =
    "CREATE TABLE plain (id int PRIMARY KEY, t text);"
    "CREATE TABLE keyless (a int);"
    "CREATE UNLOGGED TABLE fleeting (a int PRIMARY KEY);"
    "CREATE TABLE guarded (id int PRIMARY KEY); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;"
    "CREATE FOREIGN DATA WRAPPER fdw; CREATE SERVER far FOREIGN DATA WRAPPER fdw;"
    "CREATE FOREIGN TABLE away (a int) SERVER far;"
    "CREATE INDEX plain_t ON plain (t);"
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'plain_t'::regclass;"
    "SELECT lo_from_bytea(4711, 'abc');"
    "CREATE PUBLICATION news FOR TABLE plain;"
    "CREATE SUBSCRIPTION digest CONNECTION 'host=/nowhere dbname=x' PUBLICATION p"
    "  WITH (connect = false, slot_name = NONE);"
    "CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION on_ddl();"
    "BEGIN; INSERT INTO keyless VALUES (1); PREPARE TRANSACTION 'half';";

typedef struct
{
  PgmTestCluster *a;
  PgmTestCluster *b;
} Pair;

/* One pair of clusters serves all tests, with fresh databases for each. */
static void
pair_refresh (Pair *self)
{
  pgm_test_cluster_execute (self->a, "postgres", "DROP DATABASE IF EXISTS shop WITH (FORCE)");
  pgm_test_cluster_execute (self->b, "postgres", "DROP DATABASE IF EXISTS copy WITH (FORCE)");
  pgm_test_cluster_create_database (self->a, "shop", NULL);
  pgm_test_cluster_create_database (self->b, "copy", NULL);
}

static Bench
pair_bench (Pair *self)
{
  return (Bench){
    .source = self->a, .destination = self->b, .source_db = "shop", .destination_db = "copy"
  };
}

/* Runs again and gives up on a blocker. */
static void
expect_green (const Bench *bench)
{
  PgmReport *report = bench_run (bench);

  bench_expect_green (report);
  pgm_record_unref (report);
}

/* Each name is kebab-case, each reason a sentence, whatever the versions. */
static void
test_versions (gconstpointer data)
{
  int from = GPOINTER_TO_INT (data) / 100;
  int to = GPOINTER_TO_INT (data) % 100;
  g_autoptr (PgmTestCluster) a = bench_cluster (from, "max_prepared_transactions = 5");
  g_autoptr (PgmTestCluster) b = a != NULL ? bench_cluster (to, NULL) : NULL;
  Bench bench = { .source = a, .destination = b, .source_db = "shop", .destination_db = "copy" };
  PgmReport *report;

  if (b == NULL)
    return;
  pgm_test_cluster_create_database (a, "shop", NULL);
  pgm_test_cluster_create_database (b, "copy", NULL);
  pgm_test_cluster_execute (a, "shop", rich_sql);
  report = bench_run (&bench);
  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);

      g_assert_true (g_regex_match_simple ("^[a-z]+(-[a-z]+)*$", check->name, 0, 0));
      g_assert_true (g_str_has_suffix (check->reason, "."));
      if (strstr (check->reason, "could not be checked") != NULL)
        g_error ("%s: %s", check->name, check->reason);
      if (check->level == PGM_CHECK_BLOCKER)
        g_error ("%s: %s", check->name, check->reason);
    }
  bench_expect (report, "destination-version", to < from ? PGM_CHECK_WARNING : PGM_CHECK_OK, NULL);
  pgm_record_unref (report);
}

static void
test_rich (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (self->a, "shop", rich_sql);
  report = bench_run (&bench);
  bench_print (report);
  bench_expect_green (report);
  bench_expect (report, "source-connection", PGM_CHECK_OK, "shop");
  bench_expect (report, "source-version", PGM_CHECK_OK, "PostgreSQL 15");
  bench_expect (report, "replica-identity", PGM_CHECK_OK, "public.keyless");
  bench_expect (report, "unlogged-tables", PGM_CHECK_WARNING, "public.fleeting");
  bench_expect (report, "foreign-tables", PGM_CHECK_WARNING, "public.away");
  bench_expect (report, "row-security", PGM_CHECK_OK, "public.guarded");
  bench_expect (report, "large-objects", PGM_CHECK_OK, "1 large object");
  fix = bench_expect (report, "invalid-indexes", PGM_CHECK_WARNING, "public.plain_t");
  g_assert_cmpstr (fix, ==, "REINDEX INDEX CONCURRENTLY \"public\".\"plain_t\";");
  bench_expect (report, "publications", PGM_CHECK_OK, "news");
  bench_expect (report, "subscriptions", PGM_CHECK_WARNING, "digest");
  bench_expect (report, "event-triggers", PGM_CHECK_OK, "watch");
  fix = bench_expect (report, "old-transactions", PGM_CHECK_WARNING, "half");
  g_assert_true (g_str_has_prefix (fix, "ROLLBACK PREPARED 'half';"));
  pgm_test_cluster_execute (self->a, "shop", "ROLLBACK PREPARED 'half';\nDROP SUBSCRIPTION digest");
  bench_expect (report, "disk-space", PGM_CHECK_OK,
                g_get_user_name () == NULL ? NULL : "destination");
  bench_expect (report, "pg-dump", PGM_CHECK_OK, "pg_dump is");
  pgm_record_unref (report);
}

static void
take_drop_existing (PgmCloneOptions *options)
{
  options->drop_existing = TRUE;
}

static void
take_resume (PgmCloneOptions *options)
{
  options->resume = TRUE;
}

static void
test_not_empty (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  pgm_test_cluster_execute (self->b, "copy",
                            "CREATE SCHEMA old; CREATE TYPE old.mood AS ENUM ('a');"
                            "CREATE TABLE public.there (a int)");
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER, "3 objects");
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER, "table public.there");
  g_clear_pointer (&report, pgm_record_unref);

  bench.options = take_drop_existing;
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_WARNING, "--drop-existing");
  bench_expect_green (report);
  g_clear_pointer (&report, pgm_record_unref);

  bench.options = take_resume;
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER, "not empty");
  g_clear_pointer (&report, pgm_record_unref);

  pgm_test_cluster_execute (self->b, "copy", "CREATE SCHEMA pgmanager");
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_OK, "taken up again");
  g_clear_pointer (&report, pgm_record_unref);

  bench.options = NULL;
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER, "--resume");
  pgm_record_unref (report);
}

static void
take_data_only (PgmCloneOptions *options)
{
  options->data_only = TRUE;
}

static void
test_data_only (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  bench.options = take_data_only;
  pgm_test_cluster_execute (self->a, "shop", "CREATE TABLE one (a int); CREATE TABLE two (a int)");
  pgm_test_cluster_execute (self->b, "copy",
                            "CREATE TABLE one (a int); INSERT INTO one VALUES (1), (2)");
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER,
                "missing on the destination: public.two");
  bench_expect (report, "destination-empty", PGM_CHECK_BLOCKER, "hold rows already: public.one");
  g_clear_pointer (&report, pgm_record_unref);

  /* Pages without rows are no rows. */
  pgm_test_cluster_execute (self->b, "copy", "CREATE TABLE two (a int); DELETE FROM one");
  report = bench_run (&bench);
  bench_expect (report, "destination-empty", PGM_CHECK_OK, "are empty");
  bench_expect_green (report);
  pgm_record_unref (report);
}

static void
test_read_only (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (self->b, "copy",
                            "ALTER DATABASE copy SET default_transaction_read_only = on");
  report = bench_run (&bench);
  fix = bench_expect (report, "destination-writable", PGM_CHECK_BLOCKER, "read-only");
  /* psql's own session is read-only too, which is what the line says. */
  pgm_test_cluster_execute (self->b, "postgres", fix);
  expect_green (&bench);
  g_clear_pointer (&report, pgm_record_unref);

  pgm_test_cluster_execute (
      self->b, "postgres",
      "ALTER ROLE postgres IN DATABASE copy RESET ALL; ALTER DATABASE copy RESET ALL;"
      "ALTER SYSTEM SET default_transaction_read_only = on");
  report = bench_run (&bench);
  bench_expect (report, "destination-writable", PGM_CHECK_BLOCKER, "read-only");
  pgm_test_cluster_execute (self->b, "postgres",
                            "ALTER SYSTEM RESET default_transaction_read_only");
  pgm_record_unref (report);
}

static void
test_same_database (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  bench.destination = self->a;
  bench.destination_db = "shop";
  report = bench_run (&bench);
  bench_expect (report, "same-database", PGM_CHECK_BLOCKER, "same database");
  g_clear_pointer (&report, pgm_record_unref);

  bench.destination_db = "postgres";
  report = bench_run (&bench);
  bench_expect (report, "same-database", PGM_CHECK_OK, "one cluster");
  pgm_record_unref (report);
}

static void
take_no_owner_no_acl (PgmCloneOptions *options)
{
  options->no_owner = TRUE;
  options->no_acl = TRUE;
}

static void
test_roles (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (
      self->a, "shop",
      "CREATE ROLE \"the owner\" LOGIN; CREATE ROLE reader NOINHERIT; CREATE ROLE unused;"
      "CREATE ROLE elsewhere; CREATE TABLE t (a int);"
      "ALTER TABLE t OWNER TO \"the owner\"; GRANT SELECT ON t TO reader");
  pgm_test_cluster_execute (self->a, "postgres",
                            "CREATE TABLE x (a int); GRANT SELECT ON x TO elsewhere");
  bench.options = take_no_owner_no_acl;
  expect_green (&bench);
  bench.options = NULL;
  report = bench_run (&bench);
  fix = bench_expect (report, "roles", PGM_CHECK_BLOCKER, "reader, the owner");
  g_assert_cmpstr (fix, ==,
                   "CREATE ROLE \"reader\" NOLOGIN NOINHERIT;\nCREATE ROLE \"the owner\" LOGIN;");
  pgm_test_cluster_execute (self->b, "copy", fix);
  expect_green (&bench);
  pgm_record_unref (report);
}

static void
test_extensions (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (
      self->a, "shop", "UPDATE pg_extension SET extversion = '9.10' WHERE extname = 'plpgsql'");
  report = bench_run (&bench);
  fix = bench_expect (report, "extensions", PGM_CHECK_WARNING, "9.10");
  g_assert_cmpstr (fix, ==, "ALTER EXTENSION \"plpgsql\" UPDATE;");
  g_clear_pointer (&report, pgm_record_unref);

  pgm_test_cluster_execute (
      self->a, "shop", "UPDATE pg_extension SET extname = 'pg_nowhere' WHERE extname = 'plpgsql'");
  report = bench_run (&bench);
  bench_expect (report, "extensions", PGM_CHECK_BLOCKER, "postgresql-15-nowhere");
  pgm_record_unref (report);
}

static void
test_encodings (Pair *self)
{
  static const struct
  {
    const char *from;
    const char *to;
    PgmCheckLevel level;
    const char *part;
  } cases[] = {
    { "UTF8", "UTF8", PGM_CHECK_OK, "Both" },
    { "LATIN1", "UTF8", PGM_CHECK_OK, "converted" },
    { "UTF8", "LATIN1", PGM_CHECK_WARNING, "LATIN1 does not have" },
    { "SQL_ASCII", "UTF8", PGM_CHECK_WARNING, "not valid UTF8" },
    { "LATIN1", "SQL_ASCII", PGM_CHECK_WARNING, "keeps the bytes" },
  };
  Bench bench = pair_bench (self);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *from_db = g_strdup_printf ("from%u", i);
      g_autofree char *to_db = g_strdup_printf ("to%u", i);
      g_autofree char *from =
          g_strdup_printf ("TEMPLATE template0 LOCALE 'C' ENCODING '%s'", cases[i].from);
      g_autofree char *to =
          g_strdup_printf ("TEMPLATE template0 LOCALE 'C' ENCODING '%s'", cases[i].to);
      PgmReport *report;
      const char *fix;

      pgm_test_cluster_create_database (self->a, from_db, from);
      pgm_test_cluster_create_database (self->b, to_db, to);
      bench.source_db = from_db;
      bench.destination_db = to_db;
      report = bench_run (&bench);
      fix = bench_expect (report, "encoding", cases[i].level, cases[i].part);
      bench_expect (report, "locale", PGM_CHECK_OK, NULL);
      g_assert_cmpint (fix != NULL, ==, cases[i].level != PGM_CHECK_OK);
      pgm_record_unref (report);
    }
}

/* Without a conversion not even a session comes about. */
static void
test_no_conversion (Pair *self)
{
  g_autoptr (GError) error = NULL;
  Bench bench = pair_bench (self);
  PgmJobSpec *spec;

  pgm_test_cluster_create_database (self->a, "korean",
                                    "TEMPLATE template0 LOCALE 'C' ENCODING 'EUC_KR'");
  pgm_test_cluster_create_database (self->b, "latin",
                                    "TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'");
  bench.source_db = "korean";
  bench.destination_db = "latin";
  spec = bench_spec (&bench);
  g_assert_null (pgm_ends_open (spec, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, "EUC_KR"));
  pgm_record_unref (spec);
}

static void
test_locale (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_create_database (self->b, "plain",
                                    "TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'");
  bench.destination_db = "plain";
  report = bench_run (&bench);
  fix = bench_expect (report, "locale", PGM_CHECK_WARNING, "differently");
  pgm_test_cluster_execute (self->b, "postgres", "DROP DATABASE plain");
  pgm_test_cluster_execute (self->b, "postgres", fix);
  g_clear_pointer (&report, pgm_record_unref);
  report = bench_run (&bench);
  bench_expect (report, "locale", PGM_CHECK_OK, NULL);
  pgm_record_unref (report);
}

static void
test_collations (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  pgm_test_cluster_execute (
      self->a, "shop",
      "CREATE TABLE t (a text COLLATE \"de-x-icu\", b text COLLATE \"fr-x-icu\");"
      "UPDATE pg_collation SET collversion = '1.2.3' WHERE collname = 'de-x-icu'");
  report = bench_run (&bench);
  bench_expect (report, "source-collation-versions", PGM_CHECK_WARNING, "1.2.3");
  bench_expect (report, "destination-collation-versions", PGM_CHECK_OK, NULL);
  bench_expect (report, "collations", PGM_CHECK_OK, "(2)");
  g_clear_pointer (&report, pgm_record_unref);

  pgm_test_cluster_execute (self->b, "copy",
                            "DELETE FROM pg_collation WHERE collname = 'fr-x-icu'");
  report = bench_run (&bench);
  bench_expect (report, "collations", PGM_CHECK_BLOCKER, "fr-x-icu");
  pgm_record_unref (report);
}

static void
test_tablespaces (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (self->a, "postgres",
                            "SET allow_in_place_tablespaces = on;\n"
                            "CREATE TABLESPACE fast LOCATION ''");
  pgm_test_cluster_execute (self->a, "shop", "CREATE TABLE t (a int) TABLESPACE fast");
  report = bench_run (&bench);
  fix = bench_expect (report, "tablespaces", PGM_CHECK_WARNING, "fast");
  g_assert_true (g_str_has_prefix (fix, "CREATE TABLESPACE \"fast\" LOCATION '"));
  pgm_test_cluster_execute (self->a, "shop", "DROP TABLE t;\nDROP TABLESPACE fast");
  pgm_record_unref (report);
}

static void
take_no_tools (PgmCloneOptions *options)
{
  g_free (options->bindir);
  options->bindir = g_strdup ("/nonexistent");
}

static void
test_no_tools (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  bench.options = take_no_tools;
  report = bench_run (&bench);
  bench_expect (report, "pg-dump", PGM_CHECK_BLOCKER, NULL);
  bench_expect (report, "pg-restore", PGM_CHECK_BLOCKER, NULL);
  pgm_record_unref (report);
}

static void
test_connections (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;
  const char *fix;

  pgm_test_cluster_execute (self->a, "shop", "CREATE ROLE tight LOGIN CONNECTION LIMIT 3");
  bench.source_user = "tight";
  report = bench_run (&bench);
  fix = bench_expect (report, "source-connections", PGM_CHECK_BLOCKER, "tight");
  pgm_test_cluster_execute (self->a, "shop", fix);
  expect_green (&bench);
  pgm_record_unref (report);
}

/* A cluster with a small lock table, and more tables than fit. */
static void
test_locks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmTestCluster) a =
      bench_cluster (15, "max_locks_per_transaction = 10\nmax_connections = 30");
  Bench bench = { .source = a, .destination = a, .source_db = "shop", .destination_db = "copy" };
  PgmReport *report;
  const char *fix;

  if (a == NULL)
    return;
  pgm_test_cluster_create_database (a, "shop", NULL);
  pgm_test_cluster_create_database (a, "copy", NULL);
  pgm_test_cluster_execute (
      a, "shop",
      "DO $$ BEGIN FOR i IN 1..600 LOOP EXECUTE format('CREATE TABLE t%s (a text)', i);"
      " COMMIT; END LOOP; END $$");
  report = bench_run (&bench);
  bench_expect (report, "source-locks", PGM_CHECK_BLOCKER, "about 600 locks");
  fix = bench_expect (report, "destination-locks", PGM_CHECK_BLOCKER, "about 1800 locks");
  pgm_test_cluster_execute (a, "shop", fix);
  g_assert_true (pgm_test_cluster_restart (a, PGM_TEST_STOP_FAST, &error));
  g_clear_pointer (&report, pgm_record_unref);
  report = bench_run (&bench);
  bench_expect (report, "source-locks", PGM_CHECK_OK, NULL);
  bench_expect (report, "destination-locks", PGM_CHECK_OK, NULL);
  pgm_record_unref (report);
}

/* Two servers that have gone into standby mode without a primary are enough. */
static void
test_standby (Pair *self)
{
  g_autoptr (GError) error = NULL;
  Bench bench = pair_bench (self);
  g_autofree char *signal_file = NULL;
  PgmReport *report;

  pgm_test_cluster_execute (self->a, "shop", "CREATE UNLOGGED TABLE fleeting (a int)");
  g_assert_true (pgm_test_cluster_stop (self->a, PGM_TEST_STOP_FAST, &error));
  signal_file =
      g_build_filename (pgm_test_cluster_get_data_directory (self->a), "standby.signal", NULL);
  g_assert_true (g_file_set_contents (signal_file, "", 0, &error));
  g_assert_true (pgm_test_cluster_start (self->a, &error));
  report = bench_run (&bench);
  bench_expect (report, "standby", PGM_CHECK_WARNING, "30s");
  bench_expect (report, "unlogged-tables", PGM_CHECK_BLOCKER, "fleeting");
  bench_expect (report, "destination-writable", PGM_CHECK_OK, NULL);
  g_clear_pointer (&report, pgm_record_unref);

  bench = (Bench){
    .source = self->b, .destination = self->a, .source_db = "copy", .destination_db = "shop"
  };
  report = bench_run (&bench);
  bench_expect (report, "destination-writable", PGM_CHECK_BLOCKER, "standby");
  pgm_record_unref (report);
}

static void
take_only_plain (PgmCloneOptions *options)
{
  options->include = g_strsplit ("public.plain", ",", -1);
}

/* What is not taken is not talked about. */
static void
test_filter (Pair *self)
{
  Bench bench = pair_bench (self);
  PgmReport *report;

  pgm_test_cluster_execute (self->a, "shop", rich_sql);
  bench.options = take_only_plain;
  report = bench_run (&bench);
  g_assert_null (bench_find (report, "unlogged-tables", NULL));
  g_assert_null (bench_find (report, "foreign-tables", NULL));
  bench_expect (report, "large-objects", PGM_CHECK_WARNING, "--include");
  bench_expect (report, "replica-identity", PGM_CHECK_OK, "Every table");
  pgm_record_unref (report);
  pgm_test_cluster_execute (self->a, "shop", "ROLLBACK PREPARED 'half';\nDROP SUBSCRIPTION digest");
}

static void
test_types (void)
{
  g_autoptr (PgmTestCluster) a = bench_cluster (15, NULL);
  g_autoptr (PgmTestCluster) b = a != NULL ? bench_cluster (13, NULL) : NULL;
  Bench bench = { .source = a, .destination = b, .source_db = "shop", .destination_db = "copy" };
  PgmReport *report;

  if (b == NULL)
    return;
  pgm_test_cluster_create_database (a, "shop", NULL);
  pgm_test_cluster_create_database (b, "copy", NULL);
  pgm_test_cluster_execute (a, "shop", "CREATE TABLE t (a int4multirange, b int4range)");
  report = bench_run (&bench);
  bench_expect (report, "types", PGM_CHECK_BLOCKER, "int4multirange, as in public.t");
  pgm_record_unref (report);
}

static void
test_cancelled (Pair *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Bench bench = pair_bench (self);
  PgmReport *report;

  report = pgm_record_new (&pgm_report_type);
  g_cancellable_cancel (cancellable);
  g_assert_false (bench_try (&bench, report, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
  pgm_record_unref (report);
}

typedef struct
{
  const char *name;
  void (*run) (Pair *pair);
} PairTest;

/* The last one turns a cluster into a standby for good. */
static const PairTest pair_tests[] = {
  { "rich", test_rich },
  { "not-empty", test_not_empty },
  { "data-only", test_data_only },
  { "read-only", test_read_only },
  { "same-database", test_same_database },
  { "roles", test_roles },
  { "extensions", test_extensions },
  { "encodings", test_encodings },
  { "no-conversion", test_no_conversion },
  { "locale", test_locale },
  { "collations", test_collations },
  { "tablespaces", test_tablespaces },
  { "no-tools", test_no_tools },
  { "connections", test_connections },
  { "filter", test_filter },
  { "cancelled", test_cancelled },
  { "standby", test_standby },
};

static void
test_pair (gconstpointer data)
{
  g_autoptr (PgmTestCluster) a = bench_cluster (15, "max_prepared_transactions = 5");
  g_autoptr (PgmTestCluster) b = a != NULL ? bench_cluster (15, NULL) : NULL;
  Pair pair = { a, b };

  if (b == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (pair_tests); i++)
    {
      g_test_message ("%s", pair_tests[i].name);
      pair_refresh (&pair);
      pair_tests[i].run (&pair);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/migration/preflight/13-18", GINT_TO_POINTER (1318), test_versions);
  g_test_add_data_func ("/migration/preflight/18-13", GINT_TO_POINTER (1813), test_versions);
  g_test_add_data_func ("/migration/preflight/17-17", GINT_TO_POINTER (1717), test_versions);
  g_test_add_data_func ("/migration/preflight/15-15", NULL, test_pair);
  g_test_add_func ("/migration/preflight/locks", test_locks);
  g_test_add_func ("/migration/preflight/types", test_types);
  return g_test_run ();
}
