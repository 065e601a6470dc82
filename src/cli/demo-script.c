#include "cli/demo-script.h"

#include "cli/cutover-print.h"
#include "core/i18n.h"
#include "core/units.h"

/* How long customers are let alone on each side before the next step. */
#define LIVE_US (2 * G_TIME_SPAN_SECOND)

typedef enum
{
  STAGE_COPYING, /* until the job follows and has caught up */
  STAGE_FOLLOWING,
  STAGE_CUTTING_OVER,
  STAGE_MOVED, /* customers order at the destination */
  STAGE_RESTING,
  STAGE_GOING_BACK,
  STAGE_CLEANING,
} Stage;

struct _PgmDemoScript
{
  PgmJobRunner *runner;
  char *sample_id;
  Stage stage;
  gint64 since_us;
  PgmCutoverReport *forward;
  PgmCutoverReport *back;
  PgmSampleActivity *activity;
};

static void
enter (PgmDemoScript *self, Stage stage, const char *text)
{
  self->stage = stage;
  self->since_us = g_get_monotonic_time ();
  if (text != NULL)
    pgm_job_runner_note (self->runner, text);
}

static gboolean
has_lasted (PgmDemoScript *self)
{
  return g_get_monotonic_time () - self->since_us >= LIVE_US;
}

static void
ask (PgmDemoScript *self, PgmRequestKind kind)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);

  request->kind = kind;
  if (kind == PGM_REQUEST_SWITCHOVER || kind == PGM_REQUEST_SWITCHOVER_BACK)
    {
      request->switchover = pgm_record_new (&pgm_switchover_options_type);
      request->switchover->fence = PGM_FENCE_REVOKE;
    }
  pgm_job_runner_request (self->runner, request);
  pgm_record_unref (request);
}

/* A cutover of @direction that is over, in whichever way, with the job ready for the next
 * request; NULL while it is not. */
static PgmCutoverReport *
ended_cutover (PgmSnapshot *snapshot, const char *direction)
{
  PgmCutoverReport *cutover = snapshot->cutover;

  if (cutover == NULL || g_strcmp0 (cutover->direction, direction) != 0 ||
      (!cutover->done && cutover->error == NULL))
    return NULL;
  return snapshot->phase != PGM_PHASE_SWITCHOVER ? cutover : NULL;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmDemoScript *self = user_data;
  g_autoptr (GError) error = NULL;

  self->activity = pgm_engine_write_sample_finish (PGM_ENGINE (source), result, &error);
  if (error != NULL)
    pgm_job_runner_note (self->runner, error->message);
}

/* The orders that were placed last have to arrive before anything is compared. */
static void
end_writers (PgmDemoScript *self)
{
  pgm_engine_write_sample_async (pgm_job_runner_get_engine (self->runner), self->sample_id, 0, NULL,
                                 on_written, self);
  enter (self, STAGE_RESTING, _ ("The customers have ordered enough."));
}

static void
note_stop (PgmDemoScript *self, const PgmCutoverReport *cutover)
{
  g_autofree char *stopped = pgm_format_duration_ms (cutover->stopped_ms);
  g_autofree char *text = NULL;

  if (cutover->done)
    text = g_strdup_printf (_ ("Writes were stopped for %s."), stopped);
  else
    text = g_strdup_printf (_ ("The cutover was given up: %s"), cutover->error);
  pgm_job_runner_note (self->runner, text);
}

static void
finish_forward (PgmDemoScript *self, PgmCutoverReport *cutover)
{
  self->forward = pgm_record_ref (cutover);
  note_stop (self, cutover);
  if (cutover->done)
    enter (self, STAGE_MOVED, _ ("The customers order at the destination now."));
  else
    {
      end_writers (self);
      enter (self, STAGE_CLEANING, NULL);
      ask (self, PGM_REQUEST_CLEANUP);
    }
}

static void
finish_back (PgmDemoScript *self, PgmCutoverReport *cutover)
{
  self->back = pgm_record_ref (cutover);
  note_stop (self, cutover);
  enter (self, STAGE_CLEANING, NULL);
  ask (self, PGM_REQUEST_CLEANUP);
}

static void
on_snapshot (PgmJobRunner *runner, PgmSnapshot *snapshot, gpointer user_data)
{
  PgmDemoScript *self = user_data;
  PgmCutoverReport *cutover;

  if (self->stage == STAGE_COPYING && snapshot->phase == PGM_PHASE_STREAMING)
    enter (self, STAGE_FOLLOWING, _ ("Every order of the customers follows at once."));
  else if (self->stage == STAGE_FOLLOWING && has_lasted (self))
    {
      enter (self, STAGE_CUTTING_OVER, _ ("Cutting over to the destination…"));
      ask (self, PGM_REQUEST_SWITCHOVER);
    }
  else if (self->stage == STAGE_CUTTING_OVER &&
           (cutover = ended_cutover (snapshot, "forward")) != NULL)
    finish_forward (self, cutover);
  else if (self->stage == STAGE_MOVED && has_lasted (self))
    end_writers (self);
  else if (self->stage == STAGE_RESTING && self->activity != NULL)
    {
      enter (self, STAGE_GOING_BACK, _ ("Going back to the source…"));
      ask (self, PGM_REQUEST_SWITCHOVER_BACK);
    }
  else if (self->stage == STAGE_GOING_BACK && (cutover = ended_cutover (snapshot, "back")) != NULL)
    finish_back (self, cutover);
}

PgmDemoScript *
pgm_demo_script_new (PgmJobRunner *runner, const PgmSample *sample)
{
  PgmDemoScript *self = g_new0 (PgmDemoScript, 1);

  self->runner = runner;
  self->sample_id = g_strdup (sample->id);
  pgm_job_runner_set_script (runner, on_snapshot, self);
  return self;
}

void
pgm_demo_script_free (PgmDemoScript *self)
{
  if (self == NULL)
    return;
  pgm_job_runner_set_script (self->runner, NULL, NULL);
  pgm_record_unref (self->forward);
  pgm_record_unref (self->back);
  pgm_record_unref (self->activity);
  g_free (self->sample_id);
  g_free (self);
}

static gboolean
print_cutover (const PgmCutoverReport *cutover, const char *title)
{
  g_print ("\n%s\n", title);
  if (cutover == NULL)
    {
      g_print ("%s\n", _ ("It was not reached."));
      return FALSE;
    }
  for (guint i = 0; i < cutover->steps->len; i++)
    pgm_cutover_print_step (g_ptr_array_index (cutover->steps, i));
  pgm_cutover_print_proof (cutover);
  return cutover->done && cutover->proved;
}

static void
print_activity (const PgmSampleActivity *activity)
{
  g_autofree char *source = pgm_format_count (activity->source_orders);
  g_autofree char *destination = pgm_format_count (activity->destination_orders);
  g_autofree char *gap = pgm_format_duration_ms (activity->longest_gap_ms);

  g_print ("\n%s\n", _ ("What the customers saw"));
  g_print (_ ("%s orders taken by the source, %s by the destination;\n"
              "the longest time one of them had to wait between two orders: %s\n"),
           source, destination, gap);
}

gboolean
pgm_demo_script_print (PgmDemoScript *self)
{
  gboolean there = print_cutover (self->forward, _ ("The cutover to the destination"));
  gboolean back = print_cutover (self->back, _ ("The way back to the source"));

  if (self->activity != NULL)
    print_activity (self->activity);
  return there && back;
}
