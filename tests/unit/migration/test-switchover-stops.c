/* What stops a cutover, and that then everything is as it was (C2, F46, F64). */
#include "migration/switchover.h"

#include <string.h>

#include "cutover-pair.h"

/* A writer that doesn't end: the deadline passes, all goes on, and who had to wait did
 * so no longer than asked. */
static void
test_timeout (void)
{
  PgmPair *pair = pgm_pair_shared ();
  g_autoptr (PgmConnection) holder = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  PgmCutoverRun *run = NULL;
  PgmBank *bank = NULL;
  const PgmCutoverReport *report;

  pgm_pair_make_bank ("timeout");
  run = pgm_pair_start_run ("timeout");
  holder = pgm_cutover_application (pair->source, "timeout", "bank");
  g_assert_true (pgm_connection_exec (
      holder, "BEGIN; INSERT INTO public.person (name) VALUES ('x')", NULL, NULL));
  before = pgm_cutover_footprint (pair->source);
  bank = pgm_pair_start_bank ("timeout", NULL);
  pgm_bank_take_longest (bank);
  g_assert_false (pgm_cutover_run_switch (run, PGM_FENCE_NONE, 2, &error));
  g_assert_nonnull (strstr (error->message, "given up after 2 s, at the step “lock”"));
  report = run->ctx.report->cutover;
  g_assert_false (report->done);
  g_assert_nonnull (report->error);
  g_assert_cmpfloat (report->longest_wait_ms, >=, 1900);
  g_assert_cmpfloat (report->longest_wait_ms, <, 4000);
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_NONE);
  g_assert_null (run->ctx.state->fence);
  g_assert_null (run->ctx.state->reverse_slot);
  pgm_pair_assert_query (
      pair->destination, "timeout",
      "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()", "0");
  pgm_pair_let_work (bank, 20);
  g_assert_cmpfloat (pgm_bank_take_longest (bank), <, 4000);
  after = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, ==, after);
  /* Once he has ended it works. */
  g_assert_true (pgm_connection_exec (holder, "COMMIT", NULL, NULL));
  pgm_pair_switch_over (run, bank, pair->destination, PGM_FENCE_REVOKE);
  pgm_bank_stop (bank, pair->destination);
  pgm_cutover_run_catch_up (run, pair->destination);
  pgm_bank_assert_equal (pair->source, pair->destination, "timeout");
  pgm_cutover_run_free (run);
}

/* With a fence that ends sessions such a writer is ended. */
static void
test_long_writer (void)
{
  PgmPair *pair = pgm_pair_shared ();
  g_autoptr (PgmConnection) holder = NULL;
  PgmCutoverRun *run = NULL;

  pgm_pair_make_bank ("long");
  run = pgm_pair_start_run ("long");
  holder = pgm_cutover_application (pair->source, "long", "bank");
  g_assert_true (pgm_connection_exec (
      holder, "BEGIN; INSERT INTO public.person (name) VALUES ('x')", NULL, NULL));
  pgm_pair_switch_over (run, NULL, pair->destination, PGM_FENCE_REVOKE);
  g_assert_false (pgm_connection_exec (holder, "COMMIT", NULL, NULL));
  pgm_pair_assert_query (pair->destination, "long", "SELECT count(*) FROM person", "0");
  pgm_cutover_run_free (run);
}

static void
assert_refused (PgmCutoverRun *run, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_cutover_run_switch (run, PGM_FENCE_REVOKE, 5, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  if (strstr (error->message, reason) == NULL)
    g_error ("“%s” is not in “%s”", reason, error->message);
  g_assert_cmpfloat (run->ctx.report->cutover->longest_wait_ms, ==, 0);
}

/* What would be left behind is told before anybody has to wait. */
static void
test_blockers (void)
{
  PgmPair *pair = pgm_pair_shared ();
  PgmCutoverRun *run = NULL;

  pgm_pair_make_bank ("blockers");
  run = pgm_pair_start_run ("blockers");
  pgm_test_cluster_execute (
      pair->source, "blockers",
      "BEGIN; INSERT INTO person (name) VALUES ('p'); PREPARE TRANSACTION 'p1'");
  assert_refused (run, "prepared transaction “p1”");
  pgm_test_cluster_execute (pair->source, "blockers",
                            "ROLLBACK PREPARED 'p1'; CREATE TABLE late (i int)");
  assert_refused (run, "public.late was made after the job began");
  pgm_test_cluster_execute (pair->source, "blockers", "DROP TABLE late; CREATE SEQUENCE later");
  assert_refused (run, "\"public\".\"later\" does not exist");
  pgm_test_cluster_execute (pair->source, "blockers", "DROP SEQUENCE later");
  pgm_pair_switch_over (run, NULL, pair->destination, PGM_FENCE_REVOKE);
  pgm_cutover_run_free (run);
}

/* Fails inside the stop: the fence comes down by itself, and writers go on. */
static void
test_failure (gconstpointer data)
{
  const char *point = data;
  PgmPair *pair = pgm_pair_shared ();
  g_autofree char *database = g_strdup_printf ("fail %s", point);
  g_autofree char *failpoint = g_strdup_printf ("%s=error", point);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *errors = NULL;
  PgmBank *bank = NULL;

  pgm_pair_make_bank (database);
  pgm_cutover_run_free (pgm_pair_start_run (database));
  before = pgm_cutover_footprint (pair->source);
  bank = pgm_pair_start_bank (database, NULL);
  g_assert_cmpint (pgm_pair_switch_in_child (database, failpoint, &errors), ==, 1);
  g_assert_nonnull (strstr (errors, point));
  after = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, ==, after);
  pgm_pair_let_work (bank, 20);
  pgm_bank_stop (bank, pair->source);
}

