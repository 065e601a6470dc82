#include "store/lock.h"

#include <glib/gstdio.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct _PgmLock
{
  int fd;
  char *path;
};

static void
set_failed (GError **error, const char *path, int code)
{
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_strerror (code), NULL,
                      "could not make lock file \"%s\"", path);
}

static void
set_held (GError **error, const char *what, const char *path, int fd)
{
  char holder[32] = "";
  gssize length = pread (fd, holder, sizeof holder - 1, 0);

  g_strchomp (holder);
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, NULL, "Wait for that process to end, or stop it.",
      length > 0 ? "%s is already being done by process %s" : "%s is already being done%s", what,
      holder);
}

/* The holder removes the file when it lets go; whoever waited at the old file
 * must not believe that it holds the name. */
static gboolean
is_still_named (int fd, const char *path)
{
  struct stat held, named;

  return fstat (fd, &held) == 0 && stat (path, &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

static void
write_holder (int fd)
{
  char text[32];
  int length = g_snprintf (text, sizeof text, "%ld\n", (long) getpid ());

  /* Only for the message of others: a full disk must not refuse the lock. */
  if (ftruncate (fd, 0) == 0 && pwrite (fd, text, (gsize) length, 0) != length)
    (void) ftruncate (fd, 0);
}

PgmLock *
pgm_lock_acquire (const char *path, const char *what, GError **error)
{
  for (;;)
    {
      int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
      PgmLock *self;

      if (fd < 0)
        {
          set_failed (error, path, errno);
          return NULL;
        }
      if (flock (fd, LOCK_EX | LOCK_NB) != 0)
        {
          if (errno == EWOULDBLOCK)
            set_held (error, what, path, fd);
          else
            set_failed (error, path, errno);
          close (fd);
          return NULL;
        }
      if (!is_still_named (fd, path))
        {
          close (fd);
          continue;
        }
      write_holder (fd);
      self = g_new0 (PgmLock, 1);
      self->fd = fd;
      self->path = g_strdup (path);
      return self;
    }
}

void
pgm_lock_release (PgmLock *self)
{
  if (self == NULL)
    return;
  g_unlink (self->path);
  close (self->fd);
  g_free (self->path);
  g_free (self);
}
