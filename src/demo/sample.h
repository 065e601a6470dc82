/* The sample: two throw-away clusters of their own, one with a shop in it.
 *
 * Both live in one private directory and listen on a unix socket inside it only,
 * so that no port and no existing cluster is ever touched. PostgreSQL refuses to
 * run as root; then they run as "postgres" or, failing that, "nobody".
 */
#pragma once

#include "core/error.h"
#include "model/sample.h"

G_BEGIN_DECLS

/* Makes and starts both, fills the source. Blocking. When it fails or is
 * cancelled everything is removed again. Transfer full: pgm_record_unref(). */
PgmSample *pgm_sample_start (const PgmSampleSpec *spec,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops both and removes the directory. Blocking. */
gboolean pgm_sample_stop (const PgmSample *sample,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
