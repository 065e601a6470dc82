/* What would go wrong, found by reading only: a row for each check with its sign, the
 * reason, and the SQL that helps, to be copied. It runs the job as a rehearsal. Signal
 * "changed" (). */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_PREFLIGHT (pgm_migration_preflight_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationPreflight,
                      pgm_migration_preflight,
                      PGM,
                      MIGRATION_PREFLIGHT,
                      GtkWidget)

void pgm_migration_preflight_set_engine (PgmMigrationPreflight *self, PgmEngine *engine);

/* @spec: the migration as it would run; what was found before is forgotten. */
void pgm_migration_preflight_run (PgmMigrationPreflight *self, const PgmJobSpec *spec);

/* Ends a rehearsal, and forgets what was found. */
void pgm_migration_preflight_reset (PgmMigrationPreflight *self);

gboolean pgm_migration_preflight_is_running (PgmMigrationPreflight *self);

/* It came to its end, and no blocker is left. */
gboolean pgm_migration_preflight_is_clear (PgmMigrationPreflight *self);

/* Of the rehearsal that came to its end, with plan and checks; NULL before. Borrowed. */
const PgmReport *pgm_migration_preflight_get_report (PgmMigrationPreflight *self);

/* Rows of a level (PgmCheckLevel). */
guint pgm_migration_preflight_count (PgmMigrationPreflight *self, int level);

/* "2 blockers, 1 warning": what stands above them. Borrowed. */
const char *pgm_migration_preflight_get_summary (PgmMigrationPreflight *self);

G_END_DECLS
