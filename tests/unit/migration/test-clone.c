#include <string.h>

#include "fixture/cluster.h"
#include "migration/clone.h"
#include "migration/ends.h"
#include "migration/keeper.h"

/* The clone as a whole, on two real servers: what a failure at each of its steps
 * leaves behind, and that --resume goes on from there. What is equal is asked
 * with psql. */

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
} Pair;

typedef struct
{
  PgmJobSpec *spec;
  PgmProgress *progress;
  PgmReport *report;
  GError *error;
  gboolean done;
} Run;

static const char sample_sql[] =
    "CREATE TABLE big (id int PRIMARY KEY, v text);"
    "INSERT INTO big SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 20000) i;"
    "CREATE INDEX big_v ON big (v);"
    "CREATE TABLE small (id int REFERENCES big, x xml, g int GENERATED ALWAYS AS (id + 1) STORED);"
    "INSERT INTO small SELECT i, '<?xml version=\"1.0\"?><a/>' FROM generate_series(1, 10) i;"
    "CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;"
    "CREATE UNLOGGED TABLE quick (i int); INSERT INTO quick VALUES (1);"
    "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := upper(NEW.v); RETURN NEW; END';"
    "CREATE TRIGGER shout BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION shout();"
    "ALTER TABLE big ENABLE ALWAYS TRIGGER shout;"
    "CREATE SEQUENCE s; SELECT nextval('s'); SELECT lo_from_bytea(0, 'abc');";

static const char digest_sql[] =
    "SELECT (SELECT count(*) || ' ' || sum(hashtextextended(b::text, 0)) FROM big b),"
    " (SELECT count(*) || ' ' || sum(hashtextextended((id, x::text, g)::text, 0)) FROM small),"
    " (SELECT count(*) FROM nothing), (SELECT sum(i) FROM quick), (SELECT last_value FROM s),"
    " (SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint WHERE contype IN ('p', 'f')),"
    " (SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY 1) FROM pg_index WHERE indrelid = 'big'::regclass),"
    " (SELECT tgenabled FROM pg_trigger WHERE tgname = 'shout'), (SELECT count(*) FROM pg_largeobject_metadata),"
    " to_regnamespace('pgmanager')";

static void
setup (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  pair->source = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pair->destination = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_create_database (pair->source, "shop", NULL);
  pgm_test_cluster_create_database (pair->destination, "shop", NULL);
  pgm_test_cluster_execute (pair->source, "shop", sample_sql);
}

static void
teardown (Pair *pair, gconstpointer data)
{
  pgm_test_cluster_free (pair->source);
  pgm_test_cluster_free (pair->destination);
}

static PgmJobSpec *
make_spec_of (const char *source, const char *destination)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->id = g_strdup ("test");
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->source->uri = g_strdup (source);
  spec->destination->uri = g_strdup (destination);
  spec->clone->copy_workers = 2;
  spec->clone->index_workers = 2;
  spec->clone->split_bytes = 1024 * 1024;
  return spec;
}

static PgmJobSpec *
make_spec (Pair *pair)
{
  return make_spec_of (pgm_test_cluster_get_uri (pair->source, "shop"),
                       pgm_test_cluster_get_uri (pair->destination, "shop"));
}

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->spec, pgm_record_unref);
  g_clear_pointer (&run->progress, pgm_progress_unref);
  g_clear_pointer (&run->report, pgm_record_unref);
  g_clear_error (&run->error);
}

/* Takes @spec. */
static void
run_clone (Run *run, PgmJobSpec *spec)
{
  run_clear (run);
  run->spec = spec;
  run->progress = pgm_progress_new ("test", "clone", NULL);
  run->report = pgm_record_new (&pgm_report_type);
  run->done = pgm_clone_run (spec, run->progress, run->report, NULL, &run->error);
  g_assert_cmpint (run->done, ==, run->error == NULL);
}

static void
check_equal (Pair *pair)
{
  g_autofree char *there = pgm_test_cluster_query (pair->source, "shop", digest_sql);
  g_autofree char *here = pgm_test_cluster_query (pair->destination, "shop", digest_sql);

  g_assert_cmpstr (here, ==, there);
}

static void
clean_destination (Pair *pair)
{
  pgm_test_cluster_execute (pair->destination, "postgres", "DROP DATABASE shop WITH (FORCE)");
  pgm_test_cluster_create_database (pair->destination, "shop", NULL);
}

