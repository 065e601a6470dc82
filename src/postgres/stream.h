/* A stream of changes out of a logical slot: START_REPLICATION … LOGICAL over
 * libpq's CopyBoth, the messages that arrive and the status that goes back.
 *
 * Reads are gathered (B5): while the server is ahead, the socket is given a
 * short, adaptive time to fill before it is read, because a receiver that sleeps
 * between two messages costs the source a wake-up each. When nothing is behind
 * there is never a pause.
 *
 * Source: PostgreSQL documentation, "Streaming Replication Protocol".
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct _PgmStream PgmStream;

typedef struct
{
  const char *slot;
  const char *const *publications; /* NULL-terminated, at least one */
  PgmLsn start;         /* 0: where the slot is. The server never goes back behind the slot's own
                 * confirmed position, and sends what commits beyond both */
  int protocol;         /* pgm_decoder_protocol_for() */
  gboolean messages;    /* 14 and later */
  gboolean binary;      /* 14 and later */
  gboolean streaming;   /* 14 and later: large transactions before their end */
  gboolean origin_none; /* 16 and later: only what was not replicated to the source */
} PgmStreamOptions;

typedef enum
{
  PGM_STREAM_DATA,      /* one message of the output plugin */
  PGM_STREAM_KEEPALIVE, /* no data; @end is how far the server has got with nothing for us
                         * below it */
  PGM_STREAM_IDLE,      /* the deadline passed */
  PGM_STREAM_END,       /* the server ended the stream in good order */
  PGM_STREAM_FAILED,    /* @error is set */
} PgmStreamResult;

typedef struct
{
  PgmLsn start;             /* DATA: of the message's record; 0 for what has none */
  PgmLsn end;               /* the server's: end of WAL (DATA), or position (KEEPALIVE) */
  gint64 time;              /* the server's clock, microseconds since the Unix epoch */
  gboolean reply_requested; /* KEEPALIVE: answer at once */
  const guint8 *data;       /* DATA; until the next read */
  gsize size;
} PgmStreamMessage;

/* @connection: one opened with options.replication, that does nothing else from
 * now on, not even a second stream; borrowed. Options that are newer than the
 * server are left out. PGM_ERROR_REFUSED when the slot is gone, in use (the error
 * names its backend's pid) or invalidated. */
PgmStream *pgm_stream_start (PgmConnection *connection,
                             const PgmStreamOptions *options,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_stream_free (PgmStream *self);

/* The next message. @deadline: monotonic microseconds; 0 doesn't wait, and while the
 * server is far behind leaves for the next call that waits what has just come. Unknown
 * kinds and cut messages are PGM_ERROR_PROTOCOL. */
PgmStreamResult pgm_stream_read (PgmStream *self,
                                 PgmStreamMessage *message,
                                 gint64 deadline,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Standby status update: everything below each position has been received, made
 * durable, applied. Never blocks on a full socket: what can't go out now goes
 * with the next call. @reply: ask for a keepalive. */
gboolean pgm_stream_send_status (PgmStream *self,
                                 PgmLsn received,
                                 PgmLsn flushed,
                                 PgmLsn applied,
                                 gboolean reply,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends in good order: CopyDone, and the server's, within a few seconds. */
gboolean pgm_stream_finish (PgmStream *self,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmStream, pgm_stream_free)

G_END_DECLS
