/* The phases of a migration in a row, each with its sign, its name and how long it
 * took. The sign says it, the colour repeats it. Which phases there are follows from
 * the job. */
#pragma once

#include <gtk/gtk.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_STRIP (pgm_migration_strip_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationStrip, pgm_migration_strip, PGM, MIGRATION_STRIP, GtkWidget)

typedef enum
{
  PGM_STRIP_CLONE,   /* check, schema, copy, indexes */
  PGM_STRIP_FOLLOW,  /* … and then catch up, follow, cut over */
  PGM_STRIP_CHANGES, /* the same without the copy */
  PGM_STRIP_COMPARE,
} PgmStripKind;

typedef enum
{
  PGM_STEP_WAITING,
  PGM_STEP_PRESENT,
  PGM_STEP_DONE,
  PGM_STEP_FAILED,
  PGM_STEP_STOPPED,
} PgmStepState;

void pgm_migration_strip_set_kind (PgmMigrationStrip *self, PgmStripKind kind);

void pgm_migration_strip_show (PgmMigrationStrip *self, const PgmSnapshot *snapshot);

/* How the job ended: DONE, FAILED or STOPPED. */
void pgm_migration_strip_end (PgmMigrationStrip *self, PgmStepState state);

/* What shows the present phase; owned by the strip. */
GtkWidget *pgm_migration_strip_get_present (PgmMigrationStrip *self);

/* For looking at. */
guint pgm_migration_strip_get_n_steps (PgmMigrationStrip *self);
PgmStepState pgm_migration_strip_get_step (PgmMigrationStrip *self, guint step);

G_END_DECLS
