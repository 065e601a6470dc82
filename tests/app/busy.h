/* How long the main loop was busy with one thing, so away from who clicks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From now on, in this thread's main loop. Between both calls it must not be asked for
 * another poll function. */
void busy_begin (void);

typedef struct
{
  double longest_ms;       /* of one turn, wall clock */
  double longest_cpu_ms;   /* of one turn, processor time: what a loaded machine can't distort */
  double longest_wait_ms;  /* for a lock, a file, a server: neither poll nor work nor a frame,
                            * which waits for the display, nor another process's turn */
  double longest_frame_ms; /* processor time of a turn that laid out or drew a frame */
  guint turns;
} Busy;

Busy busy_end (void);

G_END_DECLS
