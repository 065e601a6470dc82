#include "store/paths.h"

#include <glib/gstdio.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "pgmanager"

/* A relative path is to be ignored, says the specification. */
static const char *
absolute_environment (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && g_path_is_absolute (value) ? value : NULL;
}

static char *
below_temporary (void)
{
  return g_strdup_printf ("%s/" PROGRAM "-%u", g_get_tmp_dir (), (guint) geteuid ());
}

/* Accounts without a home have "/", "/nonexistent" or the like. */
static const char *
usable_home (void)
{
  const char *home = g_get_home_dir ();

  if (home == NULL || !g_path_is_absolute (home) || g_str_equal (home, "/") ||
      !g_file_test (home, G_FILE_TEST_IS_DIR))
    return NULL;
  return home;
}

static char *
directory_for (const char *variable, const char *below_home)
{
  const char *base = absolute_environment (variable);
  const char *home;

  if (base != NULL)
    return g_build_filename (base, PROGRAM, NULL);
  home = usable_home ();
  if (home != NULL && below_home != NULL)
    return g_build_filename (home, below_home, PROGRAM, NULL);
  return below_temporary ();
}

char *
pgm_paths_config_directory (void)
{
  return directory_for ("XDG_CONFIG_HOME", ".config");
}

char *
pgm_paths_clusters_file (void)
{
  g_autofree char *directory = pgm_paths_config_directory ();

  return g_build_filename (directory, "clusters.json", NULL);
}

char *
pgm_paths_state_directory (void)
{
  return directory_for ("XDG_STATE_HOME", ".local/state");
}

char *
pgm_paths_runtime_directory (void)
{
  return directory_for ("XDG_RUNTIME_DIR", NULL);
}

gboolean
pgm_paths_make_private (const char *directory, GError **error)
{
  struct stat status;

  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_strerror (errno), NULL,
                          "could not make directory \"%s\"", directory);
      return FALSE;
    }
  /* Not following a link: in /tmp it could lead anywhere. */
  if (g_lstat (directory, &status) != 0 || (!S_ISDIR (status.st_mode) && !S_ISLNK (status.st_mode)))
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "\"%s\" is not a directory", directory);
      return FALSE;
    }
  if (status.st_uid != geteuid ())
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Remove it, or set XDG_STATE_HOME or XDG_RUNTIME_DIR to a directory"
                          " of your own.",
                          "directory \"%s\" belongs to another user", directory);
      return FALSE;
    }
  return TRUE;
}
