/* The copiers: worker threads that take batches off the plan, largest first,
 * and copy each in one destination transaction together with its ledger rows.
 *
 * A worker owns one session on either side. The source's imports the keeper's
 * snapshot once. The destination's commits asynchronously: a crash there can
 * take back whole batches, never parts of one, and every later step begins with
 * a commit that is flushed.
 *
 * The thread that calls pgm_copiers_run() supervises: it keeps an eye on the
 * keeper, ends all workers at the first error and tells that one, not those
 * that follow from it.
 */
#pragma once

#include "migration/context.h"
#include "migration/index.h"
#include "migration/keeper.h"
#include "migration/ledger.h"
#include "migration/plan.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean freeze;    /* tables are empty and of our making: they may be frozen */
  gboolean replica;   /* foreign keys and triggers stand: session_replication_role */
  PgmIndexPool *pool; /* is told of every table that is complete; may be NULL */
} PgmCopierOptions;

/* Copies plan->batches with ctx->copy_workers threads at most. */
gboolean pgm_copiers_run (PgmCloneContext *ctx,
                          PgmPlan *plan,
                          PgmKeeper *keeper,
                          const PgmCopierOptions *options,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All rows of @entry are there: its indexes can be built. @pool may be NULL. */
void pgm_copiers_tell_pool (PgmIndexPool *pool, const PgmPlanEntry *entry);

G_END_DECLS
