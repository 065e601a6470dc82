/* The report of a cutover while it is made: each step with its times, shown to the
 * faces as it goes (immutable copies) and kept in the job's report at the end. */
#pragma once

#include "migration/progress.h"
#include "model/report.h"
#include "model/request.h"

G_BEGIN_DECLS

typedef struct _PgmCutoverLog PgmCutoverLog;

PgmCutoverLog *pgm_cutover_log_new (PgmProgress *progress, PgmFence fence, gboolean back);
void pgm_cutover_log_free (PgmCutoverLog *self);

/* The report to be filled in by the caller (borrowed); it becomes visible with the
 * next step. Steps are only added by the functions below. */
PgmCutoverReport *pgm_cutover_log_get_report (PgmCutoverLog *self);

/* Ends the step before, if it is open, as one that went well. */
void pgm_cutover_log_begin (PgmCutoverLog *self, const char *name);
void pgm_cutover_log_done (PgmCutoverLog *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Ends the open step as the one that failed. */
void pgm_cutover_log_fail (PgmCutoverLog *self, const GError *error);
/* The step that is open or was the last. */
const char *pgm_cutover_log_get_step (PgmCutoverLog *self);

/* From now on the application waits; and not any more. The longest such time is kept
 * as longest_wait_ms. */
void pgm_cutover_log_stopped (PgmCutoverLog *self);
void pgm_cutover_log_resumed (PgmCutoverLog *self);
/* Milliseconds since it was stopped; 0 when it is not. */
double pgm_cutover_log_get_stopped_ms (PgmCutoverLog *self);

void pgm_cutover_log_add_standing (PgmCutoverLog *self,
                                   const char *where,
                                   const char *what,
                                   const char *undo_sql);

/* Shows what there is now. */
void pgm_cutover_log_publish (PgmCutoverLog *self);

/* A copy that is never changed again. Transfer full. */
PgmCutoverReport *pgm_cutover_log_copy (PgmCutoverLog *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmCutoverLog, pgm_cutover_log_free)

G_END_DECLS
