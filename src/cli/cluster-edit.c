/* cluster add, edit, remove. */
#include <string.h>

#include "cli/cluster.h"
#include "cli/node-spec.h"
#include "core/i18n.h"

typedef struct
{
  char *id;
  char *name;
  char **nodes;
  char **remove_nodes;
  char **tags;
  char **remove_tags;
  char *user;
  char *password;
  char *dbname;
  char *backup_path;
} Wanted;

static void
wanted_clear (Wanted *self)
{
  g_free (self->id);
  g_free (self->name);
  for (guint i = 0; self->nodes != NULL && self->nodes[i] != NULL; i++)
    pgm_secret_wipe (self->nodes[i], strlen (self->nodes[i]));
  g_strfreev (self->nodes);
  g_strfreev (self->remove_nodes);
  g_strfreev (self->tags);
  g_strfreev (self->remove_tags);
  g_free (self->user);
  pgm_secret_free_text (self->password);
  g_free (self->dbname);
  g_free (self->backup_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wanted, wanted_clear)

static void
apply_login (const Wanted *self, PgmNode *node)
{
  if (self->user != NULL)
    {
      g_free (node->user);
      node->user = g_strdup (self->user);
    }
  if (self->dbname != NULL)
    {
      g_free (node->dbname);
      node->dbname = g_strdup (self->dbname);
    }
  if (self->password == NULL)
    return;
  pgm_secret_unref (node->password);
  node->password = pgm_secret_new (self->password);
}

static gboolean
add_nodes (const Wanted *self, PgmCluster *cluster, GError **error)
{
  for (guint i = 0; self->nodes != NULL && self->nodes[i] != NULL; i++)
    {
      PgmNode *node = pgm_node_spec_parse (self->nodes[i], error);

      if (node == NULL)
        return FALSE;
      if (node->id != NULL && pgm_cluster_find_node (cluster, node->id) != NULL)
        {
          pgm_error_set (error, PGM_ERROR_USAGE, "there is a node \"%s\" already", node->id);
          pgm_record_unref (node);
          return FALSE;
        }
      g_ptr_array_add (cluster->nodes, node);
    }
  return TRUE;
}

static void
apply_texts (const Wanted *self, PgmCluster *cluster)
{
  if (self->name != NULL)
    {
      g_free (cluster->name);
      cluster->name = g_strdup (self->name);
    }
  if (self->backup_path != NULL)
    {
      g_free (cluster->backup_path);
      cluster->backup_path = g_strdup (self->backup_path);
    }
  for (guint i = 0; i < cluster->nodes->len; i++)
    apply_login (self, g_ptr_array_index (cluster->nodes, i));
}

static gboolean
is_in (char *const *list, const char *text)
{
  return list != NULL && g_strv_contains ((const char *const *) list, text);
}

/* Those that are there and not to go, and then the new ones. */
static void
apply_tags (const Wanted *self, PgmCluster *cluster)
{
  g_autoptr (GStrvBuilder) tags = g_strv_builder_new ();
  GStrv old = cluster->tags;

  for (guint i = 0; old != NULL && old[i] != NULL; i++)
    if (!is_in (self->remove_tags, old[i]) && !is_in (self->tags, old[i]))
      g_strv_builder_add (tags, old[i]);
  for (guint i = 0; self->tags != NULL && self->tags[i] != NULL; i++)
    g_strv_builder_add (tags, self->tags[i]);
  cluster->tags = g_strv_builder_end (tags);
  g_strfreev (old);
}

static gboolean
remove_nodes (const Wanted *self, PgmCluster *cluster, GError **error)
{
  for (guint i = 0; self->remove_nodes != NULL && self->remove_nodes[i] != NULL; i++)
    {
      PgmNode *node = pgm_cluster_find_node (cluster, self->remove_nodes[i]);

      if (node == NULL)
        {
          pgm_error_set (error, PGM_ERROR_NOT_FOUND, "cluster \"%s\" has no node \"%s\"",
                         cluster->id, self->remove_nodes[i]);
          return FALSE;
        }
      g_ptr_array_remove (cluster->nodes, node);
    }
  return TRUE;
}

static int
tell (PgmClusterCall *call, PgmCluster *stored, const char *what)
{
  if (call->output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json ("cluster", stored);
  else
    g_print ("%s: %s\n", stored->id, what);
  pgm_record_unref (stored);
  return PGM_EXIT_OK;
}

int
pgm_cluster_add_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_auto (Wanted) wanted = { 0 };
  const GOptionEntry entries[] = {
    { "id", 0, 0, G_OPTION_ARG_FILENAME, &wanted.id,
      N_ ("What it is called in commands (made from the name)"), "ID" },
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &wanted.name, N_ ("What people call it"), "NAME" },
    { "node", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.nodes,
      N_ ("A server: primary:HOST:PORT, replica:HOST, standby:URI, primary:service=NAME,"
          " replica/ID:…; may be repeated"),
      "ROLE:WHERE" },
    { "tag", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.tags, N_ ("As env:prod; may be repeated"),
      "TAG" },
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &wanted.user, N_ ("Role to log in as, on all nodes"),
      "ROLE" },
    { "password", 0, 0, G_OPTION_ARG_FILENAME, &wanted.password,
      N_ ("Its password, which goes to the keyring or a private file"), "SECRET" },
    { "dbname", 0, 0, G_OPTION_ARG_FILENAME, &wanted.dbname, N_ ("Database to connect to"),
      "NAME" },
    { "backup-path", 0, 0, G_OPTION_ARG_FILENAME, &wanted.backup_path, N_ ("Where its backups are"),
      "PATH" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, NULL, _ ("Registers a cluster."), entries, 0,
                               0, &status))
    return status;
  cluster = pgm_record_new (&pgm_cluster_type);
  cluster->id = g_strdup (wanted.id);
  cluster->name = g_strdup (wanted.name != NULL ? wanted.name : wanted.id);
  if (add_nodes (&wanted, cluster, &error))
    {
      apply_texts (&wanted, cluster);
      apply_tags (&wanted, cluster);
      cluster = pgm_cluster_call_ask (&call, PGM_ASK_ADD_CLUSTER, NULL, cluster, &error);
    }
  if (error == NULL)
    return tell (&call, cluster, _ ("registered"));
  pgm_record_unref (cluster);
  return pgm_command_fail (error);
}

