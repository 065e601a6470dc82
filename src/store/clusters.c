#include "store/clusters.h"

#include <glib/gstdio.h>
#include <errno.h>

#include "core/dsn.h"
#include "model/job.h"
#include "store/lock.h"
#include "store/paths.h"
#include "store/replace.h"
#include "store/secrets.h"

#define LOCK_TRIES   500
#define LOCK_WAIT_US (G_USEC_PER_SEC / 50)

struct _PgmClusters
{
  char *path;
  char *lock_path;
  PgmSecrets *secrets;
};

PgmClusters *
pgm_clusters_new (const char *path, const char *directory, gboolean keyring)
{
  PgmClusters *self = g_new0 (PgmClusters, 1);

  self->path = g_strdup (path);
  self->lock_path = g_strconcat (path, ".lock", NULL);
  self->secrets = pgm_secrets_new (directory, keyring);
  return self;
}

void
pgm_clusters_free (PgmClusters *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->lock_path);
  pgm_secrets_free (self->secrets);
  g_free (self);
}

static PgmLock *
lock (PgmClusters *self, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);

  if (!g_file_test (directory, G_FILE_TEST_IS_DIR) && !pgm_paths_make_private (directory, error))
    return NULL;
  for (guint i = 0;; i++)
    {
      g_autoptr (GError) reason = NULL;
      PgmLock *taken = pgm_lock_acquire (self->lock_path, "changing the clusters", &reason);

      if (taken != NULL)
        return taken;
      if (i == LOCK_TRIES || !g_error_matches (reason, PGM_ERROR, PGM_ERROR_REFUSED))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
      g_usleep (LOCK_WAIT_US);
    }
}

/* A file of a newer version may have fields that we don't know, so that it can't be
 * read as one of ours. */
static gint64
find_version (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("\"version\"\\s*:\\s*(\\d+)", G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *number = NULL;

  if (!g_regex_match (regex, text, 0, &match))
    return 0;
  number = g_match_info_fetch (match, 1);
  return g_ascii_strtoll (number, NULL, 10);
}

static gboolean
check_clusters (const PgmClusterFile *file, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < file->clusters->len; i++)
    {
      PgmCluster *cluster = g_ptr_array_index (file->clusters, i);

      if (!pgm_cluster_check (cluster, error))
        {
          g_prefix_error (error, "clusters[%u]: ", i);
          return FALSE;
        }
      pgm_cluster_give_ids (cluster, ids);
      if (!g_hash_table_add (ids, cluster->id))
        {
          pgm_error_set (error, PGM_ERROR_USAGE, "clusters[%u]: id \"%s\" is there twice", i,
                         cluster->id);
          return FALSE;
        }
    }
  return TRUE;
}

static PgmClusterFile *
parse (PgmClusters *self, const char *text, gsize length, gboolean *damaged, GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmClusterFile *file =
      pgm_record_from_json (&pgm_cluster_file_type, text, (gssize) length, &reason);
  gint64 version = file != NULL ? file->version : find_version (text);

  *damaged = FALSE;
  if (version > PGM_CLUSTER_FILE_VERSION)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                        "Use the newer pgmanager; this one leaves the file alone.",
                        "\"%s\" was written by a newer pgmanager (version %" G_GINT64_FORMAT ")",
                        self->path, version);
  else if (file != NULL && check_clusters (file, &reason))
    return file;
  else
    {
      *damaged = TRUE;
      pgm_error_set (error, PGM_ERROR_FAILED, "the clusters file \"%s\" is damaged: %s", self->path,
                     reason->message);
    }
  pgm_record_unref (file);
  return NULL;
}

/* The newest of those that were put aside, or NULL. */
static char *
find_aside (PgmClusters *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *base = g_path_get_basename (self->path);
  g_autofree char *prefix = g_strconcat (base, ".broken-", NULL);
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  g_autofree char *newest = NULL;
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    if (g_str_has_prefix (name, prefix) && g_strcmp0 (name, newest) > 0)
      {
        g_free (newest);
        newest = g_strdup (name);
      }
  return newest != NULL ? g_build_filename (directory, newest, NULL) : NULL;
}

