/* Which indexes each table needs, and the SQL that makes them.
 *
 * Read once: the source's definitions come with the catalog; what the catalog
 * does not tell (storage parameters of keys, statistics targets of index
 * columns, extension dependencies) and what exists on the destination already
 * is read by pgm_index_plan_read(). Immutable afterwards. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

typedef struct
{
  PgmIndex *index; /* of the catalog */
  PgmTable *table;
  char *tablespace; /* NULL: the default, also when missing on the destination */
  char *parameters; /* "fillfactor='70'", of a key; or NULL */
  char *afterwards; /* statements on the finished index, each ended by ';'; or NULL */
  gboolean exists;  /* on the destination */
  gboolean constraint_exists;
} PgmIndexItem;

typedef struct _PgmIndexPlan PgmIndexPlan;

PgmIndexPlan *pgm_index_plan_read (PgmCloneContext *ctx,
                                   PgmConnection *source,
                                   PgmConnection *destination,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_index_plan_free (PgmIndexPlan *self);

/* PgmIndexItem of @table, empty when it has none. Indexes that are invalid on
 * the source are not among them. */
GPtrArray *pgm_index_plan_items (PgmIndexPlan *self, const PgmTable *table);
/* All, materialized views' left out. */
guint pgm_index_plan_count (PgmIndexPlan *self);
/* The item of an index of the source, or NULL. */
PgmIndexItem *pgm_index_plan_find (PgmIndexPlan *self, guint32 index_oid);
/* Items attached to a partitioned index, or NULL. */
GPtrArray *pgm_index_plan_children (PgmIndexPlan *self, const PgmIndexItem *parent);
/* search_path that sessions of the source's database have by default. */
const char *pgm_index_plan_search_path (PgmIndexPlan *self);

/* Can it be built as a plain index first and be made a constraint afterwards? */
gboolean pgm_index_item_is_splittable (const PgmIndexItem *item);
/* Each appends statements ended by ';', or nothing when there is nothing to do.
 * append_build: only the index itself; append_finish: the constraint out of that
 * index, and what follows; append_whole: both at once, the shortest way. */
void pgm_index_item_append_build (const PgmIndexItem *item, GString *sql);
void pgm_index_item_append_finish (const PgmIndexItem *item, GString *sql);
void pgm_index_item_append_whole (const PgmIndexItem *item, GString *sql);

/* "index shop.orders_idx" or "constraint orders_pkey on shop.orders". */
char *pgm_index_item_describe (const PgmIndexItem *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmIndexPlan, pgm_index_plan_free)

G_END_DECLS
