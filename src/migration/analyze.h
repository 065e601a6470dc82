/* Planner statistics for what was copied: the source's own where they can be had
 * (statistics.h), else ANALYZE, largest tables first, many small ones in one
 * statement, partition trees by their root. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* Opens @workers sessions ("analyze-1" …). */
gboolean pgm_analyze_run (PgmCloneContext *ctx,
                          guint workers,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
