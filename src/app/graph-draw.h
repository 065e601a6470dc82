/* How a graph is drawn: scale, grid, curve, marks, texts. Only for graph-view.c. */
#pragma once

#include <gtk/gtk.h>

#include "app/graph-series.h"

G_BEGIN_DECLS

typedef struct
{
  double x;
  const char *text;
} PgmGraphMark;

typedef struct
{
  int width;
  int height;
  const PgmGraphColumn *columns; /* one a pixel */
  double top;                    /* value at the upper edge, above 0 */
  const char *top_text;
  const char *from_text; /* times at the left and right edge */
  const char *to_text;
  const PgmGraphMark *marks;
  guint n_marks;
  double cursor; /* x, or below 0 */
  const char *cursor_text;
  double drag_from; /* the same for the part being dragged over */
  double drag_to;
} PgmGraphDrawing;

void pgm_graph_draw (GtkWidget *widget, GtkSnapshot *snapshot, const PgmGraphDrawing *drawing);

/* The next round number: of powers of two of bytes, or of powers of ten. Never 0. */
double pgm_graph_round_up (double value, gboolean binary);

G_END_DECLS
