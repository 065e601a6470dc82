/* Exported snapshots: several sessions that see one moment. */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

/* BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY, then pg_export_snapshot().
 * The snapshot lives as long as that transaction. Works on a standby. Transfer
 * full: the identifier. @lsn: a WAL position not before which the snapshot can
 * be said to be (0 when not known); may be NULL. */
char *pgm_snapshot_export (PgmConnection *connection,
                           PgmLsn *lsn,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* BEGIN … and SET TRANSACTION SNAPSHOT in a session of the same database. */
gboolean pgm_snapshot_import (PgmConnection *connection,
                              const char *snapshot,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
