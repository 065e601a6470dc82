#include "cutover-pair.h"

#include "core/child.h"

static PgmTestCluster *
new_cluster (const char *variable)
{
  g_autoptr (GError) error = NULL;
  const char *major =
      g_getenv (variable) != NULL ? g_getenv (variable) : g_getenv ("PGM_TEST_MAJOR");
  PgmTestCluster *cluster = pgm_test_cluster_new_full (
      major != NULL ? (int) g_ascii_strtoll (major, NULL, 10) : 0, NULL,
      "max_prepared_transactions = 5\nmax_replication_slots = 80\nmax_wal_senders = 20\n",
      g_getenv ("PGM_CUTOVER_RUNS") != NULL ? PGM_TEST_CLUSTER_DURABLE : PGM_TEST_CLUSTER_DEFAULT,
      &error);

  g_assert_no_error (error);
  pgm_test_cluster_execute (cluster, NULL, "CREATE ROLE bank LOGIN");
  return cluster;
}

PgmPair *
pgm_pair_shared (void)
{
  static gsize once = 0;
  static PgmPair pair;

  if (g_once_init_enter (&once))
    {
      pair.source = new_cluster ("PGM_TEST_SOURCE_MAJOR");
      pair.destination = new_cluster ("PGM_TEST_DESTINATION_MAJOR");
      g_once_init_leave (&once, 1);
    }
  return &pair;
}

const char *
pgm_pair_make_bank (const char *name)
{
  static const char grants[] = "GRANT ALL ON ALL TABLES IN SCHEMA public TO bank;"
                               " GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO bank";

  pgm_bank_create (pgm_pair_shared ()->source, pgm_pair_shared ()->destination, name);
  pgm_test_cluster_execute (pgm_pair_shared ()->source, name, grants);
  pgm_test_cluster_execute (pgm_pair_shared ()->destination, name, grants);
  return name;
}

PgmCutoverRun *
pgm_pair_start_run (const char *database)
{
  return pgm_cutover_run_new (
      pgm_test_cluster_get_socket_uri (pgm_pair_shared ()->source, database),
      pgm_test_cluster_get_socket_uri (pgm_pair_shared ()->destination, database), database);
}

PgmBank *
pgm_pair_start_bank (const char *database, const char *setup)
{
  PgmBank *bank = pgm_bank_start (pgm_pair_shared ()->source, database, 4, 200, setup);

  while (pgm_bank_get_acknowledged (bank) < 50)
    g_usleep (10000);
  return bank;
}

void
pgm_pair_switch_over (PgmCutoverRun *run, PgmBank *bank, PgmTestCluster *to, PgmFence fence)
{
  g_autoptr (GError) error = NULL;

  if (!pgm_cutover_run_switch (run, fence, 20, &error))
    {
      g_autofree char *text = pgm_error_to_text (error);
      g_error ("%s\n%s", text, pgm_record_to_json (run->ctx.report->cutover, TRUE));
    }
  if (bank != NULL)
    pgm_bank_move (bank, to);
  pgm_cutover_run_end_session (run);
  pgm_cutover_run_begin_session (run);
}

void
pgm_pair_let_work (PgmBank *bank, guint n)
{
  guint64 until = pgm_bank_get_acknowledged (bank) + n;

  while (pgm_bank_get_acknowledged (bank) < until)
    g_usleep (10000);
}

void
pgm_pair_assert_query (PgmTestCluster *cluster,
                       const char *database,
                       const char *sql,
                       const char *expected)
{
  g_autofree char *found = pgm_test_cluster_query (cluster, database, sql);

  g_assert_cmpstr (found, ==, expected);
}

/* Our own program again, with a failpoint: "--cutover SOURCE DESTINATION JOB". */
int
pgm_pair_run_child (char **arguments)
{
  PgmCutoverRun *run = pgm_cutover_run_new (arguments[0], arguments[1], arguments[2]);
  g_autoptr (GError) error = NULL;
  gboolean ok = pgm_cutover_run_switch (run, PGM_FENCE_REVOKE, 10, &error);

  if (!ok)
    g_printerr ("%s\n", error->message);
  pgm_cutover_run_end_session (run);
  if (ok)
    pgm_cutover_run_begin_session (run);
  pgm_cutover_run_free (run);
  return ok ? 0 : 1;
}

int
pgm_pair_switch_in_child (const char *database, const char *failpoint, char **errors)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *source =
      g_strdup (pgm_test_cluster_get_socket_uri (pgm_pair_shared ()->source, database));
  g_autofree char *destination =
      g_strdup (pgm_test_cluster_get_socket_uri (pgm_pair_shared ()->destination, database));
  g_autofree char *variable = g_strdup_printf ("PGMANAGER_FAILPOINT=%s", failpoint);
  const char *argv[] = { self, "--cutover", source, destination, database, NULL };
  const char *environment[] = { variable, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, environment, NULL, -1, -1, PGM_CHILD_DEFAULT, NULL, &error);

  g_assert_no_error (error);
  if (errors != NULL)
    *errors = g_strdup (result->errors);
  return result->status;
}

void
pgm_pair_free_shared (void)
{
  pgm_test_cluster_free (pgm_pair_shared ()->source);
  pgm_test_cluster_free (pgm_pair_shared ()->destination);
}
