/* The GRANTs that the preflight prints are exact: with them, and nothing else, an
 * ordinary role dumps the source and another one restores it. The proof uses
 * PostgreSQL's own pg_dump and pg_restore, not this program's clone. */
#include "config.h"

#include "preflight-bench.h"

#include <glib/gstdio.h>

static const char source_sql[] =
    "CREATE ROLE \"the app\"; CREATE ROLE guest; CREATE ROLE reader LOGIN;"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
    "CREATE SCHEMA \"Odd S\" AUTHORIZATION \"the app\"; CREATE SCHEMA many AUTHORIZATION \"the app\";"
    "SET SESSION AUTHORIZATION \"the app\";"
    "CREATE TABLE \"Odd S\".\"t\"\"q\" (id serial PRIMARY KEY, t text);"
    "INSERT INTO \"Odd S\".\"t\"\"q\" (t) VALUES ('a'), ('b');"
    "CREATE TABLE \"Odd S\".guarded (id int PRIMARY KEY, u name DEFAULT current_user);"
    "INSERT INTO \"Odd S\".guarded VALUES (1), (2), (3);"
    "ALTER TABLE \"Odd S\".guarded ENABLE ROW LEVEL SECURITY;"
    "CREATE POLICY own ON \"Odd S\".guarded USING (u = current_user);"
    "GRANT SELECT ON \"Odd S\".guarded TO guest;"
    "SELECT lo_from_bytea(7000 + g, 'x') FROM generate_series(1, 30) g;"
    "DO $$ BEGIN FOR i IN 1..25 LOOP EXECUTE format('CREATE TABLE many.t%s (a serial)', i);"
    "  END LOOP; END $$;"
    "RESET SESSION AUTHORIZATION;"
    "CREATE TABLE public.plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
    "ALTER TABLE public.plain OWNER TO \"the app\";"
    "CREATE TABLE \"Odd S\".strange (a int); ALTER TABLE \"Odd S\".strange OWNER TO guest;"
    "INSERT INTO \"Odd S\".strange VALUES (42);";

/* Applies the fixes of all blockers; FALSE when there was none. */
static gboolean
apply_fixes (const Bench *bench, PgmReport *report)
{
  gboolean any = FALSE;

  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);
      gboolean is_source = g_str_has_prefix (check->name, "source-");

      if (check->level != PGM_CHECK_BLOCKER)
        continue;
      any = TRUE;
      g_test_message ("%s: %s\n    %s", check->name, check->reason, check->fix_sql);
      g_assert_nonnull (check->fix_sql);
      pgm_test_cluster_execute (is_source ? bench->source : bench->destination,
                                is_source ? bench->source_db : bench->destination_db,
                                check->fix_sql);
    }
  return any;
}

/* Roles first (the reader's own, too, once it was granted something), then what
 * is granted to them: three rounds, and then nothing. */
static void
reach_green (const Bench *bench)
{
  for (guint round = 0; round < 3; round++)
    {
      PgmReport *report = bench_run (bench);
      gboolean any = apply_fixes (bench, report);

      pgm_record_unref (report);
      if (!any)
        return;
    }
  {
    PgmReport *report = bench_run (bench);

    bench_expect_green (report);
    pgm_record_unref (report);
  }
}

/* Runs a program of @binaries; what it wrote to its standard output. */
static char *
run_tool (PgmTestCluster *binaries, const char *tool, const char *const *arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GSubprocess) child = NULL;

  g_ptr_array_add (argv, g_build_filename (pgm_test_cluster_get_bindir (binaries), tool, NULL));
  for (gsize i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, g_strdup (arguments[i]));
  g_ptr_array_add (argv, NULL);
  child =
      g_subprocess_newv ((const char *const *) argv->pdata,
                         G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, &output, &errors, &error));
  if (errors != NULL && *errors != '\0')
    g_test_message ("%s: %s", tool, errors);
  g_assert_true (g_subprocess_get_successful (child));
  return g_steal_pointer (&output);
}

