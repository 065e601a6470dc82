/* What is moved: the tree of schemas and tables with their sizes, each with a box to
 * check, and a search. Signal "changed" (). */
#pragma once

#include <gtk/gtk.h>

#include "app/selection-node.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_SELECTION (pgm_migration_selection_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationSelection,
                      pgm_migration_selection,
                      PGM,
                      MIGRATION_SELECTION,
                      GtkWidget)

/* PgmPlanTable; everything is chosen then. */
void pgm_migration_selection_set_tables (PgmMigrationSelection *self, const GPtrArray *tables);

/* Instead of a tree: what is being done, or why there is none. NULL shows the tree. */
void pgm_migration_selection_set_notice (PgmMigrationSelection *self,
                                         const char *title,
                                         const char *text);

void pgm_migration_selection_search (PgmMigrationSelection *self, const char *text);

/* At least one table. */
gboolean pgm_migration_selection_is_complete (PgmMigrationSelection *self);

/* NULL when everything is chosen. Transfer full. */
GStrv pgm_migration_selection_make_excludes (PgmMigrationSelection *self);

/* Of PgmSelectionNode: the schemas. Borrowed. */
GListModel *pgm_migration_selection_get_schemas (PgmMigrationSelection *self);

G_END_DECLS
