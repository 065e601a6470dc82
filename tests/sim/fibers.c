#include "fibers.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No run needs nearly as many. */
#define MAX_SWITCHES 3000000u

#define NOTES 120u

typedef struct
{
  sem_t baton;
  GThread *thread;
  GThreadFunc function;
  gpointer data;
  gboolean done;
  GCond *cond;      /* waits for it */
  gint64 deadline;  /* of the wait, G_MAXINT64: none */
  const void *join; /* waits for that one's end */
  guint held;       /* locks */
  guint quiet;      /* must not be interrupted */
} Fiber;

static GPtrArray *fibers;
static Fiber *current;
static __thread Fiber *me;
static GRand *chance;
static gint64 clock_us = 1000000;
static guint switches;
static guint64 sum = 14695981039346656037u;
static char notes[NOTES][160];
static guint n_notes;

GThread *__real_g_thread_new (const char *name, GThreadFunc function, gpointer data);
gpointer __real_g_thread_join (GThread *thread);
void __real_g_mutex_unlock (GMutex *mutex);
void __real_g_cancellable_cancel (GCancellable *cancellable);
gulong __real_g_cancellable_connect (GCancellable *cancellable,
                                     GCallback callback,
                                     gpointer data,
                                     GDestroyNotify destroy);

GThread *__wrap_g_thread_new (const char *name, GThreadFunc function, gpointer data);
gpointer __wrap_g_thread_join (GThread *thread);
void __wrap_g_mutex_lock (GMutex *mutex);
void __wrap_g_mutex_unlock (GMutex *mutex);
void __wrap_g_cond_wait (GCond *cond, GMutex *mutex);
gboolean __wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 deadline);
void __wrap_g_cond_signal (GCond *cond);
void __wrap_g_cond_broadcast (GCond *cond);
gint64 __wrap_g_get_monotonic_time (void);
gint64 __wrap_g_get_real_time (void);
void __wrap_g_cancellable_cancel (GCancellable *cancellable);
gulong __wrap_g_cancellable_connect (GCancellable *cancellable,
                                     GCallback callback,
                                     gpointer data,
                                     GDestroyNotify destroy);

static void
init_fiber (Fiber *self)
{
  sem_init (&self->baton, 0, 0);
  self->deadline = G_MAXINT64;
  g_ptr_array_add (fibers, self);
}

void
fibers_start (guint32 seed)
{
  fibers = g_ptr_array_new ();
  chance = g_rand_new_with_seed (seed);
  me = current = g_new0 (Fiber, 1);
  init_fiber (me);
}

guint
fibers_random (guint n)
{
  return n == 0 ? 0 : g_rand_int (chance) % n;
}

gboolean
fibers_chance (guint one_in)
{
  return fibers_random (one_in) == 0;
}

void
fibers_note (const char *format, ...)
{
  char *line = notes[n_notes++ % NOTES];
  va_list arguments;
  int n = g_snprintf (line, sizeof notes[0], "%10.6f ", (double) clock_us / G_USEC_PER_SEC);

  va_start (arguments, format);
  g_vsnprintf (line + n, sizeof notes[0] - (gulong) n, format, arguments);
  va_end (arguments);
  for (const char *c = line; *c != '\0'; c++)
    sum = (sum ^ (guint8) *c) * 1099511628211u;
}

guint64
fibers_get_sum (void)
{
  return sum;
}

void
fibers_fail (const char *format, ...)
{
  va_list arguments;

  for (guint i = n_notes > NOTES ? n_notes - NOTES : 0; i < n_notes; i++)
    printf ("#   %s\n", notes[i % NOTES]);
  printf ("# failed: ");
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  printf ("\n");
  fflush (stdout);
  _exit (1);
}

static gboolean
may_run (const Fiber *self)
{
  if (self->done)
    return FALSE;
  if (self->join != NULL)
    return ((const Fiber *) self->join)->done;
  return (self->cond == NULL && self->deadline == G_MAXINT64) || self->deadline <= clock_us;
}

static Fiber *
draw (void)
{
  Fiber *ready[16];
  guint n = 0;

  for (guint i = 0; i < fibers->len && n < G_N_ELEMENTS (ready); i++)
    if (may_run (g_ptr_array_index (fibers, i)))
      ready[n++] = g_ptr_array_index (fibers, i);
  return n > 0 ? ready[fibers_random (n)] : NULL;
}

/* Nobody can run: time goes on to the next that waits for it. */
static void
skip_time (void)
{
  gint64 next = G_MAXINT64;

  for (guint i = 0; i < fibers->len; i++)
    {
      const Fiber *one = g_ptr_array_index (fibers, i);
      if (!one->done)
        next = MIN (next, one->deadline);
    }
  if (next == G_MAXINT64)
    fibers_fail ("everybody waits for somebody else");
  clock_us = MAX (clock_us, next);
}

