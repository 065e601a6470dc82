/* Registered nodes: as ends of jobs, and as servers that are asked. Not for other rooms. */
#pragma once

#include "migration/deadline.h"
#include "model/job.h"
#include "postgres/connection.h"
#include "store/store.h"

G_BEGIN_DECLS

/* An end that names a registered cluster, filled in: where it is, and the password, come
 * from the cluster and nowhere else, so that a stored password goes to no other server;
 * user, database and password of @reference win. The stored password belongs to the
 * stored user only. An end that names none is returned as it is. Transfer full.
 * PGM_ERROR_NOT_FOUND for an unknown cluster or node. */
PgmEndpoint *pgm_nodes_fill (PgmStore *store,
                             const PgmEndpoint *reference,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for an end of a job, which must name its database. */
PgmEndpoint *pgm_nodes_fill_job (PgmStore *store,
                                 PgmEndpoint *reference,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a node is called in messages: "prod/primary". Transfer full. */
char *pgm_nodes_label (const char *cluster, const char *node);

/* A session that is only asked something and must end in time, whatever the server does:
 * a limit on each statement and each lock, and one on the whole. */
typedef struct
{
  PgmConnection *connection;
  PgmDeadline *deadline;
  GCancellable *cancellable; /* the deadline's; borrowed */
  double seconds;
} PgmNodeSession;

/* @seconds: for everything together; @connect_seconds of it, at most, for one host. */
PgmNodeSession *pgm_node_session_open (PgmConninfo *info,
                                       const char *label,
                                       guint connect_seconds,
                                       guint seconds,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_node_session_free (PgmNodeSession *self);

/* Says of an error that came from the time limit that it did, naming @what was asked. */
void pgm_node_session_explain (PgmNodeSession *self, const char *what, GError **error);

/* Where a node is asked that doesn't say which database: "postgres". */
PgmConninfo *pgm_nodes_maintenance (PgmConninfo *info);

/* Finds @node of @cluster (NULL: the primary, else the first) and opens a session in
 * @database (NULL: the node's own, else "postgres"). */
PgmNodeSession *pgm_nodes_open (PgmStore *store,
                                const char *cluster,
                                const char *node,
                                const char *database,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmNodeSession, pgm_node_session_free)

G_END_DECLS
