/* How a job stands, in a line: a sign, the state, what goes on, the buttons for what can
 * be done with it (actions of the page around it), and below it its phases. */
#pragma once

#include <gtk/gtk.h>

#include "app/migration-strip.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_HEADER (pgm_migration_header_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationHeader, pgm_migration_header, PGM, MIGRATION_HEADER, GtkWidget)

typedef enum
{
  PGM_BUTTON_PAUSE,
  PGM_BUTTON_RESUME,
  PGM_BUTTON_VERIFY,
  PGM_BUTTON_CUT_OVER,
  PGM_BUTTON_GO_ON,
  PGM_N_HEADER_BUTTONS
} PgmHeaderButton;

void pgm_migration_header_show (PgmMigrationHeader *self, const PgmSnapshot *snapshot);
void pgm_migration_header_end (PgmMigrationHeader *self, const PgmReport *report);

/* In other words than its snapshots; @state NULL leaves it as it is. */
void pgm_migration_header_tell (PgmMigrationHeader *self, const char *state, const char *activity);

void
pgm_migration_header_show_button (PgmMigrationHeader *self, PgmHeaderButton button, gboolean shown);

/* The cutover that can be asked for is the way back. */
void pgm_migration_header_set_back (PgmMigrationHeader *self, gboolean back);

/* Owned by the header. */
PgmMigrationStrip *pgm_migration_header_get_strip (PgmMigrationHeader *self);
const char *pgm_migration_header_get_state (PgmMigrationHeader *self);

G_END_DECLS
