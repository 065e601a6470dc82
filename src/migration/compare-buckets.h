/* Which parts of a differing table have to be looked at row by row. See
 * compare-rows.h for how. */
#pragma once

#include "migration/compare-rows.h"

G_BEGIN_DECLS

typedef struct _PgmCompareBuckets PgmCompareBuckets;

/* @rows: about how many there are on the larger side. */
PgmCompareBuckets *pgm_compare_buckets_find (PgmComparePair *pair,
                                             const PgmCompareScope *scope,
                                             gint64 rows,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_compare_buckets_free (PgmCompareBuckets *self);

/* Conditions on alias t, one a side, for the next rows to look at, a bounded
 * number of them. FALSE at the end. Transfer full. */
gboolean
pgm_compare_buckets_next (PgmCompareBuckets *self, char **source_where, char **destination_where);

/* FALSE when there was more that differs than is looked at. */
gboolean pgm_compare_buckets_is_complete (PgmCompareBuckets *self);

/* "(a, b)", or NULL when the whole row has to be the key. */
const char *pgm_compare_buckets_get_key (PgmCompareBuckets *self);

/* SQL for one side: the key's text (NULL without a key), the row's hash, and what
 * to order rows by. Transfer full. */
char *pgm_compare_buckets_key_sql (PgmCompareBuckets *self, PgmEnd end);
char *pgm_compare_buckets_hash_sql (PgmCompareBuckets *self, PgmEnd end);
char *pgm_compare_buckets_order_sql (PgmCompareBuckets *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmCompareBuckets, pgm_compare_buckets_free)

G_END_DECLS
