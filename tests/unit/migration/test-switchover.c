/* The whole cutover on real servers, under writers, there and back (C1-C6, F63). */
#include "migration/switchover.h"

#include <string.h>

#include "cutover-pair.h"

/* There, back, and there again, each under writers; nothing is lost, and what isn't
 * replicated comes along. */
static void
there_and_back (const char *database, PgmFence fence, const char *setup)
{
  PgmPair *pair = pgm_pair_shared ();
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  PgmCutoverRun *run = NULL;
  PgmBank *bank = NULL;
  const PgmCutoverReport *report;

  pgm_pair_make_bank (database);
  pgm_test_cluster_execute (
      pair->source, database,
      "INSERT INTO cache VALUES (1, 'warm'); SELECT lo_from_bytea(4711, 'first');"
      " SELECT nextval('\"Odd \"\"Seq\"')");
  before = pgm_cutover_footprint (pair->source);
  run = pgm_pair_start_run (database);
  bank = pgm_pair_start_bank (database, setup);
  pgm_test_cluster_execute (pair->source, database,
                            "SELECT lo_put(4711, 0, 'other'); SELECT lo_from_bytea(4712, 'new');"
                            " INSERT INTO person (name) VALUES ('Bob')");
  pgm_pair_switch_over (run, bank, pair->destination, fence);
  report = run->ctx.report->cutover;
  g_assert_true (report->done);
  g_assert_true (report->proved);
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_DONE);
  g_assert_cmpfloat (report->stopped_ms, >, 0);
  g_assert_cmpuint (report->standing->len, ==, 4);
  g_test_message ("%s there: stopped %.0f ms, writers waited %.0f ms", database, report->stopped_ms,
                  pgm_bank_take_longest (bank));
  pgm_pair_assert_query (pair->destination, database, "SELECT v FROM cache", "warm");
  pgm_pair_assert_query (
      pair->destination, database,
      "SELECT oid, convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata"
      " ORDER BY 1",
      "4711|other\n4712|new");
  pgm_pair_assert_query (pair->destination, database,
                         "SELECT last_value, is_called FROM \"Odd \"\"Seq\"", "80|t");
  pgm_pair_assert_query (pair->destination, database, "SELECT s FROM total", "100000");
  pgm_pair_let_work (bank, 50);
  pgm_cutover_run_catch_up (run, pair->destination);

  pgm_pair_switch_over (run, bank, pair->source, fence);
  report = run->ctx.report->cutover;
  g_assert_true (report->done && report->proved);
  g_assert_cmpstr (report->direction, ==, "back");
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_NONE);
  g_assert_null (run->ctx.state->reverse_slot);
  g_test_message ("%s back: stopped %.0f ms, writers waited %.0f ms", database, report->stopped_ms,
                  pgm_bank_take_longest (bank));
  /* The old source is exactly as it was. */
  after = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, ==, after);
  pgm_pair_let_work (bank, 50);

  pgm_pair_switch_over (run, bank, pair->destination, fence);
  pgm_pair_let_work (bank, 20);
  pgm_bank_stop (bank, pair->destination);
  pgm_cutover_run_catch_up (run, pair->destination);
  pgm_bank_assert_equal (pair->source, pair->destination, database);
  pgm_cutover_run_free (run);
}

static void
test_revoke (void)
{
  there_and_back ("revoke", PGM_FENCE_REVOKE, NULL);
}

static void
test_readonly (void)
{
  there_and_back ("readonly", PGM_FENCE_READONLY, NULL);
}

/* F63: what was acknowledged before it was flushed. */
static void
test_asynchronous (void)
{
  there_and_back ("asynchronous", PGM_FENCE_REVOKE, "SET synchronous_commit = off");
}

/* Nothing is proved, and the report says so. */
static void
test_none (void)
{
  PgmPair *pair = pgm_pair_shared ();
  PgmCutoverRun *run = NULL;

  pgm_pair_make_bank ("fenceless");
  run = pgm_pair_start_run ("fenceless");
  pgm_test_cluster_execute (pair->source, "fenceless", "INSERT INTO person (name) VALUES ('Eve')");
  pgm_pair_switch_over (run, NULL, pair->destination, PGM_FENCE_NONE);
  g_assert_true (run->ctx.report->cutover->done);
  g_assert_false (run->ctx.report->cutover->proved);
  pgm_bank_assert_equal (pair->source, pair->destination, "fenceless");
  pgm_cutover_run_free (run);
}

