/* What servers tell of replication, and of each other: a primary with a standby, slots,
 * publications and a subscription; as a superuser and as a role that may see little. */
#include "asker.h"

#include <unistd.h>

#include "fixture/cluster.h"
#include "model/report.h"

typedef struct
{
  PgmTestCluster *primary;
  PgmTestCluster *standby;
} Servers;

typedef struct
{
  PgmAsker asker;
  Servers *servers;
} Face;

static void
set_up (Face *self, gconstpointer data)
{
  self->servers = (Servers *) (guintptr) data;
  pgm_asker_init (&self->asker);
}

static void
tear_down (Face *self, gconstpointer data)
{
  pgm_asker_clear (&self->asker);
}

static PgmSlotState *
find_slot (const PgmReplication *seen, const char *name)
{
  for (guint i = 0; i < seen->slots->len; i++)
    {
      PgmSlotState *slot = g_ptr_array_index (seen->slots, i);

      if (g_str_equal (slot->name, name))
        return slot;
    }
  g_error ("no slot %s", name);
}

static const PgmCheck *
find_note (const GPtrArray *notes, const char *name)
{
  for (guint i = 0; i < notes->len; i++)
    {
      const PgmCheck *note = g_ptr_array_index (notes, i);

      if (g_str_equal (note->name, name))
        return note;
    }
  return NULL;
}

static PgmReplication *
read_replication (Face *self, const char *node)
{
  PgmIntrospectionQuery *query = pgm_record_new (&pgm_introspection_query_type);

  query->node = g_strdup (node);
  return pgm_asker_must (&self->asker, PGM_ASK_READ_REPLICATION, "prod", query);
}

static void
register_pair (Face *self)
{
  pgm_asker_register (&self->asker, "prod", pgm_test_cluster_get_uri (self->servers->primary, NULL),
                      pgm_test_cluster_get_uri (self->servers->standby, NULL), NULL);
}

static void
test_roles (Face *self, gconstpointer data)
{
  g_autoptr (GPtrArray) nodes = NULL;
  const PgmNodeState *primary, *replica;

  register_pair (self);
  nodes = pgm_asker_must (&self->asker, PGM_ASK_LIST_NODES, "prod", NULL);
  primary = g_ptr_array_index (nodes, 0);
  replica = g_ptr_array_index (nodes, 1);
  g_assert_cmpint (primary->live_role, ==, PGM_NODE_PRIMARY);
  g_assert_cmpint (replica->live_role, ==, PGM_NODE_REPLICA);
  g_assert_false (replica->role_differs);
  g_assert_null (replica->warning);
  g_assert_cmpstr (primary->system_identifier, ==, replica->system_identifier);
  g_assert_cmpint (replica->timeline, ==, 1);

  pgm_asker_register (&self->asker, "wrong",
                      pgm_test_cluster_get_uri (self->servers->standby, NULL),
                      pgm_test_cluster_get_uri (self->servers->primary, NULL), NULL);
  g_clear_pointer (&nodes, g_ptr_array_unref);
  nodes = pgm_asker_must (&self->asker, PGM_ASK_LIST_NODES, "wrong", NULL);
  primary = g_ptr_array_index (nodes, 0);
  g_assert_true (primary->role_differs);
  g_assert_nonnull (strstr (primary->warning, "declared as primary, but it is a replica"));
}

static void
test_replication (Face *self, gconstpointer data)
{
  PgmTestCluster *primary = self->servers->primary;
  PgmReplication *seen;
  const PgmSenderState *sender;
  const PgmPublicationState *publication;
  PgmSlotState *slot;

  pgm_test_cluster_execute (
      primary, NULL,
      "CREATE TABLE t (i int PRIMARY KEY); CREATE PUBLICATION \"p'u\" FOR TABLE t WITH (publish = 'insert, delete');"
      "SELECT pg_create_logical_replication_slot('kept', 'pgoutput');"
      "SELECT pg_replication_origin_create('from elsewhere');"
      "INSERT INTO t SELECT generate_series(1, 100000)");
  register_pair (self);
  seen = read_replication (self, NULL);
  g_assert_false (seen->is_replica);
  g_assert_cmpuint (seen->current_lsn, >, 0);
  slot = find_slot (seen, "kept");
  g_assert_cmpstr (slot->slot_type, ==, "logical");
  g_assert_cmpstr (slot->plugin, ==, "pgoutput");
  g_assert_cmpstr (slot->database, ==, "postgres");
  g_assert_false (slot->active);
  g_assert_cmpuint (slot->retained_bytes, >, 5000000);
  g_assert_cmpint (slot->safe_wal_bytes, ==, -1);
  g_assert_cmpint (slot->forecast_seconds, ==, -1);
  g_assert_true (find_slot (seen, "standby_slot")->active);
  g_assert_cmpuint (seen->senders->len, ==, 1);
  sender = g_ptr_array_index (seen->senders, 0);
  g_assert_cmpstr (sender->application_name, ==, "walreceiver");
  g_assert_cmpstr (sender->client_address, ==, "127.0.0.1");
  g_assert_cmpstr (sender->state, ==, "streaming");
  publication = g_ptr_array_index (seen->publications, 0);
  g_assert_cmpstr (publication->name, ==, "p'u");
  g_assert_cmpstr (publication->operations, ==, "insert, delete");
  g_assert_cmpint (publication->tables, ==, 1);
  g_assert_cmpstr (((PgmOriginState *) g_ptr_array_index (seen->origins, 0))->name, ==,
                   "from elsewhere");
  g_assert_cmpuint (seen->notes->len, ==, 0);
  pgm_record_unref (seen);

  seen = read_replication (self, "replica");
  g_assert_true (seen->is_replica);
  g_assert_nonnull (strstr (seen->upstream, "127.0.0.1:"));
  pgm_record_unref (seen);
}

