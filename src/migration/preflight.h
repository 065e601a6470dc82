/* Everything that can be known to go wrong before anything is touched. Only
 * reads, on both sides. */
#pragma once

#include "migration/ends.h"
#include "migration/filter.h"
#include "model/report.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

/* Adds one PgmCheck per check to @report->checks. FALSE only when a check could
 * not be made at all (connection lost, cancelled); a blocker is no error here.
 * @catalog: of the source, already filtered or not; @filter says what is taken. */
gboolean pgm_preflight_run (PgmEnds *ends,
                            const PgmJobSpec *spec,
                            PgmConnection *source,
                            PgmConnection *destination,
                            PgmCatalog *catalog,
                            PgmFilter *filter,
                            PgmReport *report,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