static void
test_whole (Pair *pair, gconstpointer data)
{
  Run run = { 0 };
  PgmJobSpec *spec = make_spec (pair);

  spec->clone->dry_run = TRUE;
  run_clone (&run, spec);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.report->plan->len, ==, 4);
  g_assert_cmpint (((PgmPlanTable *) g_ptr_array_index (run.report->plan, 0))->parts, >, 1);

  run_clone (&run, make_spec (pair));
  g_assert_no_error (run.error);
  g_assert_cmpint (run.report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpuint (run.report->tables, ==, 4);
  g_assert_cmpuint (run.report->rows, ==, 20012);
  check_equal (pair);

  /* Once more: refused, and with --drop-existing done. */
  run_clone (&run, make_spec (pair));
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_false (run.report->resumable);
  spec = make_spec (pair);
  spec->clone->drop_existing = TRUE;
  run_clone (&run, spec);
  g_assert_no_error (run.error);
  check_equal (pair);
  spec = make_spec (pair);
  spec->clone->resume = TRUE;
  run_clone (&run, spec);
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  run_clear (&run);
}

#ifdef PGM_DEBUG
/* Failpoints are read once in a program's life, so a run that is to fail is this
 * program again. Returns what it says of its report. */
static char *
run_failing (Pair *pair, const char *point)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_subprocess_launcher_setenv (launcher, "PGMANAGER_FAILPOINT", point, TRUE);
  child = g_subprocess_launcher_spawn (launcher, &error, "/proc/self/exe", "--run",
                                       pgm_test_cluster_get_uri (pair->source, "shop"),
                                       pgm_test_cluster_get_uri (pair->destination, "shop"), NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, &output, NULL, &error));
  g_assert_no_error (error);
  return output;
}

/* Fails at @point, changes the source, and resumes. */
static void
fail_and_resume (Pair *pair, const char *point)
{
  g_autofree char *said = run_failing (pair, point);
  PgmJobSpec *spec = NULL;
  Run run = { 0 };

  g_test_message ("%s: %s", point, said);
  g_assert_nonnull (strstr (said, "failed resumable"));
  g_assert_nonnull (strstr (said, "--resume"));

  run_clone (&run, make_spec (pair));
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (run.report->hint, "--resume"));

  /* As many rows as before: only a digest can tell. */
  pgm_test_cluster_execute (
      pair->source, "shop",
      "UPDATE big SET v = 'other' WHERE id = 77; UPDATE quick SET i = i + 1;");
  spec = make_spec (pair);
  spec->clone->resume = TRUE;
  run_clone (&run, spec);
  g_assert_no_error (run.error);
  check_equal (pair);
  run_clear (&run);
  clean_destination (pair);
}

static void
test_resume (Pair *pair, gconstpointer data)
{
  static const char *const points[] = { "schema.after_commit=error", "copy.before_commit=error@2",
                                        "copy.after_commit=error@3", "schema.after_post_data=error",
                                        "clone.before_cleanup=error" };

  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    fail_and_resume (pair, points[i]);
}

/* Before the schema is committed a failure leaves nothing at all. */
static void
test_nothing_left (Pair *pair, gconstpointer data)
{
  g_autofree char *said = run_failing (pair, "schema.before_commit=error");
  g_autofree char *left = NULL;

  g_assert_nonnull (strstr (said, "failed for good"));
  left = pgm_test_cluster_query (pair->destination, "shop",
                                 "SELECT count(*) FROM pg_class WHERE oid >= 16384");
  g_assert_cmpstr (left, ==, "0");
}

/* Tables enough that a second session makes a share of them: some alone, some
 * with what belongs to them, some tied to others by a view, a parent, a function
 * or a schema. */
static const char many_sql[] =
    "DO $$ BEGIN FOR i IN 1..160 LOOP"
    "  EXECUTE format('CREATE TABLE m%1$s (id %2$s, v text DEFAULT now()::text CHECK (v <> %3$L))', i,"
    "    CASE i % 3 WHEN 0 THEN 'serial PRIMARY KEY' WHEN 1 THEN 'int GENERATED ALWAYS AS IDENTITY'"
    "      ELSE 'int' END, '');"
    "  EXECUTE format('COMMENT ON COLUMN m%s.v IS %L', i, 'of ' || i);"
    "  EXECUTE format('INSERT INTO m%s (v) VALUES (%L), (%L)', i, i, 'x');"
    "END LOOP; END $$;"
    "CREATE VIEW over AS SELECT a.v FROM m3 a JOIN m4 b USING (v); CREATE TABLE child () INHERITS (m7);"
    "CREATE FUNCTION seven() RETURNS text LANGUAGE sql AS 'SELECT ''7''';"
    "ALTER TABLE m8 ALTER v SET DEFAULT seven(); CREATE SCHEMA app; CREATE TABLE app.t (i serial);"
    "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE felt (m mood, r m9);"
    "ALTER TABLE m12 ADD FOREIGN KEY (id) REFERENCES m15;";

