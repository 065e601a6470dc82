#include "engine/job.h"

#include "engine/attempts.h"
#include "engine/identity.h"
#include "engine/nodes.h"
#include "engine/store-journal.h"
#include "migration/cleanup.h"
#include "migration/clone.h"
#include "migration/compare.h"
#include "migration/control.h"
#include "migration/ends.h"
#include "migration/follow.h"
#include "postgres/conninfo.h"
#include "store/lock.h"
#include "store/paths.h"

#define INTERVAL_US (G_USEC_PER_SEC / 2)
/* A little less than a second, so that a late tick doesn't leave one out. */
#define METRIC_US       (G_USEC_PER_SEC * 9 / 10)
#define METRICS_THINNED 600
#define SETTLED_US      (60 * G_USEC_PER_SEC)
#define MAX_ID          64

struct _PgmJob
{
  gatomicrefcount ref_count;
  PgmJobSpec *spec;
  PgmStore *store;
  PgmJobMode mode;
  gboolean resting;   /* atomic, see pgm_job_rest() */
  gint64 next_metric; /* monotonic */
  guint metrics;
  gboolean settled; /* lived long enough to count as started */
  char *source;     /* described */
  char *destination;
  PgmProgress *progress;
  GCancellable *cancellable;
  PgmControl *control;
  PgmLock *lock; /* let go when the thread has ended */
  GThread *thread;
  GSource *ticker;
  PgmJobFunc func;
  gpointer user_data;

  PgmReport *report; /* see the header */
  gint64 started_at;
  gint64 started_us; /* monotonic */
  GError *error;     /* of the thread, NULL when it came to its end */

  GMutex state_lock;
  PgmSnapshot *snapshot;
  gboolean published; /* the report may be seen */
};

/* The source of the engine's context: the ready time is the clock, and setting it
 * to now is how the thread says that it has ended. */
typedef struct
{
  GSource source;
  PgmJob *job;
  gboolean ended; /* atomic */
} Ticker;

PgmJob *
pgm_job_ref (PgmJob *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_job_unref (PgmJob *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->thread == NULL);
  g_clear_pointer (&self->ticker, g_source_unref);
  g_clear_pointer (&self->lock, pgm_lock_release);
  g_clear_pointer (&self->progress, pgm_progress_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->control, pgm_control_unref);
  g_clear_object (&self->store);
  pgm_record_unref (self->spec);
  pgm_record_unref (self->report);
  pgm_record_unref (self->snapshot);
  g_clear_error (&self->error);
  g_mutex_clear (&self->state_lock);
  g_free (self->source);
  g_free (self->destination);
  g_free (self);
}

const char *
pgm_job_get_id (PgmJob *self)
{
  return self->spec->id;
}

gboolean
pgm_job_is_running (PgmJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->state_lock);

  return !self->published;
}

PgmSnapshot *
pgm_job_ref_snapshot (PgmJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->state_lock);

  return pgm_record_ref (self->snapshot);
}

PgmReport *
pgm_job_ref_report (PgmJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->state_lock);

  return self->published ? pgm_record_ref (self->report) : NULL;
}

PgmJobInfo *
pgm_job_make_info (PgmJob *self)
{
  PgmJobInfo *info = pgm_record_new (&pgm_job_info_type);
  PgmSnapshot *snapshot = pgm_job_ref_snapshot (self);
  PgmReport *report = pgm_job_ref_report (self);

  info->id = g_strdup (self->spec->id);
  info->kind = g_strdup (pgm_job_kind_names[self->spec->kind]);
  info->status = report != NULL ? PGM_JOB_ENDED : PGM_JOB_RUNNING;
  info->phase = snapshot->phase;
  info->source = g_strdup (self->source);
  info->destination = g_strdup (self->destination);
  info->started_at = self->started_at;
  pgm_job_info_set_report (info, report);
  info->updated_at = report != NULL ? report->finished_at : snapshot->timestamp;
  info->here = TRUE;
  info->spec = pgm_job_spec_without_secrets (self->spec);
  pgm_record_unref (snapshot);
  pgm_record_unref (report);
  return info;
}

void
pgm_job_cancel (PgmJob *self)
{
  g_cancellable_cancel (self->cancellable);
}