static gpointer
kill_lock (gpointer data)
{
  const char *database = data;

  /* When the sequences were handed over, the child sleeps. Asked from another database:
   * the fence ends everybody else's session. */
  for (guint i = 0; i < 1500; i++)
    {
      g_autofree char *ended = pgm_test_cluster_query (
          pgm_pair_shared ()->source, NULL,
          "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a"
          " WHERE a.application_name LIKE 'pgmanager lock %' AND a.datname = 'lost'"
          " AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.mode = 'ShareLock'"
          "   AND l.granted) AND EXISTS (SELECT FROM pg_stat_activity s"
          "   WHERE s.application_name LIKE 'pgmanager cutover %' AND s.datname = 'lost'"
          "   AND s.state_change < clock_timestamp() - interval '300 ms')");
      if (!g_str_equal (ended, "0"))
        {
          pgm_test_cluster_execute (pgm_pair_shared ()->source, database,
                                    "INSERT INTO person (name) VALUES ('late')");
          return GINT_TO_POINTER (1);
        }
      g_usleep (10000);
    }
  return NULL;
}

/* F64: the lock's session ends between sentinel and decision, and a superuser, whom
 * no fence keeps out, writes at once: there is no cutover, and his row isn't lost. */
static void
test_lock_lost (void)
{
  PgmPair *pair = pgm_pair_shared ();
  g_autofree char *errors = NULL;
  PgmCutoverRun *run = NULL;
  GThread *killer = NULL;

  pgm_pair_make_bank ("lost");
  pgm_cutover_run_free (pgm_pair_start_run ("lost"));
  killer = g_thread_new ("killer", kill_lock, (gpointer) (guintptr) "lost");
  g_assert_cmpint (pgm_pair_switch_in_child ("lost", "switchover.handed-over=sleep:2500", &errors),
                   ==, 1);
  g_assert_nonnull (strstr (errors, "the lock against writers was lost"));
  g_assert_nonnull (g_thread_join (killer));
  run = pgm_pair_start_run ("lost");
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_NONE);
  pgm_pair_switch_over (run, NULL, pair->destination, PGM_FENCE_REVOKE);
  pgm_pair_assert_query (pair->destination, "lost", "SELECT name FROM person", "late");
  pgm_cutover_run_free (run);
}

static gpointer
lose_destination (gpointer data)
{
  /* The child sleeps before the commit of the decision: its session ends, and nobody
   * gets in to ask what became of it. */
  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *writing =
          pgm_test_cluster_query (pgm_pair_shared ()->destination, NULL,
                                  "SELECT count(*) FROM pg_stat_activity WHERE datname = 'unknown'"
                                  " AND state = 'idle in transaction' AND query LIKE '%follow_job%'"
                                  " AND state_change < clock_timestamp() - interval '300 ms'");
      if (g_str_equal (writing, "1"))
        {
          pgm_test_cluster_execute (
              pgm_pair_shared ()->destination, NULL,
              "ALTER DATABASE unknown ALLOW_CONNECTIONS false;"
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'unknown'"
              " AND state = 'idle in transaction' AND query LIKE '%follow_job%'");
          return GINT_TO_POINTER (1);
        }
      g_usleep (10000);
    }
  return NULL;
}

/* A8: as long as nobody knows whether the cutover was decided, no writer is let in:
 * what he wrote would be lost if it was. */
