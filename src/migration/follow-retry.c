#include "migration/follow-retry.h"

/* Decorrelated jitter: each wait is drawn between the base and three times the
 * last one, so that many jobs don't come back together. */
#define BACKOFF_BASE_MS 200
#define BACKOFF_MAX_MS  30000

/* A session that lasted so long was a good one: waiting starts small again. */
#define GOOD_SESSION_US (10 * G_USEC_PER_SEC)

/* So long without one good session, and a person should look. */
#define GIVE_UP_US ((gint64) 60 * 60 * G_USEC_PER_SEC)

void
pgm_follow_retry_reset (PgmFollowRetry *self, gint64 now)
{
  self->last_good = now;
  self->backoff_ms = 0;
}

void
pgm_follow_retry_note_session (PgmFollowRetry *self, gint64 started, gint64 now)
{
  if (now - started > GOOD_SESSION_US)
    pgm_follow_retry_reset (self, now);
}

gint64
pgm_follow_retry_next (PgmFollowRetry *self, gint64 now)
{
  gint64 longest = MAX (self->backoff_ms, BACKOFF_BASE_MS) * 3;
  gint64 wait = g_random_int_range (BACKOFF_BASE_MS, (gint32) longest + 1);

  if (now - self->last_good > GIVE_UP_US)
    return -1;
  self->backoff_ms = MIN (wait, BACKOFF_MAX_MS);
  return self->backoff_ms;
}
