/* The unix socket in the runtime directory: which name is free, a stale one taken
 * over, nobody else let in. Not for other rooms. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

typedef struct
{
  GSocket *socket; /* listens; doesn't block */
  char *path;
  guint64 device; /* of the file, to know it again */
  guint64 inode;
} PgmLocalSocket;

/* @directory/api.sock, or, when a living process has it, @directory/job-<job_id>.sock.
 * @directory must be there and ours (PGM_ERROR_REFUSED); it is made 0700, the socket
 * 0600. */
PgmLocalSocket *pgm_local_socket_open (const char *directory,
                                       const char *job_id,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes it and removes its file, unless that is somebody else's by now. */
void pgm_local_socket_close (PgmLocalSocket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmLocalSocket, pgm_local_socket_close)

G_END_DECLS
