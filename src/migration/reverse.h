/* The way back: what has to stand on both sides so that, once the writes have moved,
 * they can be followed in the other direction and nothing is lost by moving them
 * back (C5).
 *
 * "from" gives the writes away, "to" takes them over. On "to" a publication and a
 * slot are made before the stop (a slot waits for all old transactions there); on
 * "from" an origin, so that what comes back is known as such. The stream begins at
 * the WAL position of "to" after the sentinel was applied: all that is before it
 * came from "from". Going back is the same with the sides exchanged, and uses the
 * names of the forward direction.
 */
#pragma once

#include "migration/follow.h"

G_BEGIN_DECLS

typedef struct
{
  PgmFollowContext *ctx; /* borrowed */
  gboolean back;         /* the cutover goes from the destination to the source */
  PgmConnection *from;   /* borrowed sessions */
  PgmConnection *to;
} PgmReverse;

/* Adds to @missing (PgmMissingPrivilege) what our role or the servers lack.
 * PGM_ERROR_REFUSED for what nothing granted now would help. */
gboolean pgm_reverse_check (const PgmReverse *self,
                            GPtrArray *missing,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same but for the origin that the forward direction is applied with. */
gboolean pgm_reverse_check_servers (const PgmReverse *self,
                                    GPtrArray *missing,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Names it in the state (which is written first), then makes it. @patience: seconds
 * that the slot may wait for old transactions; then PGM_ERROR_REFUSED names them. */
gboolean pgm_reverse_prepare (const PgmReverse *self,
                              double patience,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where the stream of "to" begins: behind all that is flushed by now. */
gboolean pgm_reverse_read_start (const PgmReverse *self,
                                 PgmLsn *start,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Brings what stands in line with the stage: the slot of the direction that isn't
 * followed is dropped, and the origin of the one that is gets its position. Can be
 * repeated. @source, @destination: sessions there. */
gboolean pgm_reverse_settle (PgmFollowContext *ctx,
                             PgmConnection *source,
                             PgmConnection *destination,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Drops the way back and takes its names out of the state, which the caller writes. */
gboolean pgm_reverse_remove (PgmFollowContext *ctx,
                             PgmConnection *source,
                             PgmConnection *destination,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