void
pgm_job_rest (PgmJob *self)
{
  if ((self->mode & PGM_JOB_MODE_KEPT) != 0)
    g_atomic_int_set (&self->resting, TRUE);
  pgm_job_cancel (self);
}

gboolean
pgm_job_request (PgmJob *self, PgmJobRequest *request, GError **error)
{
  if (pgm_job_is_running (self))
    return pgm_control_post (self->control, request, error);
  pgm_error_set (error, PGM_ERROR_REFUSED, "job \"%s\" has ended", self->spec->id);
  return FALSE;
}

void
pgm_job_warn (PgmJob *self, const char *message)
{
  pgm_progress_event (self->progress, "warning", "%s", message);
}

static void
take_snapshot (PgmJob *self)
{
  PgmSnapshot *snapshot = pgm_progress_compose (self->progress);
  PgmSnapshot *old;

  snapshot->requests = pgm_control_list_requests (self->control);
  g_mutex_lock (&self->state_lock);
  old = self->snapshot;
  self->snapshot = snapshot;
  g_mutex_unlock (&self->state_lock);
  pgm_record_unref (old);
}

/* The migration says what it knows better; only what it left open is filled. */
static void
fill_text (char **field, const char *text)
{
  if (*field == NULL)
    *field = g_strdup (text);
}

static void
describe_failure (PgmReport *report, const GError *error)
{
  if (pgm_error_is_cancelled (error))
    report->outcome = PGM_OUTCOME_INTERRUPTED;
  else if (g_error_matches (error, PGM_ERROR, PGM_ERROR_REFUSED))
    report->outcome = PGM_OUTCOME_REFUSED;
  else
    report->outcome = PGM_OUTCOME_FAILED;
  fill_text (&report->error, error->message);
  fill_text (&report->detail, pgm_error_get_detail (error));
  fill_text (&report->hint, pgm_error_get_hint (error));
  fill_text (&report->sqlstate, pgm_error_get_sqlstate (error));
  report->exit_status = pgm_error_to_exit (error);
}

static PgmExit
outcome_to_exit (PgmOutcome outcome)
{
  switch (outcome)
    {
    case PGM_OUTCOME_DONE:
      return PGM_EXIT_OK;
    case PGM_OUTCOME_DIFFERENT:
      return PGM_EXIT_DIFFERENT;
    case PGM_OUTCOME_REFUSED:
      return PGM_EXIT_REFUSED;
    case PGM_OUTCOME_INTERRUPTED:
      return PGM_EXIT_INTERRUPTED;
    case PGM_OUTCOME_PROBLEMS:
    case PGM_OUTCOME_FAILED:
    default:
      return PGM_EXIT_FAILED;
    }
}

static void
complete_report (PgmJob *self)
{
  PgmReport *report = self->report;

  if (self->error != NULL)
    describe_failure (report, self->error);
  else
    {
      if (report->outcome == PGM_OUTCOME_DONE && report->problems->len > 0)
        report->outcome = PGM_OUTCOME_PROBLEMS;
      report->exit_status = outcome_to_exit ((PgmOutcome) report->outcome);
    }
  fill_text (&report->job_id, self->spec->id);
  fill_text (&report->kind, pgm_job_kind_names[self->spec->kind]);
  fill_text (&report->source, self->source);
  fill_text (&report->destination, self->destination);
  report->started_at = self->started_at;
  report->finished_at = g_get_real_time ();
  report->seconds = (double) (g_get_monotonic_time () - self->started_us) / G_USEC_PER_SEC;
}

static gboolean
run_migration (PgmJob *self, const PgmJobSpec *spec, GError **error)
{
  switch ((PgmJobKind) spec->kind)
    {
    case PGM_JOB_COMPARE:
      return pgm_compare_run (spec, self->progress, self->report, self->cancellable, error);
    case PGM_JOB_CLEANUP:
      return pgm_cleanup_run (spec, self->progress, self->report, self->cancellable, error);
    case PGM_JOB_CLONE:
      if (!pgm_clone_run (spec, self->progress, self->report, self->cancellable, error))
        return FALSE;
      if (spec->follow == NULL || spec->clone->dry_run)
        return TRUE;
      break;
    case PGM_JOB_FOLLOW:
    default:
      break;
    }
  return pgm_follow_run (spec, self->progress, self->report, self->control, self->cancellable,
                         error);
}