static void
test_unknown (void)
{
  PgmPair *pair = pgm_pair_shared ();
  g_autofree char *before = NULL;
  g_autofree char *during = NULL;
  g_autofree char *after = NULL;
  g_autofree char *errors = NULL;
  PgmCutoverRun *run = NULL;
  GThread *loser = NULL;

  pgm_pair_make_bank ("unknown");
  pgm_cutover_run_free (pgm_pair_start_run ("unknown"));
  before = pgm_cutover_footprint (pair->source);
  loser = g_thread_new ("loser", lose_destination, NULL);
  g_assert_cmpint (pgm_pair_switch_in_child ("unknown", "switchover.write=sleep:2000@2", &errors),
                   ==, 1);
  g_assert_nonnull (g_thread_join (loser));
  g_assert_nonnull (strstr (errors, "not known whether the cutover was decided"));
  during = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, !=, during);
  pgm_test_cluster_execute (pair->destination, NULL,
                            "ALTER DATABASE unknown ALLOW_CONNECTIONS true");
  run = pgm_pair_start_run ("unknown");
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_NONE);
  after = pgm_cutover_footprint (pair->source);
  g_assert_cmpstr (before, ==, after);
  pgm_cutover_run_free (run);
}

/* Has @sql said @wanted within @seconds? */
static gboolean
await_answer (PgmTestCluster *cluster, const char *sql, const char *wanted, guint seconds)
{
  for (guint i = 0; i < seconds * 50; i++)
    {
      g_autofree char *answer = pgm_test_cluster_query (cluster, NULL, sql);

      if (g_str_equal (answer, wanted))
        return TRUE;
      g_usleep (20000);
    }
  return FALSE;
}

/* While the child sleeps before the commit of the decision, the destination's only
 * synchronous standby goes away. TRUE when the application gets on nevertheless. */
static gpointer
lose_standby (gpointer data)
{
  PgmPair *pair = pgm_pair_shared ();
  gboolean ok = await_answer (pair->destination,
                              "SELECT count(*) FROM pg_stat_activity WHERE datname = 'standby'"
                              " AND state = 'idle in transaction' AND query LIKE '%follow_job%'"
                              " AND state_change < clock_timestamp() - interval '300 ms'",
                              "1", 60);

  pgm_test_cluster_execute (pair->destination, NULL,
                            "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  pgm_test_cluster_execute (pair->destination, NULL, "SELECT pg_reload_conf()");
  ok = ok &&
       await_answer (pair->destination,
                     "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                     " AND application_name LIKE 'pgmanager journal%'",
                     "t", 10) &&
       await_answer (pair->source,
                     "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
                     " WHERE a.datname = 'standby' AND a.application_name LIKE 'pgmanager lock%'"
                     " AND l.mode = 'ShareLock' AND l.granted",
                     "0", 12);
  pgm_test_cluster_execute (pair->destination, NULL,
                            "ALTER SYSTEM RESET synchronous_standby_names");
  pgm_test_cluster_execute (pair->destination, NULL, "SELECT pg_reload_conf()");
  return GINT_TO_POINTER (ok);
}

/* The commit of the decision waits for a standby that is gone: no longer than the time
 * allows. The destination has it, so it stands. */
static void
test_standby_gone (void)
{
  g_autofree char *errors = NULL;
  PgmCutoverRun *run = NULL;
  GThread *loser = NULL;
  int status;

  pgm_pair_make_bank ("standby");
  pgm_cutover_run_free (pgm_pair_start_run ("standby"));
  loser = g_thread_new ("loser", lose_standby, NULL);
  status = pgm_pair_switch_in_child ("standby", "switchover.write=sleep:2000@2", &errors);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (loser)));
  if (status != 0)
    g_error ("status %d: %s", status, errors);
  run = pgm_pair_start_run ("standby");
  g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_DONE);
  g_assert_cmpuint (run->ctx.state->destination_system_identifier, !=, 0);
  pgm_cutover_run_free (run);
}

int
main (int argc, char **argv)
{
  static const char *const failures[] = {
    "reverse.made",           "switchover.fenced", "fence.raise",
    "fence.raised",           "switchover.locked", "switchover.sentinel",
    "switchover.handed-over", "switchover.proved",
  };
  int status;

  if (argc == 5 && g_str_equal (argv[1], "--cutover"))
    return pgm_pair_run_child (argv + 2);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switchover/C2/timeout", test_timeout);
  g_test_add_func ("/switchover/C2/long-writer-is-ended", test_long_writer);
  g_test_add_func ("/switchover/C1/F46/blockers", test_blockers);
  g_test_add_func ("/switchover/F64/lock-lost", test_lock_lost);
  g_test_add_func ("/switchover/A8/decision-unknown", test_unknown);
  g_test_add_func ("/switchover/C2/standby-gone-at-the-decision", test_standby_gone);
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strdup_printf ("/switchover/C2/failure/%s", failures[i]);
      g_test_add_data_func (path, failures[i], test_failure);
    }
  status = g_test_run ();
  pgm_pair_free_shared ();
  return status;
}
