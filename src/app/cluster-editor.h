/* Registers a cluster or changes one: its nodes with a live test each, siblings that are
 * found behind the first that answers, name, environment, protection. A PgmShellPage.
 *
 * Signals: "saved" (PgmCluster *) as it was stored; "cancelled". */
#pragma once

#include <adwaita.h>

#include "app/fact-group.h"
#include "app/node-editor.h"

G_BEGIN_DECLS

#define PGM_TYPE_CLUSTER_EDITOR (pgm_cluster_editor_get_type ())
G_DECLARE_FINAL_TYPE (PgmClusterEditor, pgm_cluster_editor, PGM, CLUSTER_EDITOR, AdwBin)

/* @cluster: NULL for a new one. */
PgmClusterEditor *pgm_cluster_editor_new (PgmEngine *engine, PgmCluster *cluster);

void pgm_cluster_editor_save (PgmClusterEditor *self);
gboolean pgm_cluster_editor_is_saving (PgmClusterEditor *self);

/* For looking at. Borrowed. */
guint pgm_cluster_editor_get_n_nodes (PgmClusterEditor *self);
PgmNodeEditor *pgm_cluster_editor_get_node (PgmClusterEditor *self, guint index);
PgmFactGroup *pgm_cluster_editor_get_siblings (PgmClusterEditor *self);

G_END_DECLS
