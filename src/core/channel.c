#include "core/channel.h"

typedef struct _Entry Entry;

struct _Entry
{
  Entry *next;
  gpointer item;
  gsize bytes;
};

typedef enum
{
  STATE_OPEN,
  STATE_CLOSED,  /* nothing comes in any more; what is there goes out */
  STATE_ABORTED, /* nothing moves any more */
} State;

struct _PgmChannel
{
  gatomicrefcount references;
  gsize max_items;
  gsize max_bytes;
  GDestroyNotify item_free;

  GMutex mutex;
  GCond not_empty;
  GCond not_full;
  State state;
  Entry *head;
  Entry **tail;
  gsize items;
  gsize bytes;
};

/* One attempt of one side, with the lock held. TRUE when it came to a result;
 * FALSE when it has to wait. */
typedef gboolean (*Attempt) (PgmChannel *self, Entry **entry, PgmChannelResult *result);

PgmChannel *
pgm_channel_new (gsize max_items, gsize max_bytes, GDestroyNotify item_free)
{
  PgmChannel *self = g_new0 (PgmChannel, 1);

  g_atomic_ref_count_init (&self->references);
  self->max_items = max_items != 0 ? max_items : G_MAXSIZE;
  self->max_bytes = max_bytes != 0 ? max_bytes : G_MAXSIZE;
  self->item_free = item_free;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->not_empty);
  g_cond_init (&self->not_full);
  self->tail = &self->head;
  return self;
}

PgmChannel *
pgm_channel_ref (PgmChannel *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static Entry *
steal_entries_locked (PgmChannel *self)
{
  Entry *entries = g_steal_pointer (&self->head);

  self->tail = &self->head;
  self->items = 0;
  self->bytes = 0;
  return entries;
}

static void
free_entries (PgmChannel *self, Entry *entry)
{
  while (entry != NULL)
    {
      Entry *next = entry->next;

      if (self->item_free != NULL)
        self->item_free (entry->item);
      g_free (entry);
      entry = next;
    }
}

void
pgm_channel_unref (PgmChannel *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  free_entries (self, steal_entries_locked (self));
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->not_empty);
  g_cond_clear (&self->not_full);
  g_free (self);
}

static gboolean
has_room_locked (PgmChannel *self, gsize bytes)
{
  if (self->items == 0)
    return TRUE;
  if (self->items >= self->max_items || self->bytes >= self->max_bytes)
    return FALSE;
  return bytes <= self->max_bytes - self->bytes;
}

static gboolean
try_push_locked (PgmChannel *self, Entry **entry, PgmChannelResult *result)
{
  if (self->state != STATE_OPEN)
    {
      *result = self->state == STATE_ABORTED ? PGM_CHANNEL_CANCELLED : PGM_CHANNEL_END;
      return TRUE;
    }
  if (!has_room_locked (self, (*entry)->bytes))
    return FALSE;

  self->items++;
  self->bytes += (*entry)->bytes;
  *self->tail = *entry;
  self->tail = &(*entry)->next;
  *entry = NULL;
  g_cond_signal (&self->not_empty);
  *result = PGM_CHANNEL_OK;
  return TRUE;
}

static gboolean
try_pop_locked (PgmChannel *self, Entry **entry, PgmChannelResult *result)
{
  if (self->state == STATE_ABORTED)
    {
      *result = PGM_CHANNEL_CANCELLED;
      return TRUE;
    }
  if (self->head == NULL)
    {
      *result = PGM_CHANNEL_END;
      return self->state == STATE_CLOSED;
    }

  *entry = self->head;
  self->head = (*entry)->next;
  if (self->head == NULL)
    self->tail = &self->head;
  self->items--;
  self->bytes -= (*entry)->bytes;
  /* Several producers may wait with items of different weight; which of them
   * fits now is theirs to find out. */
  g_cond_broadcast (&self->not_full);
  *result = PGM_CHANNEL_OK;
  return TRUE;
}

/* Runs in the thread that cancels. Taking the lock makes sure that the waiter
 * either has not yet looked at the cancellable or already sleeps. */
