#include "migration/receiver-private.h"

#include <glib/gstdio.h>

#include "wire.h"

/* The receiver's steps against a source that plays from a list, with a clock that
 * goes on by a second whenever it is asked. */
typedef struct
{
  GPtrArray *messages; /* GByteArray; NULL stands for a moment of silence */
  guint next;
  PgmStreamMessage keepalive; /* comes when the list is at its end, if it has a place */
  gboolean keepalive_sent;
  gboolean ends; /* the list's end is the stream's */
  guint statuses;
  guint asked; /* statuses that want an answer, which then comes */
  PgmLsn flushed;
  guint finished;
} Script;

static gint64 clock_us;
static gint64 tick_us;

static gint64
script_now (void)
{
  return clock_us += tick_us;
}

static PgmStreamResult
script_read (gpointer stream,
             PgmStreamMessage *message,
             gint64 deadline,
             GCancellable *cancellable,
             GError **error)
{
  Script *self = stream;
  GByteArray *bytes;

  if (self->next == self->messages->len)
    {
      if (self->keepalive.end == 0 || self->keepalive_sent)
        return self->ends ? PGM_STREAM_END : PGM_STREAM_IDLE;
      self->keepalive_sent = TRUE;
      *message = self->keepalive;
      return PGM_STREAM_KEEPALIVE;
    }
  bytes = g_ptr_array_index (self->messages, self->next++);
  if (bytes == NULL)
    return PGM_STREAM_IDLE;
  *message = (PgmStreamMessage){
    .start = 100 + self->next, .end = 1000, .data = bytes->data, .size = bytes->len
  };
  return PGM_STREAM_DATA;
}

static gboolean
script_send_status (gpointer stream,
                    PgmLsn received,
                    PgmLsn flushed,
                    PgmLsn applied,
                    gboolean reply,
                    GError **error)
{
  Script *self = stream;

  self->statuses++;
  if (reply)
    {
      self->asked++;
      self->keepalive_sent = FALSE;
    }
  self->flushed = flushed;
  g_assert_cmpuint (received, >=, flushed);
  g_assert_cmpuint (applied, >=, flushed);
  return TRUE;
}

static gboolean
script_finish (gpointer stream, GCancellable *cancellable, GError **error)
{
  ((Script *) stream)->finished++;
  return TRUE;
}

typedef struct
{
  Script script;
  PgmChannel *changes;
  PgmReceiver *receiver;
  PgmReceiverRun run;
} Fixture;

static void
free_message (gpointer message)
{
  if (message != NULL)
    g_byte_array_unref (message);
}

static void
free_batch (gpointer batch)
{
  pgm_change_batch_free (batch);
}

static void
fixture_init (Fixture *self, gsize channel_items, gint64 tick)
{
  PgmAssemblerOptions assembler = { .protocol = 2, .directory = "/nonexistent" };
  PgmReceiverOptions options = { .slot = "slot", .publication = "publication", .start = 50 };
  PgmReceiverSource source = { .stream = &self->script,
                               .read = script_read,
                               .send_status = script_send_status,
                               .finish = script_finish,
                               .now = script_now };

  self->script = (Script){ .messages = g_ptr_array_new_with_free_func (free_message) };
  clock_us = 0;
  tick_us = tick;
  self->changes = pgm_channel_new (channel_items, 0, free_batch);
  options.changes = self->changes;
  self->receiver = pgm_receiver_new (&options);
  pgm_receiver_run_init (&self->run, self->receiver, &source, &assembler, 3 * G_USEC_PER_SEC);
}

static void
fixture_clear (Fixture *self)
{
  pgm_receiver_run_clear (&self->run);
  pgm_receiver_unref (self->receiver);
  pgm_channel_unref (self->changes);
  g_ptr_array_unref (self->script.messages);
}

static void
add_transaction (Fixture *self, guint32 xid)
{
  GPtrArray *messages = self->script.messages;

  g_ptr_array_add (messages, wire_begin (xid * 10, xid));
  g_ptr_array_add (messages, wire_relation (WIRE_XID_NONE));
  g_ptr_array_add (messages, wire_insert (WIRE_XID_NONE, "1", "x"));
  g_ptr_array_add (messages, wire_commit (xid * 10, xid * 10 + 1));
  g_ptr_array_add (messages, NULL);
}

static PgmReceiverStep
step (Fixture *self, guint n)
{
  g_autoptr (GError) error = NULL;
  PgmReceiverStep result = PGM_RECEIVER_GOES_ON;

  for (guint i = 0; i < n && result == PGM_RECEIVER_GOES_ON; i++)
    result = pgm_receiver_step (&self->run, NULL, &error);
  g_assert_no_error (error);
  return result;
}

/* A9: nobody takes anything, and the source is answered all the same; nothing more
 * is read meanwhile. */
static void
test_a9_full_channel (void)
{
  Fixture self;
  guint read;

  fixture_init (&self, 1, G_USEC_PER_SEC / 2);
  for (guint32 xid = 10; xid < 30; xid++)
    add_transaction (&self, xid);
  step (&self, 14);
  read = self.script.next;
  self.script.statuses = 0;
  step (&self, 12);
  g_assert_cmpuint (self.script.next, ==, read);
  g_assert_cmpuint (self.script.statuses, >=, 2);
  g_assert_cmpuint (pgm_receiver_get_last_commit (self.receiver), ==, 111);
  fixture_clear (&self);
}

