/* When to try again after a session of following was lost, and when no more. Times
 * are monotonic microseconds, given by the caller. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 last_good;  /* when there was nothing to complain of */
  gint64 backoff_ms; /* the last wait; 0: none since then */
} PgmFollowRetry;

/* It is as good as new: at the start, and after a rest that somebody asked for. */
void pgm_follow_retry_reset (PgmFollowRetry *self, gint64 now);

/* A session that began at @started has ended: one that lasted is a good one. */
void pgm_follow_retry_note_session (PgmFollowRetry *self, gint64 started, gint64 now);

/* Milliseconds to wait before the next one; -1 when there was no good one for so
 * long that a person should look. */
gint64 pgm_follow_retry_next (PgmFollowRetry *self, gint64 now);

G_END_DECLS
