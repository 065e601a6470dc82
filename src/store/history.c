#include "store/history.h"

#include "store/database.h"

#define AT(member) G_STRUCT_OFFSET (PgmJobHistory, member)

static const PgmField job_history_fields[] = {
  { "id", PGM_FIELD_STRING, AT (id), PGM_FIELD_REQUIRED },
  { "kind", PGM_FIELD_STRING, AT (kind), PGM_FIELD_REQUIRED },
  { "status", PGM_FIELD_ENUM, AT (status), PGM_FIELD_REQUIRED, NULL, pgm_job_status_names },
  { "phase", PGM_FIELD_ENUM, AT (phase), PGM_FIELD_REQUIRED, NULL, pgm_phase_names },
  { "source", PGM_FIELD_STRING, AT (source) },
  { "destination", PGM_FIELD_STRING, AT (destination) },
  { "started_at", PGM_FIELD_TIME, AT (started_at) },
  { "finished_at", PGM_FIELD_TIME, AT (finished_at) },
  { "updated_at", PGM_FIELD_TIME, AT (updated_at) },
  { "spec", PGM_FIELD_RECORD, AT (spec), 0, &pgm_job_spec_type },
  { "report", PGM_FIELD_RECORD, AT (report), 0, &pgm_report_type },
  { NULL },
};

const PgmRecordType pgm_job_history_type = { "job history", sizeof (PgmJobHistory),
                                             job_history_fields };

static const PgmField kept_job_fields[] = {
  { "id", PGM_FIELD_STRING, G_STRUCT_OFFSET (PgmKeptJob, id), PGM_FIELD_REQUIRED },
  { "restarts", PGM_FIELD_INT64, G_STRUCT_OFFSET (PgmKeptJob, restarts) },
  { "spec", PGM_FIELD_RECORD, G_STRUCT_OFFSET (PgmKeptJob, spec), 0, &pgm_job_spec_type },
  { NULL },
};

const PgmRecordType pgm_kept_job_type = { "kept job", sizeof (PgmKeptJob), kept_job_fields };

static const PgmField planned_migration_fields[] = {
  { "id", PGM_FIELD_STRING, G_STRUCT_OFFSET (PgmPlannedMigration, id), PGM_FIELD_REQUIRED },
  { "plan", PGM_FIELD_RECORD, G_STRUCT_OFFSET (PgmPlannedMigration, plan), 0,
    &pgm_migration_body_type },
  { "created_at", PGM_FIELD_TIME, G_STRUCT_OFFSET (PgmPlannedMigration, created_at) },
  { NULL },
};

const PgmRecordType pgm_planned_migration_type = { "planned migration",
                                                   sizeof (PgmPlannedMigration),
                                                   planned_migration_fields };

/* Makes a record of one row. */
typedef gpointer (*RowFunc) (sqlite3_stmt *row);

static const char *
column (sqlite3_stmt *row, int index)
{
  return (const char *) sqlite3_column_text (row, index);
}

static int
name_to_value (const char *const *names, const char *name)
{
  for (int i = 0; names[i] != NULL; i++)
    if (g_strcmp0 (names[i], name) == 0)
      return i;
  return 0;
}

/* NULL for what an older or newer version wrote in another form. */
static gpointer
column_record (sqlite3_stmt *row, int index, const PgmRecordType *type)
{
  const char *json = column (row, index);

  return json != NULL ? pgm_record_from_json (type, json, -1, NULL) : NULL;
}

static gpointer
row_to_job (sqlite3_stmt *row)
{
  PgmJobHistory *job = pgm_record_new (&pgm_job_history_type);

  job->id = g_strdup (column (row, 0));
  job->kind = g_strdup (column (row, 1));
  job->status = name_to_value (pgm_job_status_names, column (row, 2));
  job->phase = name_to_value (pgm_phase_names, column (row, 3));
  job->source = g_strdup (column (row, 4));
  job->destination = g_strdup (column (row, 5));
  job->started_at = sqlite3_column_int64 (row, 6);
  job->finished_at = sqlite3_column_int64 (row, 7);
  job->spec = column_record (row, 8, &pgm_job_spec_type);
  job->report = column_record (row, 9, &pgm_report_type);
  job->updated_at = sqlite3_column_int64 (row, 10);
  return job;
}

static gpointer
row_to_kept (sqlite3_stmt *row)
{
  PgmKeptJob *job = pgm_record_new (&pgm_kept_job_type);

  job->id = g_strdup (column (row, 0));
  job->restarts = sqlite3_column_int64 (row, 1);
  job->spec = column_record (row, 2, &pgm_job_spec_type);
  return job;
}

static gpointer
row_to_planned (sqlite3_stmt *row)
{
  PgmPlannedMigration *planned = pgm_record_new (&pgm_planned_migration_type);

  planned->id = g_strdup (column (row, 0));
  planned->plan = column_record (row, 1, &pgm_migration_body_type);
  planned->created_at = sqlite3_column_int64 (row, 2);
  return planned;
}

