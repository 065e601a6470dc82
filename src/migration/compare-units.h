/* What is compared with what: tables of both catalogs, paired by name. */
#pragma once

#include "migration/compare-pair.h"
#include "migration/filter.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct
{
  const PgmTable *source; /* NULL: on the other side only */
  const PgmTable *destination;
  guint64 weight; /* bytes, of the larger side; at least 1 */
} PgmCompareUnit;

/* PgmCompareUnit, largest first. The catalogs must outlive it. Left out: views
 * and foreign tables, materialized views that hold nothing on both sides, and
 * partitions that are compared as part of their tree. Transfer full. */
GPtrArray *pgm_compare_units_new (PgmComparePair *pair,
                                  PgmCatalog *source,
                                  PgmCatalog *destination,
                                  PgmFilter *filter,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
