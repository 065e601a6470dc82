#include "config.h"

#include "migration/receiver-private.h"

/* A batch goes out when it is this large, or when the source has nothing more to
 * say for the moment. */
#define BATCH_BYTES ((gsize) 256 * 1024)

/* How long a step waits for the source or for room. */
#define WAIT_US (100 * G_TIME_SPAN_MILLISECOND)

/* Statuses: as often as a native subscriber's, and sooner when there is something
 * to confirm. */
#define STATUS_US (10 * G_USEC_PER_SEC)
/* Beyond half of wal_sender_timeout, after which a server says something however busy
 * it is; and for one that has none. */
#define SILENCE_US       (10 * G_USEC_PER_SEC)
#define SILENCE_ALONE_US (120 * G_USEC_PER_SEC)
#define CONFIRM_US       (200 * G_TIME_SPAN_MILLISECOND)

/* Positions of an idle source. */
#define POSITION_US (1 * G_USEC_PER_SEC)

struct _PgmReceiver
{
  gatomicrefcount ref_count;
  PgmEnds *ends; /* borrowed */
  PgmEnd end;
  char *slot;
  char *publication;
  PgmLsn start;
  PgmChannel *changes;
  char *directory;
  gboolean streaming;
  gboolean local_only;

  /* Atomic. */
  PgmLsn flushed;
  PgmLsn applied;
  PgmLsn received;
  PgmLsn server_end;
  PgmLsn last_commit;
  PgmLsn wanted;
  guint64 spilled;
  gint finish;
};

