/* What is asked about clusters and servers, against real servers: reachable, dead,
 * stopped in the middle, with names and privileges that are in the way. */
#include "asker.h"

#include <signal.h>

#include "fixture/cluster.h"

#define HOSTILE "weird \"na'me%s; DROP\\ Ωμέγα"

typedef struct
{
  PgmTestCluster *server;
  PgmTestCluster *other;
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

static const char *
uri_of (PgmTestCluster *server)
{
  return pgm_test_cluster_get_uri (server, NULL);
}

static void
test_registering (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) none = NULL;
  PgmCluster *one;
  PgmCluster *changed;

  pgm_asker_register (&self->asker, "prod", uri_of (self->servers->server), NULL);
  all = pgm_asker_must (&self->asker, PGM_ASK_LIST_CLUSTERS, NULL, NULL);
  g_assert_cmpuint (all->len, ==, 1);
  one = pgm_asker_must (&self->asker, PGM_ASK_GET_CLUSTER, "prod", NULL);
  g_assert_cmpstr (one->name, ==, "prod");
  g_free (one->name);
  one->name = g_strdup ("Production");
  changed = pgm_asker_must (&self->asker, PGM_ASK_UPDATE_CLUSTER, "prod", one);
  g_assert_cmpstr (changed->name, ==, "Production");

  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_ADD_CLUSTER, NULL, changed, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_GET_CLUSTER, "nobody", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (pgm_asker_must (&self->asker, PGM_ASK_REMOVE_CLUSTER, "prod", NULL));
  none = pgm_asker_must (&self->asker, PGM_ASK_LIST_CLUSTERS, NULL, NULL);
  g_assert_cmpuint (none->len, ==, 0);
}

