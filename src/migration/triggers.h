/* Rows that are copied into tables with triggers must not fire them: they did
 * their work on the source. Triggers are switched off table by table, with their
 * state kept in the ledger in the same transaction, and put back to exactly that
 * state, by this run or by the --resume of a later one. */
#pragma once

#include "migration/plan.h"

G_BEGIN_DECLS

/* In the caller's transaction. @entries: PgmPlanEntry. */
gboolean pgm_triggers_suspend (PgmConnection *destination,
                               GPtrArray *entries,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All that the ledger knows of and that is still there. In the caller's
 * transaction. */
gboolean pgm_triggers_restore (PgmConnection *destination,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Do foreign keys stand that rows would be checked by one by one, and in the
 * wrong order? Then rows are written under session_replication_role = replica,
 * which needs a privilege that is not asked for otherwise. */
gboolean pgm_triggers_have_foreign_keys (PgmConnection *destination,
                                         gboolean *have,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
