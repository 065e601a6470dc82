#include "server/gate.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define CHECK_SECONDS 1
/* After an accept() that failed (no descriptors left), it would fail again at once. */
#define PAUSE_MS 100
/* While too many strangers stand in the door, the next ones wait in the kernel. */
#define QUEUE_MS 10
/* A stranger who has had this long makes place for the next one. An honest client says
 * who it is with its first bytes: at once on this machine, after a round trip or two
 * within TLS. */
#define PATIENCE_USEC     (50 * G_TIME_SPAN_MILLISECOND)
#define TLS_PATIENCE_USEC (500 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  PgmGate *gate;
  GSocket *listener;
  const PgmEntrance *entrance;
  GTlsCertificate *tls;
  GSource *accepting; /* or the pause */
} Listener;

struct _PgmGate
{
  PgmGateLimits limits;
  GMainContext *context;
  PgmGateFunc func;
  gpointer user_data;
  GPtrArray *listeners;
  GPtrArray *peers;
  GSource *checker;
};

static void pause_listener (Listener *self, guint milliseconds);

static void
stop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
listener_free (gpointer data)
{
  Listener *self = data;

  stop_source (&self->accepting);
  g_object_unref (self->listener);
  g_clear_object (&self->tls);
  g_free (self);
}

static void
on_peer_closed (PgmPeer *peer, gpointer user_data)
{
  PgmGate *self = user_data;

  g_ptr_array_remove_fast (self->peers, peer);
}

/* The kernel says who connected; a client can't. */
static gboolean
is_ours (GSocket *socket)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (socket, NULL);
  uid_t user;

  if (credentials == NULL)
    return FALSE;
  user = g_credentials_get_unix_user (credentials, NULL);
  return user == geteuid () || user == 0;
}

/* Who is inside, and who of them could go. */
typedef struct
{
  guint connections;
  guint strangers;
  guint websockets;
  PgmPeer *stranger; /* the one who has been in the door longest, or NULL */
  PgmPeer *idle;     /* the one who has been silent longest between requests, or NULL */
} Census;

static void
count_peer (Census *census, PgmPeer *peer)
{
  gint64 since, longest;

  if (pgm_peer_is_refused (peer))
    return;
  if (pgm_peer_is_websocket (peer))
    {
      census->websockets++;
      return;
    }
  census->connections++;
  if (!pgm_peer_is_identified (peer))
    {
      census->strangers++;
      if (census->stranger == NULL ||
          pgm_peer_get_began (peer) < pgm_peer_get_began (census->stranger))
        census->stranger = peer;
    }
  if (pgm_peer_is_idle (peer, &since) &&
      (census->idle == NULL || !pgm_peer_is_idle (census->idle, &longest) || since < longest))
    census->idle = peer;
}

static Census
take_census (PgmGate *self)
{
  Census census = { 0 };

  for (guint i = 0; i < self->peers->len; i++)
    count_peer (&census, g_ptr_array_index (self->peers, i));
  return census;
}

static gboolean
is_overdue (PgmPeer *stranger, gboolean tls)
{
  return g_get_monotonic_time () - pgm_peer_get_began (stranger) >
         (tls ? TLS_PATIENCE_USEC : PATIENCE_USEC);
}

/* FALSE: not now, for the door is full of strangers who have just come. */
static gboolean
make_room (PgmGate *self, const PgmEntrance *entrance, gboolean *full)
{
  Census census = take_census (self);

  *full = FALSE;
  if (!entrance->local && census.strangers >= self->limits.strangers)
    {
      if (!is_overdue (census.stranger, entrance->tls))
        return FALSE;
      pgm_peer_cut (census.stranger);
      return TRUE;
    }
  if (census.connections < self->limits.connections)
    return TRUE;
  if (census.idle != NULL)
    pgm_peer_cut (census.idle);
  else
    *full = TRUE;
  return TRUE;
}

