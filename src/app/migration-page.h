/* One migration, or any other job: how it stands, and all that can be done with it. A
 * PgmShellPage with the tabs "overview", "tables", "log" and "cutover".
 *
 * Actions (each enabled when it makes sense): migration.pause, .resume, .verify,
 * .cut-over (goes to its tab), .stop, .clean-up, .go-on, .copy-report, .save-text,
 * .save-json. What can't be undone asks first. */
#pragma once

#include <adwaita.h>

#include "app/cutover-view.h"
#include "app/migration-log.h"
#include "app/migration-overview.h"
#include "app/migration-strip.h"
#include "app/migration-tables.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_MIGRATION_PAGE (pgm_migration_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmMigrationPage, pgm_migration_page, PGM, MIGRATION_PAGE, AdwBin)

PgmMigrationPage *pgm_migration_page_new (PgmEngine *engine, const char *job_id);

const char *pgm_migration_page_get_job_id (PgmMigrationPage *self);

/* What a cutover will propose. */
void
pgm_migration_page_set_cutover_defaults (PgmMigrationPage *self, int fence, gboolean keep_way_back);

/* "overview", "tables", "log", "cutover". */
void pgm_migration_page_show_tab (PgmMigrationPage *self, const char *name);

/* What the buttons copy and save. Transfer full. */
char *pgm_migration_page_make_report (PgmMigrationPage *self, gboolean json);

/* For looking at; owned by the page. */
PgmMigrationOverview *pgm_migration_page_get_overview (PgmMigrationPage *self);
PgmMigrationTables *pgm_migration_page_get_tables (PgmMigrationPage *self);
PgmMigrationLog *pgm_migration_page_get_log (PgmMigrationPage *self);
PgmCutoverView *pgm_migration_page_get_cutover (PgmMigrationPage *self);
PgmMigrationStrip *pgm_migration_page_get_strip (PgmMigrationPage *self);
const char *pgm_migration_page_get_state (PgmMigrationPage *self);

/* The question that stands open, or NULL. */
AdwMessageDialog *pgm_migration_page_get_dialog (PgmMigrationPage *self);

/* Borrowed; NULL before anything is known. */
const PgmSnapshot *pgm_migration_page_get_snapshot (PgmMigrationPage *self);
const PgmReport *pgm_migration_page_get_report (PgmMigrationPage *self);

G_END_DECLS
