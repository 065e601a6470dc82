#include "core/secret-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE 4096

static void
set_errno (GError **error, const char *what, const char *path)
{
  int code = errno;

  pgm_error_set_full (error, code == ENOENT ? PGM_ERROR_NOT_FOUND : PGM_ERROR_FAILED, NULL,
                      g_strerror (code), NULL, "%s \"%s\"", what, path);
}

static gboolean
check_owner (int fd, const char *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    set_errno (error, "can't read", path);
  else if (!S_ISREG (status.st_mode))
    pgm_error_set (error, PGM_ERROR_REFUSED, "\"%s\" is no regular file", path);
  else if (status.st_uid != geteuid () && status.st_uid != 0)
    pgm_error_set (error, PGM_ERROR_REFUSED, "\"%s\" belongs to another user", path);
  else if ((status.st_mode & 0077) != 0 && status.st_uid == geteuid ())
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "chmod 600 makes it private.",
                        "others may read \"%s\"", path);
  else if ((status.st_mode & 0007) != 0)
    pgm_error_set (error, PGM_ERROR_REFUSED, "everybody may read \"%s\"", path);
  else
    return TRUE;
  return FALSE;
}

/* Wipes all that it has read but what it gives back. */
static PgmSecret *
read_all (int fd, const char *path, GError **error)
{
  char text[MAX_SIZE + 1] = "";
  gsize size = 0;
  gssize got = 0;
  PgmSecret *secret = NULL;

  while (size < MAX_SIZE && (got = read (fd, text + size, MAX_SIZE - size)) > 0)
    size += (gsize) got;
  if (got < 0)
    set_errno (error, "can't read", path);
  else
    {
      const char *start = text;

      while (g_ascii_isspace (*start))
        start++;
      g_strchomp (text);
      secret = pgm_secret_new (start);
    }
  pgm_secret_wipe (text, sizeof text);
  return secret;
}

/* -1 with @error. */
static int
open_checked (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    set_errno (error, "can't read", path);
  else if (!check_owner (fd, path, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}

PgmSecret *
pgm_secret_file_load (const char *path, GError **error)
{
  int fd = open_checked (path, error);
  PgmSecret *secret;

  if (fd < 0)
    return NULL;
  secret = read_all (fd, path, error);
  close (fd);
  return secret;
}

gboolean
pgm_secret_file_check (const char *path, GError **error)
{
  int fd = open_checked (path, error);

  if (fd < 0)
    return FALSE;
  close (fd);
  return TRUE;
}

static gboolean
write_all (int fd, const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gssize put = write (fd, text, length);

      if (put < 0 && errno != EINTR)
        return FALSE;
      if (put > 0)
        {
          text += put;
          length -= (gsize) put;
        }
    }
  return TRUE;
}

/* First under a name of its own: whoever sees @path sees all of it, and link(2) takes
 * no name that is taken. */
gboolean
pgm_secret_file_create (const char *path, const PgmSecret *secret, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.XXXXXX", path);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  gboolean done;

  if (fd < 0)
    {
      set_errno (error, "can't write", path);
      return FALSE;
    }
  done = write_all (fd, pgm_secret_reveal (secret)) && write_all (fd, "\n") && fsync (fd) == 0 &&
         link (temporary, path) == 0;
  if (!done && errno == EEXIST)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "\"%s\" is there already", path);
  else if (!done)
    set_errno (error, "can't write", path);
  unlink (temporary);
  close (fd);
  return done;
}
