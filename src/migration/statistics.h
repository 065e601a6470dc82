/* Planner statistics as the source has them, instead of a sample of every table:
 * a destination from 18 on takes them (pg_restore_attribute_stats()).
 *
 * They are read from pg_stats, which every supported source has. pg_dump 18 could
 * dump them as well; rejected, since it hands over relpages and reltuples of the
 * source, which tell of its bloat (rows per page decide what the planner expects
 * of a table), and says nothing about what it leaves out. Here the pages are
 * counted on the destination, and a table whose statistics wouldn't be complete
 * is left to ANALYZE: never analyzed, much changed since, a column or an
 * expression of an index without statistics or not readable for us, extended
 * statistics (no function takes those in 18).
 *
 * Nothing is carried between databases that sort text differently, or into tables
 * that aren't of our making (--data-only). */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* The set of tables (PgmTable of the catalog, borrowed) that need no ANALYZE any
 * more; empty when nothing can be carried. Opens @workers sessions a side
 * ("statistics-1" …). Transfer full. */
GHashTable *pgm_statistics_carry (PgmCloneContext *ctx,
                                  guint workers,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
