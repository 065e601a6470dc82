#include "loop-watch.h"

#include <sys/resource.h>
#include <time.h>

#define FRAME_NS (16 * 1000000)

struct _LoopWatch
{
  GPollFunc poll;
  gint64 wall; /* when poll was left */
  gint64 cpu;
  glong preempted;
  gint64 longest; /* nanoseconds */
  guint frames;
};

/* A poll function has no user data. */
static LoopWatch *watch;

static gint64
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static glong
count_preemptions (void)
{
  struct rusage usage;

  getrusage (RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

static void
mark (void)
{
  watch->wall = read_clock (CLOCK_MONOTONIC);
  watch->cpu = read_clock (CLOCK_THREAD_CPUTIME_ID);
  watch->preempted = count_preemptions ();
}

static int
watched_poll (GPollFD *fds, guint n_fds, int timeout)
{
  gint64 wall = read_clock (CLOCK_MONOTONIC) - watch->wall;
  gint64 cpu = read_clock (CLOCK_THREAD_CPUTIME_ID) - watch->cpu;
  int result;

  if (count_preemptions () == watch->preempted)
    {
      watch->longest = MAX (watch->longest, wall - cpu);
      watch->frames += wall - cpu > FRAME_NS;
    }
  result = watch->poll (fds, n_fds, timeout);
  mark ();
  return result;
}

LoopWatch *
loop_watch_start (void)
{
  g_assert_null (watch);
  watch = g_new0 (LoopWatch, 1);
  watch->poll = g_main_context_get_poll_func (NULL);
  mark ();
  g_main_context_set_poll_func (NULL, watched_poll);
  return watch;
}

LoopWaits
loop_watch_end (LoopWatch *self)
{
  LoopWaits waits = { (double) self->longest / 1e6, self->frames };

  g_main_context_set_poll_func (NULL, self->poll);
  watch = NULL;
  g_free (self);
  return waits;
}
