/* How far changes are applied, where replication origins are not permitted: a row
 * in our schema on the destination, written in the transactions that apply them
 * (A5). Whoever applies holds an advisory lock for it, as the owner of an origin
 * would. */
#pragma once

#include "core/lsn.h"
#include "postgres/connection.h"

G_BEGIN_DECLS

/* Makes schema, table and row where they are missing; an existing row stays. */
gboolean pgm_progress_row_create (PgmConnection *destination,
                                  const char *job_id,
                                  PgmLsn start,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PGM_ERROR_NOT_FOUND when there is none. */
gboolean pgm_progress_row_read (PgmConnection *destination,
                                const char *job_id,
                                PgmLsn *progress,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* UPDATE of the row to $1 (pg_lsn) and $2 (timestamptz). Transfer full. */
char *pgm_progress_row_update_sql (const char *job_id);

/* Takes the lock for this session, ending the session that was left behind with
 * it (A8). */
gboolean pgm_progress_row_lock (PgmConnection *destination,
                                const char *job_id,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The table too, when it was the last row; the schema is left to its owner. */
gboolean pgm_progress_row_drop (PgmConnection *destination,
                                const char *job_id,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
