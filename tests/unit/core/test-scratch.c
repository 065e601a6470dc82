#include "core/scratch.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static PgmScratch *
make (void)
{
  g_autoptr (GError) error = NULL;
  PgmScratch *scratch = pgm_scratch_new (&error);

  g_assert_no_error (error);
  return scratch;
}

static char *
put (const char *directory, const char *name)
{
  char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_file_set_contents (path, "x", -1, NULL));
  return path;
}

static gboolean
is_there (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}

/* A directory of that name with one file in it, as a dead process leaves it. */
static char *
leave_behind (const char *name)
{
  char *path = g_build_filename (g_get_tmp_dir (), name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_free (put (path, "schema.dump"));
  return path;
}

static void
test_life (void)
{
  PgmScratch *scratch = make ();
  g_autofree char *path = g_strdup (pgm_scratch_get_path (scratch));
  g_autofree char *file = put (path, "schema.dump");
  struct stat info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0700);
  pgm_scratch_free (scratch);
  g_assert_false (is_there (path));
}

/* What is in use stays, in this process and in another one. */
static void
test_in_use (void)
{
  g_autoptr (PgmScratch) one = make ();
  g_autoptr (PgmScratch) two = make ();

  g_assert_true (is_there (pgm_scratch_get_path (one)));
  g_assert_true (is_there (pgm_scratch_get_path (two)));
}

static void
test_killed (void)
{
  g_autofree char *path = NULL;
  g_autofree char *file = NULL;
  PgmScratch *scratch;
  char text[256] = "";
  int ends[2];
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    {
      scratch = make ();
      path = g_strdup (pgm_scratch_get_path (scratch));
      file = put (path, "schema.dump");
      _exit (write (ends[1], path, strlen (path)) > 0 && pause () ? 1 : 0);
    }
  g_assert_cmpint (read (ends[0], text, sizeof text - 1), >, 0);

  scratch = make ();
  g_assert_true (is_there (text));
  pgm_scratch_free (scratch);

  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_true (is_there (text));
  scratch = make ();
  g_assert_false (is_there (text));
  pgm_scratch_free (scratch);
  close (ends[0]);
  close (ends[1]);
}

/* What only looks like one of ours: a link, another name, other permissions, a
 * directory with directories. */
static void
test_others_stay (void)
{
  g_autofree char *target = leave_behind ("precious");
  g_autofree char *link = g_build_filename (g_get_tmp_dir (), "pgmanager-clone-LINKED", NULL);
  g_autofree char *demo = leave_behind ("pgmanager-demo-ABCDEF");
  g_autofree char *longer = leave_behind ("pgmanager-clone-ABCDEFG");
  g_autofree char *open = leave_behind ("pgmanager-clone-PUBLIC");
  g_autofree char *deep = leave_behind ("pgmanager-clone-NESTED");
  g_autofree char *inner = g_build_filename (deep, "inner", NULL);
  g_autofree char *dead = leave_behind ("pgmanager-clone-ABCDEF");
  const char *const stay[] = { target, link, demo, longer, open, inner };
  PgmScratch *scratch;

  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_cmpint (g_chmod (open, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  scratch = make ();
  for (gsize i = 0; i < G_N_ELEMENTS (stay); i++)
    g_assert_true (is_there (stay[i]));
  g_assert_false (is_there (dead));
  pgm_scratch_free (scratch);
}

int
main (int argc, char **argv)
{
  g_autofree char *directory = NULL;
  const char *remove_all[] = { "/bin/rm", "-rf", NULL, NULL };
  int status;

  /* Before anything asks GLib for it, which asks the environment only once. */
  directory = g_strdup ("/var/tmp/pgm-scratch-XXXXXX");
  if (g_mkdtemp (directory) == NULL || !g_setenv ("TMPDIR", directory, TRUE))
    return 1;
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/scratch/life", test_life);
  g_test_add_func ("/core/scratch/in-use", test_in_use);
  g_test_add_func ("/core/scratch/killed", test_killed);
  g_test_add_func ("/core/scratch/others-stay", test_others_stay);
  status = g_test_run ();
  remove_all[2] = directory;
  (void) g_spawn_sync (NULL, (char **) (gpointer) remove_all, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                       NULL, NULL, NULL, NULL);
  return status;
}
