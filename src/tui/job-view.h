/* What a dashboard knows of one job. Not for other rooms. */
#pragma once

#include "model/job-info.h"
#include "model/report.h"
#include "tui/series.h"

G_BEGIN_DECLS

/* How a job stands as seen from here. */
typedef enum
{
  PGM_STANDING_RUNNING,
  PGM_STANDING_SILENT,    /* an engine has it, but no picture has come for a while */
  PGM_STANDING_CUT_OFF,   /* its engine doesn't answer any more */
  PGM_STANDING_ELSEWHERE, /* runs, says the history, where it can't be asked */
  PGM_STANDING_CREATED,
  PGM_STANDING_ENDED,
  PGM_STANDING_LOST, /* its process ended without a word */
} PgmJobStanding;

/* How much was done a second, by what two pictures say. */
typedef struct
{
  gint64 timestamp; /* of the picture that it was counted from last */
  guint64 transactions;
  guint64 changes;
  PgmLsn lsn;
  double transactions_per_sec;
  double changes_per_sec;
  double wal_per_sec; /* bytes */
} PgmRates;

typedef struct
{
  char *id;
  PgmJobInfo *info;      /* NULL: not listed yet */
  PgmSnapshot *snapshot; /* the newest, or NULL */
  PgmSnapshot *shown;    /* what the picture shows of it; differs while it is held */
  PgmReport *report;     /* of its end, or NULL */
  GPtrArray *events;     /* PgmEvent of a job without pictures, or NULL */
  gint64 arrived;        /* when @snapshot came, monotonic */
  gboolean served;       /* by an engine that answers */
  gboolean was_served;
  PgmSeries lag;
  PgmSeries rate;
  PgmRates rates;
} PgmJobView;

PgmJobView *pgm_job_view_new (const char *id);
void pgm_job_view_free (PgmJobView *self);

void pgm_job_view_take_snapshot (PgmJobView *self, PgmSnapshot *snapshot, gint64 now);

/* @from_here: the engine that tells runs it; else it is history, which an engine that
 * runs the job knows better. */
void pgm_job_view_take_info (PgmJobView *self, PgmJobInfo *info);

/* @now: monotonic, microseconds. */
PgmJobStanding pgm_job_view_get_standing (const PgmJobView *self, gint64 now);
gboolean pgm_job_view_is_over (const PgmJobView *self);

/* Seconds since the newest picture came; 0 when there is none. */
double pgm_job_view_get_age (const PgmJobView *self, gint64 now);

gboolean pgm_job_view_was_interrupted (const PgmJobView *self);
int pgm_job_view_get_phase (const PgmJobView *self); /* PgmPhase */
gboolean pgm_snapshot_is_following (const PgmSnapshot *snapshot);

/* In words, translated: "streaming", "done", "lost". Owned by nobody. */
const char *pgm_job_view_get_label (const PgmJobView *self, gint64 now);

/* Part of its name, kind or ends. */
gboolean pgm_job_view_matches (const PgmJobView *self, const char *filter);

G_END_DECLS
