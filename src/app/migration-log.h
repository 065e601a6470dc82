/* What a job has told: a list of its events with level, search, and a switch that
 * keeps the newest in sight; what is shown can be copied and saved. */
#pragma once

#include <gtk/gtk.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_LOG (pgm_migration_log_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationLog, pgm_migration_log, PGM, MIGRATION_LOG, GtkWidget)

/* PgmEvent in their order; those that are there already are left out. The newest
 * 20,000 stay. */
void pgm_migration_log_add (PgmMigrationLog *self, const GPtrArray *events);

/* Lines of several jobs, each with the name of its own before it; whoever calls sees to
 * it that none comes twice. */
void pgm_migration_log_append (PgmMigrationLog *self, const char *subject, const GPtrArray *events);
void pgm_migration_log_clear (PgmMigrationLog *self);

void pgm_migration_log_search (PgmMigrationLog *self);

/* What is shown, a line each. Transfer full. */
char *pgm_migration_log_to_text (PgmMigrationLog *self);

/* For looking at. */
guint pgm_migration_log_get_n_entries (PgmMigrationLog *self);
guint pgm_migration_log_get_n_shown (PgmMigrationLog *self);

G_END_DECLS