/* C6: what stands is named, and goes; neither side has anything of the cutover left. */
static void
test_clear (void)
{
  PgmPair *pair = pgm_pair_shared ();
  static const char objects[] =
      "SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()),"
      " (SELECT count(*) FROM pg_publication WHERE pubname LIKE 'pgmanager_back%'),"
      " (SELECT count(*) FROM pg_replication_origin WHERE roname LIKE 'pgmanager_back_clear%')";
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;
  PgmCutoverRun *run = NULL;

  pgm_pair_make_bank ("clear");
  before = pgm_cutover_footprint (pair->source);
  run = pgm_pair_start_run ("clear");
  pgm_pair_switch_over (run, NULL, pair->destination, PGM_FENCE_REVOKE);
  pgm_pair_assert_query (pair->destination, "clear", objects, "1|1|0");
  pgm_pair_assert_query (pair->source, "clear", objects, "0|0|1");
  pgm_cutover_run_end_session (run);
  if (!pgm_switchover_clear (&run->ctx, TRUE, NULL, &error))
    g_assert_no_error (error);
  after = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, ==, after);
  pgm_pair_assert_query (pair->destination, "clear", objects, "0|0|0");
  pgm_pair_assert_query (pair->source, "clear", objects, "0|0|0");
  pgm_cutover_run_free (run);
}