/* With a limit there is a forecast, once something is written. */
static void
test_forecast (Face *self, gconstpointer data)
{
  PgmTestCluster *primary = self->servers->primary;
  g_autoptr (GSubprocess) writer = NULL;
  g_autofree char *psql = g_build_filename (pgm_test_cluster_get_bindir (primary), "psql", NULL);
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  PgmReplication *seen = NULL;
  PgmSlotState *slot;

  if (pgm_test_cluster_get_major (primary) < 13)
    {
      g_test_skip ("safe_wal_size came with 13");
      return;
    }
  pgm_test_cluster_execute (
      primary, NULL, "ALTER SYSTEM SET max_slot_wal_keep_size = '4GB'; SELECT pg_reload_conf()");
  writer = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL, psql, "-X", "-d",
      pgm_test_cluster_get_uri (primary, NULL), "-c",
      "DO $$BEGIN FOR n IN 1..600 LOOP PERFORM pg_logical_emit_message(false, 'x', repeat('y', 100000));"
      " PERFORM pg_sleep(0.1); END LOOP; END$$",
      NULL);
  g_assert_nonnull (writer);
  register_pair (self);
  /* Nothing is known until something is written. */
  do
    {
      pgm_record_unref (seen);
      seen = read_replication (self, NULL);
      slot = find_slot (seen, "kept");
    }
  while (slot->forecast_seconds < 0 && g_get_monotonic_time () < deadline);
  g_test_message ("safe %" G_GINT64_FORMAT ", in %" G_GINT64_FORMAT " s", slot->safe_wal_bytes,
                  slot->forecast_seconds);
  g_assert_cmpint (slot->safe_wal_bytes, >, 3 * G_GINT64_CONSTANT (1000000000));
  /* About 1 MB/s is written, and the machine may be busy with other things. */
  g_assert_cmpint (slot->forecast_seconds, >, 200);
  g_assert_cmpint (slot->forecast_seconds, <, 400000);
  pgm_record_unref (seen);
  g_subprocess_force_exit (writer);
  g_subprocess_wait (writer, NULL, NULL);
  /* Its session goes on without it. */
  pgm_test_cluster_execute (primary, NULL,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE query LIKE 'DO %' AND pid <> pg_backend_pid()");
  pgm_test_cluster_execute (primary, NULL,
                            "ALTER SYSTEM RESET max_slot_wal_keep_size; SELECT pg_reload_conf()");
}

/* Each note comes with a statement that makes it go away. */
static void
test_little_role (Face *self, gconstpointer data)
{
  PgmTestCluster *primary = self->servers->primary;
  g_autofree char *uri = g_strdup_printf ("postgresql://little%%20one@127.0.0.1:%d/postgres",
                                          pgm_test_cluster_get_port (primary));
  PgmReplication *seen;
  const PgmCheck *details, *progress;

  pgm_test_cluster_execute (primary, NULL, "CREATE ROLE \"little one\" LOGIN");
  pgm_asker_register (&self->asker, "prod", uri, NULL);
  seen = read_replication (self, NULL);
  details = find_note (seen->notes, "replication-details");
  progress = find_note (seen->notes, "origin-progress");
  g_assert_nonnull (details);
  g_assert_nonnull (progress);
  g_assert_nonnull (strstr (details->fix_sql, "TO \"little one\""));
  g_assert_cmpuint (find_slot (seen, "kept")->retained_bytes, >, 5000000);
  pgm_test_cluster_execute (primary, NULL, details->fix_sql);
  if (progress->fix_sql != NULL)
    pgm_test_cluster_execute (primary, NULL, progress->fix_sql);
  pgm_record_unref (seen);
  seen = read_replication (self, NULL);
  g_assert_null (find_note (seen->notes, "replication-details"));
  g_assert_true ((find_note (seen->notes, "origin-progress") == NULL) ==
                 (pgm_test_cluster_get_major (primary) >= 14));
  g_assert_cmpstr (((PgmSenderState *) g_ptr_array_index (seen->senders, 0))->state, ==,
                   "streaming");
  pgm_record_unref (seen);
  pgm_test_cluster_execute (primary, NULL,
                            "DROP OWNED BY \"little one\"; DROP ROLE \"little one\"");
}

