/* Where things are kept, and who else could get at them. */
#include "store/paths.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_path (char *path, const char *wanted)
{
  g_assert_cmpstr (path, ==, wanted);
  g_free (path);
}

static void
test_xdg (void)
{
  g_autofree char *state = g_build_filename (g_get_home_dir (), ".local/state/pgmanager", NULL);
  g_autofree char *temporary =
      g_strdup_printf ("%s/pgmanager-%u", g_get_tmp_dir (), (guint) geteuid ());

  g_setenv ("XDG_STATE_HOME", "/some/state", TRUE);
  g_setenv ("XDG_CONFIG_HOME", "/some/config", TRUE);
  g_setenv ("XDG_RUNTIME_DIR", "/some/run", TRUE);
  assert_path (pgm_paths_state_directory (), "/some/state/pgmanager");
  assert_path (pgm_paths_config_directory (), "/some/config/pgmanager");
  assert_path (pgm_paths_runtime_directory (), "/some/run/pgmanager");

  /* A relative one is to be ignored. */
  g_setenv ("XDG_STATE_HOME", "state", TRUE);
  assert_path (pgm_paths_state_directory (), state);
  g_unsetenv ("XDG_STATE_HOME");
  assert_path (pgm_paths_state_directory (), state);
  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_path (pgm_paths_runtime_directory (), temporary);
}

static void
test_without_home (void)
{
  if (g_test_subprocess ())
    {
      g_autofree char *path = pgm_paths_state_directory ();

      g_assert_true (g_str_has_prefix (path, g_get_tmp_dir ()));
      return;
    }
  g_unsetenv ("XDG_STATE_HOME");
  g_setenv ("HOME", "/nonexistent", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
test_private (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *base = g_dir_make_tmp ("pgm-paths-XXXXXX", NULL);
  g_autofree char *middle = g_build_filename (base, "a", NULL);
  g_autofree char *directory = g_build_filename (middle, "b", NULL);
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  struct stat status;

  g_assert_true (pgm_paths_make_private (directory, &error));
  g_assert_true (pgm_paths_make_private (directory, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (middle, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0700);

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_false (pgm_paths_make_private (file, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_clear_error (&error);

  if (geteuid () == 0)
    {
      g_assert_cmpint (chown (directory, 1, 1), ==, 0);
      g_assert_false (pgm_paths_make_private (directory, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
      g_assert_nonnull (strstr (error->message, "another user"));
    }
  g_unlink (file);
  g_rmdir (directory);
  g_rmdir (middle);
  g_rmdir (base);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/paths/xdg", test_xdg);
  g_test_add_func ("/store/paths/without-home", test_without_home);
  g_test_add_func ("/store/paths/private", test_private);
  return g_test_run ();
}
