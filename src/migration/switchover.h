/* The cutover: writes stop on the source, the destination is proved to have
 * everything, and is opened (C1–C6).
 *
 * Steps, each with its own line in the report: preflight again; the way back made
 * ready on the destination; fence up; sentinel sent through WAL and awaited;
 * sequences and what else isn't replicated; second sentinel (nothing in between,
 * the lock still held); point of no return; destination opened; way back started;
 * locks let go. One monotonic deadline stands over all that lies between fence and
 * opening: when it passes, or anything fails before the point of no return, the
 * fence comes down and following goes on.
 */
#pragma once

#include "migration/follow.h"

G_BEGIN_DECLS

/* Moves the writes. The direction is the state's: forward while it says
 * PGM_CUTOVER_NONE, back again once it says PGM_CUTOVER_DONE (the reverse session
 * is the one in @ctx then). Any other stage is for pgm_switchover_recover().
 *
 * TRUE when the writes belong to the other side now. @ctx->state has been written
 * and tells the caller, who ends its present session, what comes next:
 *
 *   forward: PGM_CUTOVER_DONE. With a reverse_slot the reverse session runs from
 *     now on: receiver on PGM_END_DESTINATION with reverse_slot and
 *     reverse_publication, local_only, from the greater of reverse_start and the
 *     progress of reverse_origin; applier with .reverse and reverse_origin, which
 *     is on the source. Without one there is nothing left to follow.
 *   back: PGM_CUTOVER_NONE. The forward session runs again: slot, publication and
 *     origin of the state were made anew, copied_until is empty and
 *     consistent_point is where it starts.
 *
 * FALSE: everything is as before; the report's cutover says where and why it
 * stopped, and how long the application had to wait. The caller's receiver and
 * applier go on either way until it ends them. When even the fence could not be
 * taken down (the error says so, and the state says PGM_CUTOVER_FENCED), the
 * caller tries pgm_switchover_recover() until it succeeds. */
gboolean pgm_switchover_run (PgmFollowContext *ctx,
                             const PgmSwitchoverOptions *options,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A cutover that was asked for and can't be tried: the report that says so is shown,
 * and kept like that of one that failed. */
void
pgm_switchover_refuse (PgmFollowContext *ctx, const PgmJobRequest *request, const char *reason);

/* To be called before every session that follows, so also after a run that returned
 * TRUE, once the session before has ended. PGM_CUTOVER_FENCED: takes the fence down;
 * the cutover never happened. PGM_CUTOVER_DECIDED: the writes belong to the other
 * side; what was left to do is done. In any stage: drops the slot of the direction
 * that isn't followed any more and sets the origin of the one that is. Afterwards the
 * stage is PGM_CUTOVER_NONE or _DONE, which says in which direction to follow. Needs
 * ctx->ends, state, journal and progress only. */
gboolean pgm_switchover_recover (PgmFollowContext *ctx,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What of a finished cutover still stands on either side (fences and the objects of
 * the way back) is taken away, for cleanup; the state is written. A fence that
 * keeps the application from its old server is only taken down with
 * @lower_fences. */
gboolean pgm_switchover_clear (PgmFollowContext *ctx,
                               gboolean lower_fences,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