/* Under the lock, so that nobody has replaced it meanwhile. */
static void
put_aside (PgmClusters *self, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *stamp = g_date_time_format (now, "%Y%m%d-%H%M%S.%f");
  g_autofree char *aside = g_strconcat (self->path, ".broken-", stamp, NULL);
  g_autofree char *hint = NULL;

  if (error == NULL)
    return;
  if (g_rename (self->path, aside) == 0)
    hint = g_strdup_printf ("It is kept as \"%s\": mend it and move it back, or begin anew by"
                            " adding a cluster.",
                            aside);
  else
    hint = g_strdup_printf ("Mend it; it could not be put aside: %s.", g_strerror (errno));
  pgm_error_set_hint (*error, hint);
}

static PgmClusterFile *
begin_anew (PgmClusters *self, gboolean writing, GError **error)
{
  g_autofree char *aside = writing ? NULL : find_aside (self);

  if (aside == NULL)
    return pgm_record_new (&pgm_cluster_file_type);
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                      "Mend it and move it back, or begin anew by adding a cluster.",
                      "the clusters file was damaged, and is kept as \"%s\"", aside);
  return NULL;
}

/* @locked: by the caller; @writing: who is going to replace it. */
static PgmClusterFile *
read_file (PgmClusters *self, gboolean locked, gboolean writing, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;
  PgmClusterFile *file;
  gboolean damaged;
  gsize length;

  if (!g_file_get_contents (self->path, &text, &length, &reason))
    {
      if (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return begin_anew (self, writing, error);
      pgm_error_set (error, PGM_ERROR_FAILED, "clusters can't be read: %s", reason->message);
      return NULL;
    }
  file = parse (self, text, length, &damaged, &reason);
  pgm_secret_wipe (text, length); /* somebody may have written a password there */
  if (file == NULL && damaged && !locked)
    {
      g_autoptr (PgmLock) held = lock (self, NULL);

      if (held != NULL)
        return read_file (self, TRUE, writing, error);
    }
  if (file == NULL && damaged)
    put_aside (self, &reason);
  if (file == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return file;
}

static gboolean
save (PgmClusters *self, PgmClusterFile *file, GError **error)
{
  g_autofree char *json = NULL;
  g_autofree char *text = NULL;

  file->version = PGM_CLUSTER_FILE_VERSION;
  json = pgm_record_to_json (file, TRUE);
  text = g_strconcat (json, "\n", NULL);
  return pgm_file_replace (self->path, text, error);
}

static PgmCluster *
find (const PgmClusterFile *file, const char *id, guint *index)
{
  for (guint i = 0; i < file->clusters->len; i++)
    {
      PgmCluster *cluster = g_ptr_array_index (file->clusters, i);

      if (g_strcmp0 (cluster->id, id) != 0)
        continue;
      if (index != NULL)
        *index = i;
      return cluster;
    }
  return NULL;
}

static void
set_unknown (GError **error, const char *id)
{
  pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                      "`pgmanager cluster list` shows those that are registered.",
                      "there is no cluster \"%s\"", id);
}

GPtrArray *
pgm_clusters_list (PgmClusters *self, GError **error)
{
  PgmClusterFile *file = read_file (self, FALSE, FALSE, error);
  GPtrArray *clusters;

  if (file == NULL)
    return NULL;
  clusters = g_ptr_array_ref (file->clusters);
  pgm_record_unref (file);
  return clusters;
}

PgmCluster *
pgm_clusters_get (PgmClusters *self, const char *id, GError **error)
{
  PgmClusterFile *file = read_file (self, FALSE, FALSE, error);
  PgmCluster *cluster;

  if (file == NULL)
    return NULL;
  cluster = find (file, id, NULL);
  if (cluster != NULL)
    pgm_record_ref (cluster);
  else
    set_unknown (error, id);
  pgm_record_unref (file);
  return cluster;
}

static gboolean
is_text (const char *text)
{
  return text != NULL && *text != '\0';
}

/* A password in a URI is the node's; nothing else that is secret can be kept. */
static gboolean
split_uri (PgmNode *node, guint index, GError **error)
{
  g_autoptr (PgmSecret) password = NULL;
  g_autofree char *bare = NULL;
  g_autofree char *safe = NULL;

  if (!is_text (node->uri))
    return TRUE;
  bare = pgm_dsn_split_password (node->uri, &password);
  safe = pgm_uri_without_secrets (bare);
  if (!g_str_equal (bare, safe))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Use a key without a passphrase, or a service of pg_service.conf.",
                          "field \"nodes[%u].uri\" has a secret that can't be kept", index);
      return FALSE;
    }
  pgm_secret_free_text (node->uri);
  node->uri = g_steal_pointer (&bare);
  if (password != NULL && node->password == NULL)
    node->password = g_steal_pointer (&password);
  return TRUE;
}

