/* Passwords in a real keyring: gnome-keyring on a bus of its own, unlocked and locked.
 * The test runs itself once more below dbus-run-session, so that no keyring of a person
 * is touched. */
#include "store/secrets.h"

#include <glib/gstdio.h>

#define CHILD "PGM_TEST_KEYRING_CHILD"

static char *
lookup (PgmSecrets *secrets, const char *cluster)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmSecret) found = pgm_secrets_lookup (secrets, cluster, "primary", &error);

  g_assert_no_error (error);
  return g_strdup (pgm_secret_reveal (found));
}

static void
store (PgmSecrets *secrets, const char *cluster, const char *password)
{
  g_autoptr (PgmSecret) secret = pgm_secret_new (password);
  g_autoptr (GError) error = NULL;

  g_assert_true (pgm_secrets_store (secrets, cluster, "primary", secret, &error));
  g_assert_no_error (error);
}

static void
test_unlocked (void)
{
  const char *directory = g_getenv (CHILD);
  g_autofree char *file = g_build_filename (directory, "secrets.json", NULL);
  g_autoptr (PgmSecrets) with = pgm_secrets_new (directory, TRUE);
  g_autoptr (PgmSecrets) without = pgm_secrets_new (directory, FALSE);
  g_autoptr (GError) error = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autofree char *nothing = NULL;

  store (with, "prod", "in the kéyring");
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  first = lookup (with, "prod");
  g_assert_cmpstr (first, ==, "in the kéyring");
  /* A file that is newer wins; once stored in the keyring again it is gone from there. */
  store (without, "prod", "in the file");
  second = lookup (with, "prod");
  g_assert_cmpstr (second, ==, "in the file");
  store (with, "prod", "again");
  third = lookup (with, "prod");
  g_assert_cmpstr (third, ==, "again");
  g_assert_true (pgm_secrets_clear (with, "prod", "primary", &error));
  g_assert_no_error (error);
  nothing = lookup (with, "prod");
  g_assert_null (nothing);
}

static gboolean
run (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocess) child = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, error);

  return child != NULL && g_subprocess_wait_check (child, NULL, error);
}

static void
test_on_own_bus (gconstpointer program)
{
  g_autofree char *directory = g_dir_make_tmp ("pgm-keyring-XXXXXX", NULL);
  g_autofree char *runtime = g_build_filename (directory, "run", NULL);
  const char script[] = "printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
                        " && exec \"$0\" -p /store/keyring/unlocked";
  const char *const argv[] = { "env",  "-u",    "DISPLAY", "dbus-run-session", "--", "sh", "-c",
                               script, program, NULL };
  const char *const remove[] = { "rm", "-rf", directory, NULL };
  g_autofree char *daemon = g_find_program_in_path ("gnome-keyring-daemon");
  g_autofree char *bus = g_find_program_in_path ("dbus-run-session");
  g_autoptr (GError) error = NULL;

  if (daemon == NULL || bus == NULL)
    {
      g_test_skip ("gnome-keyring and dbus-run-session are not both here");
      return;
    }
  g_assert_cmpint (g_mkdir (runtime, 0700), ==, 0);
  g_setenv (CHILD, directory, TRUE);
  g_setenv ("HOME", directory, TRUE);
  g_setenv ("XDG_DATA_HOME", directory, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
  run (argv, &error);
  g_assert_no_error (error);
  run (remove, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autofree char *program = g_canonicalize_filename (argv[0], NULL);

  g_test_init (&argc, &argv, NULL);
  if (g_getenv (CHILD) != NULL)
    g_test_add_func ("/store/keyring/unlocked", test_unlocked);
  else
    g_test_add_data_func ("/store/keyring/own-bus", program, test_on_own_bus);
  return g_test_run ();
}
