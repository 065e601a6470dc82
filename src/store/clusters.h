/* PgmClusters: the registered clusters, in a file that people may also edit:
 *
 *   {"version": 1, "clusters": [ … ]}
 *
 * 0600, replaced whole, written under a lock, so that several processes may register at
 * once. Passwords are not in it: "********" stands for one that PgmSecrets keeps; one
 * that somebody has written there moves at the next change. A damaged file is put aside
 * and never overwritten: reading it fails, and goes on failing, until it is mended and
 * put back, or a cluster is added to begin anew. A file of a newer version is left alone.
 *
 * Everything reads the file anew and is thread-safe. What is returned is transfer full.
 */
#pragma once

#include "model/cluster.h"

G_BEGIN_DECLS

typedef struct _PgmClusters PgmClusters;

/* @directory: for passwords that no keyring takes. */
PgmClusters *pgm_clusters_new (const char *path, const char *directory, gboolean keyring);
void pgm_clusters_free (PgmClusters *self);

/* PgmCluster, in the order of the file. */
GPtrArray *pgm_clusters_list (PgmClusters *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PGM_ERROR_NOT_FOUND when there is no such cluster. */
PgmCluster *
pgm_clusters_get (PgmClusters *self, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Missing ids are given. Both return what was stored. PGM_ERROR_REFUSED for an id that
 * is taken, PGM_ERROR_USAGE for a "********" where no password is stored. */
PgmCluster *pgm_clusters_add (PgmClusters *self,
                              const PgmCluster *cluster,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
PgmCluster *pgm_clusters_replace (PgmClusters *self,
                                  const char *id,
                                  const PgmCluster *cluster,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_clusters_remove (PgmClusters *self, const char *id, GError **error);

/* The password for a node of a cluster, as it was given by this object; NULL without an
 * error when there is none. PGM_ERROR_REFUSED when one is stored and can't be had now. */
PgmSecret *pgm_clusters_lookup_password (PgmClusters *self,
                                         const char *id,
                                         const PgmNode *node,
                                         GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmClusters, pgm_clusters_free)

G_END_DECLS
