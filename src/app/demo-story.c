#include "app/demo-story.h"

#include "app/migration-words.h"
#include "core/i18n.h"
#include "core/units.h"

#define CUSTOMERS 3

/* How long customers are let alone on each side before the next step. */
#define LIVE_US (3 * G_TIME_SPAN_SECOND)

typedef enum
{
  STAGE_COPYING, /* until the job follows and has caught up */
  STAGE_FOLLOWING,
  STAGE_CUTTING_OVER,
  STAGE_MOVED, /* customers order at the destination */
  STAGE_RESTING,
  STAGE_GOING_BACK,
  STAGE_CLEANING,
  STAGE_COMPARING,
} Stage;

struct _PgmDemoStory
{
  GObject parent_instance;
  PgmEngine *engine;
  PgmSample *sample;
  GCancellable *cancellable;
  Stage stage;
  gint64 since_us;
  gboolean asked; /* what this stage asks of the job has been accepted */
  char *job_id;
  GError *error;
  PgmReport *clone_report;
  PgmReport *compare_report;
  PgmCutoverReport *forward;
  PgmCutoverReport *back;
  PgmSampleActivity *activity;
  gboolean ended;
};

G_DEFINE_FINAL_TYPE (PgmDemoStory, pgm_demo_story, G_TYPE_OBJECT)

enum
{
  JOB,
  TOLD,
  TAB,
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
tell (PgmDemoStory *self, const char *text)
{
  g_signal_emit (self, signals[TOLD], 0, text);
}

static void
enter (PgmDemoStory *self, Stage stage, const char *text)
{
  self->stage = stage;
  self->since_us = g_get_monotonic_time ();
  self->asked = FALSE;
  if (text != NULL)
    tell (self, text);
}

static gboolean
has_lasted (PgmDemoStory *self)
{
  return g_get_monotonic_time () - self->since_us >= LIVE_US;
}

static void
end (PgmDemoStory *self)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  g_signal_handlers_disconnect_by_data (self->engine, self);
  g_signal_emit (self, signals[ENDED], 0);
}

/* ---- jobs ---- */

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoStory) self = user_data;
  char *id = pgm_engine_start_job_finish (PGM_ENGINE (source), result,
                                          self->error == NULL ? &self->error : NULL);

  if (id == NULL)
    {
      end (self);
      return;
    }
  g_free (self->job_id);
  self->job_id = id;
  g_signal_emit (self, signals[JOB], 0, id);
  if (g_cancellable_is_cancelled (self->cancellable))
    pgm_engine_stop_job_async (self->engine, id, NULL, NULL, NULL);
}

static void
start_job (PgmDemoStory *self, PgmJobKind kind)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = kind;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (self->sample->source_uri);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (self->sample->destination_uri);
  if (kind == PGM_JOB_CLONE)
    {
      spec->clone = pgm_record_new (&pgm_clone_options_type);
      spec->follow = pgm_record_new (&pgm_follow_options_type);
    }
  else
    spec->compare = pgm_record_new (&pgm_compare_options_type);
  pgm_engine_start_job_async (self->engine, spec, self->cancellable, on_job_started,
                              g_object_ref (self));
  pgm_record_unref (spec);
}

/* ---- customers ---- */

static void
on_writing (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoStory) self = user_data;
  PgmSampleActivity *activity = pgm_engine_write_sample_finish (
      PGM_ENGINE (source), result, self->error == NULL ? &self->error : NULL);

  if (activity == NULL || g_cancellable_set_error_if_cancelled (self->cancellable, &self->error))
    end (self);
  else
    start_job (self, PGM_JOB_CLONE);
  pgm_record_unref (activity);
}

/* The orders that were placed last have to arrive before anything is compared. */
static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoStory) self = user_data;

  self->activity = pgm_engine_write_sample_finish (PGM_ENGINE (source), result,
                                                   self->error == NULL ? &self->error : NULL);
  if (self->activity == NULL && !self->ended && self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoStory) self = user_data;
  PgmSampleActivity *activity = pgm_engine_write_sample_finish (PGM_ENGINE (source), result, NULL);
  g_autofree char *there = NULL;
  g_autofree char *here = NULL;
  g_autofree char *text = NULL;

  if (activity != NULL && (self->stage == STAGE_FOLLOWING || self->stage == STAGE_MOVED))
    {
      here = pgm_format_count (activity->source_orders);
      there = pgm_format_count (activity->destination_orders);
      text = self->stage == STAGE_FOLLOWING
                 ? g_strdup_printf (_ ("Every order follows at once: %s so far."), here)
                 : g_strdup_printf (_ ("The customers order at the destination now: %s there, %s "
                                       "before at the source."),
                                    there, here);
      tell (self, text);
    }
  pgm_record_unref (activity);
}

