/* The first page of a migration: what should be known (notes, the error), the numbers
 * that matter, how they went, and what is moved from where to where. */
#pragma once

#include <gtk/gtk.h>

#include "app/graph-panel.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_OVERVIEW (pgm_migration_overview_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationOverview,
                      pgm_migration_overview,
                      PGM,
                      MIGRATION_OVERVIEW,
                      GtkWidget)

typedef enum
{
  PGM_NUMBER_LAG,
  PGM_NUMBER_BEHIND,
  PGM_NUMBER_ROWS,
  PGM_NUMBER_BYTES,
  PGM_NUMBER_LEFT,
  PGM_NUMBER_KEPT,
  PGM_N_NUMBERS
} PgmHeroNumber;

typedef enum
{
  PGM_NOTE_STALE,
  PGM_NOTE_TROUBLE, /* a lost connection, a full disk: it tries again */
  PGM_NOTE_WAL,
  PGM_NOTE_VERIFICATION,
  PGM_NOTE_PROBLEMS,
  PGM_NOTE_STANDING, /* what of ours or of a cutover still stands */
  PGM_N_NOTES
} PgmMigrationNote;

/* Keeps what the graphs need; cheap, for every snapshot, seen or not. */
void pgm_migration_overview_record (PgmMigrationOverview *self, const PgmSnapshot *snapshot);

/* Shows it; for when it can be seen. */
void pgm_migration_overview_show (PgmMigrationOverview *self, const PgmSnapshot *snapshot);

/* What the graphs show of before: PgmMetricPoint. */
void pgm_migration_overview_add_history (PgmMigrationOverview *self, const GPtrArray *points);

/* NULL for what isn't known. */
void pgm_migration_overview_set_info (PgmMigrationOverview *self, const PgmJobInfo *info);
void pgm_migration_overview_set_report (PgmMigrationOverview *self, const PgmReport *report);

/* How old what is shown has become, in seconds; 0: it is fresh. */
void pgm_migration_overview_set_age (PgmMigrationOverview *self, double seconds);

/* For looking at; owned by it. */
const char *pgm_migration_overview_get_number (PgmMigrationOverview *self, PgmHeroNumber number);
const char *pgm_migration_overview_get_note (PgmMigrationOverview *self, PgmMigrationNote note);
PgmGraphPanel *pgm_migration_overview_get_lag_graph (PgmMigrationOverview *self);
PgmGraphPanel *pgm_migration_overview_get_rate_graph (PgmMigrationOverview *self);
const char *pgm_migration_overview_get_error (PgmMigrationOverview *self);

G_END_DECLS
