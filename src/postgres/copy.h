/* The COPY pump: rows from one server's COPY … TO STDOUT straight into another
 * server's COPY … FROM STDIN.
 *
 * One thread owns both ends and there is no queue between them. Rows are
 * gathered into chunks of up to 256 KiB, since CopyData boundaries on the way in
 * need not be row boundaries (documentation, "COPY Operations"). Memory is
 * bounded whatever a row weighs beyond libpq's own row buffer.
 */
#pragma once

#include "core/counters.h"
#include "postgres/connection.h"

G_BEGIN_DECLS

/* Bumped by the pump, read by anyone. */
typedef PgmCounters PgmCopyCounters;

/* Runs both statements and moves everything. On an error on either side the
 * other one is ended too and both connections are ready for ROLLBACK, unless
 * lost. The error names the side by the connection's label. @rows: as the
 * destination counted them in its command tag; may be NULL. Another number than
 * the source sent is an error. */
gboolean pgm_copy_pump (PgmConnection *source,
                        const char *copy_to,
                        PgmConnection *destination,
                        const char *copy_from,
                        PgmCopyCounters *counters,
                        guint64 *rows,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends @size bytes of @data as one COPY … FROM STDIN. @rows: as the server
 * counted them; may be NULL. */
gboolean pgm_copy_put (PgmConnection *destination,
                       const char *copy_from,
                       const void *data,
                       gsize size,
                       guint64 *rows,
                       GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Grows libpq's input buffer (16 KiB at first, then one system call per 16 KiB)
 * to 1 MiB for good, by a single large result. Call once per copying session. */
gboolean pgm_copy_prepare_session (PgmConnection *connection,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
