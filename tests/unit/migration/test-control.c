/* The letter box of a running job. */
#include "migration/control.h"

static PgmJobRequest *
make_request (int kind)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);

  request->kind = kind;
  return request;
}

static void
assert_refused (PgmControl *control, int kind, const char *words)
{
  g_autoptr (GError) error = NULL;
  PgmJobRequest *request = make_request (kind);

  g_assert_false (pgm_control_post (control, request, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, words));
  pgm_record_unref (request);
}

static void
test_refuses_what_is_not_allowed (void)
{
  g_autoptr (PgmControl) control = pgm_control_new ();

  assert_refused (control, PGM_REQUEST_PAUSE, "has not begun to follow");
  pgm_control_allow (control, 1u << PGM_REQUEST_PAUSE, "the copy is not finished yet");
  assert_refused (control, PGM_REQUEST_SWITCHOVER, "the copy is not finished yet");
}

static void
test_hands_over_one_at_a_time (void)
{
  g_autoptr (PgmControl) control = pgm_control_new ();
  g_autoptr (GError) error = NULL;
  PgmJobRequest *request = make_request (PGM_REQUEST_PAUSE);
  PgmJobRequest *taken;

  pgm_control_allow (control, 1u << PGM_REQUEST_PAUSE, "");
  g_assert_true (pgm_control_post (control, request, &error));
  g_assert_no_error (error);
  assert_refused (control, PGM_REQUEST_PAUSE, "busy with another request (pause)");
  taken = pgm_control_take (control, 0, NULL);
  g_assert_true (taken == request);
  pgm_record_unref (taken);
  g_assert_null (pgm_control_take (control, 0, NULL));
  g_assert_true (pgm_control_post (control, request, &error));
  pgm_record_unref (request);
}

/* The job is busy with the cutover itself, so this doesn't wait for its turn. */
static void
test_cancels_a_cutover (void)
{
  g_autoptr (PgmControl) control = pgm_control_new ();
  g_autoptr (GCancellable) cutover = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  PgmJobRequest *request = make_request (PGM_REQUEST_SWITCHOVER_CANCEL);

  assert_refused (control, PGM_REQUEST_SWITCHOVER_CANCEL, "no cutover is under way");
  pgm_control_set_cutover (control, cutover);
  g_assert_true (pgm_control_post (control, request, &error));
  g_assert_no_error (error);
  g_assert_true (g_cancellable_is_cancelled (cutover));
  pgm_control_set_cutover (control, NULL);
  assert_refused (control, PGM_REQUEST_SWITCHOVER_CANCEL, "no cutover is under way");
  pgm_record_unref (request);
}

static void
test_lists_what_it_accepts (void)
{
  g_autoptr (PgmControl) control = pgm_control_new ();
  g_autoptr (GCancellable) cutover = g_cancellable_new ();
  g_auto (GStrv) none = pgm_control_list_requests (control);
  g_auto (GStrv) some = NULL;
  g_auto (GStrv) cutting = NULL;

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  pgm_control_allow (control, (1u << PGM_REQUEST_PAUSE) | (1u << PGM_REQUEST_CLEANUP), "");
  some = pgm_control_list_requests (control);
  g_assert_cmpuint (g_strv_length (some), ==, 2);
  g_assert_cmpstr (some[0], ==, "pause");
  g_assert_cmpstr (some[1], ==, "cleanup");
  pgm_control_allow (control, 0, "the job is cutting over");
  pgm_control_set_cutover (control, cutover);
  cutting = pgm_control_list_requests (control);
  g_assert_cmpuint (g_strv_length (cutting), ==, 1);
  g_assert_cmpstr (cutting[0], ==, "switchover-cancel");
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_wait_ends_with_cancellation (void)
{
  g_autoptr (PgmControl) control = pgm_control_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GThread) thread = g_thread_new ("cancel", cancel_soon, cancellable);
  gint64 began = g_get_monotonic_time ();

  g_assert_null (pgm_control_take (control, 60 * G_USEC_PER_SEC, cancellable));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 30 * G_USEC_PER_SEC);
  g_thread_join (g_steal_pointer (&thread));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/refuses-what-is-not-allowed", test_refuses_what_is_not_allowed);
  g_test_add_func ("/control/hands-over-one-at-a-time", test_hands_over_one_at_a_time);
  g_test_add_func ("/control/cancels-a-cutover", test_cancels_a_cutover);
  g_test_add_func ("/control/lists-what-it-accepts", test_lists_what_it_accepts);
  g_test_add_func ("/control/wait-ends-with-cancellation", test_wait_ends_with_cancellation);
  return g_test_run ();
}
