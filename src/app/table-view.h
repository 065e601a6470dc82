/* The list of tables with their progress: a GtkColumnView whose rows stay and
 * whose cells change in place. */
#pragma once

#include <gtk/gtk.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_TABLE_VIEW (pgm_table_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmTableView, pgm_table_view, PGM, TABLE_VIEW, GtkWidget)

GtkWidget *pgm_table_view_new (void);

/* Applies only what differs from what is shown; while the view can't be seen, only once
 * it can. */
void pgm_table_view_update (PgmTableView *self, PgmSnapshot *snapshot);
void pgm_table_view_clear (PgmTableView *self);

/* Shows only tables whose name has @text in it, in whatever case; NULL or "": all. */
void pgm_table_view_set_search (PgmTableView *self, const char *text);

/* Of PgmTableRow: those that are shown, in the order of the snapshots. Owned by the view. */
GListModel *pgm_table_view_get_rows (PgmTableView *self);
guint pgm_table_view_get_n_rows (PgmTableView *self);
guint pgm_table_view_get_n_shown (PgmTableView *self);

G_END_DECLS
