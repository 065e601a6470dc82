/* Removes everything of ours from both sides: slots, publications, origins, and
 * the schema "pgmanager" of the destination with what is in it. By the state that
 * the job has kept there, and by name for what no state tells of. Refused while a
 * job runs into that destination. What a cutover has left is given to it first. */
#pragma once

#include "migration/progress.h"
#include "model/job.h"
#include "model/report.h"

G_BEGIN_DECLS

/* One check of level OK in @report for each thing that was removed. Fine when there
 * is nothing. */
gboolean pgm_cleanup_run (const PgmJobSpec *spec,
                          PgmProgress *progress,
                          PgmReport *report,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