/* Before anything is written. @old: what is replaced, or NULL. */
static gboolean
prepare_passwords (PgmClusters *self, PgmCluster *cluster, const PgmCluster *old, GError **error)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (cluster->nodes, i);
      const PgmNode *before = old != NULL ? pgm_cluster_find_node (old, node->id) : NULL;

      if (!split_uri (node, i, error))
        return FALSE;
      if (node->password != NULL && *pgm_secret_reveal (node->password) == '\0')
        g_clear_pointer (&node->password, pgm_secret_unref);
      if (!pgm_password_is_mark (node->password))
        continue;
      if (before == NULL || before->password == NULL)
        {
          pgm_error_set_full (
              error, PGM_ERROR_USAGE, NULL, NULL,
              "That mark keeps a stored password as it is; leave it out, or give"
              " the password.",
              "field \"nodes[%u].password\" is " PGM_STORED_PASSWORD ", and none is stored", i);
          return FALSE;
        }
      pgm_secret_unref (node->password);
      node->password = pgm_secret_ref (before->password);
    }
  return TRUE;
}

/* From here on only the mark is in the record. */
static gboolean
store_passwords (PgmClusters *self, PgmCluster *cluster, GError **error)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (cluster->nodes, i);

      if (node->password == NULL || pgm_password_is_mark (node->password))
        continue;
      if (!pgm_secrets_store (self->secrets, cluster->id, node->id, node->password, error))
        return FALSE;
      pgm_secret_unref (node->password);
      node->password = pgm_secret_new (PGM_STORED_PASSWORD);
    }
  return TRUE;
}

/* Of nodes of @old that have none any more in @cluster, which may be NULL. What stays
 * behind when this fails is never looked at again. */
static void
clear_passwords (PgmClusters *self, const PgmCluster *old, const PgmCluster *cluster)
{
  for (guint i = 0; i < old->nodes->len; i++)
    {
      const PgmNode *before = g_ptr_array_index (old->nodes, i);
      const PgmNode *node = cluster != NULL ? pgm_cluster_find_node (cluster, before->id) : NULL;
      g_autoptr (GError) ignored = NULL;

      if (before->password != NULL && (node == NULL || node->password == NULL) &&
          !pgm_secrets_clear (self->secrets, old->id, before->id, &ignored))
        g_warning ("cluster %s: %s", old->id, ignored->message);
    }
}

static gboolean
store_all (PgmClusters *self, PgmClusterFile *file, GError **error)
{
  for (guint i = 0; i < file->clusters->len; i++)
    if (!store_passwords (self, g_ptr_array_index (file->clusters, i), error))
      return FALSE;
  return save (self, file, error);
}

static gboolean
insert (PgmClusters *self, PgmClusterFile *file, PgmCluster *cluster, GError **error)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);

  if (cluster->id != NULL && find (file, cluster->id, NULL) != NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Choose another id, or edit or remove that one.",
                          "there is a cluster \"%s\" already", cluster->id);
      return FALSE;
    }
  for (guint i = 0; i < file->clusters->len; i++)
    g_hash_table_add (taken, ((PgmCluster *) g_ptr_array_index (file->clusters, i))->id);
  pgm_cluster_give_ids (cluster, taken);
  cluster->created_at = cluster->updated_at = g_get_real_time ();
  if (!prepare_passwords (self, cluster, NULL, error))
    return FALSE;
  g_ptr_array_add (file->clusters, pgm_record_ref (cluster));
  return store_all (self, file, error);
}

