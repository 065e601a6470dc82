/* The first steps of pgm_follow_run(): the state that is there, or for a job that
 * follows only, one of its own making. */
#pragma once

#include "migration/follow.h"

G_BEGIN_DECLS

/* Fills in @ctx->state when it is NULL: `pgmanager follow` on a destination that
 * has the rows already, with a slot of others or one of ours. One that is there
 * must be that of a finished copy and fit the options. */
gboolean pgm_follow_begin (PgmFollowContext *ctx,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (Re)reads @ctx->catalog: the tables of the source that its publication holds. */
gboolean pgm_follow_read_catalog (PgmFollowContext *ctx,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Options of a start must agree with what is there. */
gboolean pgm_follow_check_options (const PgmFollowState *state,
                                   const PgmFollowOptions *options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
