/* The rows of a list of tables as a list model, made for tens of thousands of them: a
 * search is one pass over names that were folded before, and one change of the list. */
#pragma once

#include <gio/gio.h>

#include "app/table-row.h"

G_BEGIN_DECLS

#define PGM_TYPE_TABLE_LIST (pgm_table_list_get_type ())
G_DECLARE_FINAL_TYPE (PgmTableList, pgm_table_list, PGM, TABLE_LIST, GObject)

PgmTableList *pgm_table_list_new (void);

/* Behind those that are there; takes @row. What was added is seen after _added(). */
void pgm_table_list_add (PgmTableList *self, PgmTableRow *row);
void pgm_table_list_added (PgmTableList *self);
void pgm_table_list_clear (PgmTableList *self);

/* @needle: as pgm_table_row_fold() makes it; NULL: all are shown. */
void pgm_table_list_search (PgmTableList *self, const char *needle);

/* All, shown or not, in the order of their adding. Borrowed. */
guint pgm_table_list_get_n_all (PgmTableList *self);
PgmTableRow *pgm_table_list_get_row (PgmTableList *self, guint index);

G_END_DECLS
