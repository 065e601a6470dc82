#include "core/child.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static PgmChildResult *
run_shell (const char *script, PgmChildFlags flags, GCancellable *cancellable, GError **error)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };

  return pgm_child_run (argv, NULL, NULL, -1, -1, flags, cancellable, error);
}

static void
assert_output (PgmChildResult *result, const char *expected)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (result->output, &size);

  text = g_strndup (bytes != NULL ? bytes : "", size);
  g_assert_cmpstr (text, ==, expected);
}

static void
remove_both (const char *file, const char *directory)
{
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_output_and_status (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result =
      run_shell ("echo out; echo err >&2; exit 7", PGM_CHILD_KEEP_OUTPUT, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (result->status, ==, 7);
  g_assert_cmpstr (result->errors, ==, "err\n");
  assert_output (result, "out\n");
}

static void
test_discarded_output (void)
{
  g_autoptr (PgmChildResult) result = run_shell ("echo out", PGM_CHILD_DEFAULT, NULL, NULL);

  g_assert_cmpint (result->status, ==, 0);
  g_assert_null (result->output);
  g_assert_cmpstr (result->errors, ==, "");
}

static void
test_no_shell (void)
{
  const char *argv[] = { "printf", "%s|", "a b", "$HOME", "`id`", "*", ";", NULL };
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, NULL, NULL, -1, -1, PGM_CHILD_KEEP_OUTPUT, NULL, NULL);

  assert_output (result, "a b|$HOME|`id`|*|;|");
}

static void
test_environment (void)
{
  const char *argv[] = { "/bin/sh", "-c", "echo \"$NEW/${GONE-unset}/$EMPTY/$(pwd)\"", NULL };
  const char *environment[] = { "NEW=a=b", "GONE", "EMPTY=", NULL };
  g_autoptr (PgmChildResult) result = NULL;

  g_setenv ("GONE", "still here", TRUE);
  result = pgm_child_run (argv, environment, "/usr", -1, -1, PGM_CHILD_KEEP_OUTPUT, NULL, NULL);
  assert_output (result, "a=b/unset///usr\n");
}

static void
test_signal (void)
{
  g_autoptr (PgmChildResult) result = run_shell ("kill -9 $$", PGM_CHILD_DEFAULT, NULL, NULL);

  g_assert_cmpint (result->status, ==, -SIGKILL);
}

static void
test_missing_program (void)
{
  const char *argv[] = { "/nonexistent/tool", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result = pgm_child_run (argv, NULL, NULL, -1, -1, 0, NULL, &error);

  g_assert_null (result);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nonexistent/tool"));
}

static void
test_standard_input_and_terminal (void)
{
  g_autoptr (PgmChildResult) result =
      run_shell ("read line && echo line; (: </dev/tty) 2>/dev/null && echo tty; echo done",
                 PGM_CHILD_KEEP_OUTPUT, NULL, NULL);

  assert_output (result, "done\n");
}

/* Both outputs are larger than a pipe: a reader of one after the other hangs. */
static void
test_both_pipes_full (void)
{
  g_autoptr (PgmChildResult) result =
      run_shell ("head -c 3000000 /dev/zero | tr '\\0' e >&2; head -c 3000000 /dev/zero; "
                 "echo last >&2",
                 PGM_CHILD_KEEP_OUTPUT, NULL, NULL);

  g_assert_cmpint (result->status, ==, 0);
  g_assert_cmpuint (g_bytes_get_size (result->output), ==, 3000000);
  g_assert_cmpuint (strlen (result->errors), <=, 256 * 1024);
  g_assert_cmpuint (strlen (result->errors), >, 200 * 1024);
  g_assert_true (g_str_has_suffix (result->errors, "elast\n"));
  g_assert_nonnull (strstr (result->errors, "left out"));
}

static void
test_errors_are_utf8 (void)
{
  g_autoptr (PgmChildResult) result =
      run_shell ("printf 'a\\377b' >&2", PGM_CHILD_DEFAULT, NULL, NULL);

  g_assert_cmpstr (result->errors, ==, "a\357\277\275b");
}

/* A server that the child leaves running keeps its outputs open. */
static void
test_ends_with_child (void)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (PgmChildResult) result =
      run_shell ("setsid sleep 30 & echo $!", PGM_CHILD_KEEP_OUTPUT, NULL, NULL);
  gsize size = 0;
  g_autofree char *pid = NULL;

  g_assert_cmpint (result->status, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
  pid = g_strndup (g_bytes_get_data (result->output, &size), g_bytes_get_size (result->output));
  g_assert_cmpint (kill ((pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL), ==, 0);
}

typedef struct
{
  GCancellable *cancellable;
  char *file;
} Canceller;

/* Cancels once the script has said that it is under way, by its last line "up". */
static gpointer
cancel_when_up (gpointer data)
{
  Canceller *self = data;

  for (int i = 0; i < 600; i++)
    {
      g_autofree char *text = NULL;

      if (g_file_get_contents (self->file, &text, NULL, NULL) && g_str_has_suffix (text, "up\n"))
        break;
      g_usleep (50000);
    }
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* Gone, or waiting to be collected by whoever inherits it. */
static void
assert_ended (const char *pid)
{
  g_autofree char *path = g_strconcat ("/proc/", pid, "/stat", NULL);
  g_autofree char *state = NULL;

  if (g_file_get_contents (path, &state, NULL, NULL))
    g_assert_nonnull (strstr (state, ") Z "));
}

/* Runs @script, which writes the numbers of its children and then "up" into
 * $FILE, and cancels it; all must be gone when the call returns. Returns the
 * seconds it took from the cancelling on. */
static double
run_and_cancel (const char *script)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };
  const char *environment[2] = { NULL, NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result = NULL;
  g_autofree char *directory = g_dir_make_tmp ("pgm-child-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "pid", NULL);
  g_autofree char *variable = g_strconcat ("FILE=", file, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  Canceller canceller = { cancellable, file };
  GThread *thread = g_thread_new ("cancel", cancel_when_up, &canceller);
  gint64 start = g_get_monotonic_time ();
  double seconds;

  environment[0] = variable;
  result = pgm_child_run (argv, environment, NULL, -1, -1, 0, cancellable, &error);
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >=, 3);
  for (gsize i = 0; !g_str_equal (lines[i], "up"); i++)
    assert_ended (lines[i]);

  (void) g_thread_join (thread);
  g_assert_null (result);
  g_assert_true (pgm_error_is_cancelled (error));
  remove_both (file, directory);
  return seconds;
}

static void
test_cancel_group (void)
{
  g_assert_cmpfloat (run_and_cancel ("sleep 60 & echo $! >> \"$FILE\"; echo up >> \"$FILE\"; wait"),
                     <, 30);
}

/* Many of them and slow ones, so that some are still to be scheduled, in order to
 * die, when the first is gone already. */
static void
test_cancel_stubborn (void)
{
  double seconds = run_and_cancel (
      "trap '' TERM; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
      "nice -n 19 sh -c 'while :; do sleep 1; done' & echo $! >> \"$FILE\"; done; "
      "echo up >> \"$FILE\"; while :; do sleep 1; done");

  g_assert_cmpfloat (seconds, >=, 5);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result = NULL;

  g_cancellable_cancel (cancellable);
  result = run_shell ("exit 0", 0, cancellable, &error);
  g_assert_null (result);
  g_assert_true (pgm_error_is_cancelled (error));
}

static gpointer
run_in_thread (gpointer data)
{
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (PgmChildResult) result =
          run_shell ("echo x; exit 3", PGM_CHILD_KEEP_OUTPUT, NULL, NULL);

      g_assert_cmpint (result->status, ==, 3);
      assert_output (result, "x\n");
    }
  return NULL;
}

/* Worker threads without a main loop anywhere, several at once. */
static void
test_threads (void)
{
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("child", run_in_thread, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    (void) g_thread_join (threads[i]);
}

/* The child of a program that dies at once does not outlive it. */
static void
test_dies_with_us (void)
{
  g_autofree char *directory = NULL;
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;
  g_autofree char *state = NULL;

  if (g_test_subprocess ())
    {
      g_autoptr (PgmChildResult) result = NULL;

      result =
          run_shell ("echo $$ > \"$PGM_TEST_FILE\"; kill -9 $PPID; exec sleep 60", 0, NULL, NULL);
      return;
    }
  directory = g_dir_make_tmp ("pgm-child-XXXXXX", NULL);
  file = g_build_filename (directory, "pid", NULL);
  g_setenv ("PGM_TEST_FILE", file, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  path = g_strdup_printf ("/proc/%d/stat", (int) g_ascii_strtoll (text, NULL, 10));
  for (int i = 0; i < 100 && g_file_get_contents (path, &state, NULL, NULL); i++)
    {
      if (strstr (state, ") Z ") != NULL)
        break;
      g_clear_pointer (&state, g_free);
      g_usleep (50000);
    }
  if (state == NULL)
    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_both (file, directory);
}

static void
test_other_user (void)
{
  const char *argv[] = { "/bin/sh", "-c", "id -u; id -g; id -G; echo $HOME; pwd", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result = NULL;
  g_autofree char *expected = NULL;
  struct passwd *nobody = getpwnam ("nobody");
  const gid_t foreign = 4242;

  if (geteuid () != 0)
    {
      result = pgm_child_run (argv, NULL, NULL, 0, -1, PGM_CHILD_KEEP_OUTPUT, NULL, &error);
      g_assert_null (result);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
      return;
    }
  g_assert_nonnull (nobody);
  /* A group of ours that the other user must not inherit. */
  g_assert_cmpint (setgroups (1, &foreign), ==, 0);
  expected = g_strdup_printf ("%u\n%u\n%u\n%s\n/\n", nobody->pw_uid, nobody->pw_gid, nobody->pw_gid,
                              nobody->pw_dir);
  result =
      pgm_child_run (argv, NULL, NULL, nobody->pw_uid, -1, PGM_CHILD_KEEP_OUTPUT, NULL, &error);
  g_assert_no_error (error);
  assert_output (result, expected);
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
}

static void
test_unknown_user (void)
{
  const char *argv[] = { "true", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, NULL, NULL, 3999999999, -1, 0, NULL, &error);

  g_assert_null (result);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/child/output-and-status", test_output_and_status);
  g_test_add_func ("/core/child/discarded-output", test_discarded_output);
  g_test_add_func ("/core/child/no-shell", test_no_shell);
  g_test_add_func ("/core/child/environment", test_environment);
  g_test_add_func ("/core/child/signal", test_signal);
  g_test_add_func ("/core/child/missing-program", test_missing_program);
  g_test_add_func ("/core/child/standard-input-and-terminal", test_standard_input_and_terminal);
  g_test_add_func ("/core/child/both-pipes-full", test_both_pipes_full);
  g_test_add_func ("/core/child/errors-are-utf8", test_errors_are_utf8);
  g_test_add_func ("/core/child/ends-with-child", test_ends_with_child);
  g_test_add_func ("/core/child/cancel-group", test_cancel_group);
  g_test_add_func ("/core/child/cancel-stubborn", test_cancel_stubborn);
  g_test_add_func ("/core/child/cancelled-before", test_cancelled_before);
  g_test_add_func ("/core/child/threads", test_threads);
  g_test_add_func ("/core/child/dies-with-us", test_dies_with_us);
  g_test_add_func ("/core/child/other-user", test_other_user);
  g_test_add_func ("/core/child/unknown-user", test_unknown_user);
  return g_test_run ();
}
