#include "engine/nodes.h"

#include "migration/ends.h"

#define CONNECT_SECONDS 5
#define SECONDS         60
/* Below what the whole may take: the server's own words are better than a timeout. */
#define SETTINGS "SET statement_timeout = '30s'; SET lock_timeout = '2s'"

static gboolean
is_text (const char *text)
{
  return text != NULL && *text != '\0';
}

static PgmConninfo *
with_text (PgmConninfo *info, const char *keyword, const char *value)
{
  PgmConninfo *changed =
      is_text (value) ? pgm_conninfo_with (info, keyword, value) : pgm_conninfo_ref (info);

  pgm_conninfo_unref (info);
  return changed;
}

/* Where a node is and who we are there, without a password. */
static PgmConninfo *
node_to_conninfo (const PgmNode *node, GError **error)
{
  g_autofree char *port = node->port > 0 ? g_strdup_printf ("%d", (int) node->port) : NULL;
  PgmConninfo *info = pgm_conninfo_new (node->uri, error);

  if (info == NULL)
    return NULL;
  info = with_text (info, "service", node->service);
  info = with_text (info, "host", node->host);
  info = with_text (info, "port", port);
  info = with_text (info, "user", node->user);
  return with_text (info, "dbname", node->dbname);
}

char *
pgm_nodes_label (const char *cluster, const char *node)
{
  return g_strdup_printf ("%s/%s", cluster, node);
}

static gboolean
set_password (PgmEndpoint *filled,
              PgmStore *store,
              const PgmEndpoint *reference,
              const PgmNode *node,
              const char *node_user,
              GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (reference->password != NULL)
    filled->password = pgm_secret_ref (reference->password);
  else if (!is_text (reference->user) || g_strcmp0 (reference->user, node_user) == 0)
    filled->password = pgm_clusters_lookup_password (pgm_store_get_clusters (store),
                                                     reference->cluster, node, &reason);
  if (reason == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static PgmEndpoint *
fill_from_node (PgmStore *store, const PgmEndpoint *reference, const PgmNode *node, GError **error)
{
  g_autoptr (PgmConninfo) info = node_to_conninfo (node, error);
  PgmEndpoint *filled;

  if (info == NULL)
    return NULL;
  filled = pgm_record_new (&pgm_endpoint_type);
  /* All in the URI: what stands beside it was given by whoever started the job, and is
   * the same when the cluster is looked at again. */
  filled->uri = pgm_conninfo_to_uri (info);
  filled->user = g_strdup (reference->user);
  filled->dbname = g_strdup (reference->dbname);
  filled->cluster = g_strdup (reference->cluster);
  filled->node = g_strdup (node->id);
  if (set_password (filled, store, reference, node, pgm_conninfo_get (info, "user"), error))
    return filled;
  pgm_record_unref (filled);
  return NULL;
}

/* The URI says it from then on, also when the job goes on another day. */
static PgmEndpoint *
fill_foreign (const PgmEndpoint *reference, GError **error)
{
  g_autoptr (PgmConninfo) info = pgm_endpoint_to_conninfo (reference, error);
  g_autoptr (PgmConninfo) bare = info != NULL ? pgm_conninfo_without_files (info, error) : NULL;
  PgmEndpoint *filled;
  PgmSecret *password;

  if (bare == NULL)
    return NULL;
  password = pgm_conninfo_get_password (bare);
  filled = pgm_record_new (&pgm_endpoint_type);
  filled->uri = pgm_conninfo_to_uri (bare);
  filled->password = password != NULL ? pgm_secret_ref (password) : NULL;
  return filled;
}

PgmEndpoint *
pgm_nodes_fill (PgmStore *store, const PgmEndpoint *reference, GError **error)
{
  PgmCluster *cluster;
  const PgmNode *node;
  PgmEndpoint *filled = NULL;

  if (!is_text (reference->cluster))
    return reference->foreign ? fill_foreign (reference, error) : pgm_record_copy (reference);
  if (store == NULL)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no cluster \"%s\"", reference->cluster);
      return NULL;
    }
  cluster = pgm_clusters_get (pgm_store_get_clusters (store), reference->cluster, error);
  if (cluster == NULL)
    return NULL;
  node = pgm_cluster_find_node (cluster, is_text (reference->node) ? reference->node : NULL);
  if (node != NULL)
    filled = fill_from_node (store, reference, node, error);
  else
    pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                        "`pgmanager cluster show` lists its nodes.",
                        "cluster \"%s\" has no node \"%s\"", reference->cluster, reference->node);
  pgm_record_unref (cluster);
  return filled;
}

