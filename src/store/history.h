/* What the state file tells of jobs, past and running, in this or another
 * process. */
#pragma once

#include "model/job-info.h"
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