/* The option pg_attver, which some servers keep for themselves and pg_dump takes
 * for a user's, no other server takes: pg_restore itself would fail on it. */
static void
restore (PgmTestCluster *binaries, const char *uri, const char *path)
{
  g_autofree char *script_path = g_strconcat (path, ".sql", NULL);
  const char *const translate[] = { "-f", "-", path, NULL };
  const char *const apply[] = { "-Xq1", "-v", "ON_ERROR_STOP=1", "-o",
                                path,   "-f", script_path,       "-d",
                                uri,    NULL };
  g_autofree char *script = run_tool (binaries, "pg_restore", translate);
  g_autoptr (GRegex) own = g_regex_new ("ALTER [^;]* SET \\(pg_attver=[0-9]+\\);", 0, 0, NULL);
  g_autofree char *clean = g_regex_replace_literal (own, script, -1, 0, "", 0, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (script_path, clean, -1, &error));
  g_assert_no_error (error);
  g_free (run_tool (binaries, "psql", apply));
  g_remove (script_path);
}

/* Replaces the superuser in a URI of the fixture. */
static char *
uri_as (PgmTestCluster *cluster, const char *dbname, const char *user)
{
  return g_strdup_printf ("host=127.0.0.1 port=%d dbname=%s user=%s",
                          pgm_test_cluster_get_port (cluster), dbname, user);
}

static char *
counts (PgmTestCluster *cluster, const char *dbname)
{
  return pgm_test_cluster_query (
      cluster, dbname,
      "SELECT (SELECT count(*) FROM \"Odd S\".\"t\"\"q\"), (SELECT count(*) FROM \"Odd S\".guarded),"
      " (SELECT count(*) FROM pg_largeobject_metadata), (SELECT sum(a) FROM \"Odd S\".strange),"
      " (SELECT string_agg(pg_get_userbyid(relowner), ',' ORDER BY relname) FROM pg_class"
      "   WHERE relnamespace = '\"Odd S\"'::regnamespace AND relkind = 'r'),"
      " has_table_privilege('guest', '\"Odd S\".guarded', 'SELECT')");
}

