#include "core/error.h"
#include "core/failpoint.h"

#ifdef PGM_DEBUG
static void
test_error_at_pass (void)
{
  for (int pass = 1; pass <= 5; pass++)
    {
      g_autoptr (GError) error = NULL;
      gboolean went_on = PGM_FAILPOINT ("test.error", &error);

      g_assert_true (went_on == (pass != 3));
      g_assert_true ((error == NULL) == went_on);
    }
  g_assert_true (PGM_FAILPOINT ("test.unnamed", NULL));
}

static void
test_sleep (void)
{
  gint64 start = g_get_monotonic_time ();

  g_assert_true (PGM_FAILPOINT ("test.sleep", NULL));
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 30 * 1000);
}

static void
test_kill (void)
{
  if (g_test_subprocess ())
    {
      (void) PGM_FAILPOINT ("test.kill", NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
}

static void
test_malformed (void)
{
  if (g_test_subprocess ())
    {
      (void) PGM_FAILPOINT ("any", NULL);
      return;
    }
  g_setenv ("PGMANAGER_FAILPOINT", "any=explode", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*explode*");
}
#else
static void
test_release (void)
{
  /* The environment wishes for failures; a release build doesn't hear it. */
  for (int pass = 1; pass <= 5; pass++)
    g_assert_true (PGM_FAILPOINT ("test.error", NULL));
  g_assert_true (PGM_FAILPOINT ("test.kill", NULL));
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!g_test_subprocess ())
    g_setenv ("PGMANAGER_FAILPOINT", "test.error=error@3; test.sleep=sleep:30;test.kill=kill;",
              TRUE);
#ifdef PGM_DEBUG
  g_test_add_func ("/core/failpoint/error-at-pass", test_error_at_pass);
  g_test_add_func ("/core/failpoint/sleep", test_sleep);
  g_test_add_func ("/core/failpoint/kill", test_kill);
  g_test_add_func ("/core/failpoint/malformed", test_malformed);
#else
  g_test_add_func ("/core/failpoint/release", test_release);
#endif
  return g_test_run ();
}
