/* How a job of a daemon goes on when an attempt has failed: what passes by itself (a
 * server that restarts, a line that breaks) is waited for, longer each time and never
 * at the same moment as others; the next attempt keeps what the last one has done.
 * Not for other rooms. */
#pragma once

#include "engine/job.h"
#include "migration/progress.h"
#include "model/job.h"

G_BEGIN_DECLS

typedef struct
{
  const PgmJobSpec *spec; /* as it was given */
  PgmJobSpec *resuming;   /* the same, going on with what is there; NULL: nothing to go on with */
  gboolean resume;        /* the present attempt does */
  gboolean kept;          /* what passes by itself is waited for */
  gboolean restarted;     /* somebody had begun before the first attempt */
  gint64 first;           /* monotonic microseconds */
  gint64 began;           /* the same, of the present attempt */
  gint64 backoff_ms;
} PgmAttempts;

/* @spec must outlive it. */
void pgm_attempts_init (PgmAttempts *self, const PgmJobSpec *spec, PgmJobMode mode);
void pgm_attempts_clear (PgmAttempts *self);

/* What the present attempt is to do. Owned. */
const PgmJobSpec *pgm_attempts_get_spec (PgmAttempts *self);

/* After an attempt that ended with @error: TRUE when another one is to be made, and
 * then the time for it has come. */
gboolean pgm_attempts_wait (PgmAttempts *self,
                            const GError *error,
                            PgmProgress *progress,
                            GCancellable *cancellable);
void pgm_attempts_begin (PgmAttempts *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmAttempts, pgm_attempts_clear)

G_END_DECLS