static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  PgmChannel *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->not_empty);
  g_cond_broadcast (&self->not_full);
  g_mutex_unlock (&self->mutex);
}

static PgmChannelResult
wait_locked (PgmChannel *self,
             Attempt attempt,
             GCond *cond,
             Entry **entry,
             gint64 deadline,
             GCancellable *cancellable)
{
  PgmChannelResult result = PGM_CHANNEL_TIMEOUT;
  gboolean in_time = TRUE;

  for (;;)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return PGM_CHANNEL_CANCELLED;
      if (attempt (self, entry, &result))
        return result;
      if (!in_time)
        return PGM_CHANNEL_TIMEOUT;
      if (deadline < 0)
        g_cond_wait (cond, &self->mutex);
      else
        in_time = g_cond_wait_until (cond, &self->mutex, deadline);
    }
}

/* The common way of both sides: without a wait when possible, and connected to
 * the cancellable only when there is something to wait for. Connecting and
 * disconnecting happen outside the lock, because both may run or wait for
 * on_cancelled(), which takes it. */
static PgmChannelResult
run (PgmChannel *self,
     Attempt attempt,
     GCond *cond,
     Entry **entry,
     gint64 timeout_us,
     GCancellable *cancellable)
{
  PgmChannelResult result = PGM_CHANNEL_TIMEOUT;
  gint64 deadline = -1;
  gulong handler = 0;
  gboolean done;

  if (g_cancellable_is_cancelled (cancellable))
    return PGM_CHANNEL_CANCELLED;

  g_mutex_lock (&self->mutex);
  done = attempt (self, entry, &result);
  g_mutex_unlock (&self->mutex);
  if (done)
    return result;
  if (timeout_us == 0)
    return PGM_CHANNEL_TIMEOUT;

  if (timeout_us > 0)
    {
      gint64 now = g_get_monotonic_time ();

      deadline = timeout_us < G_MAXINT64 - now ? now + timeout_us : G_MAXINT64;
    }
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  g_mutex_lock (&self->mutex);
  result = wait_locked (self, attempt, cond, entry, deadline, cancellable);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, handler);
  return result;
}

PgmChannelResult
pgm_channel_push (PgmChannel *self,
                  gpointer item,
                  gsize bytes,
                  gint64 timeout_us,
                  GCancellable *cancellable)
{
  PgmChannelResult result;
  Entry *entry = g_new0 (Entry, 1);

  entry->item = item;
  entry->bytes = bytes;
  result = run (self, try_push_locked, &self->not_full, &entry, timeout_us, cancellable);
  g_free (entry);
  return result;
}

PgmChannelResult
pgm_channel_pop (PgmChannel *self, gpointer *item, gint64 timeout_us, GCancellable *cancellable)
{
  PgmChannelResult result;
  Entry *entry = NULL;

  result = run (self, try_pop_locked, &self->not_empty, &entry, timeout_us, cancellable);
  *item = entry != NULL ? entry->item : NULL;
  g_free (entry);
  return result;
}

static Entry *
end_locked (PgmChannel *self, State state)
{
  Entry *dropped = NULL;

  if (self->state < state)
    self->state = state;
  if (self->state == STATE_ABORTED)
    dropped = steal_entries_locked (self);
  g_cond_broadcast (&self->not_empty);
  g_cond_broadcast (&self->not_full);
  return dropped;
}

void
pgm_channel_close (PgmChannel *self)
{
  Entry *dropped;

  g_mutex_lock (&self->mutex);
  dropped = end_locked (self, STATE_CLOSED);
  g_mutex_unlock (&self->mutex);
  free_entries (self, dropped);
}

void
pgm_channel_abort (PgmChannel *self)
{
  Entry *dropped;

  /* Items are freed outside the lock: their owner's function may be slow. */
  g_mutex_lock (&self->mutex);
  dropped = end_locked (self, STATE_ABORTED);
  g_mutex_unlock (&self->mutex);
  free_entries (self, dropped);
}

gsize
pgm_channel_get_items (PgmChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->items;
}

gsize
pgm_channel_get_bytes (PgmChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->bytes;
}