static void
look_at_customers (PgmDemoStory *self)
{
  pgm_engine_write_sample_async (self->engine, self->sample->id, -1, NULL, on_looked,
                                 g_object_ref (self));
}

/* ---- what is asked of the job ---- */

/* It may have become busy meanwhile: then the next snapshot asks again. */
static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoStory) self = user_data;

  if (!pgm_engine_request_job_finish (PGM_ENGINE (source), result, NULL))
    self->asked = FALSE;
}

static void
ask (PgmDemoStory *self, const PgmSnapshot *snapshot, PgmRequestKind kind)
{
  PgmJobRequest *request;

  if (self->asked || snapshot->requests == NULL ||
      !g_strv_contains ((const char *const *) snapshot->requests, pgm_request_kind_names[kind]))
    return;
  self->asked = TRUE;
  request = pgm_record_new (&pgm_job_request_type);
  request->kind = (int) kind;
  pgm_engine_request_job_async (self->engine, self->job_id, request, NULL, on_asked,
                                g_object_ref (self));
  pgm_record_unref (request);
}

/* TRUE once the cutover of @direction that this stage asked for is over. */
static gboolean
is_over (const PgmSnapshot *snapshot, const char *direction)
{
  return pgm_words_cutover_is_over (snapshot->cutover) &&
         g_strcmp0 (snapshot->cutover->direction, direction) == 0 &&
         snapshot->phase != PGM_PHASE_SWITCHOVER;
}

static void
give_up (PgmDemoStory *self, const PgmCutoverReport *cutover)
{
  if (self->error == NULL)
    pgm_error_set (&self->error, PGM_ERROR_FAILED, "%s", cutover->error);
  enter (self, STAGE_CLEANING, _ ("The cutover was given up; cleaning up…"));
}

static void
finish_forward (PgmDemoStory *self, const PgmSnapshot *snapshot)
{
  g_autofree char *stopped = NULL;
  g_autofree char *text = NULL;

  self->forward = pgm_record_ref (snapshot->cutover);
  if (!self->forward->done)
    {
      give_up (self, self->forward);
      return;
    }
  stopped = pgm_format_duration_ms (self->forward->stopped_ms);
  text = g_strdup_printf (
      _ ("Writes were stopped for %s. The customers order at the destination now."), stopped);
  enter (self, STAGE_MOVED, text);
}

static void
finish_back (PgmDemoStory *self, const PgmSnapshot *snapshot)
{
  g_autofree char *stopped = NULL;
  g_autofree char *text = NULL;

  self->back = pgm_record_ref (snapshot->cutover);
  if (!self->back->done)
    {
      give_up (self, self->back);
      return;
    }
  stopped = pgm_format_duration_ms (self->back->stopped_ms);
  text = g_strdup_printf (_ ("Back again: writes were stopped for %s. Cleaning up…"), stopped);
  enter (self, STAGE_CLEANING, text);
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmDemoStory *self)
{
  if (g_strcmp0 (job_id, self->job_id) != 0)
    return;
  if (self->stage == STAGE_COPYING && snapshot->phase == PGM_PHASE_STREAMING)
    enter (self, STAGE_FOLLOWING, _ ("Every order of the customers follows at once."));
  else if (self->stage == STAGE_FOLLOWING && has_lasted (self))
    {
      enter (self, STAGE_CUTTING_OVER, _ ("Cutting over to the destination…"));
      g_signal_emit (self, signals[TAB], 0, "cutover");
    }
  else if (self->stage == STAGE_CUTTING_OVER && is_over (snapshot, "forward"))
    finish_forward (self, snapshot);
  else if (self->stage == STAGE_MOVED && has_lasted (self))
    {
      enter (self, STAGE_RESTING, _ ("The customers have ordered enough."));
      pgm_engine_write_sample_async (self->engine, self->sample->id, 0, NULL, on_written,
                                     g_object_ref (self));
    }
  else if (self->stage == STAGE_RESTING && self->activity != NULL)
    enter (self, STAGE_GOING_BACK, _ ("Going back to the source…"));
  else if (self->stage == STAGE_GOING_BACK && is_over (snapshot, "back"))
    finish_back (self, snapshot);

  if (self->stage == STAGE_FOLLOWING || self->stage == STAGE_MOVED)
    look_at_customers (self);
  else if (self->stage == STAGE_CUTTING_OVER)
    ask (self, snapshot, PGM_REQUEST_SWITCHOVER);
  else if (self->stage == STAGE_GOING_BACK)
    ask (self, snapshot, PGM_REQUEST_SWITCHOVER_BACK);
  else if (self->stage == STAGE_CLEANING)
    ask (self, snapshot, PGM_REQUEST_CLEANUP);
}

