/* How a job goes on after an attempt that failed: what passes by itself, what doesn't,
 * and with what of the last attempt. */
#include "engine/attempts.h"

typedef struct
{
  PgmJobSpec *spec;
  PgmProgress *progress;
  GCancellable *cancellable;
  PgmAttempts attempts;
} Job;

static void
set_up (Job *self, PgmJobMode mode)
{
  self->spec = pgm_record_new (&pgm_job_spec_type);
  self->spec->id = g_strdup ("one");
  self->spec->kind = PGM_JOB_CLONE;
  self->spec->source = pgm_record_new (&pgm_endpoint_type);
  self->spec->destination = pgm_record_new (&pgm_endpoint_type);
  self->spec->clone = pgm_record_new (&pgm_clone_options_type);
  self->spec->clone->drop_existing = TRUE;
  self->progress = pgm_progress_new ("one", "clone", NULL);
  self->cancellable = g_cancellable_new ();
  self->attempts = (PgmAttempts){ 0 };
  pgm_attempts_init (&self->attempts, self->spec, mode);
}

static void
tear_down (Job *self)
{
  pgm_attempts_clear (&self->attempts);
  pgm_progress_unref (self->progress);
  g_object_unref (self->cancellable);
  pgm_record_unref (self->spec);
}

static gboolean
fail_with (Job *self, PgmErrorCode code)
{
  g_autoptr (GError) error = g_error_new_literal (PGM_ERROR, (int) code, "it failed");

  return pgm_attempts_wait (&self->attempts, error, self->progress, self->cancellable);
}

static gboolean
resumes (Job *self)
{
  const PgmJobSpec *spec = pgm_attempts_get_spec (&self->attempts);

  /* What was copied is not dropped by going on with it. */
  g_assert_true (spec->clone->resume != spec->clone->drop_existing);
  return spec->clone->resume;
}

static void
test_plain (void)
{
  Job job;

  set_up (&job, PGM_JOB_MODE_PLAIN);
  g_assert_false (resumes (&job));
  g_assert_false (fail_with (&job, PGM_ERROR_LOST));
  g_assert_false (fail_with (&job, PGM_ERROR_CONNECT));
  tear_down (&job);
}

/* The first start tells at once when a name is wrong; a line that breaks later is
 * waited for, and the next attempt goes on. */
static void
test_kept (void)
{
  Job job;

  set_up (&job, PGM_JOB_MODE_KEPT);
  g_assert_false (resumes (&job));
  g_assert_false (fail_with (&job, PGM_ERROR_CONNECT));
  g_assert_false (fail_with (&job, PGM_ERROR_REFUSED));
  g_assert_false (fail_with (&job, PGM_ERROR_SQL));
  g_assert_true (fail_with (&job, PGM_ERROR_LOST));
  g_assert_true (resumes (&job));
  g_assert_true (fail_with (&job, PGM_ERROR_CONNECT));
  g_assert_false (fail_with (&job, PGM_ERROR_SQL));
  tear_down (&job);
}

static void
test_restarted (void)
{
  Job job;

  set_up (&job, PGM_JOB_MODE_KEPT | PGM_JOB_MODE_RESTARTED);
  g_assert_true (resumes (&job));
  g_assert_true (fail_with (&job, PGM_ERROR_CONNECT));
  g_assert_true (fail_with (&job, PGM_ERROR_REFUSED)); /* the old session still owns it */
  g_assert_true (resumes (&job));
  /* Nothing was there to go on with: as it was given. */
  g_assert_true (fail_with (&job, PGM_ERROR_NOT_FOUND));
  g_assert_false (resumes (&job));
  g_assert_false (fail_with (&job, PGM_ERROR_NOT_FOUND));
  tear_down (&job);
}

static void
test_cancelled (void)
{
  Job job;

  set_up (&job, PGM_JOB_MODE_KEPT | PGM_JOB_MODE_RESTARTED);
  g_cancellable_cancel (job.cancellable);
  g_assert_false (fail_with (&job, PGM_ERROR_LOST));
  tear_down (&job);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/attempts/plain", test_plain);
  g_test_add_func ("/engine/attempts/kept", test_kept);
  g_test_add_func ("/engine/attempts/restarted", test_restarted);
  g_test_add_func ("/engine/attempts/cancelled", test_cancelled);
  return g_test_run ();
}
