/* What came of a job: checks, counts, differences, problems. */
#pragma once

#include "core/lsn.h"
#include "model/record.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_CHECK_OK,
  PGM_CHECK_WARNING,
  PGM_CHECK_BLOCKER,
} PgmCheckLevel;

extern const char *const pgm_check_level_names[];

typedef struct
{
  PgmRecord record;
  char *name;    /* stable, kebab-case: "source-version" */
  int level;     /* PgmCheckLevel */
  char *reason;  /* one sentence for people */
  char *fix_sql; /* may be NULL */
} PgmCheck;

typedef enum
{
  PGM_OUTCOME_DONE,      /* clone done / compare equal / preflight without blocker */
  PGM_OUTCOME_DIFFERENT, /* compare */
  PGM_OUTCOME_PROBLEMS,  /* clone done, but single objects failed: see problems */
  PGM_OUTCOME_REFUSED,   /* a blocker stands; nothing was changed */
  PGM_OUTCOME_FAILED,
  PGM_OUTCOME_INTERRUPTED,
} PgmOutcome;

extern const char *const pgm_outcome_names[];

/* One object that could not be made, by name, with its SQL. */
typedef struct
{
  PgmRecord record;
  char *object; /* "index shop.orders_idx" */
  char *sql;
  char *reason;
} PgmProblem;

/* One table of the plan. */
typedef struct
{
  PgmRecord record;
  char *schema;
  char *name;
  gint64 rows_estimate;
  guint64 size_bytes;
  gint64 parts;
  char *method; /* "binary", "text" */
  gint64 indexes;
} PgmPlanTable;

/* One catalog object that differs. */
typedef struct
{
  PgmRecord record;
  char *object_class; /* "table", "index", "function", … */
  char *identity;     /* schema-qualified */
  char *state;        /* "only-source", "only-destination", "different" */
  char *source_ddl;
  char *destination_ddl;
} PgmObjectDifference;

/* One row that differs, by key. */
typedef struct
{
  PgmRecord record;
  char *key;   /* "(id)=(42)" */
  char *state; /* "only-source", "only-destination", "different" */
  char *source_row;
  char *destination_row;
} PgmRowDifference;

typedef struct
{
  PgmRecord record;
  char *schema;
  char *name;
  char *state; /* "equal", "different", "only-source", "only-destination", "failed" */
  gint64 source_rows;
  gint64 destination_rows;
  gint64 differing_rows; /* -1: not counted */
  double seconds;
  char *reason;    /* for "failed" */
  GPtrArray *rows; /* PgmRowDifference, the first ones */
} PgmTableComparison;

/* One step of a cutover. */
typedef struct
{
  PgmRecord record;
  char *name;    /* stable, kebab-case: "fence", "sentinel" */
  char *message; /* what was done or found */
  double at_ms;  /* since the fence began to rise; negative before */
  double took_ms;
  gboolean ok;
} PgmCutoverStep;

/* Something of ours that still stands on one side, and how to undo it. */
typedef struct
{
  PgmRecord record;
  char *where; /* "source", "destination", "pgbouncer" */
  char *what;
  char *undo_sql;
} PgmStanding;

typedef struct
{
  PgmRecord record;
  gboolean done;   /* writes belong to the destination now */
  gboolean proved; /* by sentinels under lock; never with the fence "none" */
  char *fence;     /* pgm_fence_names */
  char *direction; /* "forward", "back" */
  gint64 started_at;
  double stopped_ms;      /* writes: from the fence to a destination ready for them */
  double longest_wait_ms; /* of the application, whether it came to the cutover or not */
  PgmLsn first_sentinel;  /* of the sentinels' own WAL records */
  PgmLsn second_sentinel;
  PgmLsn final_lsn; /* the source's; everything before it is on the destination, durably */
  gint64 sequences;
  GPtrArray *steps;    /* PgmCutoverStep */
  GPtrArray *standing; /* PgmStanding */
  char *error;         /* why it was given up, when not done */
} PgmCutoverReport;

/* One comparison of a job that follows, while the changes flow on. */
typedef struct
{
  PgmRecord record;
  gint64 started_at;
  gint64 finished_at; /* 0: under way */
  gboolean equal;
  PgmLsn lsn;     /* of the side that is followed: both are compared as of it; 0: not yet */
  double held_ms; /* for how long nothing was applied, for that */
  double percent; /* of what is to be digested */
  char *activity; /* while it is under way */
  gint64 tables;  /* compared */
  gint64 differing_tables; /* or failed to be read */
  guint64 rows;            /* of the side that is followed */
  GStrv left_out;          /* tables that are followed only in part, so not comparable */
  GPtrArray *differences;  /* PgmTableComparison: the first of them, long rows cut; all are in
                            * the report's table_comparisons */
  char *error;             /* why there is no result */
} PgmVerification;

typedef struct
{
  PgmRecord record;
  char *job_id;
  char *kind;
  int outcome;        /* PgmOutcome */
  gint64 exit_status; /* PgmExit: what a command ends with */
  gint64 started_at;
  gint64 finished_at;
  double seconds;
  char *source; /* described, without password */
  char *destination;
  char *source_version;
  char *destination_version;
  GPtrArray *checks; /* PgmCheck */
  GPtrArray *plan;   /* PgmPlanTable */
  guint64 tables;
  guint64 rows;
  guint64 bytes;
  guint64 indexes;
  guint64 constraints;
  guint64 sequences;
  guint64 large_objects;
  GPtrArray *problems;          /* PgmProblem */
  GPtrArray *objects;           /* PgmObjectDifference */
  GPtrArray *table_comparisons; /* PgmTableComparison */
  guint64 objects_compared;
  /* Following. */
  guint64 transactions; /* of the source, applied */
  guint64 changes;      /* rows of them */
  guint64 conflicts;    /* changes left out by policy */
  PgmLsn applied_lsn;
  PgmCutoverReport *cutover;     /* the last that was tried; NULL: none */
  PgmVerification *verification; /* the last; NULL: none */
  /* PGM_OUTCOME_FAILED, _INTERRUPTED, _REFUSED */
  char *error;
  char *detail;
  char *hint;
  char *sqlstate;
  gboolean resumable;
} PgmReport;

extern const PgmRecordType pgm_check_type;
extern const PgmRecordType pgm_problem_type;
extern const PgmRecordType pgm_plan_table_type;
extern const PgmRecordType pgm_object_difference_type;
extern const PgmRecordType pgm_row_difference_type;
extern const PgmRecordType pgm_table_comparison_type;
extern const PgmRecordType pgm_cutover_step_type;
extern const PgmRecordType pgm_standing_type;
extern const PgmRecordType pgm_cutover_report_type;
extern const PgmRecordType pgm_verification_type;
extern const PgmRecordType pgm_report_type;

/* FALSE while the step is under way: then @ok says nothing yet. */
gboolean pgm_cutover_step_has_ended (const PgmCutoverStep *self);

/* Adds a check; strings are copied. */
void pgm_report_add_check (PgmReport *self,
                           const char *name,
                           PgmCheckLevel level,
                           const char *reason,
                           const char *fix_sql);
void
pgm_report_add_problem (PgmReport *self, const char *object, const char *sql, const char *reason);
gboolean pgm_report_has_blocker (const PgmReport *self);

G_END_DECLS
