#include "engine/asks-private.h"

#include "postgres/conninfo.h"
#include "store/history.h"

gpointer
pgm_answer_list_clusters (PgmStore *store,
                          const char *id,
                          gpointer request,
                          GCancellable *cancellable,
                          GError **error)
{
  return pgm_clusters_list (pgm_store_get_clusters (store), error);
}

gpointer
pgm_answer_get_cluster (PgmStore *store,
                        const char *id,
                        gpointer request,
                        GCancellable *cancellable,
                        GError **error)
{
  return pgm_clusters_get (pgm_store_get_clusters (store), id, error);
}

/* What libpq can't parse is found now, not at the first connection. */
static gboolean
check_uris (const PgmCluster *cluster, GError **error)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (cluster->nodes, i);
      g_autoptr (PgmConninfo) info = pgm_conninfo_new (node->uri, error);

      if (info == NULL)
        {
          g_prefix_error (error, "field \"nodes[%u].uri\": ", i);
          return FALSE;
        }
    }
  return TRUE;
}

gpointer
pgm_answer_add_cluster (PgmStore *store,
                        const char *id,
                        gpointer request,
                        GCancellable *cancellable,
                        GError **error)
{
  if (!check_uris (request, error))
    return NULL;
  return pgm_clusters_add (pgm_store_get_clusters (store), request, error);
}

gpointer
pgm_answer_update_cluster (PgmStore *store,
                           const char *id,
                           gpointer request,
                           GCancellable *cancellable,
                           GError **error)
{
  if (!check_uris (request, error))
    return NULL;
  return pgm_clusters_replace (pgm_store_get_clusters (store), id, request, error);
}

static gboolean
end_uses (const PgmEndpoint *end, const char *id)
{
  return end != NULL && g_strcmp0 (end->cluster, id) == 0;
}

/* Of this process and of others: the state file knows them all. One that can't be read
 * is no reason to keep a cluster. */
static char *
find_user (PgmStore *store, const char *id)
{
  g_autoptr (GPtrArray) jobs = NULL;

  pgm_store_flush (store);
  jobs = pgm_history_list_jobs (pgm_store_get_path (store), 0, NULL);
  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    {
      const PgmJobHistory *job = g_ptr_array_index (jobs, i);

      if (job->status == PGM_JOB_RUNNING && job->spec != NULL &&
          (end_uses (job->spec->source, id) || end_uses (job->spec->destination, id)))
        return g_strdup (job->id);
    }
  return NULL;
}

gpointer
pgm_answer_remove_cluster (PgmStore *store,
                           const char *id,
                           gpointer request,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *user = find_user (store, id);

  if (user != NULL)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "Stop that job first.",
                        "cluster \"%s\" is in use by job \"%s\"", id, user);
  else
    pgm_clusters_remove (pgm_store_get_clusters (store), id, error);
  return NULL;
}