static gpointer
row_to_metric (sqlite3_stmt *row)
{
  PgmMetricPoint *point = pgm_record_new (&pgm_metric_point_type);

  point->time = sqlite3_column_int64 (row, 0);
  point->lag_bytes = (guint64) sqlite3_column_int64 (row, 1);
  point->rows_per_sec = (double) sqlite3_column_int64 (row, 2);
  point->bytes_per_sec = (double) sqlite3_column_int64 (row, 3);
  point->total_rows = (guint64) sqlite3_column_int64 (row, 4);
  point->total_bytes = (guint64) sqlite3_column_int64 (row, 5);
  return point;
}

static gpointer
row_to_event (sqlite3_stmt *row)
{
  PgmEvent *event = pgm_record_new (&pgm_event_type);

  event->time = sqlite3_column_int64 (row, 0);
  event->type = g_strdup (column (row, 1));
  event->message = g_strdup (column (row, 2));
  return event;
}

static gpointer
row_to_table (sqlite3_stmt *row)
{
  return column_record (row, 0, &pgm_table_progress_type);
}

static gboolean
step_rows (PgmDatabase *database,
           sqlite3_stmt *statement,
           RowFunc func,
           GPtrArray *records,
           GError **error)
{
  int code;

  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    {
      gpointer record = func (statement);

      if (record != NULL)
        g_ptr_array_add (records, record);
    }
  if (code != SQLITE_DONE)
    pgm_database_set_error (database, error);
  sqlite3_reset (statement);
  return code == SQLITE_DONE;
}

/* @sql takes the job's id, if any, as ?1 and the limit as ?2. */
static GPtrArray *
select_records (const char *path,
                const char *sql,
                const char *job_id,
                guint limit,
                RowFunc func,
                GError **error)
{
  g_autoptr (PgmDatabase) database = NULL;
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (pgm_record_unref);
  sqlite3_stmt *statement;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&records);
  database = pgm_database_open_to_read (path, error);
  if (database == NULL)
    return NULL;
  statement = pgm_database_prepare (database, sql, error);
  if (statement == NULL)
    return NULL;
  if (job_id != NULL)
    sqlite3_bind_text (statement, 1, job_id, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 2, limit > 0 ? (gint64) limit : -1);
  if (!step_rows (database, statement, func, records, error))
    return NULL;
  return g_steal_pointer (&records);
}

#define SELECT_JOB                                                                                 \
  "SELECT id, kind, status, phase, source, destination, started_at, finished_at, spec, report,"    \
  " max(started_at, finished_at, coalesce((SELECT time FROM event WHERE job_id = job.id"           \
  " ORDER BY id DESC LIMIT 1), 0))"                                                                \
  " FROM job "

GPtrArray *
pgm_history_list_jobs (const char *path, guint limit, GError **error)
{
  return select_records (path, SELECT_JOB "ORDER BY started_at DESC, id LIMIT ?2", NULL, limit,
                         row_to_job, error);
}

PgmJobHistory *
pgm_history_get_job (const char *path, const char *job_id, GError **error)
{
  g_autoptr (GPtrArray) jobs =
      select_records (path, SELECT_JOB "WHERE id = ?1 LIMIT ?2", job_id, 1, row_to_job, error);

  if (jobs == NULL)
    return NULL;
  if (jobs->len == 0)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", job_id);
      return NULL;
    }
  return pgm_record_ref (g_ptr_array_index (jobs, 0));
}

GPtrArray *
pgm_history_list_kept (const char *path, GError **error)
{
  return select_records (path,
                         "SELECT id, restarts, spec FROM job WHERE kept = 1"
                         " ORDER BY started_at, id LIMIT ?2",
                         NULL, 0, row_to_kept, error);
}

#define SELECT_PLANNED "SELECT id, plan, created_at FROM migration "

GPtrArray *
pgm_history_list_planned (const char *path, GError **error)
{
  return select_records (path, SELECT_PLANNED "ORDER BY created_at DESC, id LIMIT ?2", NULL, 0,
                         row_to_planned, error);
}

PgmPlannedMigration *
pgm_history_get_planned (const char *path, const char *id, GError **error)
{
  g_autoptr (GPtrArray) found =
      select_records (path, SELECT_PLANNED "WHERE id = ?1 LIMIT ?2", id, 1, row_to_planned, error);

  return found != NULL && found->len > 0 ? pgm_record_ref (g_ptr_array_index (found, 0)) : NULL;
}

GPtrArray *
pgm_history_list_metrics (const char *path,
                          const char *job_id,
                          gint64 from,
                          gint64 to,
                          GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT time, lag_bytes, rows_per_sec, bytes_per_sec, total_rows, total_bytes FROM metric"
      " WHERE job_id = ?1 AND time >= %" G_GINT64_FORMAT " AND time <= %" G_GINT64_FORMAT
      " ORDER BY time LIMIT ?2",
      from, to > 0 ? to : G_MAXINT64);

  return select_records (path, sql, job_id, 0, row_to_metric, error);
}

GPtrArray *
pgm_history_list_events (const char *path, const char *job_id, guint limit, GError **error)
{
  return select_records (
      path,
      "SELECT time, type, message FROM (SELECT id, time, type, message FROM event"
      " WHERE job_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
      job_id, limit, row_to_event, error);
}

GPtrArray *
pgm_history_list_tables (const char *path, const char *job_id, GError **error)
{
  return select_records (path,
                         "SELECT record FROM table_progress WHERE job_id = ?1"
                         " ORDER BY schema, name LIMIT ?2",
                         job_id, 0, row_to_table, error);
}
