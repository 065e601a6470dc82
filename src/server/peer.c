#include "server/peer.h"

/* Limits of time, in seconds. */
#define REQUEST_SECONDS  10 /* to send a request, from the connection on (TLS included) */
#define IDLE_SECONDS     15 /* between two requests */
#define LINGER_SECONDS   2  /* for one who is refused to read why */
#define ANSWER_SECONDS   15 /* without taking any of the answer */
#define FAREWELL_SECONDS 2  /* to take the end of TLS */
#define SILENCE_SECONDS  60 /* of a WebSocket: it is pinged every 15 s */
/* What is read and thrown away of a request that was refused. */
#define LINGER_BYTES (2 * PGM_BODY_MAX_SIZE)

typedef enum
{
  STATE_HEAD,
  STATE_BODY,
  STATE_ANSWER, /* all was read */
  STATE_RAW,    /* a WebSocket */
  STATE_LINGER, /* refused */
  STATE_ENDED,
} State;

struct _PgmPeer
{
  GIOStream parent_instance;
  const PgmEntrance *entrance;
  GSocketConnection *connection;
  GIOStream *base;     /* it, or TLS on it */
  GInputStream *input; /* ours, around the base's */
  GOutputStream *output;
  PgmPeerFunc closed;
  gpointer user_data;

  State state;
  GString *head;    /* as it comes */
  GString *ready;   /* for libsoup */
  gsize ready_from; /* what it has taken of it */
  guint64 left;     /* of the body, or of what is thrown away */
  PgmPass *pass;
  gboolean identified;
  guint requests;       /* that were let in */
  guint64 unanswered;   /* what was written when the last of them was read whole */
  gint64 began;         /* monotonic, as all here */
  gint64 since;         /* of the state's limit */
  gint64 last_read;     /* a byte came */
  gint64 blocked_since; /* 0: the way out is free */
  gboolean cut;
  guint64 written;
};

G_DEFINE_FINAL_TYPE (PgmPeer, pgm_peer, G_TYPE_IO_STREAM)

/* The two halves; each holds no reference, for the whole holds them. */
#define PGM_TYPE_PEER_INPUT (pgm_peer_input_get_type ())
G_DECLARE_FINAL_TYPE (PgmPeerInput, pgm_peer_input, PGM, PEER_INPUT, GInputStream)
#define PGM_TYPE_PEER_OUTPUT (pgm_peer_output_get_type ())
G_DECLARE_FINAL_TYPE (PgmPeerOutput, pgm_peer_output, PGM, PEER_OUTPUT, GOutputStream)

struct _PgmPeerInput
{
  GInputStream parent_instance;
  PgmPeer *peer;
};

struct _PgmPeerOutput
{
  GOutputStream parent_instance;
  PgmPeer *peer;
};

static void pgm_peer_input_pollable_init (GPollableInputStreamInterface *iface);
static void pgm_peer_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmPeerInput,
                               pgm_peer_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      pgm_peer_input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (PgmPeerOutput,
                               pgm_peer_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      pgm_peer_output_pollable_init))

static void
enter (PgmPeer *self, State state)
{
  self->state = state;
  self->since = g_get_monotonic_time ();
}

static GPollableInputStream *
base_input (PgmPeer *self)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->base));
}

static GPollableOutputStream *
base_output (PgmPeer *self)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->base));
}

static gssize
read_base (PgmPeer *self, void *buffer, gsize count, GError **error)
{
  gssize got =
      g_pollable_input_stream_read_nonblocking (base_input (self), buffer, count, NULL, error);

  if (got > 0)
    self->last_read = g_get_monotonic_time ();
  return got;
}

/* libsoup 3.2 forgets a connection that ends between two requests and never lets it go
 * (mended in 3.3): it has to see the beginning of one. */
static void
end (PgmPeer *self)
{
  if ((self->state == STATE_HEAD || self->state == STATE_LINGER) && self->ready == NULL)
    self->ready = g_string_new ("-");
  enter (self, STATE_ENDED);
}

