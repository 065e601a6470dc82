#include "server/tcp-socket.h"

#include <string.h>

#include "core/units.h"

#define BACKLOG 128

static GInetSocketAddress *
refuse (const char *where, GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      "Give an address of this machine, such as 127.0.0.1, 0.0.0.0:7654 or "
                      "[::1]:7654.",
                      "\"%s\" is no address to listen on", where);
  return NULL;
}

/* "[::1]:7654", "::1", "127.0.0.1:7654" */
static GInetSocketAddress *
parse (const char *where, GError **error)
{
  const char *colon = strrchr (where, ':');
  gboolean bracketed = *where == '[';
  gboolean has_port = colon != NULL && (bracketed ? colon > where && colon[-1] == ']'
                                                  : strchr (where, ':') == colon);
  g_autofree char *host = has_port ? g_strndup (where, (gsize) (colon - where)) : g_strdup (where);
  gint64 port = PGM_DEFAULT_PORT;
  gsize length = strlen (host);
  g_autoptr (GInetAddress) address = NULL;

  if (has_port && !pgm_parse_int (colon + 1, "port", 0, 65535, &port, NULL))
    return refuse (where, error);
  if (bracketed)
    {
      if (length < 2 || host[length - 1] != ']')
        return refuse (where, error);
      host[length - 1] = '\0';
      memmove (host, host + 1, length - 1);
    }
  /* Names could mean anything tomorrow. */
  address = g_inet_address_new_from_string (g_str_equal (host, "localhost") ? "127.0.0.1" : host);
  if (address == NULL)
    return refuse (where, error);
  return G_INET_SOCKET_ADDRESS (g_inet_socket_address_new (address, (guint16) port));
}

gboolean
pgm_tcp_socket_is_loopback (const char *where, gboolean *loopback, GError **error)
{
  g_autoptr (GInetSocketAddress) address = parse (where, error);

  if (address == NULL)
    return FALSE;
  *loopback = g_inet_address_get_is_loopback (g_inet_socket_address_get_address (address));
  return TRUE;
}

static GSocket *
listen_on (GInetSocketAddress *address, const char *where, GError **error)
{
  GSocketFamily family = g_socket_address_get_family (G_SOCKET_ADDRESS (address));
  g_autoptr (GError) reason = NULL;
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &reason);

  if (socket != NULL)
    {
      g_socket_set_blocking (socket, FALSE);
      g_socket_set_listen_backlog (socket, BACKLOG);
      if (g_socket_bind (socket, G_SOCKET_ADDRESS (address), TRUE, &reason) &&
          g_socket_listen (socket, &reason))
        return g_steal_pointer (&socket);
    }
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, reason->message,
                      g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
                          ? "Another program has this port; choose another one."
                          : NULL,
                      "can't listen on \"%s\"", where);
  return NULL;
}

static char *
format_host (GInetAddress *address)
{
  g_autofree char *text = g_inet_address_to_string (address);

  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
             ? g_strdup_printf ("[%s]", text)
             : g_steal_pointer (&text);
}

PgmTcpSocket *
pgm_tcp_socket_open (const char *where, GError **error)
{
  g_autoptr (GInetSocketAddress) wanted = parse (where, error);
  g_autoptr (GSocket) socket = wanted != NULL ? listen_on (wanted, where, error) : NULL;
  g_autoptr (GSocketAddress) got =
      socket != NULL ? g_socket_get_local_address (socket, error) : NULL;
  GInetAddress *address;
  PgmTcpSocket *self;

  if (got == NULL)
    return NULL;
  address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (got));
  self = g_new0 (PgmTcpSocket, 1);
  self->socket = g_steal_pointer (&socket);
  self->host = format_host (address);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  self->loopback = g_inet_address_get_is_loopback (address);
  self->wildcard = g_inet_address_get_is_any (address);
  return self;
}

void
pgm_tcp_socket_close (PgmTcpSocket *self)
{
  if (self == NULL)
    return;
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_free (self->host);
  g_free (self);
}
