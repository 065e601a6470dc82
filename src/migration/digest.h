/* The digest of a table: count(*) and the sum of hashtextextended() over the
 * text of each row, which does not depend on the order of rows. Used by compare
 * and by --resume to decide whether a table that was copied still equals the
 * source under a new snapshot. */
#pragma once

#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 rows;
  char *sum; /* numeric as text, NULL for an empty table */
} PgmDigest;

void pgm_digest_clear (PgmDigest *self);
gboolean pgm_digest_equal (const PgmDigest *a, const PgmDigest *b);

/* Digests the rows of @table that satisfy @where (SQL without WHERE; NULL: all).
 * Both sides must use the same @columns (names) in the same order, the same
 * @md5 (TRUE when either side is PostgreSQL 10) and the same @to_utf8 (TRUE when
 * the database encodings differ). */
gboolean pgm_digest_read (PgmConnection *connection,
                          const PgmTable *table,
                          GPtrArray *columns,
                          const char *where,
                          gboolean md5,
                          gboolean to_utf8,
                          PgmDigest *digest,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