static void
assert_refused (Face *self, const char *json, const char *word)
{
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster = pgm_record_from_json (&pgm_cluster_type, json, -1, &error);

  g_assert_no_error (error);
  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_ADD_CLUSTER, NULL, cluster, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_bad_clusters (Face *self, gconstpointer data)
{
  assert_refused (self, "{\"name\":\"a\",\"nodes\":[]}", "nodes");
  assert_refused (self, "{\"nodes\":[{\"host\":\"h\"}]}", "name");
  assert_refused (self, "{\"id\":\"../x\",\"name\":\"a\",\"nodes\":[{\"host\":\"h\"}]}", "../x");
  assert_refused (self, "{\"name\":\"a\",\"nodes\":[{\"port\":5432}]}", "nodes[0]");
  assert_refused (self, "{\"name\":\"a\",\"nodes\":[{\"host\":\"h\",\"port\":70000}]}", "port");
  assert_refused (self, "{\"name\":\"a\",\"nodes\":[{\"uri\":\"postgresql://[::1/\"}]}",
                  "nodes[0].uri");
  assert_refused (self, "{\"name\":\"a\",\"nodes\":[{\"uri\":\"host=h\",\"service\":\"s\"}]}",
                  "nodes[0]");
  assert_refused (
      self,
      "{\"name\":\"a\",\"nodes\":[{\"id\":\"n\",\"host\":\"h\"},{\"id\":\"n\",\"host\":\"h\"}]}",
      "nodes[1].id");
}

static PgmConnectionTest *
make_test (const char *dsn, const char *cluster)
{
  PgmConnectionTest *test = pgm_record_new (&pgm_connection_test_type);

  test->dsn = pgm_secret_new (dsn);
  test->cluster_id = g_strdup (cluster);
  return test;
}

static void
test_connections (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmConnectionTest *as_weak = make_test (NULL, "prod");
  PgmConnectionResult *good, *weak, *bad;

  pgm_asker_register (&self->asker, "prod", uri_of (self->servers->server), NULL);
  good = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL,
                         make_test (uri_of (self->servers->server), NULL));
  g_assert_true (good->reachable);
  g_assert_null (good->error);
  g_assert_true (good->privileges->superuser);
  g_assert_true (good->privileges->replication);
  g_assert_false (good->is_replica);
  g_assert_cmpint (good->latency_ns, >, 0);
  g_assert_nonnull (good->version);

  pgm_test_cluster_execute (self->servers->server, NULL, "CREATE ROLE weak LOGIN CREATEDB");
  as_weak->user = g_strdup ("weak");
  weak = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL, as_weak);
  pgm_test_cluster_execute (self->servers->server, NULL, "DROP ROLE weak");
  g_assert_true (weak->reachable);
  g_assert_false (weak->privileges->superuser);
  g_assert_false (weak->privileges->replication);
  g_assert_true (weak->privileges->createdb);

  bad = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL,
                        make_test ("postgresql://nobody:hidden@127.0.0.1:1/x", NULL));
  g_assert_false (bad->reachable);
  g_assert_nonnull (strstr (bad->error, "refused"));
  g_assert_null (strstr (bad->error, "hidden"));
  g_assert_nonnull (bad->hint);
  g_assert_null (bad->privileges);

  g_assert_null (
      pgm_asker_ask (&self->asker, PGM_ASK_TEST_CONNECTION, NULL, make_test (NULL, NULL), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_TEST_CONNECTION, NULL,
                                make_test (NULL, "nobody"), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  pgm_record_unref (good);
  pgm_record_unref (weak);
  pgm_record_unref (bad);
}

/* A stored password is for the stored user, and a stored server: whoever names another
 * doesn't get it. */
static void
test_whose_password (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmTestCluster) locked =
      pgm_test_cluster_new_full (0, NULL, NULL, PGM_TEST_CLUSTER_SCRAM, &error);
  PgmConnectionTest *as_other = make_test (NULL, "locked");
  PgmConnectionTest *given = make_test (NULL, "locked");
  PgmConnectionResult *result;

  g_assert_no_error (error);
  pgm_test_cluster_execute (locked, NULL, "CREATE ROLE other LOGIN PASSWORD 'pgm test'");
  pgm_asker_register (&self->asker, "locked", uri_of (locked), NULL);
  result = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL, make_test (NULL, "locked"));
  g_assert_true (result->reachable);
  pgm_record_unref (result);

  as_other->user = g_strdup ("other"); /* with the same password, which must not be tried */
  result = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL, as_other);
  g_assert_false (result->reachable);
  g_assert_nonnull (strstr (result->error, "no password supplied"));
  pgm_record_unref (result);

  given->user = g_strdup ("other");
  given->password = pgm_secret_new ("pgm test");
  result = pgm_asker_must (&self->asker, PGM_ASK_TEST_CONNECTION, NULL, given);
  g_assert_true (result->reachable);
  pgm_record_unref (result);
}

/* The dead and the stopped cost their three seconds together, not one after the other. */
static void
test_nodes (Face *self, gconstpointer data)
{
  GPid stopped = pgm_test_cluster_get_pid (self->servers->other);
  g_autoptr (GPtrArray) nodes = NULL;
  const PgmNodeState *primary, *dead, *silent, *silent_too;
  gint64 began;
  double took;

  pgm_asker_register (&self->asker, "prod", uri_of (self->servers->server),
                      "postgresql://127.0.0.1:1/postgres", uri_of (self->servers->other),
                      uri_of (self->servers->other), NULL);
  g_assert_cmpint (kill (stopped, SIGSTOP), ==, 0);
  began = g_get_monotonic_time ();
  nodes = pgm_asker_must (&self->asker, PGM_ASK_LIST_NODES, "prod", NULL);
  took = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_assert_cmpint (kill (stopped, SIGCONT), ==, 0);
  g_test_message ("took %.2f s", took);
  g_assert_cmpfloat (took, <, 5.0);
  g_assert_cmpuint (nodes->len, ==, 4);
  primary = g_ptr_array_index (nodes, 0);
  dead = g_ptr_array_index (nodes, 1);
  silent = g_ptr_array_index (nodes, 2);
  silent_too = g_ptr_array_index (nodes, 3);
  g_assert_true (primary->reachable);
  g_assert_cmpstr (primary->node_id, ==, "primary");
  g_assert_cmpint (primary->live_role, ==, PGM_NODE_PRIMARY);
  g_assert_false (primary->role_differs);
  g_assert_null (primary->warning);
  g_assert_nonnull (primary->system_identifier);
  g_assert_cmpint (primary->timeline, ==, 1);
  g_assert_cmpuint (primary->size_bytes, >, 1000000);
  g_assert_cmpfloat (primary->uptime_sec, >, 0);
  g_assert_cmpint (primary->checked_at, >, 0);
  g_assert_false (dead->reachable);
  g_assert_nonnull (strstr (dead->error, "refused"));
  g_assert_nonnull (dead->hint);
  g_assert_false (silent->reachable);
  g_assert_nonnull (silent->error);
  g_assert_false (silent_too->reachable);
}

