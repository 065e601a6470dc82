/* The clone: preflight, schema, copy, indexes, the rest. Blocking, for a worker
 * thread of the engine. */
#pragma once

#include "migration/progress.h"
#include "model/job.h"
#include "model/report.h"

G_BEGIN_DECLS

/* Always fills @report as far as it came (checks, plan, counts, problems). FALSE
 * with an error when the clone did not come to its end; a blocker found by
 * preflight is PGM_ERROR_REFUSED. */
gboolean pgm_clone_run (const PgmJobSpec *spec,
                        PgmProgress *progress,
                        PgmReport *report,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
