/* How a new migration is done, with defaults that fit most. Signal "changed" (). */
#pragma once

#include <gtk/gtk.h>

#include "model/job.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_OPTIONS (pgm_migration_options_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationOptions, pgm_migration_options, PGM, MIGRATION_OPTIONS, GtkWidget)

/* Puts into @spec what was chosen. */
void pgm_migration_options_apply (PgmMigrationOptions *self, PgmJobSpec *spec);

gboolean pgm_migration_options_get_follow (PgmMigrationOptions *self);
void pgm_migration_options_set_follow (PgmMigrationOptions *self, gboolean follow);

/* What the cutover will propose. */
int pgm_migration_options_get_fence (PgmMigrationOptions *self);
gboolean pgm_migration_options_get_way_back (PgmMigrationOptions *self);

G_END_DECLS
