#include "config.h"

#include "../../fixture/cluster.h"
#include "postgres/snapshot.h"

/* One cluster for all tests of the program. */
typedef struct
{
  PgmTestCluster *cluster;
} Shared;

static PgmConnection *
connect_to (PgmTestCluster *cluster)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source" };
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, NULL), &error);
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static char *
count (PgmConnection *connection)
{
  g_autoptr (GError) error = NULL;
  char *value = pgm_connection_query_value (connection, "SELECT count(*) FROM public.s", 0, NULL,
                                            NULL, &error);
  g_assert_no_error (error);
  return value;
}

/* Two sessions see the moment of the export, whatever is committed since. */
static void
test_one_moment (gconstpointer data)
{
  PgmTestCluster *cluster = ((const Shared *) data)->cluster;
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConnection) keeper = connect_to (cluster);
  g_autoptr (PgmConnection) copier = connect_to (cluster);
  PgmLsn lsn = 0;

  pgm_test_cluster_execute (cluster, NULL, "CREATE TABLE s AS SELECT 1 AS a");
  g_autofree char *snapshot = pgm_snapshot_export (keeper, &lsn, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lsn, !=, PGM_LSN_INVALID);
  pgm_test_cluster_execute (cluster, NULL, "INSERT INTO s VALUES (2)");
  g_assert_true (pgm_snapshot_import (copier, snapshot, NULL, &error));
  g_autofree char *in_copier = count (copier);
  g_autofree char *in_keeper = count (keeper);
  g_assert_cmpstr (in_copier, ==, "1");
  g_assert_cmpstr (in_keeper, ==, "1");

  /* Read-only: a mistake of ours can't write to the source. */
  g_assert_false (pgm_connection_exec (copier, "INSERT INTO public.s VALUES (3)", NULL, &error));
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "25006");
  g_clear_error (&error);
  g_assert_true (pgm_connection_exec (copier, "ROLLBACK", NULL, &error));
  g_autofree char *after = count (copier);
  g_assert_cmpstr (after, ==, "2");
}

static void
test_bad_snapshot (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConnection) copier = connect_to (((const Shared *) data)->cluster);

  g_assert_false (pgm_snapshot_import (copier, "00000003-0000001B-1", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  g_clear_error (&error);
  g_assert_false (pgm_snapshot_import (copier, "it's; DROP TABLE s", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  /* No transaction is left behind. */
  g_assert_true (pgm_connection_exec (copier, "VACUUM pg_catalog.pg_class", NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_autoptr (PgmTestCluster) cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  const Shared shared = { cluster };
  g_test_add_data_func ("/snapshot/one-moment", &shared, test_one_moment);
  g_test_add_data_func ("/snapshot/bad-snapshot", &shared, test_bad_snapshot);
  return g_test_run ();
}
