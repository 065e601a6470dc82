/* A new migration, step by step: both ends, what is moved, how, and what would go wrong.
 * A PgmShellPage. Actions: assistant.next, .back, .check, .start. When it is started the
 * window shows its page (win.show-migration). */
#pragma once

#include <adwaita.h>

#include "app/migration-end.h"
#include "app/migration-options.h"
#include "app/migration-preflight.h"
#include "app/migration-selection.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_ASSISTANT (pgm_migration_assistant_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationAssistant,
                      pgm_migration_assistant,
                      PGM,
                      MIGRATION_ASSISTANT,
                      AdwBin)

typedef enum
{
  PGM_ASSISTANT_ENDS,
  PGM_ASSISTANT_WHAT,
  PGM_ASSISTANT_HOW,
  PGM_ASSISTANT_CHECK,
} PgmAssistantStep;

PgmMigrationAssistant *pgm_migration_assistant_new (PgmEngine *engine);

PgmAssistantStep pgm_migration_assistant_get_step (PgmMigrationAssistant *self);

/* Owned by the assistant. */
PgmMigrationEnd *pgm_migration_assistant_get_source (PgmMigrationAssistant *self);
PgmMigrationEnd *pgm_migration_assistant_get_destination (PgmMigrationAssistant *self);
PgmMigrationSelection *pgm_migration_assistant_get_selection (PgmMigrationAssistant *self);
PgmMigrationOptions *pgm_migration_assistant_get_options (PgmMigrationAssistant *self);
PgmMigrationPreflight *pgm_migration_assistant_get_preflight (PgmMigrationAssistant *self);

G_END_DECLS
