#include "core/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not shorter: other directories begin with "pgmanager-". */
#define PREFIX       "pgmanager-clone-"
#define ATTEMPTS_MAX 100

struct _PgmScratch
{
  int fd; /* of the directory, with the lock */
  char *path;
};

static gboolean
is_still_named (int fd, const char *path)
{
  struct stat held, named;

  return fstat (fd, &held) == 0 && lstat (path, &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

/* The directory with the lock on it, or -1: somebody else has it, it is gone, it
 * isn't a directory of ours. Never follows a link, and goes by the descriptor from
 * then on: everybody may put things into /tmp. */
static int
hold (const char *path)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    return -1;
  if (fstat (fd, &info) == 0 && info.st_uid == geteuid () && (info.st_mode & 0777) == 0700 &&
      flock (fd, LOCK_EX | LOCK_NB) == 0 && is_still_named (fd, path))
    return fd;
  (void) close (fd);
  return -1;
}

/* With the lock held. A directory inside, which none of ours has, stays. */
static void
remove_held (int fd, const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    (void) unlinkat (fd, name, 0);
  (void) g_rmdir (path);
}

static void
remove_left_behind (const char *parent)
{
  g_autoptr (GDir) directory = g_dir_open (parent, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = NULL;
      int fd;

      if (!g_str_has_prefix (name, PREFIX) || strlen (name) != strlen (PREFIX "XXXXXX"))
        continue;
      path = g_build_filename (parent, name, NULL);
      fd = hold (path);
      if (fd < 0)
        continue;
      remove_held (fd, path);
      (void) close (fd);
    }
}

PgmScratch *
pgm_scratch_new (GError **error)
{
  remove_left_behind (g_get_tmp_dir ());
  for (guint i = 0; i < ATTEMPTS_MAX; i++)
    {
      g_autofree char *path = g_dir_make_tmp (PREFIX "XXXXXX", error);
      PgmScratch *self;
      int fd;

      if (path == NULL)
        return NULL;
      /* Another start may have looked at it before it was locked, and then it is
       * about to go, or gone. */
      fd = hold (path);
      if (fd < 0)
        {
          (void) g_rmdir (path);
          continue;
        }
      self = g_new0 (PgmScratch, 1);
      self->fd = fd;
      self->path = g_steal_pointer (&path);
      return self;
    }
  pgm_error_set (error, PGM_ERROR_FAILED, "no private directory can be locked in \"%s\"",
                 g_get_tmp_dir ());
  return NULL;
}

void
pgm_scratch_free (PgmScratch *self)
{
  if (self == NULL)
    return;
  remove_held (self->fd, self->path);
  (void) close (self->fd);
  g_free (self->path);
  g_free (self);
}

const char *
pgm_scratch_get_path (PgmScratch *self)
{
  return self->path;
}
