/* One row of the list of tables. The object stays as long as the table is shown
 * and changes in place; "changed" tells the cells that are bound to it. */
#pragma once

#include <glib-object.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_TABLE_ROW (pgm_table_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmTableRow, pgm_table_row, PGM, TABLE_ROW, GObject)

PgmTableRow *pgm_table_row_new (PgmTableProgress *table);

/* Takes over what is new; emits "changed" only when something is. */
void pgm_table_row_update (PgmTableRow *self, PgmTableProgress *table);

/* Owned by the row, valid until its next update. */
const PgmTableProgress *pgm_table_row_get_table (PgmTableRow *self);

G_END_DECLS
