/* What every face shows of a job: one immutable picture, twice a second.
 * Field names in JSON are the API's contract. */
#pragma once

#include "core/lsn.h"
#include "model/record.h"
#include "model/report.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_PHASE_IDLE,
  PGM_PHASE_CONNECTING,
  PGM_PHASE_PREFLIGHT,
  PGM_PHASE_SCHEMA,
  PGM_PHASE_COPY,
  PGM_PHASE_INDEXES,
  PGM_PHASE_CATCH_UP,
  PGM_PHASE_STREAMING,
  PGM_PHASE_SWITCHOVER,
  PGM_PHASE_SWITCHOVER_COMPLETE,
  PGM_PHASE_VERIFY,
  PGM_PHASE_PAUSED,
  PGM_PHASE_DONE,
  PGM_PHASE_FAILED,
  PGM_PHASE_STOPPED, /* somebody ended it; it can go on */
} PgmPhase;

typedef enum
{
  PGM_TABLE_PENDING,
  PGM_TABLE_COPYING,
  PGM_TABLE_COPIED,
  PGM_TABLE_STREAMING,
} PgmTableStatus;

/* NULL-terminated wire names, indexed by the enums. */
extern const char *const pgm_phase_names[];
extern const char *const pgm_table_status_names[];

typedef struct
{
  PgmRecord record;
  char *schema;
  char *name;
  int status;        /* PgmTableStatus */
  gint64 rows_total; /* estimate while copying, -1 unknown */
  guint64 rows_copied;
  guint64 size_bytes;   /* of the heap on the source */
  guint64 bytes_copied; /* of COPY data */
  double percent;
  double elapsed_sec;
} PgmTableProgress;

typedef struct
{
  PgmRecord record;
  gint64 time;
  char *type; /* "phase", "table", "warning", … */
  char *message;
} PgmEvent;

/* How bad it is: "error", "warning" (an object that could not be made is one), "info".
 * Static. */
const char *pgm_event_get_level (const PgmEvent *self);

typedef struct
{
  PgmRecord record;
  int phase;
  gint64 started_at;
  gint64 ended_at;
  double duration_sec;
} PgmPhaseEntry;

typedef struct
{
  PgmRecord record;
  gint64 time;
  int phase;
  char *message;
  gboolean retryable;
} PgmErrorEntry;

typedef struct
{
  PgmRecord record;
  char *statement;
  char *reason;
} PgmStatementNote;

typedef struct
{
  PgmRecord record;
  gint64 statements_total;
  gint64 statements_applied;
  gint64 statements_skipped;
  gint64 errors_tolerated;
  GPtrArray *skipped_details; /* PgmStatementNote */
  GPtrArray *errored_details; /* PgmStatementNote */
} PgmSchemaStats;

typedef struct
{
  PgmRecord record;
  gint64 timestamp;
  int phase; /* PgmPhase */
  double elapsed_sec;
  PgmLsn applied_lsn;
  PgmLsn confirmed_lsn;
  guint64 lag_bytes;
  char *lag_formatted;
  gint64 tables_total;
  gint64 tables_copied;
  GPtrArray *tables; /* PgmTableProgress */
  double rows_per_sec;
  double bytes_per_sec;
  guint64 total_rows;  /* copied so far */
  guint64 total_bytes; /* copied so far */
  gint64 error_count;
  char *last_error;
  GPtrArray *events;        /* PgmEvent, the newest 200 */
  GPtrArray *phases;        /* PgmPhaseEntry */
  GPtrArray *error_history; /* PgmErrorEntry */
  PgmSchemaStats *schema_stats;
  /* Beyond the older contract. */
  char *job_id;
  char *kind;     /* pgm_job_kind_names */
  double percent; /* of the whole job, 0..100 */
  double eta_sec; /* -1: not known yet */
  gint64 indexes_total;
  gint64 indexes_done;
  char *activity; /* what is going on just now, in words */
  /* Following. */
  guint64 transactions;          /* of the source, applied */
  guint64 changes;               /* rows of them */
  double lag_sec;                /* age of the newest applied commit while behind; 0: caught up */
  guint64 retained_bytes;        /* WAL that the source keeps for the slot */
  gint64 retained_limit;         /* bytes left until the slot may be lost; -1: no limit known */
  double retained_sec;           /* until that limit at the present rate; -1: not known */
  gint64 xmin_age;               /* transactions that the slot holds back from VACUUM */
  char *slot_status;             /* wal_status; NULL when not known */
  PgmCutoverReport *cutover;     /* the last that was tried, as it goes on */
  PgmVerification *verification; /* the last one, as it goes on */
  GStrv requests;                /* what may be asked of it now: pgm_request_kind_names */
} PgmSnapshot;

extern const PgmRecordType pgm_table_progress_type;
extern const PgmRecordType pgm_event_type;
extern const PgmRecordType pgm_phase_entry_type;
extern const PgmRecordType pgm_error_entry_type;
extern const PgmRecordType pgm_statement_note_type;
extern const PgmRecordType pgm_schema_stats_type;
extern const PgmRecordType pgm_snapshot_type;

G_END_DECLS
