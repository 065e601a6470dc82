#include "migration/follow-state.h"

#include "fixture/cluster.h"

static PgmTestCluster *cluster;

static PgmConnection *
connect_to (const char *database)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, database), &error);
  PgmSessionOptions options = { .label = "destination" };
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static PgmFollowState *
make_state (void)
{
  PgmFollowState *state = pgm_follow_state_new ();

  state->job_id = g_strdup ("clone-1");
  state->slot = g_strdup ("pgmanager_slot");
  state->publication = g_strdup ("Pub \"x\" '\\");
  state->source_system_identifier = G_MAXUINT64 - 1;
  state->source_timeline = G_MAXUINT32;
  state->source_database = g_strdup ("shop");
  state->consistent_point = 0x1600000042;
  state->slot_is_ours = TRUE;
  pgm_follow_state_set_copied_until (state, "\"a\".\"b\"\"c\"", 0x10);
  pgm_follow_state_set_copied_until (state, "\"a\".\"d\"", 0xffffffffffffffff);
  return state;
}

static void
test_round_trip (void)
{
  g_autoptr (PgmConnection) connection = NULL;
  g_autoptr (PgmFollowState) written = make_state ();
  PgmFollowState *none = NULL;
  g_autoptr (PgmFollowState) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;

  pgm_test_cluster_create_database (cluster, "round", NULL);
  connection = connect_to ("round");
  g_assert_true (pgm_follow_state_read (connection, &none, NULL, &error));
  g_assert_null (none);
  g_assert_true (pgm_follow_state_write (connection, written, NULL, &error));
  written->copied = TRUE;
  written->cutover = PGM_CUTOVER_DECIDED;
  written->fence = g_strdup ("{}");
  g_assert_true (pgm_follow_state_write (connection, written, NULL, &error));
  g_assert_true (pgm_follow_state_read (connection, &found, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (found->job_id, ==, "clone-1");
  g_assert_cmpstr (found->publication, ==, "Pub \"x\" '\\");
  g_assert_null (found->origin);
  g_assert_cmpuint (found->source_system_identifier, ==, G_MAXUINT64 - 1);
  g_assert_cmpuint (found->source_timeline, ==, G_MAXUINT32);
  g_assert_cmpuint (found->consistent_point, ==, 0x1600000042);
  g_assert_true (found->copied && found->slot_is_ours && !found->publication_is_ours);
  g_assert_cmpint (found->cutover, ==, PGM_CUTOVER_DECIDED);
  g_assert_cmpuint (g_hash_table_size (found->copied_until), ==, 2);
  g_assert_cmpuint (*(PgmLsn *) g_hash_table_lookup (found->copied_until, "\"a\".\"b\"\"c\""), ==,
                    0x10);
  g_assert_cmpuint (pgm_follow_state_get_last_copy (found), ==, 0xffffffffffffffff);
  g_assert_true (pgm_follow_state_drop (connection, NULL, &error));
  left = pgm_test_cluster_query (cluster, "round",
                                 "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgmanager'");
  g_assert_cmpstr (left, ==, "0");
  g_assert_true (pgm_follow_state_drop (connection, NULL, &error));
  g_assert_no_error (error);
}

/* The state, the ledger, and what others keep in that schema go each for itself. */
static void
test_shared_schema (void)
{
  g_autoptr (PgmConnection) connection = NULL;
  g_autoptr (PgmFollowState) state = make_state ();
  PgmLedger *ledger = NULL;
  g_autoptr (PgmFollowState) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;

  pgm_test_cluster_create_database (cluster, "shared", NULL);
  connection = connect_to ("shared");
  g_assert_true (pgm_follow_state_write (connection, state, NULL, &error));
  g_assert_true (pgm_ledger_read (connection, &ledger, NULL, &error));
  g_assert_null (ledger);
  g_assert_true (pgm_ledger_create (connection, "clone-1", 1, "shop", "all", NULL, &error));
  g_assert_true (pgm_ledger_drop (connection, NULL, &error));
  g_assert_true (pgm_follow_state_read (connection, &found, NULL, &error));
  g_assert_nonnull (found);
  pgm_test_cluster_execute (cluster, "shared", "CREATE TABLE pgmanager.theirs ()");
  g_assert_true (pgm_follow_state_drop (connection, NULL, &error));
  g_assert_no_error (error);
  left =
      pgm_test_cluster_query (cluster, "shared",
                              "SELECT string_agg(relname, ',') FROM pg_class WHERE relnamespace ="
                              " 'pgmanager'::regnamespace");
  g_assert_cmpstr (left, ==, "theirs");
}

static void
test_damaged (void)
{
  g_autoptr (PgmConnection) connection = NULL;
  g_autoptr (PgmFollowState) state = make_state ();
  PgmFollowState *found = NULL;
  g_autoptr (GError) error = NULL;

  pgm_test_cluster_create_database (cluster, "damaged", NULL);
  connection = connect_to ("damaged");
  g_assert_true (pgm_follow_state_write (connection, state, NULL, &error));
  pgm_test_cluster_execute (cluster, "damaged", "DELETE FROM pgmanager.follow_job");
  g_assert_false (pgm_follow_state_read (connection, &found, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/migration/follow-state/round-trip", test_round_trip);
  g_test_add_func ("/migration/follow-state/shared-schema", test_shared_schema);
  g_test_add_func ("/migration/follow-state/damaged", test_damaged);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
