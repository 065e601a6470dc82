/* What all jobs have told, those that are over too, in the order of time; goes on as long
 * as jobs run. A PgmShellPage. */
#pragma once

#include <adwaita.h>

#include "app/inventory.h"
#include "app/migration-log.h"

G_BEGIN_DECLS

#define PGM_TYPE_LOGS_PAGE (pgm_logs_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmLogsPage, pgm_logs_page, PGM, LOGS_PAGE, AdwBin)

PgmLogsPage *pgm_logs_page_new (PgmInventory *inventory);

/* For looking at. Borrowed. */
PgmMigrationLog *pgm_logs_page_get_log (PgmLogsPage *self);
gboolean pgm_logs_page_is_loaded (PgmLogsPage *self);

G_END_DECLS
