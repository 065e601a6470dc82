#include "app/job-item.h"

#include "app/text.h"
#include "core/i18n.h"

struct _PgmJobItem
{
  GObject parent_instance;
  PgmJobInfo *info;
  PgmSnapshot *snapshot;
};

G_DEFINE_FINAL_TYPE (PgmJobItem, pgm_job_item, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
pgm_job_item_finalize (GObject *object)
{
  PgmJobItem *self = PGM_JOB_ITEM (object);

  g_clear_pointer (&self->info, pgm_record_unref);
  g_clear_pointer (&self->snapshot, pgm_record_unref);
  G_OBJECT_CLASS (pgm_job_item_parent_class)->finalize (object);
}

static void
pgm_job_item_class_init (PgmJobItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_job_item_finalize;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_JOB_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
pgm_job_item_init (PgmJobItem *self)
{
}

PgmJobItem *
pgm_job_item_new (PgmJobInfo *info)
{
  PgmJobItem *self = g_object_new (PGM_TYPE_JOB_ITEM, NULL);

  self->info = pgm_record_ref (info);
  return self;
}

void
pgm_job_item_set_info (PgmJobItem *self, PgmJobInfo *info)
{
  pgm_record_ref (info);
  pgm_record_unref (self->info);
  self->info = info;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
pgm_job_item_set_snapshot (PgmJobItem *self, PgmSnapshot *snapshot)
{
  pgm_record_ref (snapshot);
  g_clear_pointer (&self->snapshot, pgm_record_unref);
  self->snapshot = snapshot;
  g_signal_emit (self, signals[CHANGED], 0);
}

PgmJobInfo *
pgm_job_item_get_info (PgmJobItem *self)
{
  return self->info;
}

PgmSnapshot *
pgm_job_item_get_snapshot (PgmJobItem *self)
{
  return self->snapshot;
}

const char *
pgm_job_item_get_id (PgmJobItem *self)
{
  return self->info->id;
}

gboolean
pgm_job_item_is_running (PgmJobItem *self)
{
  return self->info->status == PGM_JOB_RUNNING;
}

/* Clusters by their names, where the job is between registered ones. */
char *
pgm_job_item_get_title (PgmJobItem *self)
{
  const PgmJobSpec *spec = self->info->spec;
  const char *source = self->info->source, *destination = self->info->destination;

  if (spec != NULL && spec->source != NULL && spec->source->cluster != NULL)
    source = spec->source->cluster;
  if (spec != NULL && spec->destination != NULL && spec->destination->cluster != NULL)
    destination = spec->destination->cluster;
  if (source == NULL || destination == NULL)
    return g_strdup (self->info->id);
  return g_strdup_printf ("%s → %s", source, destination);
}

static const char *
describe_end (const char *outcome)
{
  if (g_strcmp0 (outcome, pgm_outcome_names[PGM_OUTCOME_DONE]) == 0)
    return _ ("Done");
  if (g_strcmp0 (outcome, pgm_outcome_names[PGM_OUTCOME_DIFFERENT]) == 0)
    return _ ("Different");
  if (g_strcmp0 (outcome, pgm_outcome_names[PGM_OUTCOME_PROBLEMS]) == 0)
    return _ ("Done, with problems");
  if (g_strcmp0 (outcome, pgm_outcome_names[PGM_OUTCOME_REFUSED]) == 0)
    return _ ("Refused");
  if (g_strcmp0 (outcome, pgm_outcome_names[PGM_OUTCOME_INTERRUPTED]) == 0)
    return _ ("Stopped");
  return _ ("Failed");
}

char *
pgm_job_item_describe (PgmJobItem *self)
{
  switch ((PgmJobStatus) self->info->status)
    {
    case PGM_JOB_RUNNING:
      break;
    case PGM_JOB_LOST:
      return g_strdup (_ ("Interrupted; can be resumed"));
    case PGM_JOB_CREATED:
      return g_strdup (_ ("Not started yet"));
    case PGM_JOB_ENDED:
    default:
      return g_strdup (describe_end (self->info->outcome));
    }
  if (self->snapshot == NULL)
    return g_strdup (pgm_phase_to_text ((PgmPhase) self->info->phase));
  if (self->snapshot->phase == PGM_PHASE_STREAMING)
    return g_strdup_printf (_ ("%s · %s behind"), pgm_phase_to_text (PGM_PHASE_STREAMING),
                            self->snapshot->lag_formatted != NULL ? self->snapshot->lag_formatted
                                                                  : "0 B");
  return g_strdup_printf ("%s · %.0f %%", pgm_phase_to_text ((PgmPhase) self->snapshot->phase),
                          self->snapshot->percent);
}

double
pgm_job_item_get_fraction (PgmJobItem *self)
{
  return self->snapshot != NULL ? CLAMP (self->snapshot->percent / 100, 0, 1) : 0;
}

static gboolean
ended_well (PgmJobItem *self)
{
  return g_strcmp0 (self->info->outcome, pgm_outcome_names[PGM_OUTCOME_DONE]) == 0;
}

static gboolean
ended_badly (PgmJobItem *self)
{
  return g_strcmp0 (self->info->outcome, pgm_outcome_names[PGM_OUTCOME_FAILED]) == 0;
}

const char *
pgm_job_item_get_icon (PgmJobItem *self)
{
  switch ((PgmJobStatus) self->info->status)
    {
    case PGM_JOB_RUNNING:
      return self->info->phase == PGM_PHASE_PAUSED ? "media-playback-pause-symbolic"
                                                   : "media-playback-start-symbolic";
    case PGM_JOB_LOST:
      return "pgm-state-warning-symbolic";
    case PGM_JOB_CREATED:
      return "pgm-state-unknown-symbolic";
    case PGM_JOB_ENDED:
    default:
      return ended_well (self)    ? "pgm-state-ok-symbolic"
             : ended_badly (self) ? "pgm-state-error-symbolic"
                                  : "pgm-state-warning-symbolic";
    }
}

const char *
pgm_job_item_get_css_class (PgmJobItem *self)
{
  switch ((PgmJobStatus) self->info->status)
    {
    case PGM_JOB_RUNNING:
      return "accent";
    case PGM_JOB_LOST:
      return "warning";
    case PGM_JOB_CREATED:
      return "dim-label";
    case PGM_JOB_ENDED:
    default:
      return ended_well (self) ? "success" : ended_badly (self) ? "error" : "warning";
    }
}
