/* The receiver: a thread of its own that reads the stream, decodes it, and hands
 * whole batches to the channel.
 *
 * It always answers the source's keepalives, however long an apply takes (A9):
 * when the channel is full it waits in small steps and goes on answering.
 * Transactions that the source streams before their end are kept in spill files
 * (migration/spill.h) and go on at their commit, without what was aborted. What
 * has an origin is left out when asked to (a second job runs the other way).
 */
#pragma once

#include "core/channel.h"
#include "migration/change.h"
#include "migration/ends.h"

G_BEGIN_DECLS

typedef struct _PgmReceiver PgmReceiver;

typedef struct
{
  PgmEnds *ends;
  PgmEnd end; /* the side that is read: the source, or for a way back the destination */
  const char *slot;
  const char *publication;
  PgmLsn start;          /* the origin's progress */
  PgmChannel *changes;   /* PgmChangeBatch; closed at the end of the stream */
  const char *directory; /* for spill files */
  gboolean streaming;    /* have large transactions sent before their end */
  gboolean local_only;   /* leave out what was replicated to that server itself */
} PgmReceiverOptions;

PgmReceiver *pgm_receiver_new (const PgmReceiverOptions *options);
PgmReceiver *pgm_receiver_ref (PgmReceiver *self);
void pgm_receiver_unref (PgmReceiver *self);

/* Blocks until cancelled, until pgm_receiver_finish(), or until an error.
 * PGM_ERROR_LOST: may be started anew. PGM_ERROR_PROTOCOL: bytes that no server
 * may send, with position and excerpt. */
gboolean pgm_receiver_run (PgmReceiver *self,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Any thread. */

/* What may be confirmed to the slot: durable and applied on the destination. */
void pgm_receiver_confirm (PgmReceiver *self, PgmLsn flushed, PgmLsn applied);

/* The end of the last message, and how far the server had got when it spoke
 * last: their distance is the lag of reading. */
PgmLsn pgm_receiver_get_received (PgmReceiver *self);
PgmLsn pgm_receiver_get_server_end (PgmReceiver *self);

/* End of the last transaction that has come, in the channel or on its way there; 0:
 * none yet. Never behind what was received. With an applier that has passed it,
 * nothing is on its way. */
PgmLsn pgm_receiver_get_last_commit (PgmReceiver *self);

/* The position that the server wants to have confirmed soon (it asked for a reply,
 * as it does before it shuts down); 0: none. */
PgmLsn pgm_receiver_get_wanted (PgmReceiver *self);

/* Bytes kept of large transactions whose end is not known yet. */
guint64 pgm_receiver_get_spilled (PgmReceiver *self);

/* Ends the stream in good order after the present message. */
void pgm_receiver_finish (PgmReceiver *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmReceiver, pgm_receiver_unref)

G_END_DECLS