static void
prove (const Bench *bench)
{
  g_autofree char *directory = g_dir_make_tmp ("pgm-grants-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "dump", NULL);
  g_autofree char *source = uri_as (bench->source, bench->source_db, bench->source_user);
  g_autofree char *destination =
      uri_as (bench->destination, bench->destination_db, bench->destination_user);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  PgmTestCluster *newer =
      pgm_test_cluster_get_major (bench->destination) > pgm_test_cluster_get_major (bench->source)
          ? bench->destination
          : bench->source;

  const char *const dump[] = { "-Fc", "-f", path, "-d", source, NULL };

  g_free (run_tool (newer, "pg_dump", dump));
  restore (newer, destination, path);
  before = counts (bench->source, bench->source_db);
  after = counts (bench->destination, bench->destination_db);
  g_assert_cmpstr (before, ==, after);
  g_remove (path);
  g_rmdir (directory);
}

static void
test_grants (gconstpointer data)
{
  int from = GPOINTER_TO_INT (data) / 100;
  int to = GPOINTER_TO_INT (data) % 100;
  g_autoptr (PgmTestCluster) a = bench_cluster (from, NULL);
  g_autoptr (PgmTestCluster) b = a != NULL ? bench_cluster (to, NULL) : NULL;
  Bench bench = { .source = a,
                  .destination = b,
                  .source_db = "shop",
                  .destination_db = "copy",
                  .source_user = "reader",
                  .destination_user = "writer" };
  PgmReport *report;

  if (b == NULL)
    return;
  pgm_test_cluster_create_database (a, "shop", NULL);
  pgm_test_cluster_create_database (b, "copy", NULL);
  pgm_test_cluster_execute (a, "shop", source_sql);
  pgm_test_cluster_execute (b, "copy",
                            "CREATE ROLE writer LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC");
  report = bench_run (&bench);
  bench_expect (report, "source-privileges", PGM_CHECK_BLOCKER, "use schema Odd S");
  bench_expect (report, "source-privileges", PGM_CHECK_BLOCKER, "25 tables of schema many");
  bench_expect (report, "source-privileges", PGM_CHECK_BLOCKER, "25 sequences of schema many");
  bench_expect (report, "source-privileges", PGM_CHECK_BLOCKER, "row security");
  bench_expect (report, "source-privileges", PGM_CHECK_BLOCKER, "30 large objects");
  bench_expect (report, "destination-privileges", PGM_CHECK_BLOCKER,
                "create schemas in database copy");
  bench_expect (report, "destination-privileges", PGM_CHECK_BLOCKER,
                "create objects in schema public");
  bench_expect (report, "roles", PGM_CHECK_BLOCKER, "the app");
  pgm_record_unref (report);
  reach_green (&bench);
  prove (&bench);
}

/* What was granted and is taken away again is missed again. */
static void
test_revoked (void)
{
  g_autoptr (PgmTestCluster) a = bench_cluster (15, NULL);
  Bench bench = { .source = a,
                  .destination = a,
                  .source_db = "shop",
                  .destination_db = "copy",
                  .source_user = "reader",
                  .destination_user = "writer" };
  static const struct
  {
    const char *database;
    const char *revoke;
    const char *check;
    const char *part;
  } cases[] = {
    { "shop", "REVOKE SELECT ON \"Odd S\".\"t\"\"q\" FROM reader", "source-privileges",
      "read table" },
    { "shop", "REVOKE SELECT ON SEQUENCE many.t7_a_seq FROM reader", "source-privileges",
      "read sequence many.t7_a_seq" },
    { "shop", "REVOKE USAGE ON SCHEMA many FROM reader", "source-privileges", "use schema many" },
    { "shop", "ALTER ROLE reader NOBYPASSRLS", "source-privileges", "row security" },
    { "shop", "REVOKE SELECT ON LARGE OBJECT 7007 FROM reader", "source-privileges", "1 large" },
    { "copy", "REVOKE CREATE ON DATABASE copy FROM writer", "destination-privileges",
      "create schemas" },
    { "copy", "REVOKE CREATE ON SCHEMA public FROM writer, \"the app\"", "destination-privileges",
      "schema public" },
    { "copy", "REVOKE guest FROM writer", "destination-privileges", "role guest" },
    { "copy", "ALTER ROLE writer NOINHERIT", "destination-privileges", "role the app" },
    { "copy", "REVOKE \"the app\" FROM guest", "destination-privileges",
      "schema Odd S of role the app" },
  };

  if (a == NULL)
    return;
  pgm_test_cluster_create_database (a, "shop", NULL);
  pgm_test_cluster_create_database (a, "copy", NULL);
  pgm_test_cluster_execute (a, "shop", source_sql);
  pgm_test_cluster_execute (a, "copy", "CREATE ROLE writer LOGIN");
  reach_green (&bench);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      PgmReport *report;

      pgm_test_cluster_execute (a, cases[i].database, cases[i].revoke);
      report = bench_run (&bench);
      bench_expect (report, cases[i].check, PGM_CHECK_BLOCKER, cases[i].part);
      apply_fixes (&bench, report);
      pgm_record_unref (report);
      report = bench_run (&bench);
      bench_expect_green (report);
      pgm_record_unref (report);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/migration/preflight/grants/15-15", GINT_TO_POINTER (1515), test_grants);
  g_test_add_data_func ("/migration/preflight/grants/13-17", GINT_TO_POINTER (1317), test_grants);
  g_test_add_data_func ("/migration/preflight/grants/17-18", GINT_TO_POINTER (1718), test_grants);
  g_test_add_func ("/migration/preflight/grants/revoked", test_revoked);
  return g_test_run ();
}
