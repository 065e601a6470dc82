/* Building indexes on one session, with the failing one found and reported. */
#pragma once

#include "migration/index-plan.h"

G_BEGIN_DECLS

typedef struct
{
  PgmCloneContext *ctx;
  PgmIndexPlan *plan;
  PgmConnection *destination; /* no transaction open */
} PgmIndexBuilder;

/* All @items (PgmIndexItem, of any number of tables) in one transaction; when
 * that fails, each in its own. FALSE only for fatal errors. */
gboolean pgm_index_build_items (PgmIndexBuilder *self,
                                GPtrArray *items,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Only the index of @item, that a constraint may be made of later. @made: FALSE
 * when it failed and is a problem of the report. */
gboolean pgm_index_build_alone (PgmIndexBuilder *self,
                                PgmIndexItem *item,
                                gboolean *made,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Constraints out of the indexes of @items, and what follows. */
gboolean pgm_index_build_finish (PgmIndexBuilder *self,
                                 GPtrArray *items,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes in report and progress that @item is there. */
void pgm_index_build_count (PgmCloneContext *ctx, const PgmIndexItem *item);

/* The partitioned tables' own indexes, and the attachment of their partitions'. */
gboolean pgm_index_build_partitioned (PgmIndexBuilder *self,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
