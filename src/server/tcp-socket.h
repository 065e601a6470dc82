/* Addresses of the internet to listen on. Not for other rooms. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

#define PGM_DEFAULT_PORT 7654

typedef struct
{
  GSocket *socket; /* listens; doesn't block */
  char *host;      /* as in a URL: "127.0.0.1", "[::1]" */
  guint16 port;
  gboolean loopback;
  gboolean wildcard; /* all addresses of the machine */
} PgmTcpSocket;

/* @where: "127.0.0.1", "127.0.0.1:7654", "[::1]:7654", "localhost"; port 0 takes a free
 * one. PGM_ERROR_USAGE when it can't be understood, PGM_ERROR_FAILED when it can't be
 * had. */
PgmTcpSocket *pgm_tcp_socket_open (const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_tcp_socket_close (PgmTcpSocket *self);

/* Would @where be loopback? FALSE with @error when it can't be understood. For a check
 * before anything is opened. */
gboolean pgm_tcp_socket_is_loopback (const char *where, gboolean *loopback, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmTcpSocket, pgm_tcp_socket_close)

G_END_DECLS
