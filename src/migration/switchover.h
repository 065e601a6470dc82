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

/* TRUE when the writes belong to the destination now. FALSE: everything is as
 * before; the report's cutover says where and why it stopped, and how long the
 * application had to wait. The caller's receiver and applier go on either way
 * until it ends them. */
gboolean pgm_switchover_run (PgmFollowContext *ctx,
                             const PgmSwitchoverOptions *options,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After a crash with a fence that may still be up: takes it down. */
gboolean pgm_switchover_recover (PgmFollowContext *ctx,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