PgmReceiver *
pgm_receiver_new (const PgmReceiverOptions *options)
{
  PgmReceiver *self = g_new0 (PgmReceiver, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->ends = options->ends;
  self->end = options->end;
  self->slot = g_strdup (options->slot);
  self->publication = g_strdup (options->publication);
  self->start = options->start;
  self->changes = pgm_channel_ref (options->changes);
  self->directory = g_strdup (options->directory);
  self->streaming = options->streaming;
  self->local_only = options->local_only;
  self->flushed = options->start;
  self->applied = options->start;
  self->received = options->start;
  self->server_end = options->start;
  return self;
}

PgmReceiver *
pgm_receiver_ref (PgmReceiver *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_receiver_unref (PgmReceiver *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  pgm_channel_unref (self->changes);
  g_free (self->slot);
  g_free (self->publication);
  g_free (self->directory);
  g_free (self);
}

/* One writer each, but for the confirmed positions, whose writer is another thread. */
static void
raise_lsn (PgmLsn *place, PgmLsn lsn)
{
  if (lsn > __atomic_load_n (place, __ATOMIC_RELAXED))
    __atomic_store_n (place, lsn, __ATOMIC_RELEASE);
}

static PgmLsn
read_lsn (const PgmLsn *place)
{
  return __atomic_load_n (place, __ATOMIC_ACQUIRE);
}

void
pgm_receiver_confirm (PgmReceiver *self, PgmLsn flushed, PgmLsn applied)
{
  raise_lsn (&self->applied, MAX (applied, flushed));
  raise_lsn (&self->flushed, flushed);
}

PgmLsn
pgm_receiver_get_received (PgmReceiver *self)
{
  return read_lsn (&self->received);
}

PgmLsn
pgm_receiver_get_server_end (PgmReceiver *self)
{
  return read_lsn (&self->server_end);
}

PgmLsn
pgm_receiver_get_last_commit (PgmReceiver *self)
{
  return read_lsn (&self->last_commit);
}

PgmLsn
pgm_receiver_get_wanted (PgmReceiver *self)
{
  return read_lsn (&self->wanted);
}

guint64
pgm_receiver_get_spilled (PgmReceiver *self)
{
  return __atomic_load_n (&self->spilled, __ATOMIC_RELAXED);
}

void
pgm_receiver_finish (PgmReceiver *self)
{
  g_atomic_int_set (&self->finish, TRUE);
}

void
pgm_receiver_run_init (PgmReceiverRun *run,
                       PgmReceiver *receiver,
                       const PgmReceiverSource *source,
                       const PgmAssemblerOptions *assembler,
                       gint64 status_interval_us)
{
  *run = (PgmReceiverRun){
    .receiver = receiver,
    .source = *source,
    .assembler = pgm_assembler_new (assembler),
    .interval_us = status_interval_us,
    .told_flushed = receiver->start,
    .heard = source->now (),
  };
}

void
pgm_receiver_run_clear (PgmReceiverRun *run)
{
  g_clear_pointer (&run->assembler, pgm_assembler_free);
  g_clear_pointer (&run->ready, pgm_change_batch_free);
}

static gboolean
send_status (PgmReceiverRun *run, GError **error)
{
  PgmReceiver *self = run->receiver;
  PgmLsn flushed = read_lsn (&self->flushed);
  PgmLsn applied = read_lsn (&self->applied);
  gboolean ask;

  run->last_status = run->source.now ();
  /* Who hears from us in time and has nothing to tell says nothing unless asked. */
  ask = run->silence_us != 0 && run->last_status >= run->heard + run->interval_us;
  run->next_status = run->last_status + run->interval_us;
  run->told_flushed = flushed;
  return run->source.send_status (run->source.stream, MAX (read_lsn (&self->received), applied),
                                  flushed, applied, ask, error);
}

static gboolean
send_status_when_due (PgmReceiverRun *run, GError **error)
{
  gint64 now = run->source.now ();

  if (now < run->next_status && (read_lsn (&run->receiver->flushed) <= run->told_flushed ||
                                 now < run->last_status + CONFIRM_US))
    return TRUE;
  return send_status (run, error);
}

/* Waits for room in short steps, so that the source never waits for our word (A9). */
static PgmReceiverStep
push_ready (PgmReceiverRun *run, GCancellable *cancellable, GError **error)
{
  PgmReceiver *self = run->receiver;

  switch (pgm_channel_push (self->changes, run->ready, run->ready->bytes, WAIT_US, cancellable))
    {
    case PGM_CHANNEL_OK:
      run->ready = NULL;
      run->heard = run->source.now ();
      return PGM_RECEIVER_GOES_ON;
    case PGM_CHANNEL_TIMEOUT:
      return PGM_RECEIVER_GOES_ON;
    case PGM_CHANNEL_CANCELLED:
    case PGM_CHANNEL_END:
    default:
      /* Not while a last word is still to be said to the source. */
      g_clear_pointer (&run->ready, pgm_change_batch_free);
      if (g_atomic_int_get (&self->finish) && !g_cancellable_is_cancelled (cancellable))
        return PGM_RECEIVER_GOES_ON;
      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "nobody takes changes");
      return PGM_RECEIVER_FAILED;
    }
}

static void
take_ready (PgmReceiverRun *run)
{
  run->ready = pgm_assembler_take (run->assembler);
  __atomic_store_n (&run->receiver->spilled, pgm_assembler_get_spilled (run->assembler),
                    __ATOMIC_RELAXED);
}

static gboolean
take_data (PgmReceiverRun *run, const PgmStreamMessage *message, GError **error)
{
  PgmReceiver *self = run->receiver;

  if (!pgm_assembler_feed (run->assembler, message->data, message->size, error))
    return FALSE;
  /* In this order: who sees that a place was received sees the commits before it. */
  raise_lsn (&self->last_commit, pgm_assembler_get_last_commit (run->assembler));
  raise_lsn (&self->received, message->start);
  raise_lsn (&self->server_end, MAX (message->start, message->end));
  if (pgm_assembler_get_bytes (run->assembler) >= BATCH_BYTES)
    take_ready (run);
  return TRUE;
}

/* F50: a source that writes nothing for us gets on all the same. */
static gboolean
take_keepalive (PgmReceiverRun *run, const PgmStreamMessage *message, GError **error)
{
  PgmReceiver *self = run->receiver;
  gint64 now = run->source.now ();

  raise_lsn (&self->received, message->end);
  raise_lsn (&self->server_end, message->end);
  if (message->end > self->start && (message->reply_requested || now >= run->next_position))
    {
      run->next_position = now + POSITION_US;
      pgm_assembler_position (run->assembler, message->end);
    }
  if (!message->reply_requested)
    return TRUE;
  raise_lsn (&self->wanted, message->end);
  return send_status (run, error);
}

/* Nothing more comes for the moment: what is there goes out. */
static gint64
read_deadline (PgmReceiverRun *run)
{
  gint64 now = run->source.now ();

  return pgm_assembler_get_bytes (run->assembler) > 0 ? 0 : MIN (run->next_status, now + WAIT_US);
}

/* A connection that a middlebox has forgotten never ends by itself (R7). While we
 * wait for room ourselves nothing is read, and nothing counts as silence. */
static gboolean
check_silence (PgmReceiverRun *run, gboolean heard, GError **error)
{
  gint64 now = run->source.now ();

  if (heard || run->silence_us == 0)
    run->heard = now;
  if (now - run->heard < run->silence_us || run->silence_us == 0)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_LOST, NULL, NULL, NULL,
                      "the server has said nothing for %" G_GINT64_FORMAT " seconds",
                      (now - run->heard) / G_USEC_PER_SEC);
  return FALSE;
}