static void
test_foreign_node (Face *self, gconstpointer data)
{
  g_autoptr (GPtrArray) nodes = NULL;
  const PgmNodeState *foreign;

  pgm_asker_register (&self->asker, "mixed", uri_of (self->servers->server),
                      uri_of (self->servers->other), NULL);
  nodes = pgm_asker_must (&self->asker, PGM_ASK_LIST_NODES, "mixed", NULL);
  foreign = g_ptr_array_index (nodes, 1);
  g_assert_true (foreign->reachable);
  g_assert_true (foreign->role_differs);
  g_assert_nonnull (strstr (foreign->warning, "declared as replica, but it is a primary"));
  g_assert_nonnull (strstr (foreign->warning, foreign->system_identifier));
}

static PgmIntrospectionQuery *
make_query (const char *database)
{
  PgmIntrospectionQuery *query = pgm_record_new (&pgm_introspection_query_type);

  query->database = g_strdup (database);
  return query;
}

static PgmDatabaseSize *
find_database (const PgmIntrospection *introspection, const char *name)
{
  for (guint i = 0; i < introspection->databases->len; i++)
    {
      PgmDatabaseSize *database = g_ptr_array_index (introspection->databases, i);

      if (g_str_equal (database->name, name))
        return database;
    }
  g_error ("no database %s", name);
}

static const char *
get_parameter (const PgmIntrospection *introspection, const char *name)
{
  for (guint i = 0; i < introspection->parameters->len; i++)
    {
      const PgmParameter *parameter = g_ptr_array_index (introspection->parameters, i);

      if (g_str_equal (parameter->name, name))
        return parameter->setting;
    }
  return NULL;
}

