/* A migration in words and as JSON, for a change ticket. Everything that came from a
 * server stands on one line and holds nothing invisible. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

/* One cutover with its steps and its proof. Transfer full. */
char *pgm_report_cutover_to_text (const PgmCutoverReport *cutover);

/* @report is NULL while the job runs, @snapshot may be NULL once it has ended; @cutovers:
 * PgmCutoverReport of all that were tried, in their order. Transfer full. */
char *pgm_report_job_to_text (const PgmJobInfo *info,
                              const PgmSnapshot *snapshot,
                              const PgmReport *report,
                              const GPtrArray *cutovers);
char *pgm_report_job_to_json (const PgmSnapshot *snapshot, const PgmReport *report);

G_END_DECLS
