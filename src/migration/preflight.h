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

/* The part of it that concerns following only, for a job without a clone. With
 * spec->follow set, pgm_preflight_run() does it, too. */
gboolean pgm_preflight_run_follow (PgmEnds *ends,
                                   const PgmJobSpec *spec,
                                   PgmConnection *source,
                                   PgmConnection *destination,
                                   PgmCatalog *catalog,
                                   PgmFilter *filter,
                                   PgmReport *report,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE with what stands in the way, all blockers in one PGM_ERROR_REFUSED. */
gboolean pgm_preflight_refuse (const PgmReport *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
