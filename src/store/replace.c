#include "store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/paths.h"

/* The new name must be on the disk too. */
static void
sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  (void) fsync (fd);
  close (fd);
}

gboolean
pgm_file_replace (const char *path, const char *text, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  char *resolved = realpath (path, NULL); /* NULL for one that is not there yet */
  g_autofree char *target = g_strdup (resolved != NULL ? resolved : path);
  g_autoptr (GError) reason = NULL;

  free (resolved);
  if (!g_file_test (directory, G_FILE_TEST_IS_DIR) && !pgm_paths_make_private (directory, error))
    return FALSE;
  if (!g_file_set_contents_full (target, text, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &reason))
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, reason->message,
                          "Look whether the disk is full and who owns the directory.",
                          "could not write \"%s\"", path);
      return FALSE;
    }
  sync_directory (target);
  return TRUE;
}