static PgmReceiverStep
read_message (PgmReceiverRun *run, GCancellable *cancellable, GError **error)
{
  PgmStreamMessage message = { 0 };
  PgmStreamResult result =
      run->source.read (run->source.stream, &message, read_deadline (run), cancellable, error);
  gboolean ok = TRUE;

  switch (result)
    {
    case PGM_STREAM_DATA:
      ok = take_data (run, &message, error);
      break;
    case PGM_STREAM_KEEPALIVE:
      ok = take_keepalive (run, &message, error);
      break;
    case PGM_STREAM_IDLE:
      take_ready (run);
      break;
    case PGM_STREAM_END:
      take_ready (run);
      run->ended = TRUE;
      break;
    case PGM_STREAM_FAILED:
    default:
      ok = FALSE;
      break;
    }
  ok = ok && check_silence (run, result != PGM_STREAM_IDLE, error);
  return ok ? PGM_RECEIVER_GOES_ON : PGM_RECEIVER_FAILED;
}

/* Asked to, and not in the middle of something. */
static PgmReceiverStep
finish (PgmReceiverRun *run, GCancellable *cancellable, GError **error)
{
  if (!send_status (run, error) || !run->source.finish (run->source.stream, cancellable, error))
    return PGM_RECEIVER_FAILED;
  return PGM_RECEIVER_DONE;
}

static gboolean
read_back (PgmReceiverRun *run, GError **error)
{
  if (!pgm_assembler_read_back (run->assembler, BATCH_BYTES, error))
    return FALSE;
  take_ready (run);
  return TRUE;
}

PgmReceiverStep
pgm_receiver_step (PgmReceiverRun *run, GCancellable *cancellable, GError **error)
{
  if (!send_status_when_due (run, error))
    return PGM_RECEIVER_FAILED;
  if (run->ready != NULL)
    return push_ready (run, cancellable, error);
  if (pgm_assembler_is_reading_back (run->assembler) && !g_atomic_int_get (&run->receiver->finish))
    return read_back (run, error) ? PGM_RECEIVER_GOES_ON : PGM_RECEIVER_FAILED;
  if (run->ended)
    return PGM_RECEIVER_DONE;
  if (g_atomic_int_get (&run->receiver->finish))
    return finish (run, cancellable, error);
  return read_message (run, cancellable, error);
}

static PgmStreamResult
stream_read (gpointer stream,
             PgmStreamMessage *message,
             gint64 deadline,
             GCancellable *cancellable,
             GError **error)
{
  return pgm_stream_read (stream, message, deadline, cancellable, error);
}

