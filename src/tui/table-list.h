/* The tables of a snapshot in the order and choice of whoever looks at them. Only the
 * order is computed for all of them; they are drawn where they are seen. Not for other
 * rooms. */
#pragma once

#include "model/snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_TABLE_ORDER_STATE, /* what is copied now, then what waits, then what is done */
  PGM_TABLE_ORDER_NAME,
  PGM_TABLE_ORDER_SIZE,
  PGM_TABLE_ORDER_ROWS,
  PGM_TABLE_ORDER_PERCENT,
  PGM_TABLE_ORDER_TIME,
} PgmTableOrder;

#define PGM_N_TABLE_ORDERS (PGM_TABLE_ORDER_TIME + 1)

typedef struct _PgmTableList PgmTableList;

PgmTableList *pgm_table_list_new (void);
void pgm_table_list_free (PgmTableList *self);

/* The next call of get_length() or get() orders anew. @snapshot may be NULL. */
void pgm_table_list_set_snapshot (PgmTableList *self, PgmSnapshot *snapshot);
void pgm_table_list_set_order (PgmTableList *self, PgmTableOrder order, gboolean reversed);

/* Part of "schema.name", whatever the case; NULL or "" for all. */
void pgm_table_list_set_filter (PgmTableList *self, const char *filter);

PgmTableOrder pgm_table_list_get_order (const PgmTableList *self);
gboolean pgm_table_list_is_reversed (const PgmTableList *self);
guint pgm_table_list_get_length (PgmTableList *self);
const PgmTableProgress *pgm_table_list_get (PgmTableList *self, guint index);

/* Does @text have @filter in it, whatever the case of either? TRUE without one. */
gboolean pgm_filter_matches (const char *filter, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmTableList, pgm_table_list_free)

G_END_DECLS
