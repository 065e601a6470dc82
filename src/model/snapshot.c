#include "model/snapshot.h"

#include "model/descriptor.h"
#include "model/job.h"

const char *const pgm_phase_names[] = {
  "idle",      "connecting", "preflight",           "schema", "copy",   "indexes", "catch-up",
  "streaming", "switchover", "switchover-complete", "verify", "paused", "done",    "failed",
  "stopped",   NULL,
};

const char *const pgm_table_status_names[] = { "pending", "copying", "copied", "streaming", NULL };

static const PgmField table_progress_fields[] = {
  FIELD (PgmTableProgress, schema, STRING, REQUIRED),
  FIELD (PgmTableProgress, name, STRING, REQUIRED),
  FIELD_ENUM (PgmTableProgress, status, pgm_table_status_names, REQUIRED),
  FIELD (PgmTableProgress, rows_total, INT64, 0),
  FIELD (PgmTableProgress, rows_copied, UINT64, 0),
  FIELD (PgmTableProgress, size_bytes, UINT64, 0),
  FIELD (PgmTableProgress, bytes_copied, UINT64, 0),
  FIELD (PgmTableProgress, percent, DOUBLE, 0),
  FIELD (PgmTableProgress, elapsed_sec, DOUBLE, 0),
  FIELD_END,
};

const PgmRecordType pgm_table_progress_type = { "table progress", sizeof (PgmTableProgress),
                                                table_progress_fields };

static const PgmField event_fields[] = {
  FIELD (PgmEvent, time, TIME, REQUIRED),
  FIELD (PgmEvent, type, STRING, REQUIRED),
  FIELD (PgmEvent, message, STRING, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_event_type = { "event", sizeof (PgmEvent), event_fields };

static const PgmField phase_entry_fields[] = {
  FIELD_ENUM (PgmPhaseEntry, phase, pgm_phase_names, REQUIRED),
  FIELD (PgmPhaseEntry, started_at, TIME, REQUIRED),
  FIELD (PgmPhaseEntry, ended_at, TIME, 0),
  FIELD (PgmPhaseEntry, duration_sec, DOUBLE, 0),
  FIELD_END,
};

const PgmRecordType pgm_phase_entry_type = { "phase", sizeof (PgmPhaseEntry), phase_entry_fields };

static const PgmField error_entry_fields[] = {
  FIELD (PgmErrorEntry, time, TIME, REQUIRED),
  FIELD_ENUM (PgmErrorEntry, phase, pgm_phase_names, REQUIRED),
  FIELD (PgmErrorEntry, message, STRING, REQUIRED),
  FIELD (PgmErrorEntry, retryable, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_error_entry_type = { "error entry", sizeof (PgmErrorEntry),
                                             error_entry_fields };

static const PgmField statement_note_fields[] = {
  FIELD (PgmStatementNote, statement, STRING, REQUIRED),
  FIELD (PgmStatementNote, reason, STRING, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_statement_note_type = { "statement", sizeof (PgmStatementNote),
                                                statement_note_fields };

static const PgmField schema_stats_fields[] = {
  FIELD (PgmSchemaStats, statements_total, INT64, 0),
  FIELD (PgmSchemaStats, statements_applied, INT64, 0),
  FIELD (PgmSchemaStats, statements_skipped, INT64, 0),
  FIELD (PgmSchemaStats, errors_tolerated, INT64, 0),
  FIELD_RECORDS (PgmSchemaStats, skipped_details, pgm_statement_note_type, OMIT_EMPTY),
  FIELD_RECORDS (PgmSchemaStats, errored_details, pgm_statement_note_type, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_schema_stats_type = { "schema statistics", sizeof (PgmSchemaStats),
                                              schema_stats_fields };

static const PgmField snapshot_fields[] = {
  FIELD (PgmSnapshot, timestamp, TIME, REQUIRED),
  FIELD_ENUM (PgmSnapshot, phase, pgm_phase_names, REQUIRED),
  FIELD (PgmSnapshot, elapsed_sec, DOUBLE, 0),
  FIELD (PgmSnapshot, applied_lsn, LSN, 0),
  FIELD (PgmSnapshot, confirmed_lsn, LSN, 0),
  FIELD (PgmSnapshot, lag_bytes, UINT64, 0),
  FIELD (PgmSnapshot, lag_formatted, STRING, 0),
  FIELD (PgmSnapshot, tables_total, INT64, 0),
  FIELD (PgmSnapshot, tables_copied, INT64, 0),
  FIELD_RECORDS (PgmSnapshot, tables, pgm_table_progress_type, 0),
  FIELD (PgmSnapshot, rows_per_sec, DOUBLE, 0),
  FIELD (PgmSnapshot, bytes_per_sec, DOUBLE, 0),
  FIELD (PgmSnapshot, total_rows, UINT64, 0),
  FIELD (PgmSnapshot, total_bytes, UINT64, 0),
  FIELD (PgmSnapshot, error_count, INT64, 0),
  FIELD (PgmSnapshot, last_error, STRING, 0),
  FIELD_RECORDS (PgmSnapshot, events, pgm_event_type, OMIT_EMPTY),
  FIELD_RECORDS (PgmSnapshot, phases, pgm_phase_entry_type, OMIT_EMPTY),
  FIELD_RECORDS (PgmSnapshot, error_history, pgm_error_entry_type, OMIT_EMPTY),
  FIELD_RECORD (PgmSnapshot, schema_stats, pgm_schema_stats_type, 0),
  FIELD (PgmSnapshot, job_id, STRING, 0),
  FIELD (PgmSnapshot, kind, STRING, 0),
  FIELD (PgmSnapshot, percent, DOUBLE, 0),
  FIELD (PgmSnapshot, eta_sec, DOUBLE, 0),
  FIELD (PgmSnapshot, indexes_total, INT64, 0),
  FIELD (PgmSnapshot, indexes_done, INT64, 0),
  FIELD (PgmSnapshot, activity, STRING, 0),
  FIELD (PgmSnapshot, transactions, UINT64, OMIT_EMPTY),
  FIELD (PgmSnapshot, changes, UINT64, OMIT_EMPTY),
  FIELD (PgmSnapshot, lag_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmSnapshot, retained_bytes, UINT64, OMIT_EMPTY),
  FIELD (PgmSnapshot, retained_limit, INT64, OMIT_EMPTY),
  FIELD (PgmSnapshot, retained_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmSnapshot, xmin_age, INT64, OMIT_EMPTY),
  FIELD (PgmSnapshot, slot_status, STRING, 0),
  FIELD_RECORD (PgmSnapshot, cutover, pgm_cutover_report_type, 0),
  FIELD_RECORD (PgmSnapshot, verification, pgm_verification_type, 0),
  FIELD (PgmSnapshot, requests, STRV, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_snapshot_type = { "snapshot", sizeof (PgmSnapshot), snapshot_fields };

const char *
pgm_event_get_level (const PgmEvent *self)
{
  if (g_strcmp0 (self->type, "error") == 0)
    return "error";
  return g_strcmp0 (self->type, "warning") == 0 || g_strcmp0 (self->type, "problem") == 0
             ? "warning"
             : "info";
}