/* What somebody stopped has not failed. */
static PgmPhase
last_phase (const PgmJob *self)
{
  if (self->error == NULL)
    return PGM_PHASE_DONE;
  return pgm_error_is_cancelled (self->error) ? PGM_PHASE_STOPPED : PGM_PHASE_FAILED;
}

/* A job that rests stays kept. */
static void
write_end (PgmJob *self)
{
  gboolean resting = g_atomic_int_get (&self->resting) && self->error != NULL;

  if (resting)
    {
      g_free (self->report->hint);
      self->report->hint = g_strdup ("It goes on by itself when the daemon starts again.");
    }
  pgm_store_job_finished (self->store, self->report);
  if ((self->mode & PGM_JOB_MODE_KEPT) != 0 && !resting)
    pgm_store_job_unkeep (self->store, self->spec->id);
}

/* Once more from the beginning, in sight of the same faces. */
static void
begin_again (PgmJob *self, PgmAttempts *attempts)
{
  pgm_record_unref (self->report);
  self->report = pgm_record_new (&pgm_report_type);
  pgm_progress_begin_again (self->progress);
  pgm_attempts_begin (attempts);
}

/* Until one is good, or what it ends with doesn't pass by itself. */
static gboolean
run_attempts (PgmJob *self, GError **error)
{
  g_auto (PgmAttempts) attempts = { 0 };

  pgm_attempts_init (&attempts, self->spec, self->mode);
  for (;;)
    {
      g_autoptr (GError) reason = NULL;

      if (run_migration (self, pgm_attempts_get_spec (&attempts), &reason))
        return TRUE;
      if (!pgm_attempts_wait (&attempts, reason, self->progress, self->cancellable))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      begin_again (self, &attempts);
    }
}

static gpointer
supervise (gpointer data)
{
  PgmJob *self = data;
  Ticker *ticker = (Ticker *) self->ticker;

  if (!run_attempts (self, &self->error) && !pgm_error_is_cancelled (self->error) &&
      pgm_progress_get_phase (self->progress) != PGM_PHASE_FAILED)
    pgm_progress_error (self->progress, self->error, FALSE);
  complete_report (self);
  pgm_progress_set_phase (self->progress, last_phase (self));
  if (self->store != NULL)
    write_end (self);
  /* The ends are free from now on, also for who starts again on "finished". */
  g_clear_pointer (&self->lock, pgm_lock_release);
  g_atomic_int_set (&ticker->ended, TRUE);
  g_source_set_ready_time (self->ticker, 0);
  return NULL;
}

/* The thread has ended or is about to: the last picture, then the report. */
static void
finish (PgmJob *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  take_snapshot (self);
  g_mutex_lock (&self->state_lock);
  self->published = TRUE;
  g_mutex_unlock (&self->state_lock);
}

/* Every second, and now and then the old ones are thinned. */
static void
record_metric (PgmJob *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->store == NULL || now < self->next_metric)
    return;
  self->next_metric = now + METRIC_US;
  pgm_store_metric (self->store, self->spec->id, self->snapshot);
  if (++self->metrics % METRICS_THINNED == 0)
    pgm_store_thin_metrics (self->store, self->spec->id);
}

/* One that ends its process every time must not be started for ever. */
static void
settle (PgmJob *self)
{
  if (self->settled || (self->mode & PGM_JOB_MODE_RESTARTED) == 0 ||
      g_get_monotonic_time () - self->started_us < SETTLED_US)
    return;
  self->settled = TRUE;
  pgm_store_job_settled (self->store, self->spec->id);
}

static gboolean
on_tick (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Ticker *ticker = (Ticker *) source;
  g_autoptr (PgmJob) self = pgm_job_ref (ticker->job);

  if (g_atomic_int_get (&ticker->ended))
    {
      g_source_destroy (source);
      finish (self);
      self->func (self, self->report, self->user_data);
      return G_SOURCE_REMOVE;
    }
  take_snapshot (self);
  record_metric (self);
  settle (self);
  g_source_set_ready_time (source, g_get_monotonic_time () + INTERVAL_US);
  /* The end may have been told between the two lines above. */
  if (g_atomic_int_get (&ticker->ended))
    g_source_set_ready_time (source, 0);
  self->func (self, NULL, self->user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
check_id (const char *id, GError **error)
{
  gsize length = strlen (id);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (id[i]) && strchr ("-_.", id[i]) == NULL)
      length = 0;
  if (length > 0 && length <= MAX_ID)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      "Use 1 to 64 letters, digits, dots, dashes and underscores.",
                      "the job's id can't be used");
  return FALSE;
}