PgmEndpoint *
pgm_nodes_fill_job (PgmStore *store, PgmEndpoint *reference, GError **error)
{
  g_autoptr (PgmConninfo) info = NULL;
  PgmEndpoint *filled;

  if (!is_text (reference->cluster))
    return reference->foreign ? fill_foreign (reference, error) : pgm_record_ref (reference);
  filled = pgm_nodes_fill (store, reference, error);
  if (filled == NULL)
    return NULL;
  info = pgm_endpoint_to_conninfo (filled, error);
  if (info != NULL &&
      (pgm_conninfo_get (info, "dbname") != NULL || pgm_conninfo_get (info, "service") != NULL))
    return filled;
  if (info != NULL)
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        "Name it with --source-dbname or --dest-dbname, or register it with the "
                        "node.",
                        "which database of cluster \"%s\" is not said", reference->cluster);
  pgm_record_unref (filled);
  return NULL;
}

void
pgm_node_session_free (PgmNodeSession *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->connection, pgm_connection_free);
  g_clear_pointer (&self->deadline, pgm_deadline_free);
  g_free (self);
}

void
pgm_node_session_explain (PgmNodeSession *self, const char *what, GError **error)
{
  pgm_deadline_explain (self->deadline, self->seconds, what, error);
}

PgmNodeSession *
pgm_node_session_open (PgmConninfo *info,
                       const char *label,
                       guint connect_seconds,
                       guint seconds,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmNodeSession) self = g_new0 (PgmNodeSession, 1);
  PgmSessionOptions options = {
    .label = label,
    .client_encoding = "UTF8",
    .connect_timeout = connect_seconds,
  };

  self->seconds = seconds;
  self->deadline =
      pgm_deadline_new (g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC, cancellable);
  self->cancellable = pgm_deadline_get_cancellable (self->deadline);
  self->connection = pgm_connection_open (info, &options, self->cancellable, error);
  if (self->connection != NULL &&
      pgm_connection_exec (self->connection, SETTINGS, self->cancellable, error))
    return g_steal_pointer (&self);
  pgm_node_session_explain (self, label, error);
  return NULL;
}

PgmConninfo *
pgm_nodes_maintenance (PgmConninfo *info)
{
  if (pgm_conninfo_get (info, "dbname") != NULL || pgm_conninfo_get (info, "service") != NULL)
    return pgm_conninfo_ref (info);
  return pgm_conninfo_with (info, "dbname", "postgres");
}

PgmNodeSession *
pgm_nodes_open (PgmStore *store,
                const char *cluster,
                const char *node,
                const char *database,
                GCancellable *cancellable,
                GError **error)
{
  PgmEndpoint *reference = pgm_record_new (&pgm_endpoint_type);
  PgmEndpoint *filled;
  PgmNodeSession *session = NULL;

  reference->cluster = g_strdup (cluster);
  reference->node = g_strdup (node);
  reference->dbname = g_strdup (database);
  filled = pgm_nodes_fill (store, reference, error);
  if (filled != NULL)
    {
      g_autoptr (PgmConninfo) info = pgm_endpoint_to_conninfo (filled, error);
      g_autoptr (PgmConninfo) there = info != NULL ? pgm_nodes_maintenance (info) : NULL;
      g_autofree char *label = pgm_nodes_label (cluster, filled->node);

      if (there != NULL)
        session =
            pgm_node_session_open (there, label, CONNECT_SECONDS, SECONDS, cancellable, error);
    }
  pgm_record_unref (filled);
  pgm_record_unref (reference);
  return session;
}