/* ---- ends ---- */

static void
take_failure (PgmDemoStory *self, const PgmReport *report)
{
  if (self->error != NULL)
    return;
  if (report->outcome == PGM_OUTCOME_INTERRUPTED)
    g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                         _ ("The demo was stopped."));
  else if (report->error != NULL)
    pgm_error_set_full (&self->error, PGM_ERROR_FAILED, report->sqlstate, report->detail,
                        report->hint, "%s", report->error);
  else if (report->outcome == PGM_OUTCOME_PROBLEMS && report->problems->len > 0)
    {
      const PgmProblem *problem = g_ptr_array_index (report->problems, 0);

      pgm_error_set_full (&self->error, PGM_ERROR_FAILED, NULL, problem->reason, NULL,
                          _ ("%s could not be made"), problem->object);
    }
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmDemoStory *self)
{
  if (g_strcmp0 (job_id, self->job_id) != 0)
    return;
  take_failure (self, report);
  if (self->stage == STAGE_COMPARING)
    {
      self->compare_report = pgm_record_ref (report);
      end (self);
      return;
    }
  self->clone_report = pgm_record_ref (report);
  if (self->error != NULL)
    {
      end (self);
      return;
    }
  enter (self, STAGE_COMPARING, _ ("Comparing both sides, object by object and row by row…"));
  start_job (self, PGM_JOB_COMPARE);
}

/* ---- the object ---- */

static void
pgm_demo_story_dispose (GObject *object)
{
  PgmDemoStory *self = PGM_DEMO_STORY (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->job_id, g_free);
  g_clear_pointer (&self->sample, pgm_record_unref);
  g_clear_pointer (&self->clone_report, pgm_record_unref);
  g_clear_pointer (&self->compare_report, pgm_record_unref);
  g_clear_pointer (&self->forward, pgm_record_unref);
  g_clear_pointer (&self->back, pgm_record_unref);
  g_clear_pointer (&self->activity, pgm_record_unref);
  G_OBJECT_CLASS (pgm_demo_story_parent_class)->dispose (object);
}

static guint
add_signal (const char *name, gboolean with_text)
{
  return g_signal_new (name, PGM_TYPE_DEMO_STORY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, with_text ? 1 : 0, G_TYPE_STRING);
}

static void
pgm_demo_story_class_init (PgmDemoStoryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_demo_story_dispose;
  signals[JOB] = add_signal ("job", TRUE);
  signals[TOLD] = add_signal ("told", TRUE);
  signals[TAB] = add_signal ("tab", TRUE);
  signals[ENDED] = add_signal ("ended", FALSE);
}

static void
pgm_demo_story_init (PgmDemoStory *self)
{
}

PgmDemoStory *
pgm_demo_story_new (PgmEngine *engine, PgmSample *sample)
{
  PgmDemoStory *self = g_object_new (PGM_TYPE_DEMO_STORY, NULL);

  self->engine = g_object_ref (engine);
  self->sample = pgm_record_ref (sample);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  return self;
}

void
pgm_demo_story_begin (PgmDemoStory *self, GCancellable *cancellable)
{
  g_set_object (&self->cancellable, cancellable);
  enter (self, STAGE_COPYING, _ ("The shop is open: customers order while it is copied."));
  pgm_engine_write_sample_async (self->engine, self->sample->id, CUSTOMERS, NULL, on_writing,
                                 g_object_ref (self));
}

const GError *
pgm_demo_story_get_error (PgmDemoStory *self)
{
  return self->error;
}

const PgmReport *
pgm_demo_story_get_clone_report (PgmDemoStory *self)
{
  return self->clone_report;
}

const PgmReport *
pgm_demo_story_get_compare_report (PgmDemoStory *self)
{
  return self->compare_report;
}

double
pgm_demo_story_get_stopped_ms (PgmDemoStory *self, gboolean back)
{
  const PgmCutoverReport *cutover = back ? self->back : self->forward;

  return cutover != NULL && cutover->done ? cutover->stopped_ms : -1;
}

gboolean
pgm_demo_story_is_proved (PgmDemoStory *self)
{
  return self->forward != NULL && self->forward->proved && self->back != NULL && self->back->proved;
}

const PgmSampleActivity *
pgm_demo_story_get_activity (PgmDemoStory *self)
{
  return self->activity;
}
