/* When a lost session is tried again, and when no more. */
#include "migration/follow-retry.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define HOUR   (3600 * SECOND)

static void
test_waits_grow_and_start_small_again (void)
{
  PgmFollowRetry retry = { 0 };
  gint64 now = 5 * HOUR;

  pgm_follow_retry_reset (&retry, now);
  for (guint i = 0; i < 200; i++)
    {
      gint64 wait = pgm_follow_retry_next (&retry, now);

      g_assert_cmpint (wait, >=, 200);
      g_assert_cmpint (wait, <=, 30000);
    }
  pgm_follow_retry_note_session (&retry, now, now + 60 * SECOND);
  g_assert_cmpint (pgm_follow_retry_next (&retry, now + 61 * SECOND), <=, 600);
}

/* Sessions that come to nothing at once, one after the other, are not good ones. */
static void
test_gives_up_without_a_good_session (void)
{
  PgmFollowRetry retry = { 0 };
  gint64 now = 5 * HOUR;
  gint64 end = now + HOUR;

  pgm_follow_retry_reset (&retry, now);
  for (; now <= end; now += 20 * SECOND)
    {
      g_assert_cmpint (pgm_follow_retry_next (&retry, now), >, 0);
      pgm_follow_retry_note_session (&retry, now, now + SECOND);
    }
  g_assert_cmpint (pgm_follow_retry_next (&retry, now + SECOND), ==, -1);
}

/* What counts is when it ended, not when it began. */
static void
test_a_long_session_is_a_good_one (void)
{
  PgmFollowRetry retry = { 0 };
  gint64 now = 5 * HOUR;

  pgm_follow_retry_reset (&retry, now);
  pgm_follow_retry_note_session (&retry, now, now + 40 * HOUR);
  g_assert_cmpint (pgm_follow_retry_next (&retry, now + 40 * HOUR + 59 * 60 * SECOND), >, 0);
  g_assert_cmpint (pgm_follow_retry_next (&retry, now + 41 * HOUR + SECOND), ==, -1);
  pgm_follow_retry_reset (&retry, now + 50 * HOUR);
  g_assert_cmpint (pgm_follow_retry_next (&retry, now + 50 * HOUR), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/follow-retry/waits-grow-and-start-small-again",
                   test_waits_grow_and_start_small_again);
  g_test_add_func ("/follow-retry/gives-up-without-a-good-session",
                   test_gives_up_without_a_good_session);
  g_test_add_func ("/follow-retry/a-long-session-is-a-good-one", test_a_long_session_is_a_good_one);
  return g_test_run ();
}