/* A batch goes out as soon as the source is silent. */
static void
test_latency (void)
{
  Fixture self;
  g_autoptr (PgmChangeBatch) batch = NULL;

  fixture_init (&self, 0, 1);
  add_transaction (&self, 10);
  step (&self, 6);
  g_assert_cmpint (pgm_channel_pop (self.changes, (gpointer *) &batch, 0, NULL), ==,
                   PGM_CHANNEL_OK);
  g_assert_cmpuint (batch->changes->len, ==, 3);
  fixture_clear (&self);
}

/* What was received is never ahead of the commits that are known: who waits for a
 * place to be passed would not wait for the transaction that ends there. */
static void
test_a11_last_commit (void)
{
  Fixture self;

  fixture_init (&self, 0, 1);
  add_transaction (&self, 10);
  step (&self, 4);
  g_assert_cmpuint (pgm_channel_get_items (self.changes), ==, 0);
  g_assert_cmpuint (pgm_receiver_get_received (self.receiver), ==, 104);
  g_assert_cmpuint (pgm_receiver_get_last_commit (self.receiver), ==, 101);
  fixture_clear (&self);
}

static void
test_a9_reply_requested (void)
{
  Fixture self;
  g_autoptr (PgmChangeBatch) batch = NULL;

  fixture_init (&self, 0, 1);
  step (&self, 1);
  self.script.statuses = 0;
  self.script.keepalive = (PgmStreamMessage){ .end = 500, .reply_requested = TRUE };
  step (&self, 1);
  g_assert_cmpuint (self.script.statuses, ==, 1);
  g_assert_cmpuint (pgm_receiver_get_wanted (self.receiver), ==, 500);
  g_assert_cmpuint (pgm_receiver_get_received (self.receiver), ==, 500);
  step (&self, 2);
  g_assert_cmpint (pgm_channel_pop (self.changes, (gpointer *) &batch, 0, NULL), ==,
                   PGM_CHANNEL_OK);
  g_assert_cmpint (g_array_index (batch->changes, PgmChange, 0).kind, ==, PGM_CHANGE_POSITION);
  g_assert_cmpuint (g_array_index (batch->changes, PgmChange, 0).position, ==, 500);
  fixture_clear (&self);
}

/* R7: an idle source is asked before it counts as gone; one that doesn't answer is. */
static void
test_r7_silence (void)
{
  Fixture self;
  g_autoptr (GError) error = NULL;
  PgmReceiverStep result = PGM_RECEIVER_GOES_ON;

  fixture_init (&self, 0, G_USEC_PER_SEC / 10);
  self.run.silence_us = 13 * G_USEC_PER_SEC;
  self.script.keepalive = (PgmStreamMessage){ .end = 500 };
  step (&self, 1000);
  g_assert_cmpuint (self.script.asked, >, 2);
  self.script.keepalive.end = 0;
  while (result == PGM_RECEIVER_GOES_ON)
    result = pgm_receiver_step (&self.run, NULL, &error);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  fixture_clear (&self);
}

/* A6: only what was confirmed goes to the source, and soon. */
static void
test_a6_confirm (void)
{
  Fixture self;

  fixture_init (&self, 0, G_USEC_PER_SEC / 10);
  step (&self, 2);
  g_assert_cmpuint (self.script.flushed, ==, 50);
  pgm_receiver_confirm (self.receiver, 70, 90);
  step (&self, 4);
  g_assert_cmpuint (self.script.flushed, ==, 70);
  pgm_receiver_confirm (self.receiver, 60, 60); /* never back */
  step (&self, 40);
  g_assert_cmpuint (self.script.flushed, ==, 70);
  fixture_clear (&self);
}

static void
test_finish (void)
{
  Fixture self;

  fixture_init (&self, 0, 1);
  add_transaction (&self, 10);
  step (&self, 2);
  pgm_receiver_confirm (self.receiver, 70, 70);
  pgm_receiver_finish (self.receiver);
  g_assert_cmpint (step (&self, 10), ==, PGM_RECEIVER_DONE);
  g_assert_cmpuint (self.script.finished, ==, 1);
  g_assert_cmpuint (self.script.flushed, ==, 70);
  fixture_clear (&self);
}

/* The applier is gone, and the last word is said all the same. */
static void
test_finish_aborted (void)
{
  Fixture self;

  fixture_init (&self, 1, 1);
  for (guint32 xid = 10; xid < 20; xid++)
    add_transaction (&self, xid);
  step (&self, 20);
  pgm_receiver_finish (self.receiver);
  pgm_channel_abort (self.changes);
  g_assert_cmpint (step (&self, 10), ==, PGM_RECEIVER_DONE);
  g_assert_cmpuint (self.script.finished, ==, 1);
  fixture_clear (&self);
}

static void
test_end (void)
{
  Fixture self;

  fixture_init (&self, 0, 1);
  add_transaction (&self, 10);
  self.script.ends = TRUE;
  g_assert_cmpint (step (&self, 20), ==, PGM_RECEIVER_DONE);
  g_assert_cmpuint (pgm_channel_get_items (self.changes), ==, 1);
  fixture_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/migration/receiver/a9-full-channel", test_a9_full_channel);
  g_test_add_func ("/migration/receiver/a11-last-commit", test_a11_last_commit);
  g_test_add_func ("/migration/receiver/a9-reply-requested", test_a9_reply_requested);
  g_test_add_func ("/migration/receiver/a6-confirm", test_a6_confirm);
  g_test_add_func ("/migration/receiver/r7-silence", test_r7_silence);
  g_test_add_func ("/migration/receiver/latency", test_latency);
  g_test_add_func ("/migration/receiver/finish", test_finish);
  g_test_add_func ("/migration/receiver/finish-aborted", test_finish_aborted);
  g_test_add_func ("/migration/receiver/end", test_end);
  return g_test_run ();
}
