/* A cluster at a glance: its nodes as they were found last, its databases, the settings
 * that matter for moving data, and what stands in the way of a migration. */
#pragma once

#include <adwaita.h>

#include "app/cluster-item.h"
#include "app/fact-group.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_OVERVIEW_PAGE (pgm_overview_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmOverviewPage, pgm_overview_page, PGM, OVERVIEW_PAGE, AdwBin)

PgmOverviewPage *pgm_overview_page_new (PgmEngine *engine, PgmClusterItem *item);

/* Which node is asked; NULL: the primary, else the first. Asks it. */
void pgm_overview_page_set_node (PgmOverviewPage *self, const char *node_id);
void pgm_overview_page_refresh (PgmOverviewPage *self);

/* What a role lacks: PgmPrivilegeMatrix, or NULL while nobody knows. */
void pgm_overview_page_set_privileges (PgmOverviewPage *self, gconstpointer matrix);

/* For looking at. Borrowed. */
PgmFactGroup *pgm_overview_page_get_nodes (PgmOverviewPage *self);
PgmFactGroup *pgm_overview_page_get_databases (PgmOverviewPage *self);

G_END_DECLS