PgmCluster *
pgm_clusters_add (PgmClusters *self, const PgmCluster *cluster, GError **error)
{
  g_autoptr (PgmLock) held = NULL;
  PgmClusterFile *file;
  PgmCluster *copy;
  gboolean done;

  if (!pgm_cluster_check (cluster, error) || (held = lock (self, error)) == NULL)
    return NULL;
  file = read_file (self, TRUE, TRUE, error);
  if (file == NULL)
    return NULL;
  copy = pgm_record_copy (cluster);
  done = insert (self, file, copy, error);
  pgm_record_unref (file);
  if (!done)
    g_clear_pointer (&copy, pgm_record_unref);
  return copy;
}

static gboolean
exchange (PgmClusters *self,
          PgmClusterFile *file,
          const char *id,
          PgmCluster *cluster,
          GError **error)
{
  guint index;
  PgmCluster *old = find (file, id, &index);
  gboolean done;

  if (old == NULL)
    {
      set_unknown (error, id);
      return FALSE;
    }
  g_free (cluster->id);
  cluster->id = g_strdup (id);
  pgm_cluster_give_ids (cluster, NULL);
  cluster->created_at = old->created_at;
  cluster->updated_at = g_get_real_time ();
  if (!prepare_passwords (self, cluster, old, error))
    return FALSE;
  pgm_record_ref (old);
  g_ptr_array_remove_index (file->clusters, index);
  g_ptr_array_insert (file->clusters, (int) index, pgm_record_ref (cluster));
  done = store_all (self, file, error);
  if (done)
    clear_passwords (self, old, cluster);
  pgm_record_unref (old);
  return done;
}

PgmCluster *
pgm_clusters_replace (PgmClusters *self, const char *id, const PgmCluster *cluster, GError **error)
{
  g_autoptr (PgmLock) held = NULL;
  PgmClusterFile *file;
  PgmCluster *copy;
  gboolean done;

  if (cluster->id != NULL && !g_str_equal (cluster->id, id))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"id\" is \"%s\", but the cluster is \"%s\"",
                     cluster->id, id);
      return NULL;
    }
  if (!pgm_cluster_check (cluster, error) || (held = lock (self, error)) == NULL)
    return NULL;
  file = read_file (self, TRUE, TRUE, error);
  if (file == NULL)
    return NULL;
  copy = pgm_record_copy (cluster);
  done = exchange (self, file, id, copy, error);
  pgm_record_unref (file);
  if (!done)
    g_clear_pointer (&copy, pgm_record_unref);
  return copy;
}

gboolean
pgm_clusters_remove (PgmClusters *self, const char *id, GError **error)
{
  g_autoptr (PgmLock) held = lock (self, error);
  PgmClusterFile *file = held != NULL ? read_file (self, TRUE, TRUE, error) : NULL;
  PgmCluster *old;
  gboolean done = FALSE;
  guint index;

  if (file == NULL)
    return FALSE;
  old = find (file, id, &index);
  if (old == NULL)
    set_unknown (error, id);
  else
    {
      pgm_record_ref (old);
      g_ptr_array_remove_index (file->clusters, index);
      done = store_all (self, file, error);
      if (done)
        clear_passwords (self, old, NULL);
      pgm_record_unref (old);
    }
  pgm_record_unref (file);
  return done;
}

PgmSecret *
pgm_clusters_lookup_password (PgmClusters *self,
                              const char *id,
                              const PgmNode *node,
                              GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmSecret *found;

  if (node->password != NULL && !pgm_password_is_mark (node->password))
    return pgm_secret_ref (node->password);
  if (node->password == NULL)
    return pgm_secrets_lookup_credential (id, node->id);
  found = pgm_secrets_lookup (self->secrets, id, node->id, &reason);
  if (found != NULL)
    return found;
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                        "Unlock the keyring, or give the password again with `pgmanager cluster"
                        " edit`.",
                        "the stored password of node \"%s\" of cluster \"%s\" can't be had",
                        node->id, id);
  return NULL;
}
