/* Foreign keys, when all rows and all keys are there.
 *
 * ADD CONSTRAINT … NOT VALID for all, one after the other (it takes SHARE ROW
 * EXCLUSIVE on both tables, so two at once could deadlock, but reads no rows),
 * then VALIDATE in parallel, which lets several validate at once. Where NOT
 * VALID is not allowed (referencing side partitioned, before 18) the constraint
 * is added whole, by one worker. What was not validated on the source stays NOT
 * VALID. Cycles need nothing special. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* Opens sessions of its own ("fk-1" …). Constraints that exist already are
 * skipped, or validated when only that is missing. One failing constraint is a
 * problem of the report; FALSE when cancelled or a connection was lost. */
gboolean pgm_foreign_keys_restore (PgmCloneContext *ctx,
                                   guint workers,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
