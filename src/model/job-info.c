#include "model/job-info.h"

#include "model/descriptor.h"

const char *const pgm_job_status_names[] = { "running", "ended", "lost", "created", NULL };

static const PgmField job_info_fields[] = {
  FIELD (PgmJobInfo, id, STRING, REQUIRED),
  FIELD (PgmJobInfo, kind, STRING, REQUIRED),
  FIELD_ENUM (PgmJobInfo, status, pgm_job_status_names, REQUIRED),
  FIELD_ENUM (PgmJobInfo, phase, pgm_phase_names, REQUIRED),
  FIELD (PgmJobInfo, outcome, STRING, 0),
  FIELD (PgmJobInfo, error, STRING, 0),
  FIELD (PgmJobInfo, source, STRING, 0),
  FIELD (PgmJobInfo, destination, STRING, 0),
  FIELD (PgmJobInfo, created_at, TIME, 0),
  FIELD (PgmJobInfo, started_at, TIME, 0),
  FIELD (PgmJobInfo, finished_at, TIME, 0),
  FIELD (PgmJobInfo, updated_at, TIME, 0),
  FIELD (PgmJobInfo, here, BOOL, OMIT_EMPTY),
  FIELD_RECORD (PgmJobInfo, spec, pgm_job_spec_type, 0),
  FIELD_RECORD (PgmJobInfo, plan, pgm_migration_body_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_job_info_type = { "job information", sizeof (PgmJobInfo), job_info_fields };

void
pgm_job_info_set_report (PgmJobInfo *self, const PgmReport *report)
{
  if (report == NULL)
    return;
  self->outcome = g_strdup (pgm_outcome_names[report->outcome]);
  self->error = g_strdup (report->error);
  self->finished_at = report->finished_at;
}