static char *
make_id (int kind)
{
  return g_strdup_printf ("%s-%08x", pgm_job_kind_names[kind], g_random_int ());
}

static gboolean
check_spec (const PgmJobSpec *spec, GError **error)
{
  if (spec->kind < PGM_JOB_CLONE || spec->kind > PGM_JOB_CLEANUP)
    pgm_error_set (error, PGM_ERROR_USAGE, "the job's kind is not known");
  else if (spec->source == NULL || spec->destination == NULL)
    pgm_error_set (error, PGM_ERROR_USAGE, "a job needs a source and a destination");
  else
    return spec->id == NULL || check_id (spec->id, error);
  return FALSE;
}

/* A copy of the caller's record with nothing left open, which is ours to change;
 * it goes by JSON but for the secrets, which JSON does not carry. */
static gpointer
copy_options (gconstpointer options, const PgmRecordType *type)
{
  g_autofree char *json = NULL;

  if (options == NULL)
    return pgm_record_new (type);
  json = pgm_record_to_json (options, FALSE);
  return pgm_record_from_json (type, json, -1, NULL);
}

static PgmJobSpec *
complete_spec (const PgmJobSpec *spec, PgmStore *store, GError **error)
{
  PgmJobSpec *copy = pgm_record_new (&pgm_job_spec_type);

  copy->id = spec->id != NULL ? g_strdup (spec->id) : make_id (spec->kind);
  copy->kind = spec->kind;
  copy->source = pgm_nodes_fill_job (store, spec->source, error);
  if (copy->source != NULL)
    copy->destination = pgm_nodes_fill_job (store, spec->destination, error);
  if (copy->destination == NULL)
    {
      pgm_record_unref (copy);
      return NULL;
    }
  if (spec->kind == PGM_JOB_CLONE)
    copy->clone = copy_options (spec->clone, &pgm_clone_options_type);
  else if (spec->kind == PGM_JOB_COMPARE)
    copy->compare = copy_options (spec->compare, &pgm_compare_options_type);
  if (spec->kind == PGM_JOB_FOLLOW || (spec->kind != PGM_JOB_COMPARE && spec->follow != NULL))
    copy->follow = copy_options (spec->follow, &pgm_follow_options_type);
  if (copy->clone == NULL && copy->compare == NULL && copy->follow == NULL &&
      spec->kind != PGM_JOB_CLEANUP)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "the job's options can't be understood");
      pgm_record_unref (copy);
      return NULL;
    }
  if (store != NULL)
    pgm_config_apply (pgm_store_get_config (store), copy);
  return copy;
}

static char *
lock_path (PgmJob *self, PgmConninfo *source, PgmConninfo *destination, GError **error)
{
  g_autofree char *state = NULL;
  g_autofree char *directory = NULL;
  g_autofree char *from = pgm_identify_database (source);
  g_autofree char *to = pgm_identify_database (destination);
  g_autofree char *both = g_strconcat (from, "\n", to, NULL);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);
  g_autofree char *name = g_strconcat (digest, ".lock", NULL);

  state = self->store != NULL ? g_strdup (pgm_store_get_directory (self->store))
                              : pgm_paths_state_directory ();
  directory = g_build_filename (state, "locks", NULL);
  if (!pgm_paths_make_private (directory, error))
    return NULL;
  return g_build_filename (directory, name, NULL);
}

/* The same clone twice at a time would fight for the same tables. A state
 * directory that can't be written takes this guard away, not the job: the
 * destination has one of its own. */
static gboolean
take_lock (PgmJob *self, PgmConninfo *source, PgmConninfo *destination, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *path = NULL;

  if (self->spec->kind == PGM_JOB_COMPARE ||
      (self->spec->kind == PGM_JOB_CLONE && self->spec->clone->dry_run))
    return TRUE;
  path = lock_path (self, source, destination, &reason);
  if (path != NULL)
    self->lock = pgm_lock_acquire (path, "this job", &reason);
  if (self->lock != NULL)
    return TRUE;
  if (path != NULL && g_error_matches (reason, PGM_ERROR, PGM_ERROR_REFUSED))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  pgm_progress_event (self->progress, "warning", "the same job could be started twice: %s",
                      reason->message);
  return TRUE;
}

