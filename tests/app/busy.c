#include "busy.h"

#include <gtk/gtk.h>
#include <sys/resource.h>
#include <time.h>

/* One per program: a poll function has no data of its own. */
static struct
{
  GPollFunc poll;
  gint64 since;
  gint64 cpu_since;
  glong preempted;
  gboolean frame;
  gulong hook;
  Busy busy;
} watch;

static gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static glong
count_preemptions (void)
{
  struct rusage usage;

  getrusage (RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

/* A turn lasts from the end of one wait to the beginning of the next. */
static gint
on_poll (GPollFD *fds, guint count, gint timeout)
{
  double wall = (double) (g_get_monotonic_time () - watch.since) / 1000;
  double cpu = (double) (cpu_time () - watch.cpu_since) / 1000;
  gint result;

  if (watch.since != 0)
    {
      watch.busy.turns++;
      watch.busy.longest_ms = MAX (watch.busy.longest_ms, wall);
      if (watch.frame)
        watch.busy.longest_frame_ms = MAX (watch.busy.longest_frame_ms, cpu);
      else if (count_preemptions () == watch.preempted)
        watch.busy.longest_wait_ms = MAX (watch.busy.longest_wait_ms, wall - cpu);
      if (!watch.frame)
        watch.busy.longest_cpu_ms = MAX (watch.busy.longest_cpu_ms, cpu);
    }
  watch.frame = FALSE;
  result = watch.poll (fds, count, timeout);
  watch.since = g_get_monotonic_time ();
  watch.cpu_since = cpu_time ();
  watch.preempted = count_preemptions ();
  return result;
}

/* GDK's frame clock, whichever window it is of. */
static gboolean
on_frame (GSignalInvocationHint *hint, guint n_values, const GValue *values, gpointer user_data)
{
  watch.frame = TRUE;
  return TRUE;
}

void
busy_begin (void)
{
  guint signal_id = g_signal_lookup ("layout", GDK_TYPE_FRAME_CLOCK);

  memset (&watch.busy, 0, sizeof watch.busy);
  watch.since = 0;
  watch.frame = FALSE;
  watch.hook = g_signal_add_emission_hook (signal_id, 0, on_frame, NULL, NULL);
  watch.poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, on_poll);
}

Busy
busy_end (void)
{
  g_main_context_set_poll_func (NULL, watch.poll);
  g_signal_remove_emission_hook (g_signal_lookup ("layout", GDK_TYPE_FRAME_CLOCK), watch.hook);
  return watch.busy;
}
