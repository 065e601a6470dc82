/* A graph over time: the newest minute or hour, or everything, or a part that was
 * dragged over; marks for events; the value under the pointer or, with the arrow
 * keys, under a cursor. Plus and minus zoom at the cursor, Escape shows all of the
 * span again. Drawn only while it can be seen. */
#pragma once

#include <gtk/gtk.h>

#include "app/graph-series.h"

G_BEGIN_DECLS

#define PGM_TYPE_GRAPH_VIEW (pgm_graph_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmGraphView, pgm_graph_view, PGM, GRAPH_VIEW, GtkWidget)

typedef enum
{
  PGM_GRAPH_BYTES,
  PGM_GRAPH_ROW_RATE,
} PgmGraphUnit;

typedef enum
{
  PGM_GRAPH_MINUTE,
  PGM_GRAPH_HOUR,
  PGM_GRAPH_ALL,
} PgmGraphSpan;

/* @title: for people who don't see it. */
void pgm_graph_view_set_up (PgmGraphView *self, const char *title, PgmGraphUnit unit);

/* Times are microseconds since the epoch. */
void pgm_graph_view_add (PgmGraphView *self, gint64 time, double value);
void
pgm_graph_view_prepend (PgmGraphView *self, const gint64 *times, const double *values, guint count);

/* Something happened; @text is shown as it is. The newest 200 stay. */
void pgm_graph_view_mark (PgmGraphView *self, gint64 time, const char *text);

/* Shows its newest part again. */
void pgm_graph_view_set_span (PgmGraphView *self, PgmGraphSpan span);

void pgm_graph_view_zoom (PgmGraphView *self, gint64 from, gint64 to);
void pgm_graph_view_unzoom (PgmGraphView *self);

/* Signal "zoom-changed" () tells when this changes. */
gboolean pgm_graph_view_is_zoomed (PgmGraphView *self);

/* What is shown just now. */
void pgm_graph_view_get_range (PgmGraphView *self, gint64 *from, gint64 *to);

/* Transfer full. */
char *pgm_graph_view_format_value (PgmGraphView *self, double value);
char *pgm_graph_view_format_last (PgmGraphView *self);

/* Microseconds that the newest drawings took, median; 0 before the first. */
gint64 pgm_graph_view_get_draw_time (PgmGraphView *self);
guint pgm_graph_view_get_n_points (PgmGraphView *self);

G_END_DECLS
