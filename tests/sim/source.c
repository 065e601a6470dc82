#include "source.h"

#include "fibers.h"
#include "wire.h"

typedef struct
{
  GByteArray *bytes;
  guint gate;    /* as many transactions must have come to pass */
  PgmLsn before; /* nothing that commits below is behind this message */
} Sent;

struct _Walsender
{
  Source *source;
  const gboolean *alive;
  GArray *queue; /* Sent */
  guint next;
  guint described; /* tables, bits */
  gboolean shut_down;
};

/* A transaction that is told in pieces. */
typedef struct
{
  const Transaction *transaction;
  guint number;
  guint next; /* change */
  guint described;
  gboolean begun;
} Early;

static void
send (Walsender *self, GByteArray *bytes, guint gate, PgmLsn before)
{
  Sent sent = { bytes, gate, before };

  g_array_append_val (self->queue, sent);
}

static PgmLsn
final_of (const History *history, guint number)
{
  for (guint i = number; i < history->transactions->len; i++)
    {
      const Transaction *one = g_ptr_array_index (history->transactions, i);
      if (!one->aborted)
        return one->final_lsn;
    }
  return g_array_index (history->ends, PgmLsn, history->ends->len - 1);
}

static void
describe (Walsender *self, guint *described, guint tables, guint32 xid, guint gate, PgmLsn before)
{
  for (guint i = 0; i < N_TABLES; i++)
    if ((tables & (1u << i)) != 0 && ((*described & (1u << i)) == 0 || fibers_chance (20)))
      send (self, sim_wire_relation (xid, i), gate, before);
  *described |= tables;
}

static void
send_change (Walsender *self,
             const Change *change,
             guint *described,
             guint32 xid,
             guint gate,
             PgmLsn before)
{
  guint tables = change->kind == 'T' ? change->tables : 1u << change->table;

  if (change->kind != 'M')
    describe (self, described, tables, xid, gate, before);
  send (self, sim_wire_change (xid, change), gate, before);
}

static void
send_whole (Walsender *self, const Transaction *transaction, guint number)
{
  PgmLsn final = transaction->final_lsn;

  send (self, sim_wire_begin (transaction), number + 1, final);
  for (guint i = 0; i < transaction->changes->len; i++)
    {
      const Change *change = &g_array_index (transaction->changes, Change, i);
      if (!change->aborted)
        send_change (self, change, &self->described, 0, number + 1, final);
    }
  send (self, sim_wire_commit (transaction, FALSE), number + 1, final);
}

static const Change *
change_at (const Early *early)
{
  if (early->next >= early->transaction->changes->len)
    return NULL;
  return &g_array_index (early->transaction->changes, Change, early->next);
}

/* One block: to the end of a subtransaction that is aborted, or as far as chance
 * goes. @gate: what has come to pass by then. */
static void
send_block (Walsender *self, Early *early, guint gate)
{
  PgmLsn before = final_of (self->source->history, gate > 0 ? gate - 1 : 0);
  guint32 xid = early->transaction->xid;
  guint32 cut = 0;
  const Change *change;

  send (self, sim_wire_stream_start (xid, !early->begun), gate, before);
  early->begun = TRUE;
  while ((change = change_at (early)) != NULL && (cut != 0 || !fibers_chance (6)))
    {
      if (cut != 0 && change->subxid != cut)
        break;
      if (change->aborted)
        cut = change->subxid;
      send_change (self, change, &early->described, change->subxid != 0 ? change->subxid : xid,
                   gate, before);
      early->next++;
    }
  send (self, sim_wire_letter ('E'), gate, before);
  if (cut == 0)
    return;
  send (self, sim_wire_stream_abort (xid, cut), gate, before);
  early->described = 0; /* pgoutput forgets what it has described at each abort */
}

static void
end_early (Walsender *self, Early *early)
{
  const Transaction *transaction = early->transaction;
  PgmLsn before = final_of (self->source->history, early->number);

  while (!early->begun || change_at (early) != NULL)
    send_block (self, early, early->number + 1);
  if (transaction->aborted)
    send (self, sim_wire_stream_abort (transaction->xid, transaction->xid), early->number + 1,
          before);
  else
    send (self, sim_wire_commit (transaction, TRUE), early->number + 1, before);
}

static void
begin_early (Walsender *self, GPtrArray *open, guint number)
{
  const Transaction *transaction = g_ptr_array_index (self->source->history->transactions, number);
  Early *early = g_new0 (Early, 1);

  early->transaction = transaction;
  early->number = number;
  g_ptr_array_add (open, early);
}

static Early *
find_early (GPtrArray *open, guint number)
{
  for (guint i = 0; i < open->len; i++)
    if (((Early *) g_ptr_array_index (open, i))->number == number)
      return g_ptr_array_index (open, i);
  return NULL;
}

/* Who is aborted is seen by nobody else. */
static gboolean
is_told_early (const Transaction *transaction, PgmLsn start)
{
  return transaction->aborted || (transaction->final_lsn >= start && fibers_chance (4));
}

