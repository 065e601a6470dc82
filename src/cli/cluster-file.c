/* cluster import, export. */
#include <string.h>

#include "cli/cluster.h"
#include "core/i18n.h"

#define MAX_FILE (16 * 1024 * 1024)

static PgmClusterFile *
read_file (const char *path, GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmClusterFile *file = NULL;
  char *text = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &text, &length, &reason))
    {
      pgm_error_set (error,
                     g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOENT)
                         ? PGM_ERROR_NOT_FOUND
                         : PGM_ERROR_FAILED,
                     "%s", reason->message);
      return NULL;
    }
  if (length > MAX_FILE)
    pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is too large for a file of clusters", path);
  else
    file = pgm_record_from_json (&pgm_cluster_file_type, text, (gssize) length, error);
  pgm_secret_wipe (text, length);
  g_free (text);
  if (file == NULL)
    g_prefix_error (error, "%s: ", path);
  else if (file->version > PGM_CLUSTER_FILE_VERSION)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED,
                     "\"%s\" was written by a newer pgmanager (version %" G_GINT64_FORMAT ")", path,
                     file->version);
      g_clear_pointer (&file, pgm_record_unref);
    }
  return file;
}

/* The mark of a password stands for one that is stored where the file came from. */
static void
drop_marks (PgmCluster *cluster)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (cluster->nodes, i);

      if (pgm_password_is_mark (node->password))
        g_clear_pointer (&node->password, pgm_secret_unref);
    }
}

/* A file without passwords doesn't take those away that are stored here. */
static void
keep_passwords (PgmCluster *cluster, const PgmCluster *old)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (cluster->nodes, i);
      const PgmNode *before = node->id != NULL ? pgm_cluster_find_node (old, node->id) : NULL;

      if (node->password == NULL && before != NULL && before->password != NULL)
        node->password = pgm_secret_new (PGM_STORED_PASSWORD);
    }
}

static gboolean
import_one (PgmClusterCall *call, PgmCluster *cluster, gboolean replace, GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmCluster *old = NULL;
  PgmCluster *stored;

  drop_marks (cluster);
  if (replace && cluster->id != NULL)
    old = pgm_cluster_call_ask (call, PGM_ASK_GET_CLUSTER, cluster->id, NULL, NULL);
  if (old != NULL)
    keep_passwords (cluster, old);
  stored = old != NULL ? pgm_cluster_call_ask (call, PGM_ASK_UPDATE_CLUSTER, cluster->id,
                                               pgm_record_ref (cluster), &reason)
                       : pgm_cluster_call_ask (call, PGM_ASK_ADD_CLUSTER, NULL,
                                               pgm_record_ref (cluster), &reason);
  pgm_record_unref (old);
  if (stored == NULL)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&reason),
                                  "%s: ", cluster->id != NULL ? cluster->id : cluster->name);
      return FALSE;
    }
  if (call->output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json ("cluster", stored);
  else
    g_print ("%s: %s\n", stored->id, _ ("registered"));
  pgm_record_unref (stored);
  return TRUE;
}

int
pgm_cluster_import_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  gboolean replace = FALSE;
  const GOptionEntry entries[] = {
    { "replace", 0, 0, G_OPTION_ARG_NONE, &replace,
      N_ ("Replace those that are registered already"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  PgmClusterFile *file;
  int status;

  if (!pgm_cluster_call_parse (
          &call, cli, argc, argv, "FILE",
          _ ("Registers the clusters of a file: {\"clusters\": […]}, as export"
             " writes it, or\n~/.pgmanager/clusters.json. Passwords in it go to"
             " the keyring or a private file."),
          entries, 1, 1, &status))
    return status;
  file = read_file (call.names[0], &error);
  if (file == NULL)
    return pgm_command_fail (error);
  for (guint i = 0; i < file->clusters->len; i++)
    {
      g_autoptr (GError) reason = NULL;

      /* One that can't be had doesn't keep the others away. */
      if (!import_one (&call, g_ptr_array_index (file->clusters, i), replace, &reason))
        {
          int failed = pgm_command_fail (reason);

          status = status == PGM_EXIT_OK ? failed : status;
        }
    }
  pgm_record_unref (file);
  return status;
}

static gboolean
is_wanted (char **names, const PgmCluster *cluster)
{
  return names == NULL || g_strv_contains ((const char *const *) names, cluster->id);
}

static void
drop_passwords (PgmCluster *cluster)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    g_clear_pointer (&((PgmNode *) g_ptr_array_index (cluster->nodes, i))->password,
                     pgm_secret_unref);
}

static gboolean
check_found (char **names, const PgmClusterFile *file, GError **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      gboolean found = FALSE;

      for (guint j = 0; j < file->clusters->len; j++)
        found |=
            g_strcmp0 (((PgmCluster *) g_ptr_array_index (file->clusters, j))->id, names[i]) == 0;
      if (!found)
        {
          pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no cluster \"%s\"", names[i]);
          return FALSE;
        }
    }
  return TRUE;
}

int
pgm_cluster_export_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clusters = NULL;
  g_autofree char *json = NULL;
  PgmClusterFile *file;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "[CLUSTER…]",
                               _ ("Writes clusters to the standard output, for import. No password"
                                  " is among it."),
                               NULL, 0, G_MAXUINT, &status))
    return status;
  clusters = pgm_cluster_call_ask (&call, PGM_ASK_LIST_CLUSTERS, NULL, NULL, &error);
  if (clusters == NULL)
    return pgm_command_fail (error);
  file = pgm_record_new (&pgm_cluster_file_type);
  file->version = PGM_CLUSTER_FILE_VERSION;
  for (guint i = 0; i < clusters->len; i++)
    if (is_wanted (call.names, g_ptr_array_index (clusters, i)))
      {
        PgmCluster *copy = pgm_record_copy (g_ptr_array_index (clusters, i));

        drop_passwords (copy);
        g_ptr_array_add (file->clusters, copy);
      }
  json = pgm_record_to_json (file, TRUE);
  if (!check_found (call.names, file, &error))
    status = pgm_command_fail (error);
  else
    g_print ("%s\n", json);
  pgm_record_unref (file);
  return status;
}
