/* The API of the jobs that run in this process: REST and WebSocket, in a thread of
 * its own, so that neither a job nor a face waits for a client.
 *
 * On a unix socket for processes of the same user: the kernel says who asks. On
 * addresses of the internet for whoever has the token; on others than loopback only
 * within TLS.
 */
#pragma once

#include "core/secret.h"
#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct _PgmServer PgmServer;

/* Zeroed: serves nowhere. Read by pgm_server_new() only; all stays the caller's. */
typedef struct
{
  /* The unix socket: "api.sock" in @directory, or "job-<job_id>.sock" beside it when a
   * living process has that one. The directory has to be there and ours. NULL: none. */
  const char *directory;
  const char *job_id;

  /* Addresses with or without port (7654 else): "127.0.0.1", "0.0.0.0:7654",
   * "[::1]:0". NULL or empty: none. Each needs @token_file, others than loopback also
   * a certificate. */
  const char *const *listen;
  /* Holds the bearer token, 0600; made when it isn't there. */
  const char *token_file;
  /* PEM files; with both, all of @listen speaks TLS. */
  const char *tls_certificate;
  const char *tls_key;
  /* Names beyond our own that a Host may say: "db.example.com", "proxy:8443". */
  const char *const *allowed_hosts;

  /* At a time; 0: the defaults, 64 and 256. */
  guint max_connections;
  guint max_websockets;

  /* Whoever comes by one of @listen may have connections made with this account's
   * passfile, service file and certificates. */
  gboolean share_files;
} PgmServerOptions;

/* Serves @engine, in whose context this is called. PGM_ERROR_REFUSED when that would be
 * unsafe (no token, no TLS, a directory or key of somebody else), PGM_ERROR_USAGE for an
 * address or file that can't be understood, PGM_ERROR_FAILED for one that can't be had. */
PgmServer *pgm_server_new (PgmEngine *engine,
                           const PgmServerOptions *options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same checks without serving: for a configuration that is to be tried. */
gboolean pgm_server_check (const PgmServerOptions *options, GError **error);

/* Of the unix socket, or NULL. Owned by the server. */
const char *pgm_server_get_path (PgmServer *self);

/* "https://127.0.0.1:7654" of every address, in their order, with the ports that were
 * taken; NULL-terminated. Owned by the server. */
const char *const *pgm_server_get_urls (PgmServer *self);

/* Accepts no more, gives those who listen a moment to take what they wait for (the
 * report of a job that has ended), and waits for the thread: at most a second. */
void pgm_server_free (PgmServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmServer, pgm_server_free)

G_END_DECLS
