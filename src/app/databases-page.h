/* The databases of a cluster, and the tables of one of them: asked for when the page is
 * first seen, and for another database when it is chosen. */
#pragma once

#include <adwaita.h>

#include "app/relation-list.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_DATABASES_PAGE (pgm_databases_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmDatabasesPage, pgm_databases_page, PGM, DATABASES_PAGE, AdwBin)

PgmDatabasesPage *pgm_databases_page_new (PgmEngine *engine, const char *cluster_id);

void pgm_databases_page_set_node (PgmDatabasesPage *self, const char *node_id);
void pgm_databases_page_refresh (PgmDatabasesPage *self);
void pgm_databases_page_search (PgmDatabasesPage *self);

/* Another database, as if it were chosen in the list. */
void pgm_databases_page_set_database (PgmDatabasesPage *self, const char *name);

/* For looking at. Borrowed. */
PgmRelationList *pgm_databases_page_get_tables (PgmDatabasesPage *self);
GtkSearchEntry *pgm_databases_page_get_search_entry (PgmDatabasesPage *self);

G_END_DECLS
