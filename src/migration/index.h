/* Indexes and the constraints they carry, built from the source's definitions
 * while other tables are still being copied.
 *
 * A small table gets all its indexes in one string (one round trip, one
 * transaction; several small tables together when many wait). Of a large table
 * every index is a task of its own, so that several workers build at once over
 * the same rows; unique and primary keys are then plain CREATE UNIQUE INDEX and
 * become constraints by ADD CONSTRAINT … USING INDEX when the table's last index
 * is there. Exclusion constraints, WITHOUT OVERLAPS and the constraints of
 * partitioned tables can't be made that way and are added directly.
 *
 * Partitioned indexes: the leaves' own indexes first, under their own names;
 * the parents' ON ONLY and ATTACH PARTITION when all leaves are done.
 *
 * An index that is invalid on the source is not made, and reported. What exists
 * on the destination already (by schema and name) is skipped. Indexes of
 * materialized views are made by matviews.c.
 *
 * A failing object becomes a problem of the report, by name and with its SQL,
 * and the others go on. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

typedef struct _PgmIndexPool PgmIndexPool;

/* Call after the schema is restored. @workers threads (at least 1), each with a
 * destination session of its own ("index-1" …), opened when first needed.
 * @n_copiers: copying sessions that the destination carries at the same time.
 * Reads once what exists on the destination. Sets the progress' index total. */
PgmIndexPool *pgm_index_pool_new (PgmCloneContext *ctx,
                                  guint workers,
                                  guint n_copiers,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the threads (cancelling what runs when not finished). */
void pgm_index_pool_free (PgmIndexPool *self);

/* All rows of @table are committed. Any thread; returns at once. Every table of
 * the catalog must be added once, partitioned ones too (or left out: their
 * indexes are made by finish). */
void pgm_index_pool_add_table (PgmIndexPool *self, PgmTable *table);

/* One of the copying sessions ends, having nothing more to take. What it leaves
 * free goes to the indexes: those of large tables may use more processes, and
 * where many small tables wait another thread joins in for them (building small
 * indexes is mostly waiting for the disk). At most @n_copiers times; before the
 * last tables are added, so that these profit too. Any thread. */
void pgm_index_pool_copier_done (PgmIndexPool *self);

/* TRUE once a worker met an error that ends the whole (lost connection); a
 * copier may look at it between tables. */
gboolean pgm_index_pool_has_failed (PgmIndexPool *self);

/* Waits for everything added, then makes the partitioned indexes. FALSE when
 * cancelled or when a connection was lost. */
gboolean pgm_index_pool_finish (PgmIndexPool *self,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole of @table's indexes as one SQL string ("…;…;"), "" when it has none
 * to make: for a copier that builds a small table's indexes in the very
 * transaction of its COPY. When that transaction commits, tell it with
 * pgm_index_pool_table_built(), else just add the table. Not for partitioned
 * tables. Any thread. Transfer full. */
char *pgm_index_pool_table_sql (PgmIndexPool *self, PgmTable *table);
void pgm_index_pool_table_built (PgmIndexPool *self, PgmTable *table);

/* Builds all indexes of @table on @destination (no transaction open), without
 * the pool's threads. One failing index is a problem of the report, no error. */
gboolean pgm_index_pool_build_table (PgmIndexPool *self,
                                     PgmConnection *destination,
                                     PgmTable *table,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmIndexPool, pgm_index_pool_free)

G_END_DECLS
