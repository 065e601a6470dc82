/* What is known of a job without asking it: one line of a list of jobs, whether it
 * runs in this process, in another one, or is long over. */
#pragma once

#include "model/job.h"
#include "model/plan.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_JOB_RUNNING,
  PGM_JOB_ENDED,   /* from here on as PgmOutcome */
  PGM_JOB_LOST,    /* its process ended without a word; a clone can be resumed */
  PGM_JOB_CREATED, /* written down, never started */
} PgmJobStatus;

extern const char *const pgm_job_status_names[]; /* "running", "ended", "lost", "created" */

typedef struct
{
  PgmRecord record;
  char *id;
  char *kind;        /* pgm_job_kind_names */
  int status;        /* PgmJobStatus */
  int phase;         /* PgmPhase, the last one entered */
  char *outcome;     /* pgm_outcome_names; NULL unless ended */
  char *error;       /* why it failed, or NULL */
  char *source;      /* described, without password */
  char *destination; /* the same */
  gint64 created_at; /* of a plan; 0 otherwise */
  gint64 started_at;
  gint64 finished_at;     /* 0 while it runs */
  gint64 updated_at;      /* when this was true: now, or when it was last written down */
  gboolean here;          /* runs or ran in the process that answers */
  PgmJobSpec *spec;       /* without secrets; NULL when it can't be read any more */
  PgmMigrationBody *plan; /* of a migration between registered clusters; NULL otherwise */
} PgmJobInfo;

extern const PgmRecordType pgm_job_info_type;

/* @report, which may be NULL, tells how it ended. Only for a record that nobody
 * else has seen yet. */
void pgm_job_info_set_report (PgmJobInfo *self, const PgmReport *report);

G_END_DECLS
