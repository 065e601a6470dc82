/* Sees whether the main loop waits anywhere but in its own poll: for a lock, a file, a
 * server. Time that other processes took from it doesn't count, nor does work. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _LoopWatch LoopWatch;

/* Of the default main context; one at a time. */
LoopWatch *loop_watch_start (void);

typedef struct
{
  double longest_ms; /* wait outside of poll since the start */
  guint frames;      /* waits that were longer than a frame of 16 ms */
} LoopWaits;

/* Ends it. */
LoopWaits loop_watch_end (LoopWatch *self);

G_END_DECLS
