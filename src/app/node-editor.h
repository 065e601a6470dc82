/* One node of a cluster while it is being filled in: a connection string, host and port,
 * or a service; and a live test of it. A password that is pasted with a connection string
 * moves to its own field at once.
 *
 * Signals: "changed"; "tested" (PgmConnectionResult *) after each test that was answered;
 * "remove" when it is to go. */
#pragma once

#include <adwaita.h>

#include "app/fact-group.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_NODE_EDITOR (pgm_node_editor_get_type ())
G_DECLARE_FINAL_TYPE (PgmNodeEditor, pgm_node_editor, PGM, NODE_EDITOR, AdwBin)

/* @cluster_id: where @node is stored; both NULL for a new one. */
PgmNodeEditor *pgm_node_editor_new (PgmEngine *engine, const char *cluster_id, const PgmNode *node);

void pgm_node_editor_set_title (PgmNodeEditor *self, const char *title, gboolean removable);

/* What is filled in, with PGM_STORED_PASSWORD for a password that stays. Transfer full. */
PgmNode *pgm_node_editor_to_node (PgmNodeEditor *self);

/* Could it be reached, by what is filled in? */
gboolean pgm_node_editor_is_complete (PgmNodeEditor *self);

/* Does nothing while a test is under way. */
void pgm_node_editor_test (PgmNodeEditor *self);
gboolean pgm_node_editor_is_testing (PgmNodeEditor *self);

/* The result of the last test, one row, or none. Borrowed. */
PgmFactGroup *pgm_node_editor_get_result (PgmNodeEditor *self);

G_END_DECLS
