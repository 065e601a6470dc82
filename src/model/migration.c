#include "model/migration.h"

#include <string.h>

#include "core/dsn.h"
#include "model/descriptor.h"

static const PgmField migration_fields[] = {
  FIELD (PgmMigration, id, STRING, REQUIRED),
  FIELD (PgmMigration, name, STRING, 0),
  FIELD (PgmMigration, mode, STRING, 0),
  FIELD (PgmMigration, status, STRING, 0),
  FIELD_ENUM (PgmMigration, phase, pgm_phase_names, 0),
  FIELD (PgmMigration, source_cluster_id, STRING, 0),
  FIELD (PgmMigration, dest_cluster_id, STRING, 0),
  FIELD (PgmMigration, source_node_id, STRING, 0),
  FIELD (PgmMigration, dest_node_id, STRING, 0),
  FIELD (PgmMigration, fallback, BOOL, 0),
  FIELD (PgmMigration, error_message, STRING, 0),
  FIELD (PgmMigration, slot_name, STRING, 0),
  FIELD (PgmMigration, publication, STRING, 0),
  FIELD (PgmMigration, copy_workers, INT64, 0),
  FIELD (PgmMigration, confirmed_lsn, LSN, OMIT_EMPTY),
  FIELD (PgmMigration, tables_total, INT64, 0),
  FIELD (PgmMigration, tables_copied, INT64, 0),
  FIELD (PgmMigration, started_at, TIME, 0),
  FIELD (PgmMigration, finished_at, TIME, 0),
  FIELD (PgmMigration, created_at, TIME, 0),
  FIELD (PgmMigration, updated_at, TIME, 0),
  FIELD (PgmMigration, live_phase, STRING, 0),
  FIELD (PgmMigration, live_lsn, LSN, OMIT_EMPTY),
  FIELD (PgmMigration, live_tables_total, INT64, OMIT_EMPTY),
  FIELD (PgmMigration, live_tables_copied, INT64, OMIT_EMPTY),
  FIELD_RECORDS (PgmMigration, live_tables, pgm_table_progress_type, OMIT_EMPTY),
  FIELD (PgmMigration, live_rows_per_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmMigration, live_bytes_per_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmMigration, live_total_rows, UINT64, OMIT_EMPTY),
  FIELD (PgmMigration, live_total_bytes, UINT64, OMIT_EMPTY),
  FIELD (PgmMigration, live_lag_bytes, UINT64, OMIT_EMPTY),
  FIELD (PgmMigration, live_lag_formatted, STRING, 0),
  FIELD_RECORDS (PgmMigration, live_events, pgm_event_type, OMIT_EMPTY),
  FIELD_RECORDS (PgmMigration, live_phases, pgm_phase_entry_type, OMIT_EMPTY),
  FIELD_RECORDS (PgmMigration, live_error_history, pgm_error_entry_type, OMIT_EMPTY),
  FIELD_RECORD (PgmMigration, live_schema_stats, pgm_schema_stats_type, 0),
  FIELD (PgmMigration, live_error_count, INT64, OMIT_EMPTY),
  FIELD (PgmMigration, live_elapsed_sec, DOUBLE, OMIT_EMPTY),
  FIELD_RECORD (PgmMigration, job, pgm_job_info_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_migration_type = { "migration", sizeof (PgmMigration), migration_fields };

static const PgmField log_fields_fields[] = {
  FIELD (PgmLogFields, type, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_log_fields_type = { "log fields", sizeof (PgmLogFields),
                                            log_fields_fields };

static const PgmField log_entry_fields[] = {
  FIELD (PgmLogEntry, time, TIME, REQUIRED),
  FIELD (PgmLogEntry, level, STRING, REQUIRED),
  FIELD (PgmLogEntry, message, STRING, REQUIRED),
  FIELD_RECORD (PgmLogEntry, fields, pgm_log_fields_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_log_entry_type = { "log entry", sizeof (PgmLogEntry), log_entry_fields };

static const PgmField jobs_status_fields[] = {
  FIELD (PgmJobsStatus, running, BOOL, 0),
  FIELD (PgmJobsStatus, last_error, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_jobs_status_type = { "status of jobs", sizeof (PgmJobsStatus),
                                             jobs_status_fields };

static const PgmField api_error_fields[] = {
  FIELD (PgmApiError, error, STRING, REQUIRED),
  FIELD (PgmApiError, detail, STRING, 0),
  FIELD (PgmApiError, hint, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_api_error_type = { "error", sizeof (PgmApiError), api_error_fields };

static const PgmField clone_body_fields[] = {
  FIELD (PgmCloneBody, source_uri, SECRET, 0),  FIELD (PgmCloneBody, dest_uri, SECRET, 0),
  FIELD (PgmCloneBody, follow, BOOL, 0),        FIELD (PgmCloneBody, workers, INT64, 0),
  FIELD (PgmCloneBody, resume, BOOL, 0),        FIELD (PgmCloneBody, slot_name, STRING, 0),
  FIELD (PgmCloneBody, publication, STRING, 0), FIELD_END,
};

const PgmRecordType pgm_clone_body_type = { "clone request", sizeof (PgmCloneBody),
                                            clone_body_fields };

static const PgmField follow_body_fields[] = {
  FIELD (PgmFollowBody, source_uri, SECRET, 0),  FIELD (PgmFollowBody, dest_uri, SECRET, 0),
  FIELD (PgmFollowBody, start_lsn, LSN, 0),      FIELD (PgmFollowBody, slot_name, STRING, 0),
  FIELD (PgmFollowBody, publication, STRING, 0), FIELD_END,
};

const PgmRecordType pgm_follow_body_type = { "follow request", sizeof (PgmFollowBody),
                                             follow_body_fields };

static const PgmField compare_body_fields[] = {
  FIELD (PgmCompareBody, source, SECRET, REQUIRED),
  FIELD (PgmCompareBody, dest, SECRET, REQUIRED),
  FIELD (PgmCompareBody, schema, BOOL, 0),
  FIELD (PgmCompareBody, data, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_compare_body_type = { "compare request", sizeof (PgmCompareBody),
                                              compare_body_fields };

static const PgmField force_query_fields[] = {
  FIELD (PgmForceQuery, force, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_force_query_type = { "force query", sizeof (PgmForceQuery),
                                             force_query_fields };

static const PgmField metrics_query_fields[] = {
  FIELD (PgmMetricsQuery, from, TIME, 0),
  FIELD (PgmMetricsQuery, to, TIME, 0),
  FIELD_END,
};

const PgmRecordType pgm_metrics_query_type = { "metrics query", sizeof (PgmMetricsQuery),
                                               metrics_query_fields };

static const PgmField metric_point_fields[] = {
  FIELD (PgmMetricPoint, time, TIME, REQUIRED),
  FIELD (PgmMetricPoint, lag_bytes, UINT64, 0),
  FIELD (PgmMetricPoint, rows_per_sec, DOUBLE, 0),
  FIELD (PgmMetricPoint, bytes_per_sec, DOUBLE, 0),
  FIELD (PgmMetricPoint, total_rows, UINT64, 0),
  FIELD (PgmMetricPoint, total_bytes, UINT64, 0),
  FIELD_END,
};

const PgmRecordType pgm_metric_point_type = { "metric point", sizeof (PgmMetricPoint),
                                              metric_point_fields };

static const PgmField report_message_fields[] = {
  FIELD_RECORD (PgmReportMessage, report, pgm_report_type, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_report_message_type = { "report message", sizeof (PgmReportMessage),
                                                report_message_fields };

static const PgmField empty_body_fields[] = { FIELD_END };

const PgmRecordType pgm_empty_body_type = { "nothing", sizeof (PgmEmptyBody), empty_body_fields };

static const char *
status_of (const PgmJobInfo *job, int phase)
{
  if (job->status == PGM_JOB_LOST)
    return "failed";
  if (job->status == PGM_JOB_CREATED)
    return "created";
  if (job->status == PGM_JOB_RUNNING)
    switch ((PgmPhase) phase)
      {
      case PGM_PHASE_CATCH_UP:
      case PGM_PHASE_STREAMING:
      case PGM_PHASE_PAUSED:
        return "streaming";
      case PGM_PHASE_SWITCHOVER:
      case PGM_PHASE_SWITCHOVER_COMPLETE:
        return "switchover";
      case PGM_PHASE_VERIFY:
        return g_strcmp0 (job->kind, pgm_job_kind_names[PGM_JOB_COMPARE]) == 0 ? "running"
                                                                               : "streaming";
      case PGM_PHASE_IDLE:
      case PGM_PHASE_CONNECTING:
      case PGM_PHASE_PREFLIGHT:
      case PGM_PHASE_SCHEMA:
      case PGM_PHASE_COPY:
      case PGM_PHASE_INDEXES:
      case PGM_PHASE_DONE:
      case PGM_PHASE_FAILED:
      case PGM_PHASE_STOPPED:
      default:
        return "running";
      }
  if (g_strcmp0 (job->outcome, pgm_outcome_names[PGM_OUTCOME_INTERRUPTED]) == 0)
    return "stopped";
  if (g_strcmp0 (job->outcome, pgm_outcome_names[PGM_OUTCOME_FAILED]) == 0 ||
      g_strcmp0 (job->outcome, pgm_outcome_names[PGM_OUTCOME_REFUSED]) == 0)
    return "failed";
  return "completed";
}

static void
fill_from_spec (PgmMigration *self, const PgmJobSpec *spec)
{
  if (spec->kind != PGM_JOB_COMPARE)
    self->mode = g_strdup (spec->follow != NULL || spec->kind == PGM_JOB_FOLLOW ? "clone_and_follow"
                                                                                : "clone_only");
  if (spec->clone != NULL)
    self->copy_workers = spec->clone->copy_workers;
  if (spec->follow != NULL)
    {
      self->slot_name = g_strdup (spec->follow->slot_name);
      self->publication = g_strdup (spec->follow->publication);
    }
}

static void
fill_from_plan (PgmMigration *self, const PgmMigrationBody *plan)
{
  g_free (self->name);
  self->name = g_strdup (plan->name != NULL ? plan->name : self->id);
  g_free (self->mode);
  self->mode = g_strdup (pgm_migration_mode_names[plan->mode]);
  self->source_cluster_id = g_strdup (plan->source_cluster_id);
  self->dest_cluster_id = g_strdup (plan->dest_cluster_id);
  self->source_node_id = g_strdup (plan->source_node_id);
  self->dest_node_id = g_strdup (plan->dest_node_id);
  self->fallback = plan->fallback;
}

static void
share_records (GPtrArray **array, GPtrArray *records)
{
  g_ptr_array_unref (*array);
  *array = g_ptr_array_ref (records);
}

static void
fill_live (PgmMigration *self, const PgmSnapshot *snapshot)
{
  self->live_phase = g_strdup (pgm_phase_names[snapshot->phase]);
  self->live_lsn = snapshot->applied_lsn;
  self->live_tables_total = snapshot->tables_total;
  self->live_tables_copied = snapshot->tables_copied;
  share_records (&self->live_tables, snapshot->tables);
  self->live_rows_per_sec = snapshot->rows_per_sec;
  self->live_bytes_per_sec = snapshot->bytes_per_sec;
  self->live_total_rows = snapshot->total_rows;
  self->live_total_bytes = snapshot->total_bytes;
  self->live_lag_bytes = snapshot->lag_bytes;
  self->live_lag_formatted = g_strdup (snapshot->lag_formatted);
  share_records (&self->live_events, snapshot->events);
  share_records (&self->live_phases, snapshot->phases);
  share_records (&self->live_error_history, snapshot->error_history);
  if (snapshot->schema_stats != NULL)
    self->live_schema_stats = pgm_record_ref (snapshot->schema_stats);
  self->live_error_count = snapshot->error_count;
  self->live_elapsed_sec = snapshot->elapsed_sec;
}

PgmMigration *
pgm_migration_new (PgmJobInfo *job, PgmSnapshot *snapshot)
{
  PgmMigration *self = pgm_record_new (&pgm_migration_type);

  self->id = g_strdup (job->id);
  self->name = g_strdup (job->id);
  self->phase = snapshot != NULL ? snapshot->phase : job->phase;
  self->status = g_strdup (status_of (job, self->phase));
  self->error_message = g_strdup (job->error);
  self->started_at = job->started_at;
  self->created_at = job->created_at > 0 ? job->created_at : job->started_at;
  self->finished_at = job->finished_at;
  self->updated_at = job->updated_at;
  if (job->spec != NULL)
    fill_from_spec (self, job->spec);
  if (job->plan != NULL)
    fill_from_plan (self, job->plan);
  if (snapshot != NULL)
    {
      self->confirmed_lsn = snapshot->confirmed_lsn;
      self->tables_total = snapshot->tables_total;
      self->tables_copied = snapshot->tables_copied;
      if (job->status == PGM_JOB_RUNNING)
        fill_live (self, snapshot);
    }
  self->job = pgm_record_ref (job);
  return self;
}

PgmLogEntry *
pgm_log_entry_new (const PgmEvent *event)
{
  PgmLogEntry *self = pgm_record_new (&pgm_log_entry_type);

  self->time = event->time;
  self->level = g_strdup (pgm_event_get_level (event));
  self->message = g_strdup (event->message);
  self->fields = pgm_record_new (&pgm_log_fields_type);
  self->fields->type = g_strdup (event->type);
  return self;
}

static PgmEndpoint *
uri_to_endpoint (PgmSecret *uri, const char *field, GError **error)
{
  PgmEndpoint *endpoint;

  if (uri == NULL || *pgm_secret_reveal (uri) == '\0')
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"%s\" is required", field);
      return NULL;
    }
  endpoint = pgm_record_new (&pgm_endpoint_type);
  endpoint->uri = pgm_dsn_split_password (pgm_secret_reveal (uri), &endpoint->password);
  return endpoint;
}

/* Takes nothing of @spec; FALSE leaves it to be freed. */
static gboolean
fill_ends (PgmJobSpec *spec, PgmSecret *source, PgmSecret *destination, GError **error)
{
  return (spec->source = uri_to_endpoint (source, "source_uri", error)) != NULL &&
         (spec->destination = uri_to_endpoint (destination, "dest_uri", error)) != NULL;
}

static PgmFollowOptions *
make_follow (const char *slot_name, const char *publication, PgmLsn start_lsn)
{
  PgmFollowOptions *options = pgm_record_new (&pgm_follow_options_type);

  options->slot_name = g_strdup (slot_name);
  options->publication = g_strdup (publication);
  options->start_lsn = start_lsn;
  return options;
}

PgmJobSpec *
pgm_clone_body_to_spec (const PgmCloneBody *self, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLONE;
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->copy_workers = self->workers;
  spec->clone->resume = self->resume;
  if (self->follow)
    spec->follow = make_follow (self->slot_name, self->publication, 0);
  if (fill_ends (spec, self->source_uri, self->dest_uri, error))
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

PgmJobSpec *
pgm_follow_body_to_spec (const PgmFollowBody *self, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_FOLLOW;
  spec->follow = make_follow (self->slot_name, self->publication, self->start_lsn);
  if (fill_ends (spec, self->source_uri, self->dest_uri, error))
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

/* A URI or keyword string has a "=" or "://" in it, an id has neither. */
static PgmEndpoint *
text_to_endpoint (PgmSecret *text, const char *field, GError **error)
{
  const char *value = pgm_secret_reveal (text);
  const char *slash = strchr (value, '/');
  PgmEndpoint *endpoint;

  if (*value == '\0' || strchr (value, '=') != NULL || strstr (value, "://") != NULL)
    return uri_to_endpoint (text, field, error);
  endpoint = pgm_record_new (&pgm_endpoint_type);
  endpoint->cluster = slash != NULL ? g_strndup (value, (gsize) (slash - value)) : g_strdup (value);
  endpoint->node = slash != NULL ? g_strdup (slash + 1) : NULL;
  return endpoint;
}

PgmJobSpec *
pgm_compare_body_to_spec (const PgmCompareBody *self, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_COMPARE;
  spec->compare = pgm_record_new (&pgm_compare_options_type);
  spec->compare->schema = self->schema;
  spec->compare->data = self->data;
  if ((spec->source = text_to_endpoint (self->source, "source", error)) != NULL &&
      (spec->destination = text_to_endpoint (self->dest, "dest", error)) != NULL)
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

static const struct
{
  PgmErrorCode code;
  guint status;
} statuses[] = {
  { PGM_ERROR_USAGE, 400 },   { PGM_ERROR_NOT_FOUND, 404 }, { PGM_ERROR_REFUSED, 409 },
  { PGM_ERROR_CONNECT, 502 }, { PGM_ERROR_LOST, 503 },      { PGM_ERROR_FAILED, 500 },
};

guint
pgm_api_error_to_status (const GError *error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (g_error_matches (error, PGM_ERROR, (int) statuses[i].code))
      return statuses[i].status;
  return 500;
}

PgmApiError *
pgm_api_error_new (const GError *error)
{
  PgmApiError *self = pgm_record_new (&pgm_api_error_type);

  self->error = g_strdup (error->message);
  self->detail = g_strdup (pgm_error_get_detail (error));
  self->hint = g_strdup (pgm_error_get_hint (error));
  return self;
}

void
pgm_api_error_to_gerror (const PgmApiError *self, guint status, GError **error)
{
  PgmErrorCode code = status >= 400 && status < 500 ? PGM_ERROR_USAGE : PGM_ERROR_FAILED;

  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      code = statuses[i].code;
  pgm_error_set_full (error, code, NULL, self->detail, self->hint, "%s", self->error);
}
