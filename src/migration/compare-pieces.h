/* The digest of one pair of tables, taken in pieces, so that several workers share
 * a large table, progress moves within it, and a piece that fails is soon over.
 *
 * A side is cut by its own ranges of blocks: a digest is a sum, so it doesn't
 * matter that the same row lies in another piece on the other side. Ranges of a
 * key on both sides were rejected: read through an index they cost a sixth more
 * of every table that is equal, and far more where rows don't lie in the key's
 * order; to search a difference is the task of compare-buckets.h. Servers below 14
 * can't read a range of blocks: such a side is one piece, by a parallel query. */
#pragma once

#include "migration/compare-rows.h"
#include "migration/compare-units.h"
#include "migration/digest.h"

G_BEGIN_DECLS

typedef struct
{
  const PgmCompareUnit *unit;
  PgmCompareScope scope;
  GStrv source; /* conditions; NULL: that side in one piece */
  GStrv destination;
  guint n; /* pieces of the side that has more */

  /* Under the lock of whoever shares it out. */
  guint next; /* to take */
  guint left; /* not done */
  gint64 started;
  PgmDigest of_source; /* of the pieces done */
  PgmDigest of_destination;
  GError *error; /* of the first piece that failed */
} PgmComparePieces;

/* @piece_bytes: wanted per piece. Borrows @unit and @ends. */
PgmComparePieces *pgm_compare_pieces_new (const PgmCompareUnit *unit,
                                          PgmEnds *ends,
                                          guint64 piece_bytes,
                                          gboolean md5,
                                          gboolean to_utf8);
void pgm_compare_pieces_free (PgmComparePieces *self);

/* Digests piece @number (0 … n - 1) on both sides at once; a side that has no
 * such piece gives an empty digest. */
gboolean pgm_compare_pieces_read (const PgmComparePieces *self,
                                  guint number,
                                  PgmComparePair *pair,
                                  PgmDigest *source,
                                  PgmDigest *destination,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

const PgmTable *pgm_compare_pieces_get_table (const PgmComparePieces *self);

G_END_DECLS
