/* The list of tables with their progress: a GtkColumnView whose rows stay and
 * whose cells change in place. */
#pragma once

#include <gtk/gtk.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_TABLE_VIEW (pgm_table_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmTableView, pgm_table_view, PGM, TABLE_VIEW, GtkWidget)

GtkWidget *pgm_table_view_new (void);

/* Applies only what differs from what is shown. */
void pgm_table_view_update (PgmTableView *self, const PgmSnapshot *snapshot);
void pgm_table_view_clear (PgmTableView *self);
/* Of PgmTableRow, in the order of the snapshots. Owned by the view. */
GListModel *pgm_table_view_get_rows (PgmTableView *self);
guint pgm_table_view_get_n_rows (PgmTableView *self);

G_END_DECLS
