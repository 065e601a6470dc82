#include "store/kept-jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/paths.h"

#define DIRECTORY "kept-jobs"
#define MAX_SIZE  (1024 * 1024)

static char *
make_path (const char *directory, const char *job_id)
{
  g_autofree char *name = g_strconcat (job_id, ".json", NULL);

  return g_build_filename (directory, DIRECTORY, name, NULL);
}

static gboolean
write_all (int fd, const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gssize written = write (fd, text, left);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      text += written;
      left -= (gsize) written;
    }
  return fsync (fd) == 0;
}

/* Beside its place first, so that the name is never that of half a file. */
static gboolean
write_file (const char *path, const PgmSecret *text)
{
  g_autofree char *beside = g_strconcat (path, ".new", NULL);
  int fd;
  gboolean written;

  (void) g_unlink (beside);
  fd = open (beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return FALSE;
  written = write_all (fd, pgm_secret_reveal (text));
  written = close (fd) == 0 && written;
  if (written && g_rename (beside, path) == 0)
    return TRUE;
  (void) g_unlink (beside);
  return FALSE;
}

gboolean
pgm_kept_jobs_keep (const char *directory, const PgmJobSpec *spec, GError **error)
{
  g_autofree char *path = make_path (directory, spec->id);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (PgmSecret) whole = pgm_record_to_secret_json (spec);

  if (!pgm_paths_make_private (parent, error))
    return FALSE;
  if (write_file (path, whole))
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_strerror (errno), NULL,
                      "job \"%s\" can't be kept", spec->id);
  return FALSE;
}

static char *
read_file (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status;
  char *text = NULL;

  if (fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode) &&
      status.st_uid == geteuid () && status.st_size > 0 && status.st_size < MAX_SIZE)
    {
      text = g_malloc0 ((gsize) status.st_size + 1);
      if (read (fd, text, (gsize) status.st_size) != status.st_size)
        g_clear_pointer (&text, pgm_secret_free_text);
    }
  if (fd >= 0)
    close (fd);
  return text;
}

PgmJobSpec *
pgm_kept_jobs_load (const char *directory, const char *job_id)
{
  g_autofree char *path = make_path (directory, job_id);
  char *text = read_file (path);
  PgmJobSpec *spec =
      text != NULL ? pgm_record_from_json (&pgm_job_spec_type, text, -1, NULL) : NULL;

  pgm_secret_free_text (text);
  return spec;
}

void
pgm_kept_jobs_forget (const char *directory, const char *job_id)
{
  g_autofree char *path = make_path (directory, job_id);

  (void) g_unlink (path);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GStrv
pgm_kept_jobs_list (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, DIRECTORY, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *ids = g_ptr_array_new ();
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      g_ptr_array_add (ids, g_strndup (name, strlen (name) - strlen (".json")));
  g_ptr_array_sort (ids, compare_names);
  g_ptr_array_add (ids, NULL);
  return (GStrv) g_ptr_array_free (ids, FALSE);
}