static void
test_introspection (Face *self, gconstpointer data)
{
  PgmTestCluster *server = self->servers->server;
  PgmIntrospection *seen;
  const PgmDatabaseSize *database;
  const PgmSchemaSize *schema;
  const PgmTableSize *table;

  pgm_test_cluster_create_database (server, HOSTILE, NULL);
  pgm_test_cluster_execute (server, HOSTILE,
                            "CREATE SCHEMA \"s%d\"\"\"; CREATE SCHEMA empty;"
                            "CREATE TABLE \"s%d\"\"\".\"t'\" AS SELECT i, repeat('x', 100) v"
                            " FROM generate_series(1, 10000) i;"
                            "CREATE INDEX ON \"s%d\"\"\".\"t'\" (i);"
                            "CREATE TABLE \"s%d\"\"\".small (); ANALYZE");
  pgm_asker_register (&self->asker, "prod", uri_of (server), NULL);
  seen = pgm_asker_must (&self->asker, PGM_ASK_INTROSPECT, "prod", make_query (HOSTILE));
  g_assert_cmpstr (seen->database, ==, HOSTILE);
  g_assert_false (seen->is_replica);
  g_assert_cmpint (seen->started_at, >, 0);
  g_assert_cmpstr (get_parameter (seen, "wal_level"), ==, "logical");
  g_assert_null (get_parameter (seen, "statement_timeout")); /* that is ours */
  database = find_database (seen, HOSTILE);
  g_assert_cmpuint (database->size_bytes, >, 1000000);
  g_assert_cmpuint (find_database (seen, "postgres")->schemas->len, ==, 0);
  g_assert_cmpuint (database->schemas->len, ==, 3);
  g_assert_cmpstr (((PgmSchemaSize *) g_ptr_array_index (database->schemas, 0))->name, ==, "empty");
  schema = g_ptr_array_index (database->schemas, 2);
  g_assert_cmpstr (schema->name, ==, "s%d\"");
  g_assert_cmpint (schema->table_count, ==, 2);
  g_assert_cmpuint (schema->tables->len, ==, 2);
  table = g_ptr_array_index (schema->tables, 0);
  g_assert_cmpstr (table->name, ==, "t'");
  g_assert_cmpint (table->row_count, ==, 10000);
  g_assert_cmpuint (table->index_bytes, >, 100000);
  g_assert_cmpuint (table->total_bytes, ==, table->data_bytes + table->index_bytes);
  g_assert_cmpuint (schema->total_bytes, >=, table->total_bytes);
  pgm_record_unref (seen);
  pgm_test_cluster_execute (server, NULL, "DROP DATABASE \"weird \"\"na'me%s; DROP\\ Ωμέγα\"");
}

/* A table that somebody holds is estimated instead of waited for. */
static void
test_locked_table (Face *self, gconstpointer data)
{
  PgmTestCluster *server = self->servers->server;
  PgmIntrospection *seen;
  const PgmSchemaSize *schema;
  const PgmTableSize *table;

  pgm_test_cluster_create_database (server, "held", NULL);
  pgm_test_cluster_execute (server, "held",
                            "CREATE TABLE t AS SELECT i FROM generate_series(1, 10000) i;"
                            "CREATE INDEX ON t (i); VACUUM ANALYZE t; BEGIN;"
                            "LOCK TABLE t; PREPARE TRANSACTION 'held'");
  pgm_asker_register (&self->asker, "prod", uri_of (server), NULL);
  seen = pgm_asker_must (&self->asker, PGM_ASK_INTROSPECT, "prod", make_query ("held"));
  pgm_test_cluster_execute (server, "held", "ROLLBACK PREPARED 'held'");
  schema = g_ptr_array_index (find_database (seen, "held")->schemas, 0);
  table = g_ptr_array_index (schema->tables, 0);
  g_assert_cmpuint (table->total_bytes, >, 300000);
  g_assert_cmpuint (table->total_bytes, ==, table->data_bytes + table->index_bytes);
  pgm_record_unref (seen);
  pgm_test_cluster_execute (server, NULL, "DROP DATABASE held");
}

