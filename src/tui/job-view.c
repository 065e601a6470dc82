#include "tui/job-view.h"

#include "core/i18n.h"
#include "tui/table-list.h"

/* Pictures come twice a second; a machine that is busy may be late. */
#define SILENT_SECONDS 4
/* Rates of less than a second jump. */
#define RATE_USEC G_USEC_PER_SEC

PgmJobView *
pgm_job_view_new (const char *id)
{
  PgmJobView *self = g_new0 (PgmJobView, 1);

  self->id = g_strdup (id);
  return self;
}

void
pgm_job_view_free (PgmJobView *self)
{
  pgm_record_unref (self->info);
  pgm_record_unref (self->snapshot);
  pgm_record_unref (self->shown);
  pgm_record_unref (self->report);
  g_clear_pointer (&self->events, g_ptr_array_unref);
  g_free (self->id);
  g_free (self);
}

gboolean
pgm_snapshot_is_following (const PgmSnapshot *snapshot)
{
  return snapshot->applied_lsn != 0 || snapshot->confirmed_lsn != 0 ||
         snapshot->phase == PGM_PHASE_CATCH_UP || snapshot->phase == PGM_PHASE_STREAMING;
}

static void
count_rates (PgmRates *self, const PgmSnapshot *snapshot)
{
  gint64 elapsed = snapshot->timestamp - self->timestamp;
  double seconds = (double) elapsed / G_USEC_PER_SEC;

  if (self->timestamp != 0 && elapsed >= 0 && elapsed < RATE_USEC)
    return;
  /* A process that took the job over counts anew. */
  if (self->timestamp == 0 || elapsed < 0 || snapshot->transactions < self->transactions ||
      snapshot->changes < self->changes || snapshot->applied_lsn < self->lsn)
    self->transactions_per_sec = self->changes_per_sec = self->wal_per_sec = 0;
  else
    {
      self->transactions_per_sec = (double) (snapshot->transactions - self->transactions) / seconds;
      self->changes_per_sec = (double) (snapshot->changes - self->changes) / seconds;
      self->wal_per_sec =
          self->lsn == 0 ? 0 : (double) (snapshot->applied_lsn - self->lsn) / seconds;
    }
  self->timestamp = snapshot->timestamp;
  self->transactions = snapshot->transactions;
  self->changes = snapshot->changes;
  self->lsn = snapshot->applied_lsn;
}

void
pgm_job_view_take_snapshot (PgmJobView *self, PgmSnapshot *snapshot, gint64 now)
{
  gboolean following = pgm_snapshot_is_following (snapshot);

  pgm_record_unref (self->snapshot);
  self->snapshot = pgm_record_ref (snapshot);
  self->arrived = now;
  count_rates (&self->rates, snapshot);
  if (following)
    pgm_series_add (&self->lag, now, (double) snapshot->lag_bytes);
  pgm_series_add (&self->rate, now,
                  following ? self->rates.changes_per_sec : snapshot->rows_per_sec);
}

void
pgm_job_view_take_info (PgmJobView *self, PgmJobInfo *info)
{
  if (self->served && !info->here)
    return;
  pgm_record_unref (self->info);
  self->info = pgm_record_ref (info);
}

gboolean
pgm_job_view_is_over (const PgmJobView *self)
{
  if (self->report != NULL)
    return TRUE;
  return !self->served && self->info != NULL &&
         (self->info->status == PGM_JOB_ENDED || self->info->status == PGM_JOB_LOST);
}

double
pgm_job_view_get_age (const PgmJobView *self, gint64 now)
{
  return self->arrived != 0 ? (double) MAX (now - self->arrived, 0) / G_USEC_PER_SEC : 0;
}

PgmJobStanding
pgm_job_view_get_standing (const PgmJobView *self, gint64 now)
{
  int status = self->info != NULL ? self->info->status : PGM_JOB_RUNNING;

  if (self->report != NULL)
    return PGM_STANDING_ENDED;
  if (self->served)
    return pgm_job_view_get_age (self, now) > SILENT_SECONDS ? PGM_STANDING_SILENT
                                                             : PGM_STANDING_RUNNING;
  switch ((PgmJobStatus) status)
    {
    case PGM_JOB_ENDED:
      return PGM_STANDING_ENDED;
    case PGM_JOB_LOST:
      return PGM_STANDING_LOST;
    case PGM_JOB_CREATED:
      return PGM_STANDING_CREATED;
    case PGM_JOB_RUNNING:
    default:
      return self->was_served ? PGM_STANDING_CUT_OFF : PGM_STANDING_ELSEWHERE;
    }
}

int
pgm_job_view_get_phase (const PgmJobView *self)
{
  if (self->shown != NULL)
    return self->shown->phase;
  return self->info != NULL ? self->info->phase : PGM_PHASE_IDLE;
}

static const char *
outcome_label (const PgmJobView *self)
{
  if (self->report != NULL)
    return pgm_outcome_names[self->report->outcome];
  return self->info != NULL && self->info->outcome != NULL ? self->info->outcome : _ ("ended");
}

gboolean
pgm_job_view_was_interrupted (const PgmJobView *self)
{
  return g_str_equal (outcome_label (self), pgm_outcome_names[PGM_OUTCOME_INTERRUPTED]);
}

const char *
pgm_job_view_get_label (const PgmJobView *self, gint64 now)
{
  switch (pgm_job_view_get_standing (self, now))
    {
    case PGM_STANDING_ENDED:
      return outcome_label (self);
    case PGM_STANDING_LOST:
      return _ ("lost");
    case PGM_STANDING_CUT_OFF:
      return _ ("cut off");
    case PGM_STANDING_SILENT:
      return _ ("silent");
    case PGM_STANDING_ELSEWHERE:
      return _ ("elsewhere");
    case PGM_STANDING_CREATED:
      return _ ("created");
    case PGM_STANDING_RUNNING:
    default:
      return pgm_phase_names[pgm_job_view_get_phase (self)];
    }
}

gboolean
pgm_job_view_matches (const PgmJobView *self, const char *filter)
{
  if (pgm_filter_matches (filter, self->id))
    return TRUE;
  return self->info != NULL && (pgm_filter_matches (filter, self->info->kind) ||
                                pgm_filter_matches (filter, self->info->source) ||
                                pgm_filter_matches (filter, self->info->destination));
}
