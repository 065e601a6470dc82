/* cluster list, show, test. */
#include "cli/cluster.h"
#include "cli/node-spec.h"
#include "cli/grid.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

static char *
describe_nodes (const PgmCluster *cluster)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (cluster->nodes, i);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", node->id);
    }
  return g_strdup (text->str);
}

static void
print_clusters (const GPtrArray *clusters)
{
  const char *const headings[] = { _ ("ID"), _ ("NAME"), _ ("NODES"), _ ("TAGS"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);

  for (guint i = 0; i < clusters->len; i++)
    {
      const PgmCluster *cluster = g_ptr_array_index (clusters, i);
      g_autofree char *nodes = describe_nodes (cluster);
      g_autofree char *tags = cluster->tags != NULL ? g_strjoinv (", ", cluster->tags) : NULL;

      pgm_grid_add (table, cluster->id);
      pgm_grid_add (table, cluster->name);
      pgm_grid_add (table, nodes);
      pgm_grid_add (table, tags);
    }
  pgm_grid_print (table);
}

int
pgm_cluster_list_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clusters = NULL;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, NULL, _ ("Lists the registered clusters."),
                               NULL, 0, 0, &status))
    return status;
  clusters = pgm_cluster_call_ask (&call, PGM_ASK_LIST_CLUSTERS, NULL, NULL, &error);
  if (error != NULL)
    return pgm_command_fail (error);
  if (call.output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json_many ("clusters", clusters);
  else if (clusters->len > 0)
    print_clusters (clusters);
  else
    g_print ("%s\n", _ ("No cluster is registered: pgmanager cluster add --help"));
  return PGM_EXIT_OK;
}

static void
print_line (const char *label, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  if (text != NULL && *text != '\0')
    g_print ("%-10s%s\n", label, shown);
}

static char *
describe_state (const PgmNodeState *node)
{
  g_autofree char *lag = pgm_format_duration (node->replay_lag_sec);

  if (!node->reachable)
    return g_strdup (_ ("unreachable"));
  if (node->live_role == PGM_NODE_PRIMARY)
    return g_strdup (_ ("up"));
  return g_strdup_printf (_ ("up, %s behind"), lag);
}

static void
print_nodes (const GPtrArray *nodes)
{
  const char *const headings[] = { _ ("NODE"),    _ ("ROLE"),    _ ("ADDRESS"), _ ("STATE"),
                                   _ ("VERSION"), _ ("LATENCY"), _ ("SIZE"),    NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);

  for (guint i = 0; i < nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (nodes, i);
      g_autofree char *state = describe_state (node);

      pgm_grid_add (table, node->node_id);
      pgm_grid_add (table,
                    pgm_node_role_names[node->reachable ? node->live_role : node->declared_role]);
      pgm_grid_add (table, node->address);
      pgm_grid_add (table, state);
      pgm_grid_add (table, node->version);
      pgm_grid_take_right (
          table, node->reachable ? pgm_format_duration_ms ((double) node->latency_ns / 1e6) : NULL);
      pgm_grid_take_right (table, node->reachable ? pgm_format_bytes (node->size_bytes) : NULL);
    }
  pgm_grid_print (table);
}

static void
print_warnings (const GPtrArray *nodes)
{
  for (guint i = 0; i < nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (nodes, i);
      g_autofree char *warning = pgm_display_text (node->warning);
      g_autofree char *error = pgm_display_text (node->error);
      g_autofree char *hint = pgm_display_text (node->hint);

      if (warning != NULL)
        g_print ("\n%s: %s\n", node->node_id, warning);
      if (error != NULL)
        g_print ("\n%s\n", error);
      if (error != NULL && hint != NULL)
        g_print ("  %s %s\n", _ ("Hint:"), hint);
    }
}

static void
print_cluster (const PgmCluster *cluster, const GPtrArray *nodes)
{
  g_autofree char *tags = cluster->tags != NULL ? g_strjoinv (", ", cluster->tags) : NULL;

  print_line (_ ("Cluster"), cluster->id);
  print_line (_ ("Name"), cluster->name);
  print_line (_ ("Tags"), tags);
  print_line (_ ("Backups"), cluster->backup_path);
  for (guint i = 0; i < nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (nodes, i);

      if (node->system_identifier == NULL)
        continue;
      print_line (_ ("System"), node->system_identifier);
      break;
    }
  g_print ("\n");
  print_nodes (nodes);
  print_warnings (nodes);
}

int
pgm_cluster_show_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) nodes = NULL;
  PgmCluster *cluster;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "CLUSTER",
                               _ ("Shows a cluster, and asks its nodes how they are. The role is"
                                  " the one that was\nfound; where it isn't the declared one, that"
                                  " is said."),
                               NULL, 1, 1, &status))
    return status;
  cluster = pgm_cluster_call_ask (&call, PGM_ASK_GET_CLUSTER, call.names[0], NULL, &error);
  if (cluster == NULL)
    return pgm_command_fail (error);
  nodes = pgm_cluster_call_ask (&call, PGM_ASK_LIST_NODES, call.names[0], NULL, &error);
  if (nodes == NULL)
    status = pgm_command_fail (error);
  else if (call.output == PGM_OUTPUT_JSON)
    {
      pgm_cluster_print_json ("cluster", cluster);
      pgm_cluster_print_json_many ("nodes", nodes);
    }
  else
    print_cluster (cluster, nodes);
  pgm_record_unref (cluster);
  return status;
}

