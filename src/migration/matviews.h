/* Materialized views: those that were populated on the source are refreshed, in
 * the order of their dependencies, and get their indexes. Privileges must be
 * there (after post-data), since a refresh runs as the view's owner. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* @source: any session (a transaction under ctx->snapshot or none). */
gboolean pgm_matviews_refresh (PgmCloneContext *ctx,
                               PgmConnection *source,
                               PgmConnection *destination,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