static const char shape_sql[] =
    "SELECT count(*), md5(string_agg(concat_ws('|', c.oid::regclass, c.relkind, a.attname, a.atttypid::regtype,"
    "   a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)),"
    "   E'\\n' ORDER BY c.oid::regclass::text, a.attnum))"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
    " WHERE c.relnamespace::regnamespace::text IN ('public', 'app')";

static void
setup_many (Pair *pair, gconstpointer data)
{
  setup (pair, data);
  pgm_test_cluster_execute (pair->source, "shop", many_sql);
}

static void
check_shapes (Pair *pair)
{
  g_autofree char *there = pgm_test_cluster_query (pair->source, "shop", shape_sql);
  g_autofree char *here = pgm_test_cluster_query (pair->destination, "shop", shape_sql);
  g_autofree char *rows = pgm_test_cluster_query (
      pair->destination, "shop",
      "SELECT sum((xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM ONLY ' || oid::regclass,"
      "  false, true, '')))[1]::text::int) FROM pg_class WHERE relname ~ '^m[0-9]+$' AND relkind = 'r'");

  g_assert_cmpstr (here, ==, there);
  g_assert_cmpstr (rows, ==, "320");
  check_equal (pair);
}

static guint
count_tables (Pair *pair)
{
  g_autofree char *n = pgm_test_cluster_query (
      pair->destination, "shop",
      "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");

  return (guint) g_ascii_strtoull (n, NULL, 10);
}

/* Stopped before, between and after the commits of the sessions that make the
 * schema: nothing is there, or --resume makes what is missing. */
static void
test_schema_parts (Pair *pair, gconstpointer data)
{
  static const char *const points[] = { "schema.after_commit=error", "schema.after_part=error" };
  g_autofree char *said = run_failing (pair, "schema.before_commit=error");
  guint left[G_N_ELEMENTS (points)] = { 0 };
  Run run = { 0 };

  g_assert_nonnull (strstr (said, "failed for good"));
  g_assert_cmpuint (count_tables (pair), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    {
      PgmJobSpec *spec = make_spec (pair);
      g_autofree char *stopped = run_failing (pair, points[i]);

      g_assert_nonnull (strstr (stopped, "failed resumable"));
      left[i] = count_tables (pair);
      spec->clone->resume = TRUE;
      run_clone (&run, spec);
      g_assert_no_error (run.error);
      check_shapes (pair);
      clean_destination (pair);
    }
  g_assert_cmpuint (left[0], >, 0);
  g_assert_cmpuint (left[0], <, left[1]);
  g_assert_cmpuint (left[1], ==, 160 + 4 + 2);
  run_clear (&run);
}

/* An error in any of the sessions undoes all of them. */
static void
test_schema_part_fails (Pair *pair, gconstpointer data)
{
  static const char *const points[] = { "schema.in_part=error", "schema.after_pre_data=error" };
  Run run = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autofree char *said = run_failing (pair, points[i]);

      g_assert_nonnull (strstr (said, "failed for good"));
      g_assert_cmpuint (count_tables (pair), ==, 0);
    }
  run_clone (&run, make_spec (pair));
  g_assert_no_error (run.error);
  check_shapes (pair);
  run_clear (&run);
}
#endif

/* A resume of something else. */
static void
test_resume_refused (Pair *pair, gconstpointer data)
{
#ifdef PGM_DEBUG
  Run run = { 0 };
  PgmJobSpec *spec = NULL;

  g_autofree char *said = run_failing (pair, "copy.after_all=error");

  g_assert_nonnull (strstr (said, "failed resumable"));
  spec = make_spec (pair);
  spec->clone->resume = TRUE;
  spec->clone->no_acl = TRUE;
  run_clone (&run, spec);
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (run.report->detail, "no-acl"));

  pgm_test_cluster_execute (pair->source, "shop", "ALTER TABLE small ADD COLUMN late int");
  spec = make_spec (pair);
  spec->clone->resume = TRUE;
  run_clone (&run, spec);
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (run.error->message, "schema"));
  g_assert_true (run.report->resumable);
  run_clear (&run);