typedef struct
{
  char *user;
  char *password;
} Login;

static void
login_clear (Login *self)
{
  g_free (self->user);
  pgm_secret_free_text (self->password);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Login, login_clear)

static PgmConnectionResult *
test_node (PgmClusterCall *call,
           const Login *login,
           const char *cluster,
           const char *node,
           GError **error)
{
  PgmConnectionTest *test = pgm_record_new (&pgm_connection_test_type);

  test->cluster_id = g_strdup (cluster);
  test->node_id = g_strdup (node);
  test->user = g_strdup (login->user);
  test->password = pgm_secret_new (login->password);
  return pgm_cluster_call_ask (call, PGM_ASK_TEST_CONNECTION, NULL, test, error);
}

static char *
describe_privileges (const PgmConnectionPrivileges *privileges)
{
  g_autoptr (GString) text = g_string_new ("connect");

  if (privileges->superuser)
    g_string_append (text, ", superuser");
  if (privileges->replication)
    g_string_append (text, ", replication");
  if (privileges->createdb)
    g_string_append (text, ", createdb");
  return g_strdup (text->str);
}

static void
add_result (PgmGrid *table, const char *node, const PgmConnectionResult *result)
{
  g_autofree char *privileges =
      result->privileges != NULL ? describe_privileges (result->privileges) : NULL;

  pgm_grid_add (table, node);
  pgm_grid_add (table, result->reachable ? _ ("reachable") : _ ("unreachable"));
  pgm_grid_add (table, !result->reachable   ? NULL
                       : result->is_replica ? pgm_node_role_names[PGM_NODE_REPLICA]
                                            : pgm_node_role_names[PGM_NODE_PRIMARY]);
  pgm_grid_add (table, result->version);
  pgm_grid_take_right (
      table, result->reachable ? pgm_format_duration_ms ((double) result->latency_ns / 1e6) : NULL);
  pgm_grid_add (table, privileges);
}

static void
print_result (const char *node, const PgmConnectionResult *result)
{
  g_autofree char *json = pgm_record_to_json (result, FALSE);

  g_print ("{\"node\":\"%s\",\"result\":%s}\n", node, json);
}

static void
print_errors (GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++)
    {
      const PgmConnectionResult *result = g_ptr_array_index (results, i);
      g_autofree char *error = pgm_display_text (result->error);
      g_autofree char *hint = pgm_display_text (result->hint);

      if (error != NULL)
        g_print ("\n%s\n", error);
      if (error != NULL && hint != NULL)
        g_print ("  %s %s\n", _ ("Hint:"), hint);
    }
}

static int
test_nodes (PgmClusterCall *call, const Login *login, const PgmCluster *cluster, const char *only)
{
  const char *const headings[] = { _ ("NODE"),    _ ("STATE"),      _ ("ROLE"), _ ("VERSION"),
                                   _ ("LATENCY"), _ ("PRIVILEGES"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (pgm_record_unref);
  gboolean all = TRUE;

  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (cluster->nodes, i);
      g_autoptr (GError) error = NULL;
      PgmConnectionResult *result;

      if (only != NULL && g_strcmp0 (node->id, only) != 0)
        continue;
      result = test_node (call, login, cluster->id, node->id, &error);
      if (result == NULL)
        return pgm_command_fail (error);
      g_ptr_array_add (results, result);
      all = all && result->reachable;
      add_result (table, node->id, result);
      if (call->output == PGM_OUTPUT_JSON)
        print_result (node->id, result);
    }
  if (call->output == PGM_OUTPUT_TABLE)
    {
      pgm_grid_print (table);
      print_errors (results);
    }
  return all ? PGM_EXIT_OK : PGM_EXIT_CONNECT;
}

int
pgm_cluster_test_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_auto (Login) login = { 0 };
  const GOptionEntry entries[] = {
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &login.user, N_ ("Log in as this role instead"),
      "ROLE" },
    { "password", 0, 0, G_OPTION_ARG_FILENAME, &login.password, N_ ("With this password"),
      "SECRET" },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *id = NULL;
  g_autofree char *node = NULL;
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "CLUSTER[/NODE]",
                               _ ("Connects to each node, or to one, and says what the role may do"
                                  " there. Ends with 4\nwhen one can't be reached."),
                               entries, 1, 1, &status))
    return status;
  pgm_node_spec_split (call.names[0], &id, &node);
  cluster = pgm_cluster_call_ask (&call, PGM_ASK_GET_CLUSTER, id, NULL, &error);
  if (cluster == NULL)
    return pgm_command_fail (error);
  if (node != NULL && pgm_cluster_find_node (cluster, node) == NULL)
    {
      pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "cluster \"%s\" has no node \"%s\"", id, node);
      status = pgm_command_fail (error);
    }
  else
    status = test_nodes (&call, &login, cluster, node);
  pgm_record_unref (cluster);
  return status;
}
