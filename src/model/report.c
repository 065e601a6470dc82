#include "model/report.h"

#include "model/descriptor.h"

const char *const pgm_check_level_names[] = { "ok", "warning", "blocker", NULL };

const char *const pgm_outcome_names[] = { "done",   "different",   "problems", "refused",
                                          "failed", "interrupted", NULL };

static const PgmField check_fields[] = {
  FIELD (PgmCheck, name, STRING, REQUIRED),
  FIELD_ENUM (PgmCheck, level, pgm_check_level_names, REQUIRED),
  FIELD (PgmCheck, reason, STRING, 0),
  FIELD (PgmCheck, fix_sql, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_check_type = { "check", sizeof (PgmCheck), check_fields };

static const PgmField problem_fields[] = {
  FIELD (PgmProblem, object, STRING, REQUIRED),
  FIELD (PgmProblem, sql, STRING, 0),
  FIELD (PgmProblem, reason, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_problem_type = { "problem", sizeof (PgmProblem), problem_fields };

static const PgmField plan_table_fields[] = {
  FIELD (PgmPlanTable, schema, STRING, REQUIRED), FIELD (PgmPlanTable, name, STRING, REQUIRED),
  FIELD (PgmPlanTable, rows_estimate, INT64, 0),  FIELD (PgmPlanTable, size_bytes, UINT64, 0),
  FIELD (PgmPlanTable, parts, INT64, 0),          FIELD (PgmPlanTable, method, STRING, 0),
  FIELD (PgmPlanTable, indexes, INT64, 0),        FIELD_END,
};

const PgmRecordType pgm_plan_table_type = { "planned table", sizeof (PgmPlanTable),
                                            plan_table_fields };

static const PgmField object_difference_fields[] = {
  FIELD (PgmObjectDifference, object_class, STRING, REQUIRED),
  FIELD (PgmObjectDifference, identity, STRING, REQUIRED),
  FIELD (PgmObjectDifference, state, STRING, REQUIRED),
  FIELD (PgmObjectDifference, source_ddl, STRING, 0),
  FIELD (PgmObjectDifference, destination_ddl, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_object_difference_type = { "object difference",
                                                   sizeof (PgmObjectDifference),
                                                   object_difference_fields };

static const PgmField row_difference_fields[] = {
  FIELD (PgmRowDifference, key, STRING, REQUIRED),
  FIELD (PgmRowDifference, state, STRING, REQUIRED),
  FIELD (PgmRowDifference, source_row, STRING, 0),
  FIELD (PgmRowDifference, destination_row, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_row_difference_type = { "row difference", sizeof (PgmRowDifference),
                                                row_difference_fields };

static const PgmField table_comparison_fields[] = {
  FIELD (PgmTableComparison, schema, STRING, REQUIRED),
  FIELD (PgmTableComparison, name, STRING, REQUIRED),
  FIELD (PgmTableComparison, state, STRING, REQUIRED),
  FIELD (PgmTableComparison, source_rows, INT64, 0),
  FIELD (PgmTableComparison, destination_rows, INT64, 0),
  FIELD (PgmTableComparison, differing_rows, INT64, 0),
  FIELD (PgmTableComparison, seconds, DOUBLE, 0),
  FIELD (PgmTableComparison, reason, STRING, 0),
  FIELD_RECORDS (PgmTableComparison, rows, pgm_row_difference_type, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_table_comparison_type = { "table comparison", sizeof (PgmTableComparison),
                                                  table_comparison_fields };

static const PgmField cutover_step_fields[] = {
  FIELD (PgmCutoverStep, name, STRING, REQUIRED),
  FIELD (PgmCutoverStep, message, STRING, 0),
  FIELD (PgmCutoverStep, at_ms, DOUBLE, 0),
  FIELD (PgmCutoverStep, took_ms, DOUBLE, 0),
  FIELD (PgmCutoverStep, ok, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_cutover_step_type = { "cutover step", sizeof (PgmCutoverStep),
                                              cutover_step_fields };

static const PgmField standing_fields[] = {
  FIELD (PgmStanding, where, STRING, REQUIRED),
  FIELD (PgmStanding, what, STRING, REQUIRED),
  FIELD (PgmStanding, undo_sql, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_standing_type = { "standing object", sizeof (PgmStanding),
                                          standing_fields };

static const PgmField cutover_report_fields[] = {
  FIELD (PgmCutoverReport, done, BOOL, 0),
  FIELD (PgmCutoverReport, proved, BOOL, 0),
  FIELD (PgmCutoverReport, fence, STRING, 0),
  FIELD (PgmCutoverReport, direction, STRING, 0),
  FIELD (PgmCutoverReport, started_at, TIME, 0),
  FIELD (PgmCutoverReport, stopped_ms, DOUBLE, 0),
  FIELD (PgmCutoverReport, longest_wait_ms, DOUBLE, 0),
  FIELD (PgmCutoverReport, first_sentinel, LSN, 0),
  FIELD (PgmCutoverReport, second_sentinel, LSN, 0),
  FIELD (PgmCutoverReport, final_lsn, LSN, 0),
  FIELD (PgmCutoverReport, sequences, INT64, 0),
  FIELD_RECORDS (PgmCutoverReport, steps, pgm_cutover_step_type, 0),
  FIELD_RECORDS (PgmCutoverReport, standing, pgm_standing_type, 0),
  FIELD (PgmCutoverReport, error, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_cutover_report_type = { "cutover report", sizeof (PgmCutoverReport),
                                                cutover_report_fields };

static const PgmField verification_fields[] = {
  FIELD (PgmVerification, started_at, TIME, 0),
  FIELD (PgmVerification, finished_at, TIME, 0),
  FIELD (PgmVerification, equal, BOOL, 0),
  FIELD (PgmVerification, lsn, LSN, OMIT_EMPTY),
  FIELD (PgmVerification, held_ms, DOUBLE, 0),
  FIELD (PgmVerification, percent, DOUBLE, 0),
  FIELD (PgmVerification, activity, STRING, 0),
  FIELD (PgmVerification, tables, INT64, 0),
  FIELD (PgmVerification, differing_tables, INT64, 0),
  FIELD (PgmVerification, rows, UINT64, 0),
  FIELD (PgmVerification, left_out, STRV, OMIT_EMPTY),
  FIELD_RECORDS (PgmVerification, differences, pgm_table_comparison_type, 0),
  FIELD (PgmVerification, error, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_verification_type = { "verification", sizeof (PgmVerification),
                                              verification_fields };

static const PgmField report_fields[] = {
  FIELD (PgmReport, job_id, STRING, 0),
  FIELD (PgmReport, kind, STRING, 0),
  FIELD_ENUM (PgmReport, outcome, pgm_outcome_names, REQUIRED),
  FIELD (PgmReport, exit_status, INT64, 0),
  FIELD (PgmReport, started_at, TIME, 0),
  FIELD (PgmReport, finished_at, TIME, 0),
  FIELD (PgmReport, seconds, DOUBLE, 0),
  FIELD (PgmReport, source, STRING, 0),
  FIELD (PgmReport, destination, STRING, 0),
  FIELD (PgmReport, source_version, STRING, 0),
  FIELD (PgmReport, destination_version, STRING, 0),
  FIELD_RECORDS (PgmReport, checks, pgm_check_type, 0),
  FIELD_RECORDS (PgmReport, plan, pgm_plan_table_type, 0),
  FIELD (PgmReport, tables, UINT64, 0),
  FIELD (PgmReport, rows, UINT64, 0),
  FIELD (PgmReport, bytes, UINT64, 0),
  FIELD (PgmReport, indexes, UINT64, 0),
  FIELD (PgmReport, constraints, UINT64, 0),
  FIELD (PgmReport, sequences, UINT64, 0),
  FIELD (PgmReport, large_objects, UINT64, 0),
  FIELD_RECORDS (PgmReport, problems, pgm_problem_type, 0),
  FIELD_RECORDS (PgmReport, objects, pgm_object_difference_type, 0),
  FIELD_RECORDS (PgmReport, table_comparisons, pgm_table_comparison_type, 0),
  FIELD (PgmReport, objects_compared, UINT64, 0),
  FIELD (PgmReport, transactions, UINT64, OMIT_EMPTY),
  FIELD (PgmReport, changes, UINT64, OMIT_EMPTY),
  FIELD (PgmReport, conflicts, UINT64, OMIT_EMPTY),
  FIELD (PgmReport, applied_lsn, LSN, OMIT_EMPTY),
  FIELD_RECORD (PgmReport, cutover, pgm_cutover_report_type, 0),
  FIELD_RECORD (PgmReport, verification, pgm_verification_type, 0),
  FIELD (PgmReport, error, STRING, 0),
  FIELD (PgmReport, detail, STRING, 0),
  FIELD (PgmReport, hint, STRING, 0),
  FIELD (PgmReport, sqlstate, STRING, 0),
  FIELD (PgmReport, resumable, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_report_type = { "report", sizeof (PgmReport), report_fields };

gboolean
pgm_cutover_step_has_ended (const PgmCutoverStep *self)
{
  return self->ok || self->took_ms > 0 || self->message != NULL;
}

void
pgm_report_add_check (PgmReport *self,
                      const char *name,
                      PgmCheckLevel level,
                      const char *reason,
                      const char *fix_sql)
{
  PgmCheck *check = pgm_record_new (&pgm_check_type);

  check->name = g_strdup (name);
  check->level = (int) level;
  check->reason = g_strdup (reason);
  check->fix_sql = g_strdup (fix_sql);
  g_ptr_array_add (self->checks, check);
}

void
pgm_report_add_problem (PgmReport *self, const char *object, const char *sql, const char *reason)
{
  PgmProblem *problem = pgm_record_new (&pgm_problem_type);

  problem->object = g_strdup (object);
  problem->sql = g_strdup (sql);
  problem->reason = g_strdup (reason);
  g_ptr_array_add (self->problems, problem);
}

gboolean
pgm_report_has_blocker (const PgmReport *self)
{
  for (guint i = 0; i < self->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (self->checks, i);

      if (check->level == PGM_CHECK_BLOCKER)
        return TRUE;
    }
  return FALSE;
}
