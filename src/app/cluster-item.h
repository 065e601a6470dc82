/* One registered cluster as the window knows it: what was written down, how its nodes
 * were found last, and how long an answer took over the last minute. The object stays
 * as long as the cluster is registered and changes in place ("changed"). */
#pragma once

#include <glib-object.h>

#include "app/sparkline.h"
#include "model/cluster.h"

G_BEGIN_DECLS

#define PGM_TYPE_CLUSTER_ITEM (pgm_cluster_item_get_type ())
G_DECLARE_FINAL_TYPE (PgmClusterItem, pgm_cluster_item, PGM, CLUSTER_ITEM, GObject)

typedef enum
{
  PGM_CLUSTER_UNKNOWN,  /* nobody has looked yet */
  PGM_CLUSTER_HEALTHY,  /* every node answers, in the role that was declared */
  PGM_CLUSTER_DEGRADED, /* some node doesn't, or has another role */
  PGM_CLUSTER_DOWN,     /* no node answers */
} PgmClusterState;

PgmClusterItem *pgm_cluster_item_new (PgmCluster *cluster);

/* What was written down has changed. */
void pgm_cluster_item_set_cluster (PgmClusterItem *self, PgmCluster *cluster);

/* An answer: PgmNodeState, or why there is none. Exactly one of both. */
void pgm_cluster_item_set_nodes (PgmClusterItem *self, GPtrArray *nodes, const GError *error);

/* Borrowed. */
PgmCluster *pgm_cluster_item_get_cluster (PgmClusterItem *self);
const char *pgm_cluster_item_get_id (PgmClusterItem *self);
const char *pgm_cluster_item_get_name (PgmClusterItem *self);

/* PgmNodeState of the last answer, NULL before the first; and why the last question had
 * none, NULL when it had one. */
GPtrArray *pgm_cluster_item_get_nodes (PgmClusterItem *self);
const GError *pgm_cluster_item_get_error (PgmClusterItem *self);

PgmClusterState pgm_cluster_item_get_state (PgmClusterItem *self);

/* The state in a word, translated, and the sign for it. */
const char *pgm_cluster_state_to_text (PgmClusterState state);
const char *pgm_cluster_state_to_icon (PgmClusterState state);
const char *pgm_cluster_state_to_css_class (PgmClusterState state);

/* "prod" of the tag "env:prod", or NULL. */
const char *pgm_cluster_item_get_environment (PgmClusterItem *self);

/* Of production, or tagged "protected": what can't be undone asks for its name. */
gboolean pgm_cluster_item_is_protected (PgmClusterItem *self);

/* What is wrong with it, counted: nodes that don't answer or have another role. */
guint pgm_cluster_item_count_alerts (PgmClusterItem *self);

/* "15.18 · 1 primary · 2 standbys", for the line below the name. Transfer full. */
char *pgm_cluster_item_describe (PgmClusterItem *self);

/* Milliseconds of the round trips of the last minute, oldest first, NAN where there was
 * no answer. Borrowed. */
const PgmSparklinePoint *pgm_cluster_item_get_history (PgmClusterItem *self, guint *length);

G_END_DECLS