/* Not merely that nothing is there now. */
static gboolean
is_broken (const GError *error)
{
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* The answer is small and the way out is empty: it goes at once or not at all. What
 * the peer still sends is read for a moment, since closing on unread bytes would
 * throw the answer away. */
static void
refuse (PgmPeer *self, const PgmRefusal *refusal)
{
  GString *answer = pgm_guard_write_refusal (refusal);

  g_pollable_output_stream_write_nonblocking (base_output (self), answer->str, answer->len, NULL,
                                              NULL);
  g_string_free (answer, TRUE);
  g_socket_shutdown (g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
  self->left = LINGER_BYTES;
  enter (self, STATE_LINGER);
}

static void
enter_answer (PgmPeer *self)
{
  self->unanswered = self->written;
  enter (self, STATE_ANSWER);
}

/* What was read beyond a request is the beginning of the next one. */
static void
drop_from_head (PgmPeer *self, gsize length)
{
  g_string_erase (self->head, 0, (gssize) length);
}

/* @end: where the head ends in what was read. */
static void
let_in (PgmPeer *self, gsize end)
{
  gsize rest = self->head->len - end;

  self->requests++;
  self->identified |= self->pass->identified;
  self->ready = pgm_http_head_write (self->pass->head);
  if (self->pass->head->upgrade)
    enter (self, STATE_RAW);
  else
    {
      self->left = self->pass->head->content_length;
      rest = MIN (rest, self->left);
      self->left -= rest;
      /* The limit of a request's time goes on, from its beginning. */
      self->state = STATE_BODY;
      if (self->left == 0)
        enter_answer (self);
    }
  g_string_append_len (self->ready, self->head->str + end, (gssize) rest);
  drop_from_head (self, end + rest);
}

/* Judges what was gathered, when it is a whole head or too long for one. */
static void
judge (PgmPeer *self)
{
  g_auto (PgmRefusal) refusal = { 0 };
  gsize end = pgm_http_head_find_end (self->head->str, self->head->len);

  if (end > PGM_HEAD_MAX_SIZE || (end == 0 && self->head->len >= PGM_HEAD_MAX_SIZE))
    pgm_refusal_set (&refusal, 431, "the request's head is larger than %d bytes",
                     PGM_HEAD_MAX_SIZE);
  else if (end > 0)
    {
      g_clear_pointer (&self->pass, pgm_pass_free);
      self->pass = pgm_guard_judge (self->entrance, self->head->str, end, &refusal);
    }
  if (refusal.status != 0)
    refuse (self, &refusal);
  else if (end > 0)
    let_in (self, end);
}

/* libsoup asks for more after its answer: for the next request, which may be here. */
static void
begin_next (PgmPeer *self)
{
  if (self->state != STATE_ANSWER || self->written == self->unanswered || self->pass->head->close)
    return;
  enter (self, STATE_HEAD);
  if (self->head->len > 0)
    judge (self);
}

/* FALSE when reading has come to an end for now: @error says whether it blocks. */
static gboolean
gather_head (PgmPeer *self, GError **error)
{
  char chunk[4096];
  g_autoptr (GError) reason = NULL;
  gssize got = read_base (self, chunk, sizeof chunk, &reason);

  if (got < 0 && !is_broken (reason))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  if (got <= 0)
    {
      end (self);
      return TRUE;
    }
  /* Idle until now: the time of a request begins. */
  if (self->requests > 0 && self->head->len == 0)
    self->since = g_get_monotonic_time ();
  g_string_append_len (self->head, chunk, got);
  judge (self);
  return TRUE;
}

static gboolean
linger (PgmPeer *self, GError **error)
{
  char chunk[16384];
  g_autoptr (GError) reason = NULL;
  gssize got = read_base (self, chunk, sizeof chunk, &reason);

  if (got < 0 && !is_broken (reason))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  self->left -= MIN (self->left, (guint64) MAX (got, 0));
  if (got <= 0 || self->left == 0)
    end (self);
  return TRUE;
}

static gboolean
has_ready (PgmPeer *self)
{
  return self->ready != NULL && self->ready_from < self->ready->len;
}

static gssize
take_ready (PgmPeer *self, void *buffer, gsize count)
{
  gsize taken = MIN (count, self->ready->len - self->ready_from);

  memcpy (buffer, self->ready->str + self->ready_from, taken);
  self->ready_from += taken;
  if (!has_ready (self))
    {
      g_string_free (g_steal_pointer (&self->ready), TRUE);
      self->ready_from = 0;
    }
  return (gssize) taken;
}

static gssize
read_body (PgmPeer *self, void *buffer, gsize count, GError **error)
{
  gssize got = read_base (self, buffer, MIN (count, self->left), error);

  if (got > 0)
    self->left -= (guint64) got;
  if (got == 0)
    enter (self, STATE_ENDED);
  else if (self->left == 0)
    enter_answer (self);
  return got;
}

static gssize
input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  PgmPeer *self = PGM_PEER_INPUT (stream)->peer;

  for (;;)
    {
      if (has_ready (self))
        return take_ready (self, buffer, count);
      begin_next (self);
      switch (self->state)
        {
        case STATE_HEAD:
          if (!gather_head (self, error))
            return -1;
          break;
        case STATE_LINGER:
          if (!linger (self, error))
            return -1;
          break;
        case STATE_BODY:
          return read_body (self, buffer, count, error);
        case STATE_RAW:
          return read_base (self, buffer, count, error);
        case STATE_ANSWER:
        case STATE_ENDED:
        default:
          return 0;
        }
    }
}

/* The thread has other peers: nothing here ever blocks. */
static gssize
input_read (GInputStream *stream,
            void *buffer,
            gsize count,
            GCancellable *cancellable,
            GError **error)
{
  return input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count, error);
}

