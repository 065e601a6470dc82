/* What is read of servers of every installed version. */
#include "config.h"

#include "postgres/server.h"
#include "../../fixture/cluster.h"

#include <string.h>

static PgmServerInfo *
read_as (PgmTestCluster *cluster, const char *dbname, const char *user)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source" };
  g_autoptr (PgmConninfo) plain =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, dbname), &error);
  g_autoptr (PgmConninfo) info = NULL;
  g_autoptr (PgmConnection) connection = NULL;
  PgmServerInfo *server;

  g_assert_no_error (error);
  info = pgm_conninfo_with (plain, "user", user);
  connection = pgm_connection_open (info, &options, NULL, &error);
  g_assert_no_error (error);
  server = pgm_server_info_read (connection, NULL, &error);
  g_assert_no_error (error);
  return server;
}

static void
check_facts (PgmTestCluster *cluster, int major)
{
  g_autoptr (PgmServerInfo) server = read_as (cluster, "postgres", PGM_TEST_USER);
  g_autofree char *identifier = pgm_test_cluster_query (
      cluster, "postgres", "SELECT system_identifier FROM pg_control_system()");

  g_assert_cmpint (server->major, ==, major);
  g_assert_cmpint (server->version / 10000, ==, major);
  g_assert_true (g_ascii_isdigit (*server->version_text) &&
                 strchr (server->version_text, ' ') == NULL);
  g_assert_cmpuint (server->identity.system_identifier, ==,
                    g_ascii_strtoull (identifier, NULL, 10));
  g_assert_false (server->in_recovery || server->read_only);
  g_assert_true (server->superuser && server->bypass_rls && server->replication);
  g_assert_cmpstr (server->database, ==, "postgres");
  g_assert_cmpstr (server->user, ==, PGM_TEST_USER);
  g_assert_cmpstr (server->encoding, ==, "UTF8");
  g_assert_cmpstr (server->collate, ==, "C.UTF-8");
  g_assert_cmpstr (server->ctype, ==, "C.UTF-8");
  g_assert_cmpstr (server->locale_provider, ==, "libc");
  g_assert_null (server->locale);
  g_assert_cmpstr (server->wal_level, ==, "logical");
  g_assert_cmpint (server->max_locks_per_transaction, >=, 10);
  g_assert_cmpint (server->max_connections, >, 0);
  g_assert_cmpint (server->maintenance_work_mem, >=, 1024 * 1024);
  g_assert_cmpint (server->database_size, >, 1024 * 1024);
}

static void
check_locale (PgmTestCluster *cluster, int major)
{
  g_autoptr (PgmServerInfo) icu = NULL;
  g_autoptr (PgmServerInfo) builtin = NULL;

  if (major >= 15)
    {
      pgm_test_cluster_create_database (cluster, "german",
                                        "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de'");
      pgm_test_cluster_execute (
          cluster, "postgres",
          "UPDATE pg_database SET datcollversion = '1.2' WHERE datname = 'german'");
      icu = read_as (cluster, "german", PGM_TEST_USER);
      g_assert_cmpstr (icu->locale_provider, ==, "icu");
      g_assert_cmpstr (icu->locale, ==, "de");
      g_assert_cmpstr (icu->collation_version, ==, "1.2");
      g_assert_nonnull (icu->collation_version_now);
    }
  if (major >= 17)
    {
      pgm_test_cluster_create_database (
          cluster, "plain", "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'");
      builtin = read_as (cluster, "plain", PGM_TEST_USER);
      g_assert_cmpstr (builtin->locale_provider, ==, "builtin");
      g_assert_cmpstr (builtin->locale, ==, "C.UTF-8");
    }
}

/* The most specific setting wins, as at login. Our own pinned "off" is no answer. */
static void
check_read_only (PgmTestCluster *cluster)
{
  static const struct
  {
    const char *sql;
    gboolean read_only;
  } steps[] = {
    { "ALTER DATABASE shop SET default_transaction_read_only = on", TRUE },
    { "ALTER ROLE clerk SET default_transaction_read_only = 'off'", FALSE },
    { "ALTER ROLE clerk IN DATABASE shop SET default_transaction_read_only = true", TRUE },
    { "ALTER ROLE clerk IN DATABASE shop RESET default_transaction_read_only", FALSE },
    { "ALTER ROLE clerk RESET default_transaction_read_only", TRUE },
    { "ALTER DATABASE shop RESET default_transaction_read_only", FALSE },
  };
  g_autoptr (PgmServerInfo) server = NULL;

  pgm_test_cluster_create_database (cluster, "shop", NULL);
  pgm_test_cluster_execute (cluster, "shop", "CREATE ROLE clerk LOGIN");
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      pgm_test_cluster_execute (cluster, "postgres", steps[i].sql);
      g_clear_pointer (&server, pgm_server_info_free);
      server = read_as (cluster, "shop", "clerk");
      g_assert_cmpint (server->read_only, ==, steps[i].read_only);
      g_assert_false (server->superuser || server->bypass_rls || server->replication);
      g_assert_cmpstr (server->user, ==, "clerk");
    }
}

static void
test_server (gconstpointer data)
{
  int major = GPOINTER_TO_INT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmTestCluster) cluster = pgm_test_cluster_new (major, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  check_facts (cluster, major);
  check_locale (cluster, major);
  check_read_only (cluster);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/postgres/server/13", GINT_TO_POINTER (13), test_server);
  g_test_add_data_func ("/postgres/server/15", GINT_TO_POINTER (15), test_server);
  g_test_add_data_func ("/postgres/server/17", GINT_TO_POINTER (17), test_server);
  g_test_add_data_func ("/postgres/server/18", GINT_TO_POINTER (18), test_server);
  return g_test_run ();
}
