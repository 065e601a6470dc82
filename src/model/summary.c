#include "model/summary.h"

#include "model/descriptor.h"

static const PgmField job_summary_fields[] = {
  FIELD (PgmJobSummary, id, STRING, REQUIRED),
  FIELD (PgmJobSummary, kind, STRING, 0),
  FIELD (PgmJobSummary, running, BOOL, 0),
  FIELD (PgmJobSummary, outcome, STRING, 0),
  FIELD_ENUM (PgmJobSummary, phase, pgm_phase_names, 0),
  FIELD (PgmJobSummary, percent, DOUBLE, 0),
  FIELD (PgmJobSummary, elapsed_sec, DOUBLE, 0),
  FIELD (PgmJobSummary, eta_sec, DOUBLE, 0),
  FIELD (PgmJobSummary, tables_total, INT64, 0),
  FIELD (PgmJobSummary, tables_copied, INT64, 0),
  FIELD (PgmJobSummary, total_rows, UINT64, 0),
  FIELD (PgmJobSummary, total_bytes, UINT64, 0),
  FIELD (PgmJobSummary, rows_per_sec, DOUBLE, 0),
  FIELD (PgmJobSummary, bytes_per_sec, DOUBLE, 0),
  FIELD (PgmJobSummary, lag_bytes, UINT64, 0),
  FIELD (PgmJobSummary, lag_sec, DOUBLE, 0),
  FIELD (PgmJobSummary, retained_bytes, UINT64, 0),
  FIELD (PgmJobSummary, error_count, INT64, 0),
  FIELD (PgmJobSummary, last_error, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_job_summary_type = {
  "job summary",
  sizeof (PgmJobSummary),
  job_summary_fields,
};

static const PgmField summary_fields[] = {
  FIELD (PgmSummary, timestamp, TIME, 0),
  FIELD_RECORDS (PgmSummary, jobs, pgm_job_summary_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_summary_type = { "summary", sizeof (PgmSummary), summary_fields };

static const PgmField listen_query_fields[] = {
  FIELD (PgmListenQuery, migration, STRING, 0),
  FIELD (PgmListenQuery, all, STRING, 0),
  FIELD (PgmListenQuery, report, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_listen_query_type = {
  "listen query",
  sizeof (PgmListenQuery),
  listen_query_fields,
};

static const PgmField ticket_fields[] = {
  FIELD (PgmTicket, ticket, STRING, REQUIRED),
  FIELD (PgmTicket, expires_in, INT64, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_ticket_type = { "ticket", sizeof (PgmTicket), ticket_fields };

PgmJobSummary *
pgm_job_summary_new (const char *job_id, const PgmSnapshot *snapshot, const PgmReport *report)
{
  PgmJobSummary *self = pgm_record_new (&pgm_job_summary_type);

  self->id = g_strdup (job_id);
  self->kind = g_strdup (snapshot->kind);
  self->running = report == NULL;
  if (report != NULL)
    self->outcome = g_strdup (pgm_outcome_names[report->outcome]);
  self->phase = snapshot->phase;
  self->percent = snapshot->percent;
  self->elapsed_sec = snapshot->elapsed_sec;
  self->eta_sec = snapshot->eta_sec;
  self->tables_total = snapshot->tables_total;
  self->tables_copied = snapshot->tables_copied;
  self->total_rows = snapshot->total_rows;
  self->total_bytes = snapshot->total_bytes;
  self->rows_per_sec = snapshot->rows_per_sec;
  self->bytes_per_sec = snapshot->bytes_per_sec;
  self->lag_bytes = snapshot->lag_bytes;
  self->lag_sec = snapshot->lag_sec;
  self->retained_bytes = snapshot->retained_bytes;
  self->error_count = snapshot->error_count;
  self->last_error = g_strdup (snapshot->last_error);
  return self;
}
