/* Slots, publications and origins on real servers of every major that is here. */
#include "config.h"

#include <string.h>

#include "../../fixture/cluster.h"
#include "postgres/slot.h"

typedef struct
{
  PgmTestCluster *cluster;
} Server;

typedef struct
{
  PgmTestCluster *cluster;
  PgmConnection *session;
} Fixture;

static PgmConnection *
open_session (PgmTestCluster *cluster, const char *dbname, const char *name, gboolean replication)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source",
                                .application_name = name,
                                .replication = replication };
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, dbname), &error);
  g_assert_no_error (error);
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->cluster = ((const Server *) data)->cluster;
  pgm_test_cluster_execute (self->cluster, "postgres", "DROP DATABASE IF EXISTS d");
  pgm_test_cluster_create_database (self->cluster, "d", NULL);
  self->session = open_session (self->cluster, "d", NULL, FALSE);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  pgm_connection_free (self->session);
}

static PgmSlot *
read_slot (Fixture *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  PgmSlot *slot = NULL;

  g_assert_true (pgm_slot_read (self->session, name, &slot, NULL, &error));
  g_assert_no_error (error);
  return slot;
}

static void
drop_slot (Fixture *self, const char *name, gboolean force)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = pgm_slot_drop (self->session, name, force, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static void
create_slot (PgmConnection *replication, const char *name, gboolean temporary, char **snapshot)
{
  g_autoptr (GError) error = NULL;
  PgmLsn point = 0;
  gboolean ok = pgm_slot_create (replication, name, temporary, &point, snapshot, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (point, >, 0);
}

/* A1: the exported snapshot shows what was there, and the slot sends the rest. */
static void
test_create (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *snapshot = NULL;
  PgmLsn point = 0;
  PgmConnection *replication = open_session (self->cluster, "d", NULL, TRUE);

  pgm_test_cluster_execute (self->cluster, "d", "CREATE TABLE t (id int)");
  create_slot (replication, "pgm_a", FALSE, &snapshot);
  pgm_test_cluster_execute (self->cluster, "d", "INSERT INTO t VALUES (1)");
  g_assert_nonnull (snapshot);
  g_autofree char *sql = g_strdup_printf (
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '%s'; SELECT count(*) FROM t;"
      "COMMIT",
      snapshot);
  g_autofree char *seen = pgm_test_cluster_query (self->cluster, "d", sql);
  g_assert_nonnull (strstr (seen, "0"));

  g_assert_false (pgm_slot_create (replication, "pgm_a", FALSE, &point, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_false (pgm_connection_is_lost (replication));
  g_clear_error (&error);
  g_assert_false (pgm_slot_create (replication, "Bad\"name", FALSE, &point, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);

  g_autoptr (PgmSlot) slot = read_slot (self, "pgm_a");
  g_assert_cmpstr (slot->plugin, ==, "pgoutput");
  g_assert_cmpstr (slot->database, ==, "d");
  g_assert_false (slot->active || slot->temporary || slot->two_phase || slot->failover);
  g_assert_cmpuint (slot->restart_lsn, >, 0);
  g_assert_cmpuint (slot->confirmed_flush_lsn, >=, slot->restart_lsn);
  g_assert_cmpuint (slot->retained_bytes, >, 0);
  g_assert_cmpint (slot->catalog_xmin_age, >, 0);
  g_assert_cmpint (slot->safe_wal_size, ==, -1);
  if (pgm_connection_get_major (self->session) >= 13)
    g_assert_cmpstr (slot->wal_status, ==, "reserved");
  pgm_connection_free (replication);

  g_autoptr (PgmSlot) kept = read_slot (self, "pgm_a");
  g_assert_nonnull (kept);
  drop_slot (self, "pgm_a", FALSE);
  drop_slot (self, "pgm_a", FALSE);
  g_autoptr (PgmSlot) gone = read_slot (self, "pgm_a");
  g_assert_null (gone);
}

static void
test_temporary (Fixture *self, gconstpointer data)
{
  PgmConnection *replication = open_session (self->cluster, "d", NULL, TRUE);

  create_slot (replication, "pgm_t", TRUE, NULL);
  g_autoptr (PgmSlot) slot = read_slot (self, "pgm_t");
  g_assert_true (slot->temporary && slot->active);
  g_assert_cmpint (slot->active_pid, ==, pgm_connection_get_backend_pid (replication));

  /* In use: refused with the pid, ended when that is asked for. */
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", slot->active_pid);
  g_assert_false (pgm_slot_drop (self->session, "pgm_t", FALSE, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, pid));
  drop_slot (self, "pgm_t", TRUE);
  pgm_connection_free (replication);
}

/* A1: who a new slot would wait for, and that the waiting can be cancelled. */
static void
test_blockers (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmConnection *old = open_session (self->cluster, "d", "the old one", FALSE);

  g_assert_true (pgm_connection_exec (old, "BEGIN", NULL, &error));
  g_autoptr (GPtrArray) none = pgm_slot_list_blockers (self->session, 0, NULL, &error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_true (pgm_connection_exec (old, "CREATE TABLE public.o ()", NULL, &error));
  pgm_test_cluster_execute (self->cluster, "d",
                            "BEGIN; CREATE TABLE p (); PREPARE TRANSACTION 'a gid'");

  g_autoptr (GPtrArray) blockers = pgm_slot_list_blockers (self->session, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (blockers->len, ==, 2);
  const PgmBlocker *first = g_ptr_array_index (blockers, 0);
  const PgmBlocker *second = g_ptr_array_index (blockers, 1);
  g_assert_cmpint (first->pid, ==, pgm_connection_get_backend_pid (old));
  g_assert_cmpstr (first->application, ==, "the old one");
  g_assert_cmpstr (first->user, ==, PGM_TEST_USER);
  g_assert_cmpstr (first->query, ==, "CREATE TABLE public.o ()");
  g_assert_cmpfloat (first->seconds, >, 0);
  g_assert_cmpint (second->pid, ==, 0);
  g_assert_cmpstr (second->query, ==, "a gid");
  g_autoptr (GPtrArray) young = pgm_slot_list_blockers (self->session, 3600, NULL, &error);
  g_assert_cmpuint (young->len, ==, 0);

  pgm_test_cluster_execute (self->cluster, "d", "ROLLBACK PREPARED 'a gid'");
  pgm_connection_free (old);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_create_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PgmLsn point = 0;
  PgmConnection *old = open_session (self->cluster, "d", NULL, FALSE);
  PgmConnection *replication = open_session (self->cluster, "d", NULL, TRUE);

  g_assert_true (pgm_connection_exec (old, "BEGIN; CREATE TABLE public.o ()", NULL, &error));
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (pgm_slot_create (replication, "pgm_c", FALSE, &point, NULL, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
  g_thread_join (thread);
  g_autoptr (PgmSlot) gone = read_slot (self, "pgm_c");
  g_assert_null (gone);
  pgm_connection_free (old);
  pgm_connection_free (replication);
}

/* F13: names with everything that quoting could get wrong. */
static void
test_publication (Fixture *self, gconstpointer data)
{
  static const char odd[] = "P\"u, b'\\l ö 63 bytes of a name that has everything 89 123456 a";
  static const char *const tables[] = { "public.\"T,\"\"1\"", "public.parent", NULL };
  g_autoptr (GError) error = NULL;
  gboolean exists = TRUE;

  g_assert_cmpuint (strlen (odd), ==, 63);
  pgm_test_cluster_execute (self->cluster, "d",
                            "CREATE TABLE public.\"T,\"\"1\" (); CREATE TABLE parent ();"
                            "CREATE TABLE child () INHERITS (parent)");
  g_assert_true (pgm_publication_exists (self->session, odd, &exists, NULL, &error));
  g_assert_false (exists);
  g_assert_true (pgm_publication_create (self->session, odd, tables, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (pgm_publication_exists (self->session, odd, &exists, NULL, &error));
  g_assert_true (exists);
  g_autofree char *published = pgm_test_cluster_query (
      self->cluster, "d",
      "SELECT tablename FROM pg_publication_tables ORDER BY tablename COLLATE \"C\"");
  g_assert_cmpstr (published, ==, "T,\"1\nparent");

  g_assert_false (pgm_publication_create (self->session, odd, tables, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_true (pgm_publication_drop (self->session, odd, NULL, &error));
  g_assert_true (pgm_publication_drop (self->session, odd, NULL, &error));
  g_assert_true (pgm_publication_create (self->session, "all of it", NULL, NULL, &error));
  g_autofree char *all = pgm_test_cluster_query (
      self->cluster, "d", "SELECT puballtables FROM pg_publication WHERE pubname = 'all of it'");
  g_assert_cmpstr (all, ==, "t");
}

/* A backend notices only when it is scheduled next that its client is gone, and
 * has its origin until then. */
static void
await_backend_end (PgmTestCluster *cluster, int pid)
{
  g_autofree char *count =
      g_strdup_printf ("SELECT count(*) FROM pg_stat_activity WHERE pid = %d", pid);

  for (int i = 0; i < 600; i++)
    {
      g_autofree char *left = pgm_test_cluster_query (cluster, "postgres", count);

      if (g_str_equal (left, "0"))
        return;
      g_usleep (50 * 1000);
    }
  g_error ("backend %d doesn't end", pid);
}

/* A7: progress is read, never made up. */
static void
test_origin (Fixture *self, gconstpointer data)
{
  static const char name[] = "pgmanager o'r\\igin";
  g_autoptr (GError) error = NULL;
  int pid = 0;
  gboolean found = TRUE;
  PgmLsn lsn = 1;

  g_assert_true (pgm_origin_read (self->session, name, &found, &lsn, NULL, &error));
  g_assert_false (found);
  g_assert_false (pgm_origin_own (self->session, name, 0, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (pgm_origin_create (self->session, name, 0x1234, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (pgm_origin_read (self->session, name, &found, &lsn, NULL, &error));
  g_assert_true (found);
  g_assert_cmpuint (lsn, ==, 0x1234);
  g_assert_false (pgm_origin_create (self->session, name, 1, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);

  g_assert_true (pgm_origin_own (self->session, name, 0, NULL, &error));
  /* Owning it twice is fine. */
  g_assert_true (pgm_origin_own (self->session, name, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (pgm_connection_exec (
      self->session,
      "BEGIN; SELECT pg_replication_origin_xact_setup('0/5678', now()); CREATE TABLE public.x (); COMMIT",
      NULL, &error));
  g_assert_true (pgm_origin_flush (self->session, &lsn, NULL, &error));
  g_assert_cmpuint (lsn, ==, 0x5678);
  pid = pgm_connection_get_backend_pid (self->session);
  pgm_connection_free (self->session);
  await_backend_end (self->cluster, pid);
  self->session = open_session (self->cluster, "d", NULL, FALSE);
  g_assert_true (pgm_origin_read (self->session, name, &found, &lsn, NULL, &error));
  g_assert_cmpuint (lsn, ==, 0x5678);
  g_assert_true (pgm_origin_drop (self->session, name, NULL, &error));
  g_assert_true (pgm_origin_drop (self->session, name, NULL, &error));
  g_assert_no_error (error);
}

/* A8, F62: a backend of ours that was left behind is ended and awaited; somebody
 * else's is left alone. */
static void
test_takeover (Fixture *self, gconstpointer data)
{
  static const char name[] = "pgmanager takeover";
  g_autoptr (GError) error = NULL;
  PgmConnection *left = open_session (self->cluster, "d", "pgmanager job apply", FALSE);
  PgmConnection *foreign = open_session (self->cluster, "d", "a subscription", FALSE);

  g_assert_true (pgm_origin_create (self->session, name, 0, NULL, &error));
  g_assert_true (pgm_origin_own (left, name, 0, NULL, &error));
  g_assert_false (pgm_origin_own (self->session, name, 0, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_autofree char *pid = g_strdup_printf ("%d", pgm_connection_get_backend_pid (left));
  g_assert_nonnull (strstr (error->message, pid));
  g_clear_error (&error);
  g_assert_false (pgm_origin_drop (self->session, name, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);

  /* In the middle of a transaction, as a COMMIT without an answer is. */
  g_assert_true (pgm_connection_exec (left, "BEGIN; CREATE TABLE public.l ()", NULL, &error));
  g_assert_true (pgm_origin_own (self->session, name, 10, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (pgm_connection_exec (left, "COMMIT", NULL, NULL));
  g_assert_true (pgm_connection_is_lost (left));
  pgm_connection_free (left);

  pgm_connection_free (self->session);
  self->session = open_session (self->cluster, "d", NULL, FALSE);
  g_assert_true (pgm_origin_own (foreign, name, 10, NULL, &error));
  g_assert_false (pgm_origin_own (self->session, name, 10, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_true (pgm_connection_exec (foreign, "SELECT 1", NULL, NULL));
  pgm_connection_free (foreign);
}

static void
add_all (const Server *server)
{
  static const struct
  {
    const char *name;
    void (*function) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "A01-create", test_create },           { "temporary", test_temporary },
    { "A01-blockers", test_blockers },       { "create-cancelled", test_create_cancelled },
    { "F13-publication", test_publication }, { "A07-origin", test_origin },
    { "A08-F62-takeover", test_takeover },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf (
          "/slot/%d/%s", pgm_test_cluster_get_major (server->cluster), tests[i].name);
      g_test_add (path, Fixture, server, set_up, tests[i].function, tear_down);
    }
}

int
main (int argc, char **argv)
{
  static const int majors[] = { 13, 15, 17, 18 };
  Server servers[G_N_ELEMENTS (majors)] = { 0 };
  guint n_servers = 0;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autoptr (GError) error = NULL;
      Server *server = &servers[n_servers];
      server->cluster = pgm_test_cluster_new_full (
          majors[i], NULL, "max_prepared_transactions = 5\nmax_replication_slots = 10\n",
          PGM_TEST_CLUSTER_DEFAULT, &error);
      if (server->cluster != NULL)
        {
          add_all (server);
          n_servers++;
        }
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_error ("%s", error->message);
      else
        g_test_message ("PostgreSQL %d is not here: skipped", majors[i]);
    }
  int status = n_servers > 0 ? g_test_run () : 77;
  for (guint i = 0; i < n_servers; i++)
    pgm_test_cluster_free (servers[i].cluster);
  return status;
}