static gboolean
stream_send_status (gpointer stream,
                    PgmLsn received,
                    PgmLsn flushed,
                    PgmLsn applied,
                    gboolean reply,
                    GError **error)
{
  return pgm_stream_send_status (stream, received, flushed, applied, reply, error);
}

static gboolean
stream_finish (gpointer stream, GCancellable *cancellable, GError **error)
{
  return pgm_stream_finish (stream, cancellable, error);
}

/* A third of what the server waits for a word of ours. */
static gboolean
find_interval (PgmReceiver *self,
               gint64 *interval_us,
               gint64 *silence_us,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (PgmConnection) connection =
      pgm_ends_connect (self->ends, self->end, "facts", cancellable, error);
  g_autofree char *text = NULL;
  gint64 timeout_ms;

  if (connection == NULL)
    return FALSE;
  text = pgm_connection_query_value (
      connection, "SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'", 0, NULL,
      cancellable, error);
  if (text == NULL)
    return FALSE;
  timeout_ms = g_ascii_strtoll (text, NULL, 10);
  *interval_us = STATUS_US;
  *silence_us = SILENCE_ALONE_US;
  if (timeout_ms > 0)
    {
      *interval_us = MIN (STATUS_US, timeout_ms * G_TIME_SPAN_MILLISECOND / 3);
      *silence_us = timeout_ms * G_TIME_SPAN_MILLISECOND / 2 + SILENCE_US;
    }
  return TRUE;
}

static gboolean
run_stream (PgmReceiver *self,
            PgmStream *stream,
            int protocol,
            gint64 interval_us,
            gint64 silence_us,
            GCancellable *cancellable,
            GError **error)
{
  PgmReceiverSource source = { .stream = stream,
                               .read = stream_read,
                               .send_status = stream_send_status,
                               .finish = stream_finish,
                               .now = g_get_monotonic_time };
  PgmAssemblerOptions options = { .protocol = protocol,
                                  .directory = self->directory,
                                  .local_only = self->local_only };
  PgmReceiverStep step = PGM_RECEIVER_GOES_ON;
  PgmReceiverRun run;

  pgm_receiver_run_init (&run, self, &source, &options, interval_us);
  run.silence_us = silence_us;
  while (step == PGM_RECEIVER_GOES_ON)
    step = pgm_receiver_step (&run, cancellable, error);
  pgm_receiver_run_clear (&run);
  return step == PGM_RECEIVER_DONE;
}

static gboolean
receive (PgmReceiver *self, GCancellable *cancellable, GError **error)
{
  PgmServerInfo *facts = self->end == PGM_END_SOURCE ? self->ends->source : self->ends->destination;
  const char *publications[] = { self->publication, NULL };
  PgmStreamOptions options = {
    .slot = self->slot,
    .publications = publications,
    .start = self->start,
    .protocol = pgm_decoder_protocol_for (facts->major),
    .messages = facts->major >= 14,
    .streaming = self->streaming && facts->major >= 14,
    .origin_none = self->local_only && facts->major >= 16,
  };
  g_autoptr (PgmConnection) connection = NULL;
  g_autoptr (PgmStream) stream = NULL;
  gint64 interval_us = STATUS_US;
  gint64 silence_us = 0;

  if (!find_interval (self, &interval_us, &silence_us, cancellable, error))
    return FALSE;
  connection = pgm_ends_connect_replication (self->ends, self->end, "receive", cancellable, error);
  if (connection == NULL)
    return FALSE;
  stream = pgm_stream_start (connection, &options, cancellable, error);
  return stream != NULL &&
         run_stream (self, stream, options.protocol, interval_us, silence_us, cancellable, error);
}

/* What was handed over is whole or will be sent again, so the applier may finish
 * it whatever ended us. */
gboolean
pgm_receiver_run (PgmReceiver *self, GCancellable *cancellable, GError **error)
{
  gboolean ok = receive (self, cancellable, error);

  pgm_channel_close (self->changes);
  return ok;
}