static Fiber *
choose (void)
{
  Fiber *next;

  if (++switches > MAX_SWITCHES)
    fibers_fail ("it doesn't end");
  clock_us += fibers_random (50);
  if (fibers_chance (200))
    clock_us += fibers_random (300000);
  while ((next = draw ()) == NULL)
    skip_time ();
  return next;
}

static void
pass_on (void)
{
  Fiber *self = me;
  Fiber *next = choose ();

  if (next == self)
    return;
  current = next;
  sem_post (&next->baton);
  while (sem_wait (&self->baton) != 0)
    ;
}

void
fibers_yield (void)
{
  if (me->quiet == 0 && me->held == 0)
    pass_on ();
}

void
fibers_sleep (gint64 us)
{
  me->deadline = clock_us + us;
  pass_on ();
  me->deadline = G_MAXINT64;
}

static gpointer
fiber_main (gpointer data)
{
  Fiber *self = data;
  gpointer result;
  Fiber *next;

  me = self;
  while (sem_wait (&self->baton) != 0)
    ;
  result = self->function (self->data);
  self->done = TRUE;
  next = choose ();
  current = next;
  sem_post (&next->baton);
  return result;
}

GThread *
__wrap_g_thread_new (const char *name, GThreadFunc function, gpointer data)
{
  Fiber *self = g_new0 (Fiber, 1);

  init_fiber (self);
  self->function = function;
  self->data = data;
  self->thread = __real_g_thread_new (name, fiber_main, self);
  return self->thread;
}

gpointer
__wrap_g_thread_join (GThread *thread)
{
  Fiber *other = NULL;
  gpointer result;

  for (guint i = 0; i < fibers->len; i++)
    if (((Fiber *) g_ptr_array_index (fibers, i))->thread == thread)
      other = g_ptr_array_index (fibers, i);
  g_assert (other != NULL);
  me->join = other;
  pass_on ();
  me->join = NULL;
  result = __real_g_thread_join (thread);
  g_ptr_array_remove (fibers, other);
  sem_destroy (&other->baton);
  g_free (other);
  return result;
}

/* Who holds a lock is never interrupted, so that each is free when it is asked for. */
void
__wrap_g_mutex_lock (GMutex *mutex)
{
  if (me->held == 0 && me->quiet == 0 && fibers_chance (4))
    pass_on ();
  if (!g_mutex_trylock (mutex))
    fibers_fail ("a lock is taken twice");
  me->held++;
}

void
__wrap_g_mutex_unlock (GMutex *mutex)
{
  me->held--;
  __real_g_mutex_unlock (mutex);
}

gboolean
__wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 deadline)
{
  gboolean woken;

  me->cond = cond;
  me->deadline = deadline;
  __wrap_g_mutex_unlock (mutex);
  if (me->held > 0)
    fibers_fail ("waits with a lock that others need");
  pass_on ();
  woken = me->cond == NULL;
  me->cond = NULL;
  me->deadline = G_MAXINT64;
  while (!g_mutex_trylock (mutex))
    fibers_fail ("a lock is taken twice");
  me->held++;
  return woken;
}

void
__wrap_g_cond_wait (GCond *cond, GMutex *mutex)
{
  (void) __wrap_g_cond_wait_until (cond, mutex, G_MAXINT64);
}

static void
wake (Fiber *fiber)
{
  fiber->cond = NULL;
  fiber->deadline = G_MAXINT64;
}

void
__wrap_g_cond_broadcast (GCond *cond)
{
  for (guint i = 0; i < fibers->len; i++)
    {
      Fiber *one = g_ptr_array_index (fibers, i);
      if (one->cond == cond)
        wake (one);
    }
}

void
__wrap_g_cond_signal (GCond *cond)
{
  Fiber *waiting[16];
  guint n = 0;

  for (guint i = 0; i < fibers->len && n < G_N_ELEMENTS (waiting); i++)
    {
      Fiber *one = g_ptr_array_index (fibers, i);
      if (one->cond == cond)
        waiting[n++] = one;
    }
  if (n > 0)
    wake (waiting[fibers_random (n)]);
}

gint64
__wrap_g_get_monotonic_time (void)
{
  return clock_us;
}

gint64
__wrap_g_get_real_time (void)
{
  return clock_us + G_GINT64_CONSTANT (1700000000000000);
}

/* GIO's own locks are not ours: handlers run through. */
void
__wrap_g_cancellable_cancel (GCancellable *cancellable)
{
  me->quiet++;
  __real_g_cancellable_cancel (cancellable);
  me->quiet--;
}

gulong
__wrap_g_cancellable_connect (GCancellable *cancellable,
                              GCallback callback,
                              gpointer data,
                              GDestroyNotify destroy)
{
  gulong handler;

  me->quiet++;
  handler = __real_g_cancellable_connect (cancellable, callback, data, destroy);
  me->quiet--;
  return handler;
}