static gboolean
prepare (PgmJob *self, GError **error)
{
  g_autoptr (PgmConninfo) source = pgm_endpoint_to_conninfo (self->spec->source, error);
  g_autoptr (PgmConninfo) destination = NULL;
  g_autoptr (PgmJournal) journal = NULL;

  if (source == NULL)
    return FALSE;
  destination = pgm_endpoint_to_conninfo (self->spec->destination, error);
  if (destination == NULL)
    return FALSE;
  self->source = pgm_conninfo_describe (source);
  self->destination = pgm_conninfo_describe (destination);
  if (self->store != NULL)
    journal = pgm_store_journal_new (self->store);
  self->progress = pgm_progress_new (self->spec->id, pgm_job_kind_names[self->spec->kind], journal);
  return take_lock (self, source, destination, error);
}

static gpointer
ref_record (gpointer record)
{
  return record != NULL ? pgm_record_ref (record) : NULL;
}

/* As it was given: the password of a registered cluster is asked for anew. */
static gboolean
keep_given (PgmJob *self, const PgmJobSpec *given, GError **error)
{
  PgmJobSpec *kept = pgm_record_new (&pgm_job_spec_type);
  gboolean done;

  kept->id = g_strdup (self->spec->id);
  kept->kind = self->spec->kind;
  kept->source = pgm_record_ref (given->source);
  kept->destination = pgm_record_ref (given->destination);
  kept->clone = ref_record (self->spec->clone);
  kept->compare = ref_record (self->spec->compare);
  kept->follow = ref_record (self->spec->follow);
  done = pgm_store_job_keep (self->store, kept, error);
  pgm_record_unref (kept);
  return done;
}

static void
keep (PgmJob *self, const PgmJobSpec *given)
{
  g_autoptr (GError) error = NULL;

  if (!keep_given (self, given, &error))
    pgm_progress_event (self->progress, "warning",
                        "after a restart of the daemon the job may not go on: %s", error->message);
  if ((self->mode & PGM_JOB_MODE_RESTARTED) != 0)
    pgm_store_job_restarted (self->store, self->spec->id);
}

static void
launch (PgmJob *self, const PgmJobSpec *given, GMainContext *context)
{
  static GSourceFuncs ticker_funcs = { .dispatch = on_tick };

  if (self->store != NULL)
    pgm_store_job_started (self->store, self->spec, self->source, self->destination);
  if ((self->mode & PGM_JOB_MODE_KEPT) != 0)
    keep (self, given);
  take_snapshot (self);
  self->report = pgm_record_new (&pgm_report_type);
  self->started_at = g_get_real_time ();
  self->started_us = g_get_monotonic_time ();
  self->ticker = g_source_new (&ticker_funcs, sizeof (Ticker));
  g_source_set_static_name (self->ticker, "[pgmanager] job");
  ((Ticker *) self->ticker)->job = self;
  g_source_set_ready_time (self->ticker, g_get_monotonic_time () + INTERVAL_US);
  g_source_attach (self->ticker, context);
  self->thread = g_thread_new ("pgm-job", supervise, self);
}

PgmJob *
pgm_job_start (const PgmJobSpec *spec,
               PgmJobMode mode,
               PgmStore *store,
               GMainContext *context,
               PgmJobFunc func,
               gpointer user_data,
               GError **error)
{
  g_autoptr (PgmJob) self = NULL;

  if (!check_spec (spec, error))
    return NULL;
  self = g_new0 (PgmJob, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->state_lock);
  self->cancellable = g_cancellable_new ();
  self->control = pgm_control_new ();
  self->func = func;
  self->user_data = user_data;
  if (store != NULL)
    self->store = g_object_ref (store);
  self->mode = store != NULL ? mode : PGM_JOB_MODE_PLAIN;
  self->spec = complete_spec (spec, store, error);
  if (self->spec == NULL || !prepare (self, error))
    return NULL;
  launch (self, spec, context);
  return g_steal_pointer (&self);
}

void
pgm_job_detach (PgmJob *self)
{
  g_source_destroy (self->ticker);
  if (self->thread == NULL)
    return;
  pgm_job_cancel (self);
  finish (self);
}
