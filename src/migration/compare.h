/* The comparison: catalogs object by object, tables by digest under one
 * snapshot a side. Blocking, for a worker thread of the engine. */
#pragma once

#include "migration/progress.h"
#include "model/job.h"
#include "model/report.h"

G_BEGIN_DECLS

/* Fills @report (objects, table_comparisons); outcome DONE or DIFFERENT. FALSE
 * only when the comparison itself could not be made. */
gboolean pgm_compare_run (const PgmJobSpec *spec,
                          PgmProgress *progress,
                          PgmReport *report,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
