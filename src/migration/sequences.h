/* Sequence values. Sequences are not transactional: whatever the snapshot, a
 * read shows the present value, so they are read when the rows are there (never
 * before): a value can then only be ahead of the rows, which is harmless. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* Sets last_value and is_called of every sequence of the catalog (identity
 * columns' too). Few round trips whatever their number. */
gboolean pgm_sequences_copy (PgmCloneContext *ctx,
                             PgmConnection *source,
                             PgmConnection *destination,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
