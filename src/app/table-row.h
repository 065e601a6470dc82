/* One row of the list of tables. The object stays as long as the table is shown
 * and changes in place; "changed" tells the cells that are bound to it. */
#pragma once

#include <glib-object.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_TABLE_ROW (pgm_table_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmTableRow, pgm_table_row, PGM, TABLE_ROW, GObject)

/* @time: of the snapshot, microseconds since the epoch. */
PgmTableRow *pgm_table_row_new (PgmTableProgress *table, gint64 time);

/* Takes over what is new; emits "changed" only when something is. */
void pgm_table_row_update (PgmTableRow *self, PgmTableProgress *table, gint64 time);

/* Owned by the row, valid until its next update. */
const PgmTableProgress *pgm_table_row_get_table (PgmTableRow *self);

/* Rows per second just now; 0 unless it is being copied. */
double pgm_table_row_get_rate (PgmTableRow *self);

/* @needle: as pgm_table_row_fold() makes it. */
gboolean pgm_table_row_matches (PgmTableRow *self, const char *needle);

/* What is typed, fit for comparing without regard to case. Transfer full. */
char *pgm_table_row_fold (const char *text);

G_END_DECLS
