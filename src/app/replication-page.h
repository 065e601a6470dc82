/* How a cluster replicates: its slots with the WAL that they keep and what becomes of it,
 * who receives, what is published and subscribed, and how far origins have come. */
#pragma once

#include <adwaita.h>

#include "app/fact-group.h"
#include "app/state-view.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_REPLICATION_PAGE (pgm_replication_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmReplicationPage, pgm_replication_page, PGM, REPLICATION_PAGE, AdwBin)

PgmReplicationPage *pgm_replication_page_new (PgmEngine *engine, const char *cluster_id);

void pgm_replication_page_set_node (PgmReplicationPage *self, const char *node_id);

/* Does nothing while nobody has looked at it yet. */
void pgm_replication_page_refresh (PgmReplicationPage *self);

/* For looking at. Borrowed. */
PgmFactGroup *pgm_replication_page_get_slots (PgmReplicationPage *self);
PgmFactGroup *pgm_replication_page_get_publications (PgmReplicationPage *self);
PgmStateView *pgm_replication_page_get_state_view (PgmReplicationPage *self);

G_END_DECLS
