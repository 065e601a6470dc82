#include "server/local-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 128
/* What sockaddr_un has room for. */
#define MAX_PATH 107

static void
set_errno (GError **error, const char *path, int code)
{
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_strerror (code), NULL,
                      "can't listen on \"%s\"", path);
}

/* Holds the directory, so that two processes don't take over the same stale name.
 * -1 with @error. */
static int
hold_directory (const char *directory, GError **error)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    set_errno (error, directory, errno);
  else if (status.st_uid != geteuid ())
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                        "Remove it, or set XDG_RUNTIME_DIR to a directory of your own.",
                        "directory \"%s\" belongs to another user", directory);
  else if (((status.st_mode & 0077) != 0 && fchmod (fd, 0700) != 0) || flock (fd, LOCK_EX) != 0)
    set_errno (error, directory, errno);
  else
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

typedef enum
{
  NAME_FREE,
  NAME_STALE,
  NAME_ALIVE,
  NAME_FAILED,
} NameState;

static NameState
look_at (const char *path, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) probe = NULL;
  g_autoptr (GError) reason = NULL;
  struct stat status;

  if (lstat (path, &status) != 0)
    return NAME_FREE;
  if (!S_ISSOCK (status.st_mode))
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "Remove it.",
                          "\"%s\" is there and is no socket", path);
      return NAME_FAILED;
    }
  probe =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (probe == NULL)
    return NAME_FAILED;
  g_socket_set_blocking (probe, FALSE);
  /* A full backlog is a living process, too. */
  if (g_socket_connect (probe, address, NULL, &reason) ||
      !g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return NAME_ALIVE;
  return NAME_STALE;
}

static GSocket *
listen_on (const char *path, GSocketAddress *address, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GSocket) listener =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &reason);

  if (listener != NULL)
    {
      g_socket_set_blocking (listener, FALSE);
      g_socket_set_listen_backlog (listener, BACKLOG);
      if (g_socket_bind (listener, address, FALSE, &reason) && g_chmod (path, 0600) == 0 &&
          g_socket_listen (listener, &reason))
        return g_steal_pointer (&listener);
    }
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL,
                      reason != NULL ? reason->message : g_strerror (errno), NULL,
                      "can't listen on \"%s\"", path);
  return NULL;
}

/* *@alive: somebody else has this name. */
static PgmLocalSocket *
try_name (const char *directory, const char *name, gboolean *alive, GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GSocketAddress) address = NULL;
  NameState state;
  struct stat status;
  GSocket *listener;
  PgmLocalSocket *self;

  *alive = FALSE;
  if (strlen (path) > MAX_PATH)
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                          "Set XDG_RUNTIME_DIR to a directory with a shorter name.",
                          "\"%s\" is too long for a socket's name", path);
      return NULL;
    }
  address = g_unix_socket_address_new (path);
  state = look_at (path, address, error);
  *alive = state == NAME_ALIVE;
  if (state == NAME_ALIVE || state == NAME_FAILED)
    return NULL;
  if (state == NAME_STALE)
    g_unlink (path);
  listener = listen_on (path, address, error);
  if (listener == NULL)
    return NULL;
  self = g_new0 (PgmLocalSocket, 1);
  self->socket = listener;
  self->path = g_steal_pointer (&path);
  if (lstat (self->path, &status) == 0)
    {
      self->device = status.st_dev;
      self->inode = status.st_ino;
    }
  return self;
}

/* What killed processes left behind is nobody's any more. */
static void
sweep (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autoptr (GSocketAddress) address = NULL;

      if (!g_str_has_prefix (name, "job-") || !g_str_has_suffix (name, ".sock") ||
          strlen (path) > MAX_PATH)
        continue;
      address = g_unix_socket_address_new (path);
      if (look_at (path, address, NULL) == NAME_STALE)
        g_unlink (path);
    }
}

PgmLocalSocket *
pgm_local_socket_open (const char *directory, const char *job_id, GError **error)
{
  g_autofree char *second = g_strdup_printf ("job-%s.sock", job_id);
  int held = hold_directory (directory, error);
  gboolean alive;
  PgmLocalSocket *self;

  if (held < 0)
    return NULL;
  sweep (directory);
  self = try_name (directory, "api.sock", &alive, error);
  if (alive)
    {
      self = try_name (directory, second, &alive, error);
      if (alive)
        pgm_error_set (error, PGM_ERROR_REFUSED, "another process serves \"%s/%s\"", directory,
                       second);
    }
  close (held);
  return self;
}

void
pgm_local_socket_close (PgmLocalSocket *self)
{
  struct stat status;

  if (self == NULL)
    return;
  /* The name first: a socket that is closed but still has its name looks stale, and
   * whoever took it over would lose it to us. */
  if (lstat (self->path, &status) == 0 && status.st_dev == self->device &&
      status.st_ino == self->inode)
    g_unlink (self->path);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_free (self->path);
  g_free (self);
}