#else
  g_test_skip ("needs failpoints");
#endif
}

static gpointer
hold_table (gpointer uri)
{
  const char *const argv[] = {
    "psql", "-qX", uri, "-c", "BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4)",
    NULL
  };
  g_autoptr (GSubprocess) psql = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL);

  g_assert_true (g_subprocess_wait (psql, NULL, NULL));
  return NULL;
}

/* A lock that isn't to be had within the time is told with its holder. */
static void
test_keeper_lock (Pair *pair, gconstpointer data)
{
  PgmJobSpec *spec = make_spec (pair);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEnds) ends = pgm_ends_open (spec, NULL, &error);
  g_autoptr (PgmFilter) filter = pgm_filter_new (NULL, NULL, NULL);
  g_autoptr (PgmProgress) progress = pgm_progress_new ("test", "clone", NULL);
  g_autoptr (PgmKeeper) keeper = NULL;
  GThread *holder = NULL;

  g_assert_no_error (error);
  holder = g_thread_new ("holder", hold_table, spec->source->uri);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *held = pgm_test_cluster_query (
          pair->source, "shop",
          "SELECT count(*) FROM pg_locks WHERE relation = 'big'::regclass AND granted");

      if (!g_str_equal (held, "0"))
        break;
      g_usleep (20000);
    }
  keeper = pgm_keeper_new (ends, filter, progress, 1, NULL, NULL, NULL, &error);
  g_assert_null (keeper);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_assert_nonnull (pgm_error_get_detail (error));
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "holds ACCESS EXCLUSIVE on public.big"));
  g_thread_join (holder);
  g_clear_error (&error);

  /* And now it is. */
  keeper = pgm_keeper_new (ends, filter, progress, 10, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (pgm_keeper_verify (keeper, NULL, &error));
  pgm_test_cluster_execute (
      pair->source, "postgres",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name"
      " LIKE 'pgmanager keeper%'");
  g_assert_false (pgm_keeper_verify (keeper, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  pgm_record_unref (spec);
}

/* One destination, one clone. */
static void
test_owner (Pair *pair, gconstpointer data)
{
  PgmJobSpec *spec = make_spec (pair);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEnds) ends = pgm_ends_open (spec, NULL, &error);
  g_autoptr (PgmConnection) control = NULL;
  g_autoptr (PgmConnection) worker = NULL;
  Run run = { 0 };

  g_assert_no_error (error);
  control = pgm_ends_connect (ends, PGM_END_DESTINATION, "control", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (pgm_ends_own (ends, control, NULL, &error));
  run_clone (&run, make_spec (pair));
  g_assert_error (run.error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (run.report->detail, "pgmanager control test"));

  /* What a dead job's worker still does is ended, before anything begins. */
  worker = pgm_ends_connect (ends, PGM_END_DESTINATION, "worker", NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&control, pgm_connection_free);
  run_clone (&run, make_spec (pair));
  g_assert_no_error (run.error);
  g_assert_false (pgm_connection_exec (worker, "SELECT 1", NULL, &error));
  check_equal (pair);
  run_clear (&run);
  pgm_record_unref (spec);
}

/* The other end of run_failing(). */
static int
run_and_tell (const char *source, const char *destination)
{
  Run run = { 0 };

  run_clone (&run, make_spec_of (source, destination));
  g_print ("%s %s: %s\n", pgm_outcome_names[run.report->outcome],
           run.report->resumable ? "resumable" : "for good",
           run.report->hint != NULL ? run.report->hint : "");
  run_clear (&run);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--run"))
    return run_and_tell (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/clone/whole", Pair, NULL, setup, test_whole, teardown);
#ifdef PGM_DEBUG
  g_test_add ("/clone/resume", Pair, NULL, setup, test_resume, teardown);
  g_test_add ("/clone/nothing-left", Pair, NULL, setup, test_nothing_left, teardown);
  g_test_add ("/clone/schema-parts", Pair, NULL, setup_many, test_schema_parts, teardown);
  g_test_add ("/clone/schema-part-fails", Pair, NULL, setup_many, test_schema_part_fails, teardown);
#endif
  g_test_add ("/clone/resume-refused", Pair, NULL, setup, test_resume_refused, teardown);
  g_test_add ("/clone/keeper-lock", Pair, NULL, setup, test_keeper_lock, teardown);
  g_test_add ("/clone/owner", Pair, NULL, setup, test_owner, teardown);
  return g_test_run ();
}
