/* One end of a new migration: a registered cluster with node and database, or a
 * connection string; tried as soon as it is filled in. A password that is pasted with a
 * connection string moves to its own field.
 *
 * Signal "changed" () when it may be another, or what is known of it has changed. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_END (pgm_migration_end_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationEnd, pgm_migration_end, PGM, MIGRATION_END, GtkWidget)

void pgm_migration_end_set_up (PgmMigrationEnd *self, PgmEngine *engine, const char *title);

/* PgmCluster; what is chosen stays chosen when it is still there. */
void pgm_migration_end_set_clusters (PgmMigrationEnd *self, GPtrArray *clusters);

/* A server has answered for what stands there now. */
gboolean pgm_migration_end_is_good (PgmMigrationEnd *self);

/* Transfer full. */
PgmEndpoint *pgm_migration_end_make_endpoint (PgmMigrationEnd *self);

/* For tests: fills in a connection string. */
void pgm_migration_end_set_uri (PgmMigrationEnd *self, const char *uri);

/* What the last try has said. Borrowed. */
const char *pgm_migration_end_get_result (PgmMigrationEnd *self);

G_END_DECLS
