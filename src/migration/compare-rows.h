/* From "these two tables differ" to the rows that do.
 *
 * One pass over each side digests the rows by bucket, so that a table is read a
 * second time only, however large: buckets are ranges of an integer key (its
 * order is the same everywhere; a range is read again through the index and
 * halved further while it holds too many rows), or else of the hash of the key's
 * text, since no other order is independent of collations. Without a key the
 * whole row is the key, and rows are a bag: how often each is there counts.
 */
#pragma once

#include "migration/compare-pair.h"
#include "model/report.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

/* How both sides of one table are read. */
typedef struct
{
  const PgmTable *source;
  const PgmTable *destination;
  GPtrArray *columns; /* names that both have, in one order */
  const char *where;  /* SQL on alias t, or NULL */
  gboolean md5;
  gboolean to_utf8;
} PgmCompareScope;

/* Fills in @comparison->rows (up to @max_rows) and differing_rows: exact, or -1
 * when there are too many to look at each. */
gboolean pgm_compare_rows (PgmComparePair *pair,
                           const PgmCompareScope *scope,
                           guint max_rows,
                           PgmTableComparison *comparison,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
