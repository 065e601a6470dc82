/* All jobs at a glance, for a face that shows many: no tables, no events; and what else
 * belongs to listening. */
#pragma once

#include "model/report.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

/* Names and meanings are those of the snapshot. */
typedef struct
{
  PgmRecord record;
  char *id;
  char *kind;
  gboolean running;
  char *outcome; /* pgm_outcome_names; NULL while it runs */
  int phase;
  double percent;
  double elapsed_sec;
  double eta_sec;
  gint64 tables_total;
  gint64 tables_copied;
  guint64 total_rows;
  guint64 total_bytes;
  double rows_per_sec;
  double bytes_per_sec;
  guint64 lag_bytes;
  double lag_sec;
  guint64 retained_bytes;
  gint64 error_count;
  char *last_error;
} PgmJobSummary;

typedef struct
{
  PgmRecord record;
  gint64 timestamp;
  GPtrArray *jobs; /* PgmJobSummary, in the order of their beginning */
} PgmSummary;

/* What a WebSocket wants to hear: one job (else the current one), or all. */
typedef struct
{
  PgmRecord record;
  char *migration;
  char *all;       /* "summary" */
  gboolean report; /* of a job: its report as the last message */
} PgmListenQuery;

/* A ticket to open a WebSocket with: one of its subprotocols, beside "pgmanager". */
typedef struct
{
  PgmRecord record;
  char *ticket;
  gint64 expires_in; /* seconds */
} PgmTicket;

extern const PgmRecordType pgm_job_summary_type;
extern const PgmRecordType pgm_summary_type;
extern const PgmRecordType pgm_listen_query_type;
extern const PgmRecordType pgm_ticket_type;

/* @report: NULL while it runs. Transfer full. */
PgmJobSummary *
pgm_job_summary_new (const char *job_id, const PgmSnapshot *snapshot, const PgmReport *report);

G_END_DECLS