/* What the slot's position doesn't skip, in its order. */
static void
fill (Walsender *self, PgmLsn start)
{
  const GPtrArray *all = self->source->history->transactions;
  g_autoptr (GPtrArray) open = g_ptr_array_new_with_free_func (g_free);
  guint announced = 0;

  for (guint i = 0; i < all->len; i++)
    {
      const Transaction *transaction = g_ptr_array_index (all, i);
      Early *early;

      if (!transaction->aborted && transaction->final_lsn < start)
        continue;
      for (announced = MAX (announced, i); announced < MIN (i + 4, all->len); announced++)
        if (is_told_early (g_ptr_array_index (all, announced), start))
          begin_early (self, open, announced);
      for (guint k = 0; k < open->len; k++)
        if (fibers_chance (2))
          send_block (self, g_ptr_array_index (open, k), i + 1);
      early = find_early (open, i);
      if (early != NULL)
        {
          end_early (self, early);
          g_ptr_array_remove (open, early);
        }
      else
        send_whole (self, transaction, i);
    }
}

static void
clear_sent (gpointer data)
{
  Sent *sent = data;

  g_byte_array_unref (sent->bytes);
}

Walsender *
walsender_new (Source *source, PgmLsn start, const gboolean *alive)
{
  Walsender *self = g_new0 (Walsender, 1);

  self->source = source;
  self->alive = alive;
  self->queue = g_array_new (FALSE, FALSE, sizeof (Sent));
  g_array_set_clear_func (self->queue, clear_sent);
  fill (self, MAX (start, source->confirmed));
  return self;
}

void
walsender_free (Walsender *self)
{
  g_array_unref (self->queue);
  g_free (self);
}

void
walsender_shut_down (Walsender *self)
{
  self->shut_down = TRUE;
}

static gboolean
lost (GError **error)
{
  pgm_error_set (error, PGM_ERROR_LOST, "the source has closed the connection");
  return FALSE;
}

/* Up to, and never beyond, the next that is to be sent. */
static PgmStreamResult
keep_alive (Walsender *self, PgmStreamMessage *message)
{
  const History *history = self->source->history;
  PgmLsn next = self->next < self->queue->len
                    ? g_array_index (self->queue, Sent, self->next).before
                    : g_array_index (history->ends, PgmLsn, history->ends->len - 1) + 64;
  guint n = history_count (history, next);
  PgmLsn low = n > 0 ? g_array_index (history->ends, PgmLsn, n - 1) : history->start;

  *message = (PgmStreamMessage){ .end = fibers_chance (2) ? next : low,
                                 .reply_requested = fibers_chance (3) };
  fibers_note ("source: keepalive %lu", message->end);
  return PGM_STREAM_KEEPALIVE;
}

static PgmStreamResult
walsender_read (gpointer stream,
                PgmStreamMessage *message,
                gint64 deadline,
                GCancellable *cancellable,
                GError **error)
{
  Walsender *self = stream;
  const Sent *sent = NULL;

  if (fibers_chance (8))
    fibers_yield ();
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return PGM_STREAM_FAILED;
  if (!*self->alive)
    return lost (error), PGM_STREAM_FAILED;
  if (self->next < self->queue->len)
    sent = &g_array_index (self->queue, Sent, self->next);
  if (fibers_chance (sent != NULL ? 40 : 4))
    return keep_alive (self, message);
  if (sent == NULL && self->shut_down)
    return PGM_STREAM_END;
  if (sent == NULL || sent->gate > self->source->n_visible || fibers_chance (50))
    {
      if (deadline > g_get_monotonic_time ())
        fibers_sleep (MIN (deadline - g_get_monotonic_time (), fibers_random (100000)));
      return PGM_STREAM_IDLE;
    }
  self->next++;
  *message = (PgmStreamMessage){
    .start = sent->before, .end = sent->before, .data = sent->bytes->data, .size = sent->bytes->len
  };
  return PGM_STREAM_DATA;
}

/* A6: this is where a source would be allowed to forget. */
static gboolean
walsender_send_status (gpointer stream,
                       PgmLsn received,
                       PgmLsn flushed,
                       PgmLsn applied,
                       gboolean reply,
                       GError **error)
{
  Walsender *self = stream;
  Source *source = self->source;

  fibers_yield ();
  if (!*self->alive)
    return lost (error);
  if (fibers_chance (30))
    return TRUE; /* on its way when the connection will break */
  if (flushed > *source->durable)
    fibers_fail ("%lu was confirmed, and the destination has only %lu durably", flushed,
                 *source->durable);
  if (flushed > source->confirmed)
    fibers_note ("source: confirmed %lu", flushed);
  source->confirmed = MAX (source->confirmed, flushed);
  if (fibers_chance (4))
    source->saved = source->confirmed;
  return TRUE;
}

static gboolean
walsender_finish (gpointer stream, GCancellable *cancellable, GError **error)
{
  Walsender *self = stream;

  fibers_yield ();
  return *self->alive || lost (error);
}

PgmReceiverSource
walsender_get_source (Walsender *self)
{
  return (PgmReceiverSource){ .stream = self,
                              .read = walsender_read,
                              .send_status = walsender_send_status,
                              .finish = walsender_finish,
                              .now = g_get_monotonic_time };
}

void
source_crash (Source *self)
{
  fibers_note ("source: crashes, its slot goes from %lu back to %lu", self->confirmed, self->saved);
  self->confirmed = self->saved;
}
