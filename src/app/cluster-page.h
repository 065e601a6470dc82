/* All pages of one cluster: overview, databases, replication, privileges; a
 * PgmShellPage. Where a cluster has several nodes, the header chooses which is asked.
 *
 * Actions: cluster.show-tab (s) "overview", "databases", "replication", "privileges". */
#pragma once

#include <adwaita.h>

#include "app/databases-page.h"
#include "app/inventory.h"
#include "app/overview-page.h"
#include "app/privileges-page.h"
#include "app/replication-page.h"

G_BEGIN_DECLS

#define PGM_TYPE_CLUSTER_PAGE (pgm_cluster_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmClusterPage, pgm_cluster_page, PGM, CLUSTER_PAGE, AdwBin)

PgmClusterPage *pgm_cluster_page_new (PgmEngine *engine, PgmClusterItem *item);

/* Borrowed. */
PgmClusterItem *pgm_cluster_page_get_item (PgmClusterPage *self);
AdwViewStack *pgm_cluster_page_get_stack (PgmClusterPage *self);
PgmOverviewPage *pgm_cluster_page_get_overview (PgmClusterPage *self);
PgmDatabasesPage *pgm_cluster_page_get_databases (PgmClusterPage *self);
PgmReplicationPage *pgm_cluster_page_get_replication (PgmClusterPage *self);
PgmPrivilegesPage *pgm_cluster_page_get_privileges (PgmClusterPage *self);

G_END_DECLS
