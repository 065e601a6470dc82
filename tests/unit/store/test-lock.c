/* R16: one holder at a time, whoever holds it and however it ends. */
#include "store/lock.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char *
make_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("pgm-lock-XXXXXX", NULL);

  return g_build_filename (directory, "job.lock", NULL);
}

static void
remove_path (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (directory);
}

static void
test_one_holder (void)
{
  g_autofree char *path = make_path ();
  g_autofree char *holder =
      g_strdup_printf ("this clone is already being done by process %d", getpid ());
  g_autoptr (GError) error = NULL;
  PgmLock *first = pgm_lock_acquire (path, "this clone", &error);
  PgmLock *second = pgm_lock_acquire (path, "this clone", &error);

  g_assert_nonnull (first);
  g_assert_null (second);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, holder);
  g_clear_error (&error);

  pgm_lock_release (first);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  second = pgm_lock_acquire (path, "this clone", &error);
  g_assert_no_error (error);
  pgm_lock_release (second);
  remove_path (path);
}

/* A holder that is killed leaves the file but not the lock. */
static void
test_killed_holder (void)
{
  g_autofree char *path = make_path ();
  g_autoptr (GError) error = NULL;
  PgmLock *lock;
  int ready[2];
  char byte;
  pid_t child;

  g_assert_cmpint (pipe (ready), ==, 0);
  child = fork ();
  if (child == 0)
    {
      PgmLock *held = pgm_lock_acquire (path, "this clone", NULL);

      if (write (ready[1], held != NULL ? "+" : "-", 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, '+');
  g_assert_null (pgm_lock_acquire (path, "this clone", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);

  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  lock = pgm_lock_acquire (path, "this clone", &error);
  g_assert_no_error (error);
  pgm_lock_release (lock);
  close (ready[0]);
  close (ready[1]);
  remove_path (path);
}

static void
test_no_directory (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (pgm_lock_acquire ("/nonexistent/x.lock", "this clone", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
}

/* Many threads, each for a moment: never two at a time. */
static gpointer
contend (gpointer data)
{
  static int inside;
  const char *path = data;

  for (int i = 0; i < 300; i++)
    {
      PgmLock *lock = pgm_lock_acquire (path, "this clone", NULL);

      if (lock == NULL)
        continue;
      g_assert_cmpint (g_atomic_int_add (&inside, 1), ==, 0);
      g_thread_yield ();
      g_atomic_int_add (&inside, -1);
      pgm_lock_release (lock);
    }
  return NULL;
}

static void
test_contention (void)
{
  g_autofree char *path = make_path ();
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("contend", contend, path);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  remove_path (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/lock/one-holder", test_one_holder);
  g_test_add_func ("/store/lock/killed-holder", test_killed_holder);
  g_test_add_func ("/store/lock/no-directory", test_no_directory);
  g_test_add_func ("/store/lock/contention", test_contention);
  return g_test_run ();
}
