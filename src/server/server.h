/* The API of the jobs that run in this process: REST and WebSocket, in a thread of
 * its own, so that neither a job nor a face waits for a client.
 *
 * Today on a unix socket, for processes of the same user: the kernel says who asks.
 */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct _PgmServer PgmServer;

/* Serves @engine, in whose context this is called, on a socket in @directory:
 * "api.sock", or "job-<job_id>.sock" beside it when a living process has that one.
 * @directory has to be there and ours (PGM_ERROR_REFUSED otherwise). */
PgmServer *pgm_server_new (PgmEngine *engine,
                           const char *directory,
                           const char *job_id,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of the socket. Owned by the server. */
const char *pgm_server_get_path (PgmServer *self);

/* Accepts no more, gives those who listen a moment to take what they wait for (the
 * report of a job that has ended), and waits for the thread: at most a second. */
void pgm_server_free (PgmServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmServer, pgm_server_free)

G_END_DECLS
