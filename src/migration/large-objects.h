/* Large objects: data, owner, privileges and comment, under their own OIDs.
 *
 * Many small ones travel together and a big one in windows: a binary COPY of
 * lo_get() pieces runs through the pump into a temporary table, and lo_put()
 * builds the objects from there, so no value is turned into hex and no object
 * is ever whole in our memory. A batch is one destination transaction.
 *
 * The ledger lists the objects that the clone makes. --resume replaces those, and
 * removes the ones that are gone from the source. Any other that exists on the
 * destination is not ours: with --drop-existing one of the same OID is replaced,
 * else it is a problem of the report and is left alone.
 *
 * With --include, large objects are not taken (as pg_dump -t doesn't). */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* Opens @workers pairs of sessions ("lo-1" …); the sources import ctx->snapshot,
 * which must be alive. */
gboolean pgm_large_objects_copy (PgmCloneContext *ctx,
                                 guint workers,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