/* Without a way back nothing is made for one, and there is none. */
static void
test_no_reverse (void)
{
  PgmPair *pair = pgm_pair_shared ();
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);
  g_autoptr (GError) error = NULL;
  PgmCutoverRun *run = NULL;

  options->no_reverse = TRUE;
  options->fence = PGM_FENCE_READONLY;
  pgm_pair_make_bank ("oneway");
  run = pgm_pair_start_run ("oneway");
  if (!pgm_switchover_run (&run->ctx, options, NULL, &error))
    g_assert_no_error (error);
  g_assert_null (run->ctx.state->reverse_slot);
  g_assert_cmpuint (run->ctx.report->cutover->standing->len, ==, 1);
  pgm_pair_assert_query (pair->destination, "oneway",
                         "SELECT count(*) FROM pg_replication_slots"
                         " WHERE database = current_database()",
                         "0");
  g_assert_false (pgm_switchover_run (&run->ctx, options, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  pgm_record_unref (options);
  pgm_cutover_run_free (run);
}

/* E: the owner of both databases, no superuser. What he lacks on the source is said, and
 * with exactly that it works. */
static void
test_owner (void)
{
  PgmPair *pair = pgm_pair_shared ();
  PgmTestCluster *const both[] = { pair->source, pair->destination };
  static const char role[] =
      "CREATE ROLE mover LOGIN REPLICATION; GRANT pg_signal_backend TO mover;"
      " ALTER DATABASE owner OWNER TO mover";
  static const char objects[] =
      "ALTER TABLE account OWNER TO mover; ALTER TABLE ledger OWNER TO mover;"
      " ALTER TABLE cache OWNER TO mover; ALTER TABLE person OWNER TO mover;"
      " ALTER MATERIALIZED VIEW total OWNER TO mover; ALTER SEQUENCE \"Odd \"\"Seq\" OWNER TO mover";
  static const char origins[] =
      "DO $$ DECLARE f text; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc"
      " WHERE proname LIKE 'pg\\_replication\\_origin\\_%' LOOP"
      " EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO mover'; END LOOP; END $$;"
      " GRANT SELECT ON pg_replication_origin_status TO mover";
  g_autoptr (GError) error = NULL;
  g_autofree char *source = NULL;
  g_autofree char *destination = NULL;
  PgmCutoverRun *run = NULL;
  PgmBank *bank = NULL;

  if (pgm_test_cluster_get_major (pair->source) < 15 ||
      pgm_test_cluster_get_major (pair->destination) < 15)
    {
      g_test_skip ("below 15 not all of it can be granted");
      return;
    }
  pgm_pair_make_bank ("owner");
  for (guint i = 0; i < 2; i++)
    {
      pgm_test_cluster_execute (both[i], "owner", role);
      pgm_test_cluster_execute (both[i], "owner", objects);
    }
  pgm_test_cluster_execute (pair->destination, "owner", origins);
  pgm_test_cluster_execute (pair->destination, "owner",
                            "GRANT SET ON PARAMETER session_replication_role TO mover");
  source = g_strdup_printf ("host=%s port=%d dbname=owner user=mover",
                            pgm_test_cluster_get_socket_directory (pair->source),
                            pgm_test_cluster_get_port (pair->source));
  destination = g_strdup_printf ("host=%s port=%d dbname=owner user=mover",
                                 pgm_test_cluster_get_socket_directory (pair->destination),
                                 pgm_test_cluster_get_port (pair->destination));
  run = pgm_cutover_run_new (source, destination, "owner");
  bank = pgm_pair_start_bank ("owner", NULL);
  g_assert_false (pgm_cutover_run_switch (run, PGM_FENCE_REVOKE, 10, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  pgm_test_cluster_execute (pair->source, "owner", pgm_error_get_hint (error));
  pgm_pair_switch_over (run, bank, pair->destination, PGM_FENCE_REVOKE);
  g_assert_true (run->ctx.report->cutover->proved);
  pgm_pair_let_work (bank, 20);
  pgm_bank_stop (bank, pair->destination);
  pgm_cutover_run_catch_up (run, pair->destination);
  pgm_bank_assert_equal (pair->source, pair->destination, "owner");
  pgm_cutover_run_free (run);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

/* PGM_CUTOVER_RUNS=20: how long writes stand still, at 500 transactions a second. */
static void
test_measure (void)
{
  PgmPair *pair = pgm_pair_shared ();
  const char *wanted = g_getenv ("PGM_CUTOVER_RUNS");
  guint n = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : 0;
  g_autofree double *stopped = g_new0 (double, n + 1);
  PgmCutoverRun *run = NULL;
  PgmBank *bank = NULL;

  if (n == 0)
    {
      g_test_skip ("PGM_CUTOVER_RUNS is not set");
      return;
    }
  pgm_pair_make_bank ("measure");
  run = pgm_pair_start_run ("measure");
  bank = pgm_bank_start (pair->source, "measure", 8, 500, NULL);
  for (guint i = 0; i < n; i++)
    {
      guint64 before = pgm_bank_get_acknowledged (bank);

      g_usleep (2 * G_USEC_PER_SEC);
      g_test_message ("%.0f tps", (double) (pgm_bank_get_acknowledged (bank) - before) / 2);
      pgm_bank_take_longest (bank);
      pgm_pair_switch_over (run, bank, i % 2 == 0 ? pair->destination : pair->source,
                            PGM_FENCE_REVOKE);
      stopped[i] = run->ctx.report->cutover->stopped_ms;
      for (guint k = 0; k < run->ctx.report->cutover->steps->len; k++)
        {
          const PgmCutoverStep *step = g_ptr_array_index (run->ctx.report->cutover->steps, k);
          g_test_message ("  %-16s at %8.1f took %8.1f  %s", step->name, step->at_ms, step->took_ms,
                          step->message != NULL ? step->message : "");
        }
      g_test_message ("stopped %.1f ms", stopped[i]);
    }
  pgm_bank_stop (bank, n % 2 == 1 ? pair->destination : pair->source);
  pgm_cutover_run_catch_up (run, n % 2 == 1 ? pair->destination : pair->source);
  pgm_bank_assert_equal (pair->source, pair->destination, "measure");
  qsort (stopped, n, sizeof (double), compare_doubles);
  g_test_message ("writes stopped: median %.1f ms, 95%% %.1f ms, most %.1f ms", stopped[n / 2],
                  stopped[(n * 95 + 99) / 100 - 1], stopped[n - 1]);
  pgm_cutover_run_free (run);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switchover/C/revoke", test_revoke);
  g_test_add_func ("/switchover/C/readonly", test_readonly);
  g_test_add_func ("/switchover/F63/asynchronous-commits", test_asynchronous);
  g_test_add_func ("/switchover/C2/none-proves-nothing", test_none);
  g_test_add_func ("/switchover/C5/no-reverse", test_no_reverse);
  g_test_add_func ("/switchover/C6/clear", test_clear);
  g_test_add_func ("/switchover/E/owner", test_owner);
  g_test_add_func ("/switchover/measure", test_measure);
  status = g_test_run ();
  pgm_pair_free_shared ();
  return status;
}
