/* The catalogs of both sides, object by object. */
#pragma once

#include "migration/compare-pair.h"
#include "migration/filter.h"
#include "model/report.h"

G_BEGIN_DECLS

/* Adds what differs to @report->objects and counts report->objects_compared. What
 * hangs on an object that one side does not have at all (its indexes, owner,
 * comments, …) is not told one by one. */
gboolean pgm_compare_schema (PgmComparePair *pair,
                             const PgmCompareOptions *options,
                             PgmFilter *filter,
                             PgmReport *report,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
