/* --resume: going on with a clone that stopped half way (A4).
 *
 * The snapshot it was copied under is gone, and nothing tells what has changed
 * since. So under a new snapshot every table that is complete is digested on
 * both sides, and one that differs is copied again; so is one of which only some
 * parts are there. Row counts decide nothing.
 *
 * Tables to be copied again are emptied in one transaction together with their
 * ledger rows. Foreign keys that an earlier run made on or towards them go too
 * (they are made again with the others), and their triggers are suspended.
 */
#pragma once

#include "migration/context.h"
#include "migration/ledger.h"
#include "migration/plan.h"

G_BEGIN_DECLS

/* Does the ledger tell of this very clone? PGM_ERROR_REFUSED says what differs. */
gboolean pgm_resume_check (const PgmCloneContext *ctx,
                           const PgmLedger *ledger,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The source's schema must be what was restored. */
gboolean pgm_resume_check_schema (const PgmLedger *ledger,
                                  const char *fingerprint,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Decides for every table of the plan, empties what is to be copied again and
 * requeues the plan. Kept tables are told to the progress and listed in @kept
 * (PgmPlanEntry, borrowed). @keeper: the keeper's session. @control: a
 * destination session without a transaction. */
gboolean pgm_resume_prepare (PgmCloneContext *ctx,
                             const PgmLedger *ledger,
                             PgmPlan *plan,
                             PgmConnection *keeper,
                             PgmConnection *control,
                             GPtrArray *kept,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
