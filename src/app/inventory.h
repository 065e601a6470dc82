/* Everything the window's sidebar shows, kept up to date from one engine: the registered
 * clusters and how their nodes are found, and the jobs. It asks on its own while
 * somebody looks (pgm_inventory_set_watching()), one question per cluster at a time, so
 * that a server that doesn't answer holds back nobody else.
 *
 * Signal "changed" when a list or its error has changed; what changes within an item is
 * told by the item. "job-ended" (PgmJobItem *) once for each job that was seen running. */
#pragma once

#include <gio/gio.h>

#include "app/cluster-item.h"
#include "app/job-item.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_INVENTORY (pgm_inventory_get_type ())
G_DECLARE_FINAL_TYPE (PgmInventory, pgm_inventory, PGM, INVENTORY, GObject)

PgmInventory *pgm_inventory_new (PgmEngine *engine);

/* Borrowed. */
PgmEngine *pgm_inventory_get_engine (PgmInventory *self);
GListModel *pgm_inventory_get_clusters (PgmInventory *self); /* PgmClusterItem */
GListModel *pgm_inventory_get_jobs (PgmInventory *self);     /* PgmJobItem, running first */

/* Has the list of clusters been answered at least once? And why not, the last time. */
gboolean pgm_inventory_is_loaded (PgmInventory *self);
const GError *pgm_inventory_get_error (PgmInventory *self);

/* Borrowed, or NULL. */
PgmClusterItem *pgm_inventory_find_cluster (PgmInventory *self, const char *id);
PgmJobItem *pgm_inventory_find_job (PgmInventory *self, const char *id);
guint pgm_inventory_count_running (PgmInventory *self);

/* What somebody has just stored or removed, without waiting for the next look. */
void pgm_inventory_put_cluster (PgmInventory *self, PgmCluster *cluster);
void pgm_inventory_drop_cluster (PgmInventory *self, const char *id);

/* How often it looks, in seconds. */
void pgm_inventory_set_interval (PgmInventory *self, guint seconds);
void pgm_inventory_set_watching (PgmInventory *self, gboolean watching);

/* Now. */
void pgm_inventory_refresh (PgmInventory *self);
void pgm_inventory_refresh_jobs (PgmInventory *self);

/* Ends every question; nothing is emitted any more. */
void pgm_inventory_close (PgmInventory *self);

G_END_DECLS
