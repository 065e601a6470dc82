/* The wire's own views: what the API says of a job and takes from its callers.
 * Field names are a contract with clients; new ones may be added, none renamed. */
#pragma once

#include "model/job-info.h"
#include "model/request.h"

G_BEGIN_DECLS

/* One job as "migration": what it is, how it stands and, while it lives, what its
 * newest snapshot says (live_…). */
typedef struct
{
  PgmRecord record;
  char *id;
  char *name;
  char *mode;   /* "clone_only", "clone_and_follow"; NULL for a comparison */
  char *status; /* "created", "running", "streaming", "switchover", "completed", "failed",
                 * "stopped" */
  int phase;    /* PgmPhase */
  char *source_cluster_id; /* these four: of a migration between registered clusters */
  char *dest_cluster_id;
  char *source_node_id;
  char *dest_node_id;
  gboolean fallback;
  char *error_message;
  char *slot_name;
  char *publication;
  gint64 copy_workers;
  PgmLsn confirmed_lsn;
  gint64 tables_total;
  gint64 tables_copied;
  gint64 started_at;
  gint64 finished_at;
  gint64 created_at;
  gint64 updated_at;
  char *live_phase;
  PgmLsn live_lsn;
  gint64 live_tables_total;
  gint64 live_tables_copied;
  GPtrArray *live_tables; /* PgmTableProgress */
  double live_rows_per_sec;
  double live_bytes_per_sec;
  guint64 live_total_rows;
  guint64 live_total_bytes;
  guint64 live_lag_bytes;
  char *live_lag_formatted;
  GPtrArray *live_events;        /* PgmEvent */
  GPtrArray *live_phases;        /* PgmPhaseEntry */
  GPtrArray *live_error_history; /* PgmErrorEntry */
  PgmSchemaStats *live_schema_stats;
  gint64 live_error_count;
  double live_elapsed_sec;
  /* Beyond the older contract. */
  PgmJobInfo *job;
} PgmMigration;

typedef struct
{
  PgmRecord record;
  char *type; /* of the event */
} PgmLogFields;

typedef struct
{
  PgmRecord record;
  gint64 time;
  char *level; /* "info", "warning", "error" */
  char *message;
  PgmLogFields *fields;
} PgmLogEntry;

typedef struct
{
  PgmRecord record;
  gboolean running;
  char *last_error;
} PgmJobsStatus;

typedef struct
{
  PgmRecord record;
  char *error;
  char *detail;
  char *hint;
} PgmApiError;

/* POST /jobs/clone and /jobs/follow. A URI may hold a password. */
typedef struct
{
  PgmRecord record;
  PgmSecret *source_uri;
  PgmSecret *dest_uri;
  gboolean follow;
  gint64 workers;
  gboolean resume;
  char *slot_name;
  char *publication;
} PgmCloneBody;

typedef struct
{
  PgmRecord record;
  PgmSecret *source_uri;
  PgmSecret *dest_uri;
  PgmLsn start_lsn;
  char *slot_name;
  char *publication;
} PgmFollowBody;

/* POST /compare. An end is a URI, which may hold a password, or "CLUSTER", or
 * "CLUSTER/NODE"; neither schema nor data means both. */
typedef struct
{
  PgmRecord record;
  PgmSecret *source;
  PgmSecret *dest;
  gboolean schema;
  gboolean data;
} PgmCompareBody;

/* DELETE /migrations/{id}?force=true */
typedef struct
{
  PgmRecord record;
  gboolean force;
} PgmForceQuery;

/* GET /migrations/{id}/metrics?from=&to= ; absent: all that is kept. */
typedef struct
{
  PgmRecord record;
  gint64 from;
  gint64 to;
} PgmMetricsQuery;

/* One moment of a job's history. */
typedef struct
{
  PgmRecord record;
  gint64 time;
  guint64 lag_bytes;
  double rows_per_sec;
  double bytes_per_sec;
  guint64 total_rows;
  guint64 total_bytes;
} PgmMetricPoint;

/* The last message of a WebSocket that was asked for it. */
typedef struct
{
  PgmRecord record;
  PgmReport *report;
} PgmReportMessage;

/* {}: where nothing can be said. */
typedef struct
{
  PgmRecord record;
} PgmEmptyBody;

extern const PgmRecordType pgm_migration_type;
extern const PgmRecordType pgm_log_fields_type;
extern const PgmRecordType pgm_log_entry_type;
extern const PgmRecordType pgm_jobs_status_type;
extern const PgmRecordType pgm_api_error_type;
extern const PgmRecordType pgm_clone_body_type;
extern const PgmRecordType pgm_follow_body_type;
extern const PgmRecordType pgm_compare_body_type;
extern const PgmRecordType pgm_force_query_type;
extern const PgmRecordType pgm_metrics_query_type;
extern const PgmRecordType pgm_metric_point_type;
extern const PgmRecordType pgm_report_message_type;
extern const PgmRecordType pgm_empty_body_type;

/* @snapshot may be NULL. Transfer full; shares what both hold. */
PgmMigration *pgm_migration_new (PgmJobInfo *job, PgmSnapshot *snapshot);
PgmLogEntry *pgm_log_entry_new (const PgmEvent *event);

/* The job that such a body asks for. PGM_ERROR_USAGE when an end is missing. */
PgmJobSpec *
pgm_clone_body_to_spec (const PgmCloneBody *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
PgmJobSpec *
pgm_follow_body_to_spec (const PgmFollowBody *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
PgmJobSpec *
pgm_compare_body_to_spec (const PgmCompareBody *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An error over the wire: what it says, its kind as the status of an answer, and
 * back. */
guint pgm_api_error_to_status (const GError *error);
PgmApiError *pgm_api_error_new (const GError *error);
void pgm_api_error_to_gerror (const PgmApiError *self, guint status, GError **error);

G_END_DECLS
