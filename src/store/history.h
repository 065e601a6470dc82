/* What the state file tells of jobs, past and running, in this or another
 * process. */
#pragma once

#include "model/job-info.h"
#include "model/migration.h"
#include "model/report.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

typedef struct
{
  PgmRecord record;
  char *id;
  char *kind;
  int status;   /* PgmJobStatus */
  int phase;    /* PgmPhase, the last one entered */
  char *source; /* described, without password */
  char *destination;
  gint64 started_at;
  gint64 finished_at;
  gint64 updated_at; /* of the last thing that was written of it */
  PgmJobSpec *spec;  /* without secrets; NULL when it can't be read any more */
  PgmReport *report; /* NULL while it runs, or when lost */
} PgmJobHistory;

extern const PgmRecordType pgm_job_history_type;

/* A job that goes on by itself, see pgm_store_job_keep(). */
typedef struct
{
  PgmRecord record;
  char *id;
  gint64 restarts;
  PgmJobSpec *spec; /* NULL when it can't be read any more */
} PgmKeptJob;

extern const PgmRecordType pgm_kept_job_type;

typedef struct
{
  PgmRecord record;
  char *id;
  PgmMigrationBody *plan; /* NULL when it can't be read any more */
  gint64 created_at;
} PgmPlannedMigration;

extern const PgmRecordType pgm_planned_migration_type;

/* All read from the state file at @path; transfer full. A file that is not there
 * is an empty history. */

/* PgmJobHistory, the newest first. @limit 0: all. */
GPtrArray *
pgm_history_list_jobs (const char *path, guint limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PGM_ERROR_NOT_FOUND when there is no such job. */
PgmJobHistory *pgm_history_get_job (const char *path,
                                    const char *job_id,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmKeptJob, without secrets, those that began first first. */
GPtrArray *pgm_history_list_kept (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmPlannedMigration, the newest first. */
GPtrArray *pgm_history_list_planned (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL without an error: there is no such plan. */
PgmPlannedMigration *pgm_history_get_planned (const char *path,
                                              const char *id,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmMetricPoint of a job, the oldest first, from @from to @to (0: as far as is kept). */
GPtrArray *pgm_history_list_metrics (const char *path,
                                     const char *job_id,
                                     gint64 from,
                                     gint64 to,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmEvent in their order; the newest @limit of them, 0: all. */
GPtrArray *pgm_history_list_events (const char *path,
                                    const char *job_id,
                                    guint limit,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmTableProgress as last written. */
GPtrArray *pgm_history_list_tables (const char *path,
                                    const char *job_id,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
