/* The tables of a job with a search above them. */
#pragma once

#include <gtk/gtk.h>

#include "app/table-view.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_TABLES (pgm_migration_tables_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationTables, pgm_migration_tables, PGM, MIGRATION_TABLES, GtkWidget)

void pgm_migration_tables_update (PgmMigrationTables *self, PgmSnapshot *snapshot);
void pgm_migration_tables_clear (PgmMigrationTables *self);
void pgm_migration_tables_search (PgmMigrationTables *self);

/* Owned by it. */
PgmTableView *pgm_migration_tables_get_view (PgmMigrationTables *self);
GtkEditable *pgm_migration_tables_get_entry (PgmMigrationTables *self);

G_END_DECLS
