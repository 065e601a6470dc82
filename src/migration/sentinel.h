/* A sentinel: a message of ours in the WAL of the side that gives the writes away.
 * When it has come out at the other end of the stream, everything that was committed
 * before it is there, too (C3).
 *
 * It is committed from a session of its own with synchronous_commit = on. From
 * PostgreSQL 14 on it travels through the stream itself; below, pgoutput does not
 * send messages, and the position up to which WAL was flushed afterwards is awaited
 * instead. That flush also takes along what others have committed asynchronously
 * (F63).
 */
#pragma once

#include "migration/apply.h"

G_BEGIN_DECLS

typedef struct
{
  char *content;
  PgmLsn lsn;     /* of the message's own record */
  PgmLsn end_lsn; /* durable on the other side when awaited */
  guint64 others; /* of the stream's transactions (below 14: changes) before it */
} PgmSentinel;

/* What a session for sentinels needs; once. */
gboolean pgm_sentinel_prepare (PgmConnection *connection,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean pgm_sentinel_send (PgmSentinel *self,
                            PgmConnection *connection,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Until it and everything before it is durable on the other side. @deadline:
 * monotonic microseconds; G_IO_ERROR_TIMED_OUT. */
gboolean pgm_sentinel_await (PgmSentinel *self,
                             PgmConnection *connection,
                             PgmApplier *applier,
                             gint64 deadline,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

void pgm_sentinel_clear (PgmSentinel *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmSentinel, pgm_sentinel_clear)

G_END_DECLS