static void
test_closed_database (Face *self, gconstpointer data)
{
  PgmTestCluster *server = self->servers->server;
  g_autofree char *uri = g_strdup_printf ("postgresql://weak@127.0.0.1:%d/postgres",
                                          pgm_test_cluster_get_port (server));
  g_autoptr (GError) error = NULL;
  PgmIntrospection *seen;

  pgm_test_cluster_create_database (server, "closed", NULL);
  pgm_test_cluster_execute (
      server, NULL, "REVOKE CONNECT ON DATABASE closed FROM PUBLIC; CREATE ROLE weak LOGIN");
  pgm_asker_register (&self->asker, "prod", uri, NULL);
  seen = pgm_asker_must (&self->asker, PGM_ASK_INTROSPECT, "prod", make_query (NULL));
  g_assert_cmpuint (find_database (seen, "closed")->size_bytes, ==, 0);
  g_assert_cmpuint (find_database (seen, "postgres")->size_bytes, >, 0);
  pgm_record_unref (seen);
  g_assert_null (
      pgm_asker_ask (&self->asker, PGM_ASK_INTROSPECT, "prod", make_query ("closed"), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_CONNECT);
  pgm_test_cluster_execute (server, NULL, "DROP DATABASE closed; DROP ROLE weak");
}

static void
wait_until_ended (PgmAsker *asker, const char *job_id)
{
  PgmReport *report;

  while ((report = pgm_engine_ref_report (asker->engine, job_id)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (report->error, ==, NULL);
  pgm_record_unref (report);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static char *
start_by_name (PgmAsker *asker, const char *from, const char *to, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  GAsyncResult *result = NULL;
  char *id;

  spec->kind = PGM_JOB_CLONE;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->cluster = g_strdup ("from");
  spec->source->dbname = g_strdup (from);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->cluster = g_strdup ("to");
  spec->destination->node = g_strdup ("primary");
  spec->destination->dbname = g_strdup (to);
  pgm_engine_start_job_async (asker->engine, spec, NULL, on_started, &result);
  pgm_record_unref (spec);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  id = pgm_engine_start_job_finish (asker->engine, result, error);
  g_object_unref (result);
  return id;
}

/* A job between registered clusters; while it runs, they stay. */
static void
test_job (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *job_id = NULL;
  g_autofree char *rows = NULL;
  PgmJobHistory *kept;

  pgm_test_cluster_create_database (self->servers->server, "shop", NULL);
  pgm_test_cluster_create_database (self->servers->other, "shop", NULL);
  pgm_test_cluster_execute (self->servers->server, "shop",
                            "CREATE TABLE t (i int); INSERT INTO t VALUES (1), (2);"
                            "BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'held'");
  pgm_asker_register (&self->asker, "from", uri_of (self->servers->server), NULL);
  pgm_asker_register (&self->asker, "to", uri_of (self->servers->other), NULL);
  job_id = start_by_name (&self->asker, "shop", "shop", &error);
  g_assert_no_error (error);
  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_REMOVE_CLUSTER, "from", NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, job_id));
  g_clear_error (&error);
  pgm_test_cluster_execute (self->servers->server, "shop", "ROLLBACK PREPARED 'held'");
  wait_until_ended (&self->asker, job_id);
  rows = pgm_test_cluster_query (self->servers->other, "shop", "SELECT count(*) FROM t");
  g_assert_cmpstr (rows, ==, "2");

  pgm_store_flush (self->asker.store);
  kept = pgm_history_get_job (pgm_store_get_path (self->asker.store), job_id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kept->spec->source->cluster, ==, "from");
  g_assert_cmpstr (kept->spec->destination->node, ==, "primary");
  pgm_record_unref (kept);
  g_assert_null (pgm_asker_must (&self->asker, PGM_ASK_REMOVE_CLUSTER, "from", NULL));
  g_assert_null (start_by_name (&self->asker, "shop", "shop", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
}

#define ADD(name, func) g_test_add ("/engine/asks/" name, Face, &servers, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  Servers servers = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  servers.server = pgm_test_cluster_new_full (0, NULL, "max_prepared_transactions = 4",
                                              PGM_TEST_CLUSTER_DEFAULT, &error);
  g_assert_no_error (error);
  /* Of its own initdb: a copy would have the identifier of the other. */
  servers.other = pgm_test_cluster_new (0, "--encoding=UTF8", &error);
  g_assert_no_error (error);
  ADD ("registering", test_registering);
  ADD ("bad-clusters", test_bad_clusters);
  ADD ("connections", test_connections);
  ADD ("whose-password", test_whose_password);
  ADD ("nodes", test_nodes);
  ADD ("foreign-node", test_foreign_node);
  ADD ("introspection", test_introspection);
  ADD ("locked-table", test_locked_table);
  ADD ("closed-database", test_closed_database);
  ADD ("job", test_job);
  status = g_test_run ();
  pgm_test_cluster_free (servers.server);
  pgm_test_cluster_free (servers.other);
  return status;
}