static gboolean
input_is_immediate (PgmPeer *self)
{
  return has_ready (self) || self->state == STATE_ANSWER || self->state == STATE_ENDED;
}

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  PgmPeer *self = PGM_PEER_INPUT (stream)->peer;

  begin_next (self);
  return input_is_immediate (self) || g_pollable_input_stream_is_readable (base_input (self));
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  PgmPeer *self = PGM_PEER_INPUT (stream)->peer;
  g_autoptr (GSource) child = NULL;

  begin_next (self);
  child = input_is_immediate (self)
              ? g_timeout_source_new (0)
              : g_pollable_input_stream_create_source (base_input (self), NULL);
  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
pgm_peer_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read_nonblocking;
}

static void
pgm_peer_input_class_init (PgmPeerInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = input_read;
}

static void
pgm_peer_input_init (PgmPeerInput *self)
{
}

static gssize
output_write_nonblocking (GPollableOutputStream *stream,
                          const void *buffer,
                          gsize count,
                          GError **error)
{
  PgmPeer *self = PGM_PEER_OUTPUT (stream)->peer;
  gssize put =
      g_pollable_output_stream_write_nonblocking (base_output (self), buffer, count, NULL, error);

  if (put > 0)
    {
      self->written += (guint64) put;
      self->blocked_since = (gsize) put < count ? g_get_monotonic_time () : 0;
    }
  else if (put < 0 && self->blocked_since == 0)
    self->blocked_since = g_get_monotonic_time ();
  return put;
}

static gssize
output_write (GOutputStream *stream,
              const void *buffer,
              gsize count,
              GCancellable *cancellable,
              GError **error)
{
  return output_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), buffer, count, error);
}

static gboolean
output_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (base_output (PGM_PEER_OUTPUT (stream)->peer));
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) child =
      g_pollable_output_stream_create_source (base_output (PGM_PEER_OUTPUT (stream)->peer), NULL);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
pgm_peer_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

static void
pgm_peer_output_class_init (PgmPeerOutputClass *class)
{
  G_OUTPUT_STREAM_CLASS (class)->write_fn = output_write;
}

static void
pgm_peer_output_init (PgmPeerOutput *self)
{
}

static GInputStream *
get_input_stream (GIOStream *stream)
{
  return PGM_PEER (stream)->input;
}

static GOutputStream *
get_output_stream (GIOStream *stream)
{
  return PGM_PEER (stream)->output;
}

static gboolean
has_tls (PgmPeer *self)
{
  return self->base != G_IO_STREAM (self->connection);
}

/* A client of TLS is told that this is the end, which may take a moment and is done in
 * another thread. Such a thread may be at the socket already (the handshake), so that
 * its descriptor is only let go with the last reference. */
