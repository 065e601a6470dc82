/* A column of plain text in a list of many rows: one GtkInscription a cell, filled when
 * it is bound and never measured by its text. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct
{
  const char *title; /* N_() */
  float xalign;
  int width;                          /* -1: what is left */
  char *(*text) (gpointer item);      /* transfer full */
  GCompareDataFunc compare;           /* NULL: can't be sorted by it */
  const char *(*css) (gpointer item); /* a class for the cell; NULL: none */
} PgmColumn;

/* @column is static. */
void pgm_column_append (GtkColumnView *view, const PgmColumn *column);

/* Titles of numbers stand above them, at the right; after the last was appended. */
void pgm_column_align_titles (GtkColumnView *view, const PgmColumn *columns, guint n_columns);

G_END_DECLS
