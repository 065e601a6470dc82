/* A thin bar for a cell of a list: it only draws, so that many of them can change at
 * once. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_PROGRESS_CELL (pgm_progress_cell_get_type ())
G_DECLARE_FINAL_TYPE (PgmProgressCell, pgm_progress_cell, PGM, PROGRESS_CELL, GtkWidget)

GtkWidget *pgm_progress_cell_new (void);

/* 0 to 1. */
void pgm_progress_cell_set_fraction (PgmProgressCell *self, double fraction);
double pgm_progress_cell_get_fraction (PgmProgressCell *self);

G_END_DECLS