static void
close_base (PgmPeer *self)
{
  GSocket *socket = g_socket_connection_get_socket (self->connection);

  if (!has_tls (self))
    g_socket_close (socket, NULL);
  else if (self->requests == 0 || self->cut)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
  else
    {
      g_socket_set_timeout (socket, FAREWELL_SECONDS);
      g_io_stream_close_async (self->base, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
    }
}

static gboolean
close_stream (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  PgmPeer *self = PGM_PEER (stream);
  PgmPeerFunc closed = g_steal_pointer (&self->closed);

  enter (self, STATE_ENDED);
  if (closed == NULL)
    return TRUE;
  close_base (self);
  closed (self, self->user_data);
  return TRUE;
}

/* GIO's own would close in a thread of its pool, and with it take the peer out of
 * the gate's list there. Closing a socket doesn't wait. */
static void
close_stream_async (GIOStream *stream,
                    int priority,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  (void) close_stream (stream, NULL, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
close_stream_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
pgm_peer_finalize (GObject *object)
{
  PgmPeer *self = PGM_PEER (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->base);
  g_clear_object (&self->connection);
  pgm_secret_wipe (self->head->str, self->head->allocated_len);
  g_string_free (self->head, TRUE);
  if (self->ready != NULL)
    g_string_free (self->ready, TRUE);
  pgm_pass_free (self->pass);
  G_OBJECT_CLASS (pgm_peer_parent_class)->finalize (object);
}

static void
pgm_peer_class_init (PgmPeerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = pgm_peer_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = get_input_stream;
  G_IO_STREAM_CLASS (class)->get_output_stream = get_output_stream;
  G_IO_STREAM_CLASS (class)->close_fn = close_stream;
  G_IO_STREAM_CLASS (class)->close_async = close_stream_async;
  G_IO_STREAM_CLASS (class)->close_finish = close_stream_finish;
}

static void
pgm_peer_init (PgmPeer *self)
{
  PgmPeerInput *input = g_object_new (PGM_TYPE_PEER_INPUT, NULL);
  PgmPeerOutput *output = g_object_new (PGM_TYPE_PEER_OUTPUT, NULL);

  input->peer = self;
  output->peer = self;
  self->input = G_INPUT_STREAM (input);
  self->output = G_OUTPUT_STREAM (output);
  self->head = g_string_new (NULL);
  self->began = self->last_read = g_get_monotonic_time ();
  enter (self, STATE_HEAD);
}

/* Without the certificates that the system trusts, which GIO would read for each
 * connection (nine milliseconds of it): we ask no client for one. */
static GIOStream *
wrap_in_tls (GSocketConnection *connection, GTlsCertificate *certificate, GError **error)
{
  GType type = g_tls_backend_get_server_connection_type (g_tls_backend_get_default ());

  return g_initable_new (type, NULL, error, "base-io-stream", connection, "certificate",
                         certificate, "database", NULL, NULL);
}

PgmPeer *
pgm_peer_new (const PgmEntrance *entrance,
              GSocketConnection *connection,
              GTlsCertificate *tls,
              PgmPeerFunc closed,
              gpointer user_data,
              GError **error)
{
  GIOStream *base =
      tls != NULL ? wrap_in_tls (connection, tls, error) : g_object_ref (G_IO_STREAM (connection));
  PgmPeer *self;

  if (base == NULL)
    return NULL;
  self = g_object_new (PGM_TYPE_PEER, NULL);
  self->entrance = entrance;
  self->identified = entrance->local;
  self->connection = g_object_ref (connection);
  self->base = base;
  self->closed = closed;
  self->user_data = user_data;
  return self;
}

void
pgm_peer_refuse (PgmPeer *self, guint status, const char *reason)
{
  g_auto (PgmRefusal) refusal = { 0 };

  /* Within TLS nothing can be said before both have agreed on a key. */
  if (has_tls (self) && self->requests == 0)
    {
      pgm_peer_cut (self);
      return;
    }
  pgm_refusal_set (&refusal, status, "%s", reason);
  refuse (self, &refusal);
}

gboolean
pgm_peer_is_refused (PgmPeer *self)
{
  return self->state == STATE_LINGER || self->state == STATE_ENDED;
}

gboolean
pgm_peer_is_identified (PgmPeer *self)
{
  return self->identified;
}

gboolean
pgm_peer_is_websocket (PgmPeer *self)
{
  return self->state == STATE_RAW;
}

gboolean
pgm_peer_is_idle (PgmPeer *self, gint64 *since)
{
  if (since != NULL)
    *since = self->since;
  return self->state == STATE_HEAD && self->requests > 0 && self->head->len == 0;
}

gint64
pgm_peer_get_began (PgmPeer *self)
{
  return self->began;
}

const PgmPass *
pgm_peer_get_pass (PgmPeer *self)
{
  return self->pass;
}

guint64
pgm_peer_get_written (PgmPeer *self)
{
  return self->written;
}

gboolean
pgm_peer_is_busy (PgmPeer *self)
{
  return self->state == STATE_BODY || self->state == STATE_ANSWER || self->state == STATE_LINGER;
}

void
pgm_peer_cut (PgmPeer *self)
{
  self->cut = TRUE;
  end (self);
  g_socket_shutdown (g_socket_connection_get_socket (self->connection), TRUE, TRUE, NULL);
}

static gboolean
has_passed (gint64 since, gint64 now, int seconds)
{
  return since > 0 && now - since > seconds * G_USEC_PER_SEC;
}

void
pgm_peer_check (PgmPeer *self, gint64 now)
{
  gboolean late = FALSE;

  switch (self->state)
    {
    case STATE_HEAD:
      late = has_passed (self->since, now,
                         pgm_peer_is_idle (self, NULL) ? IDLE_SECONDS : REQUEST_SECONDS);
      break;
    case STATE_BODY:
      late = has_passed (self->since, now, REQUEST_SECONDS);
      break;
    case STATE_LINGER:
      late = has_passed (self->since, now, LINGER_SECONDS);
      break;
    case STATE_ANSWER:
      late = has_passed (self->blocked_since, now, ANSWER_SECONDS);
      break;
    case STATE_RAW:
      late = has_passed (self->blocked_since, now, SILENCE_SECONDS) ||
             has_passed (self->last_read, now, SILENCE_SECONDS);
      break;
    case STATE_ENDED:
    default:
      break;
    }
  if (late)
    pgm_peer_cut (self);
}
