/* --drop-existing: what is in the way on the destination goes, in the same
 * transaction that makes it anew, so that a failure leaves it as it was.
 *
 * Without a filter these are the source's schemas, with everything in them
 * ("public" itself stays, being the database's own), and the database-wide
 * objects that have a namesake on the source. With a filter they are the tables,
 * views and the like that take part, and nothing else. What belongs to an
 * extension stays with it. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* In the caller's transaction on @destination; each object that goes is told as
 * an event. @source: any session. */
gboolean pgm_drop_existing (PgmCloneContext *ctx,
                            PgmConnection *source,
                            PgmConnection *destination,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
