/* The sidebar: clusters by environment, migrations, logs; with a search over all of
 * them. What is chosen goes to the window's actions. */
#pragma once

#include <adwaita.h>

#include "app/inventory.h"

G_BEGIN_DECLS

#define PGM_TYPE_SIDEBAR (pgm_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (PgmSidebar, pgm_sidebar, PGM, SIDEBAR, AdwBin)

/* Once, before it is shown. */
void pgm_sidebar_set_inventory (PgmSidebar *self, PgmInventory *inventory);

/* Marks what the content shows: "cluster:ID", "job:ID", "new-migration", "logs";
 * NULL: nothing of these. */
void pgm_sidebar_select (PgmSidebar *self, const char *key);

/* Borrowed; NULL when nothing is selected. */
const char *pgm_sidebar_get_selected (PgmSidebar *self);

void pgm_sidebar_start_search (PgmSidebar *self);

G_END_DECLS
