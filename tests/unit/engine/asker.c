#include "asker.h"

#include <glib/gstdio.h>

void
pgm_asker_init (PgmAsker *self)
{
  PgmConfig *config = pgm_record_new (&pgm_config_type);

  self->directory = g_dir_make_tmp ("pgm-asker-XXXXXX", NULL);
  config->state_dir = g_build_filename (self->directory, "state", NULL);
  config->clusters_file = g_build_filename (self->directory, "clusters.json", NULL);
  config->passwords = g_strdup ("file");
  self->store = pgm_store_new (config, NULL);
  self->engine = pgm_local_engine_new (self->store);
  pgm_record_unref (config);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_unlink (file) != 0)
        remove_tree (file);
    }
  g_rmdir (path);
}

void
pgm_asker_clear (PgmAsker *self)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&self->engine);
  g_clear_object (&self->store);
  remove_tree (self->directory);
  g_clear_pointer (&self->directory, g_free);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

gpointer
pgm_asker_ask (PgmAsker *self, PgmAsk ask, const char *id, gpointer request, GError **error)
{
  GAsyncResult *result = NULL;
  gpointer answer;

  pgm_engine_ask_async (self->engine, ask, id, request, NULL, on_answer, &result);
  pgm_record_unref (request);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = pgm_engine_ask_finish (self->engine, result, error);
  g_object_unref (result);
  return answer;
}

gpointer
pgm_asker_must (PgmAsker *self, PgmAsk ask, const char *id, gpointer request)
{
  g_autoptr (GError) error = NULL;
  gpointer answer = pgm_asker_ask (self, ask, id, request, &error);

  g_assert_no_error (error);
  return answer;
}

void
pgm_asker_register (PgmAsker *self, const char *id, ...)
{
  PgmCluster *cluster = pgm_record_new (&pgm_cluster_type);
  const char *uri;
  va_list uris;

  cluster->id = g_strdup (id);
  cluster->name = g_strdup (id);
  va_start (uris, id);
  while ((uri = va_arg (uris, const char *)) != NULL)
    {
      PgmNode *node = pgm_record_new (&pgm_node_type);

      node->uri = g_strdup (uri);
      node->role = cluster->nodes->len == 0 ? PGM_NODE_PRIMARY : PGM_NODE_REPLICA;
      g_ptr_array_add (cluster->nodes, node);
    }
  va_end (uris);
  pgm_record_unref (pgm_asker_must (self, PGM_ASK_ADD_CLUSTER, NULL, cluster));
}
