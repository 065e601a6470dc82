/* Two sessions that see one moment each: one on the source, one on the
 * destination, both under the snapshot that a keeper session holds open. What is
 * asked of both is asked at the same time, the source from a thread of its own.
 *
 * A statement that fails ends its transaction; the pair then imports the snapshot
 * again, so that the next table can be compared. Text comes as UTF-8 whatever
 * the databases' encodings, so that names and rows can be compared and shown.
 */
#pragma once

#include "migration/ends.h"
#include "postgres/snapshot.h"

G_BEGIN_DECLS

typedef struct
{
  PgmEnds *ends; /* borrowed */
  PgmConnection *source;
  PgmConnection *destination;
  char *source_snapshot; /* exported or imported identifier */
  char *destination_snapshot;
} PgmComparePair;

/* Opens both sessions and exports a snapshot from each: the keeper. */
PgmComparePair *pgm_compare_pair_export (PgmEnds *ends,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Opens both sessions under the snapshots of @keeper, which must outlive it. */
PgmComparePair *pgm_compare_pair_import (PgmComparePair *keeper,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_compare_pair_free (PgmComparePair *self);

/* The same in steps: both sessions, then a snapshot of each side when its moment has
 * come: that of now, or @snapshot of another session there. */
PgmComparePair *pgm_compare_pair_new (PgmEnds *ends,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_compare_pair_hold (PgmComparePair *self,
                                PgmEnd end,
                                const char *snapshot,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

PgmConnection *pgm_compare_pair_get (PgmComparePair *self, PgmEnd end);

/* Runs one statement a side, at the same time. NULL for either statement leaves
 * that side out (its result is NULL). On failure both sides are usable again
 * unless lost; the error is the source's when both failed. */
gboolean pgm_compare_pair_query (PgmComparePair *self,
                                 const char *source_sql,
                                 const char *destination_sql,
                                 PgmResult **source_result,
                                 PgmResult **destination_result,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins anew under the same snapshot after a statement has failed. */
gboolean pgm_compare_pair_recover (PgmComparePair *self,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Would every further statement fail as well? */
gboolean pgm_compare_error_is_fatal (const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmComparePair, pgm_compare_pair_free)

G_END_DECLS