/* Who is sent away is told why, for which there is a little more room. */
static void
receive (Listener *listener, GSocket *socket, gboolean full)
{
  PgmGate *self = listener->gate;
  g_autoptr (GSocketConnection) connection = NULL;
  PgmPeer *peer;

  if (self->peers->len >= 4 * self->limits.connections + self->limits.websockets)
    {
      g_socket_close (socket, NULL);
      return;
    }
  if (!listener->entrance->local)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  peer = pgm_peer_new (listener->entrance, connection, listener->tls, on_peer_closed, self, NULL);
  if (peer == NULL)
    return;
  if (listener->entrance->local && !is_ours (socket))
    pgm_peer_refuse (peer, 403, "this socket belongs to another user");
  else if (full)
    pgm_peer_refuse (peer, 503, "too many connections");
  g_ptr_array_add (self->peers, peer);
  self->func (peer, self->user_data);
}

static gboolean
on_connection (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Listener *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) accepted = NULL;
  gboolean full;

  if (!make_room (self->gate, self->entrance, &full))
    {
      pause_listener (self, QUEUE_MS);
      return G_SOURCE_REMOVE;
    }
  accepted = g_socket_accept (socket, NULL, &error);
  if (accepted != NULL)
    {
      g_socket_set_blocking (accepted, FALSE);
      receive (self, accepted, full);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      pause_listener (self, PAUSE_MS);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
accept_again (Listener *self)
{
  stop_source (&self->accepting);
  self->accepting = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accepting, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_set_static_name (self->accepting, "[pgmanager] gate");
  g_source_attach (self->accepting, self->gate->context);
}

static gboolean
on_pause_over (gpointer user_data)
{
  accept_again (user_data);
  return G_SOURCE_REMOVE;
}

static void
pause_listener (Listener *self, guint milliseconds)
{
  stop_source (&self->accepting);
  self->accepting = g_timeout_source_new (milliseconds);
  g_source_set_callback (self->accepting, on_pause_over, self, NULL);
  g_source_attach (self->accepting, self->gate->context);
}

/* Backwards: a peer that is cut may leave at once. */
static gboolean
on_check (gpointer user_data)
{
  PgmGate *self = user_data;
  gint64 now = g_get_monotonic_time ();

  for (guint i = self->peers->len; i > 0; i--)
    if (i <= self->peers->len)
      pgm_peer_check (g_ptr_array_index (self->peers, i - 1), now);
  return G_SOURCE_CONTINUE;
}

PgmGate *
pgm_gate_new (const PgmGateLimits *limits,
              GMainContext *context,
              PgmGateFunc func,
              gpointer user_data)
{
  PgmGate *self = g_new0 (PgmGate, 1);

  self->limits = *limits;
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->peers = g_ptr_array_new_with_free_func (g_object_unref);
  self->checker = g_timeout_source_new_seconds (CHECK_SECONDS);
  g_source_set_callback (self->checker, on_check, self, NULL);
  g_source_attach (self->checker, context);
  return self;
}

void
pgm_gate_listen (PgmGate *self,
                 GSocket *listener,
                 const PgmEntrance *entrance,
                 GTlsCertificate *tls)
{
  Listener *new = g_new0 (Listener, 1);

  new->gate = self;
  new->listener = g_object_ref (listener);
  new->entrance = entrance;
  new->tls = tls != NULL ? g_object_ref (tls) : NULL;
  g_ptr_array_add (self->listeners, new);
  accept_again (new);
}

void
pgm_gate_shut (PgmGate *self)
{
  g_ptr_array_set_size (self->listeners, 0);
}

void
pgm_gate_free (PgmGate *self)
{
  pgm_gate_shut (self);
  stop_source (&self->checker);
  while (self->peers->len > 0)
    {
      g_autoptr (PgmPeer) peer = g_object_ref (g_ptr_array_index (self->peers, 0));

      g_io_stream_close (G_IO_STREAM (peer), NULL, NULL);
    }
  g_ptr_array_unref (self->listeners);
  g_ptr_array_unref (self->peers);
  g_main_context_unref (self->context);
  g_free (self);
}

guint
pgm_gate_count_busy (PgmGate *self)
{
  guint busy = 0;

  for (guint i = 0; i < self->peers->len; i++)
    busy += pgm_peer_is_busy (g_ptr_array_index (self->peers, i)) ? 1 : 0;
  return busy;
}

gboolean
pgm_gate_has_room_for_websocket (PgmGate *self)
{
  /* The one who asks is counted already: the guard has let it through. */
  return take_census (self).websockets <= self->limits.websockets;
}
