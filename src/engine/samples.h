/* The samples of the local engine: throw-away clusters with a shop, and the
 * writers that keep it busy. All calls block and are for worker threads;
 * thread-safe. Not for other rooms. */
#pragma once

#include "core/error.h"
#include "model/sample.h"

G_BEGIN_DECLS

typedef struct _PgmSamples PgmSamples;

PgmSamples *pgm_samples_new (void);

/* Stops writers; clusters that still run go on (--keep). */
void pgm_samples_free (PgmSamples *self);

/* Transfer full. */
PgmSample *pgm_samples_start (PgmSamples *self,
                              const PgmSampleSpec *spec,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Its writers end first. PGM_ERROR_NOT_FOUND. */
gboolean pgm_samples_stop (PgmSamples *self,
                           const char *id,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* See pgm_engine_write_sample_async(). */
PgmSampleActivity *pgm_samples_write (PgmSamples *self, const char *id, int writers, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSamples, pgm_samples_free)

G_END_DECLS
