#include "server/gate.h"

#include <unistd.h>

#define CHECK_SECONDS 1
/* After an accept() that failed (no descriptors left): it would fail again at once. */
#define PAUSE_MS 100

struct _PgmGate
{
  GSocket *listener;
  GMainContext *context;
  PgmGateFunc func;
  gpointer user_data;
  GPtrArray *peers;
  GSource *accepting; /* or the pause after a failure */
  GSource *checker;
};

static void wait_for_connection (PgmGate *self);

static void
stop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
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
  g_autoptr (GCredentials) credentials = NULL;
  uid_t user;

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return FALSE;
  credentials = g_socket_get_credentials (socket, NULL);
  if (credentials == NULL)
    return FALSE;
  user = g_credentials_get_unix_user (credentials, NULL);
  return user == geteuid () || user == 0;
}

static guint
count_inside (PgmGate *self)
{
  guint inside = 0;

  for (guint i = 0; i < self->peers->len; i++)
    inside += pgm_peer_is_refused (g_ptr_array_index (self->peers, i)) ? 0 : 1;
  return inside;
}

/* Who is sent away is told why, for which there is a little more room. */
static void
receive (PgmGate *self, GSocket *socket)
{
  g_autoptr (GSocketConnection) connection = NULL;
  PgmPeer *peer;

  if (self->peers->len >= 4 * PGM_GATE_ROOM)
    {
      g_socket_close (socket, NULL);
      return;
    }
  connection = g_socket_connection_factory_create_connection (socket);
  peer = pgm_peer_new (connection, on_peer_closed, self);
  if (!is_ours (socket))
    pgm_peer_refuse (peer, 403, "this socket belongs to another user");
  else if (count_inside (self) >= PGM_GATE_ROOM)
    pgm_peer_refuse (peer, 503, "too many connections");
  g_ptr_array_add (self->peers, peer);
  self->func (peer, self->user_data);
}

static gboolean
on_connection (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  PgmGate *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);

  if (socket != NULL)
    {
      g_socket_set_blocking (socket, FALSE);
      receive (self, socket);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      wait_for_connection (self);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
accept_again (PgmGate *self)
{
  stop_source (&self->accepting);
  self->accepting = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accepting, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_set_static_name (self->accepting, "[pgmanager] gate");
  g_source_attach (self->accepting, self->context);
}

static gboolean
on_pause_over (gpointer user_data)
{
  accept_again (user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_for_connection (PgmGate *self)
{
  stop_source (&self->accepting);
  self->accepting = g_timeout_source_new (PAUSE_MS);
  g_source_set_callback (self->accepting, on_pause_over, self, NULL);
  g_source_attach (self->accepting, self->context);
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
pgm_gate_new (GSocket *listener, GMainContext *context, PgmGateFunc func, gpointer user_data)
{
  PgmGate *self = g_new0 (PgmGate, 1);

  self->listener = g_object_ref (listener);
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->peers = g_ptr_array_new_with_free_func (g_object_unref);
  self->checker = g_timeout_source_new_seconds (CHECK_SECONDS);
  g_source_set_callback (self->checker, on_check, self, NULL);
  g_source_attach (self->checker, context);
  accept_again (self);
  return self;
}

void
pgm_gate_shut (PgmGate *self)
{
  stop_source (&self->accepting);
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
  g_ptr_array_unref (self->peers);
  g_object_unref (self->listener);
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