static PgmDiscovery *
discover (Face *self, const char *uri, GError **error)
{
  PgmDiscoverQuery *query = pgm_record_new (&pgm_discover_query_type);

  query->uri = pgm_secret_new (uri);
  return pgm_asker_ask (&self->asker, PGM_ASK_DISCOVER, NULL, query, error);
}

static const PgmSibling *
look_for_sibling (const PgmDiscovery *found, const char *found_in)
{
  for (guint i = 0; i < found->siblings->len; i++)
    {
      const PgmSibling *sibling = g_ptr_array_index (found->siblings, i);

      if (g_str_equal (sibling->found_in, found_in))
        return sibling;
    }
  return NULL;
}

static const PgmSibling *
find_sibling (const PgmDiscovery *found, const char *found_in)
{
  const PgmSibling *sibling = look_for_sibling (found, found_in);

  if (sibling == NULL)
    g_error ("nothing found in %s", found_in);
  return sibling;
}

/* From the standby the primary is found, and not the standby itself once more. */
static void
test_discover_from_standby (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmDiscovery *found =
      discover (self, pgm_test_cluster_get_uri (self->servers->standby, NULL), &error);
  const PgmSibling *asked, *upstream;

  g_assert_no_error (error);
  asked = g_ptr_array_index (found->siblings, 0);
  g_assert_cmpstr (asked->found_in, ==, "uri");
  g_assert_cmpint (asked->role, ==, PGM_NODE_REPLICA);
  g_assert_true (asked->reachable);
  upstream = find_sibling (found, "pg_stat_wal_receiver");
  g_assert_true (upstream->reachable);
  g_assert_cmpint (upstream->role, ==, PGM_NODE_PRIMARY);
  g_assert_cmpint (upstream->port, ==, pgm_test_cluster_get_port (self->servers->primary));
  g_assert_null (look_for_sibling (found, "pg_stat_replication"));
  g_assert_cmpstr (found->system_identifier, !=, "0");
  pgm_record_unref (found);
}

/* Where the standby listens is known to nobody; what else is there is not taken for it. */
static void
test_discover_from_primary (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmDiscovery *found =
      discover (self, pgm_test_cluster_get_uri (self->servers->primary, NULL), &error);
  const PgmSibling *standby, *slot;

  g_assert_no_error (error);
  standby = find_sibling (found, "pg_stat_replication");
  g_assert_cmpstr (standby->host, ==, "127.0.0.1");
  g_assert_false (standby->reachable);
  g_assert_nonnull (strstr (standby->error, "asked server itself"));
  g_assert_cmpstr (standby->state, ==, "streaming");
  slot = find_sibling (found, "pg_replication_slots");
  g_assert_cmpstr (slot->name, ==, "kept");
  g_assert_true (slot->logical);
  g_assert_cmpuint (found->notes->len, ==, 0);
  pgm_record_unref (found);

  g_assert_null (discover (self, "postgresql://127.0.0.1:1/x", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  g_clear_error (&error);
  g_assert_null (discover (self, "postgresql://[", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
}

static void
add_tests (int major, Servers *servers)
{
  const struct
  {
    const char *name;
    void (*func) (Face *, gconstpointer);
  } tests[] = {
    { "roles", test_roles },
    { "replication", test_replication },
    { "forecast", test_forecast },
    { "little-role", test_little_role },
    { "discover-from-standby", test_discover_from_standby },
    { "discover-from-primary", test_discover_from_primary },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/engine/asks-replication/%d/%s", major, tests[i].name);

      g_test_add (path, Face, servers, set_up, tests[i].func, tear_down);
    }
}

int
main (int argc, char **argv)
{
  const int majors[] = { 13, 15, 17, 18 };
  Servers servers[G_N_ELEMENTS (majors)] = { 0 };
  guint found = 0;
  int status;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autofree char *bindir = pgm_test_cluster_find_bindir (majors[i]);
      g_autoptr (GError) error = NULL;

      if (bindir == NULL)
        {
          g_test_message ("no PostgreSQL %d here", majors[i]);
          continue;
        }
      servers[i].primary = pgm_test_cluster_new (majors[i], NULL, &error);
      g_assert_no_error (error);
      servers[i].standby = pgm_test_cluster_new_standby (servers[i].primary, &error);
      g_assert_no_error (error);
      add_tests (majors[i], &servers[i]);
      found++;
    }
  g_assert_cmpuint (found, >, 0);
  status = g_test_run ();
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_clear_pointer (&servers[i].standby, pgm_test_cluster_free);
      g_clear_pointer (&servers[i].primary, pgm_test_cluster_free);
    }
  return status;
}
