/* Verify (D1): both sides are compared as of one position of the stream, while the
 * changes flow on.
 *
 * Applying is held, a temporary slot is made on the side that is followed, with a
 * snapshot of its consistent point; everything that was committed before that point
 * is applied and nothing else; a snapshot of the other side is taken; applying goes
 * on. What is digested then are these two snapshots. A slot waits for the
 * transactions that were there before it, so old ones are waited for before
 * anything is held, and a hold that lasts too long is given up and tried again.
 *
 * All of it happens on a thread of its own and on sessions of its own: whoever
 * follows goes on, loses connections and starts sessions anew as if nothing were.
 * Only the functions below the start are for him, all from one thread.
 */
#pragma once

#include "migration/follow-check.h"

G_BEGIN_DECLS

typedef struct _PgmVerify PgmVerify;

/* Of the session that runs in @ctx just now, in the direction of @way. Ends, filter
 * and progress of @ctx are borrowed until the verify is freed. */
PgmVerify *pgm_verify_start (PgmFollowContext *ctx, const PgmFollowWay *way);

gboolean pgm_verify_is_over (PgmVerify *self);

/* Shows in @ctx->progress how far it has come. */
void pgm_verify_tell (PgmVerify *self);

/* Waits for its end, which is soon when @cancel, then tells the result: events,
 * progress, and @ctx->report. A difference is no error of the job. */
void pgm_verify_finish (PgmVerify *self, gboolean cancel);

void pgm_verify_free (PgmVerify *self);

/* A request that came to nothing, for who waits for its result. */
void pgm_verify_refuse (PgmFollowContext *ctx, const char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmVerify, pgm_verify_free)

G_END_DECLS