int
pgm_cluster_edit_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_auto (Wanted) wanted = { 0 };
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &wanted.name, N_ ("What people call it"), "NAME" },
    { "node", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.nodes, N_ ("Add a server, as with add"),
      "ROLE:WHERE" },
    { "remove-node", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.remove_nodes,
      N_ ("Take a server out"), "ID" },
    { "tag", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.tags, N_ ("Add a tag"), "TAG" },
    { "remove-tag", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wanted.remove_tags, N_ ("Take a tag out"),
      "TAG" },
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &wanted.user, N_ ("Role to log in as, on all nodes"),
      "ROLE" },
    { "password", 0, 0, G_OPTION_ARG_FILENAME, &wanted.password,
      N_ ("Its password on all nodes; empty: forget it"), "SECRET" },
    { "dbname", 0, 0, G_OPTION_ARG_FILENAME, &wanted.dbname, N_ ("Database to connect to"),
      "NAME" },
    { "backup-path", 0, 0, G_OPTION_ARG_FILENAME, &wanted.backup_path, N_ ("Where its backups are"),
      "PATH" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster, *changed;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "CLUSTER",
                               _ ("Changes what is said; all else stays."), entries, 1, 1, &status))
    return status;
  cluster = pgm_cluster_call_ask (&call, PGM_ASK_GET_CLUSTER, call.names[0], NULL, &error);
  if (cluster == NULL)
    return pgm_command_fail (error);
  changed = pgm_record_copy (cluster);
  pgm_record_unref (cluster);
  if (remove_nodes (&wanted, changed, &error) && add_nodes (&wanted, changed, &error))
    {
      apply_texts (&wanted, changed);
      apply_tags (&wanted, changed);
      changed =
          pgm_cluster_call_ask (&call, PGM_ASK_UPDATE_CLUSTER, call.names[0], changed, &error);
    }
  if (error == NULL)
    return tell (&call, changed, _ ("changed"));
  pgm_record_unref (changed);
  return pgm_command_fail (error);
}

int
pgm_cluster_remove_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "CLUSTER",
                               _ ("Forgets a cluster and its passwords. The servers are left as"
                                  " they are."),
                               NULL, 1, 1, &status))
    return status;
  pgm_cluster_call_ask (&call, PGM_ASK_REMOVE_CLUSTER, call.names[0], NULL, &error);
  if (error != NULL)
    return pgm_command_fail (error);
  if (call.output == PGM_OUTPUT_TABLE)
    g_print ("%s: %s\n", call.names[0], _ ("removed"));
  return PGM_EXIT_OK;
}
