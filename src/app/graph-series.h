/* What a graph shows: values over time, as many as fit into a fixed number of
 * points. When it is full, neighbours of the older half become one point that keeps
 * the least and the greatest of both, so a peak never disappears and memory never
 * grows. Not thread-safe. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PgmGraphSeries PgmGraphSeries;

/* What one pixel column shows; @filled FALSE: nothing was measured there. */
typedef struct
{
  double low;
  double high;
  double last;
  gboolean filled;
} PgmGraphColumn;

/* @capacity: points, at least 8. */
PgmGraphSeries *pgm_graph_series_new (guint capacity);
void pgm_graph_series_free (PgmGraphSeries *self);

/* @time: microseconds since the epoch, later than the last one (others are left out).
 * A value that is not finite or negative counts as 0. */
void pgm_graph_series_add (PgmGraphSeries *self, gint64 time, double value);

/* Puts @count values of before its first point in front of it. */
void pgm_graph_series_prepend (PgmGraphSeries *self,
                               const gint64 *times,
                               const double *values,
                               guint count);

guint pgm_graph_series_get_n_points (const PgmGraphSeries *self);

/* 0 while it is empty. */
gint64 pgm_graph_series_get_first (const PgmGraphSeries *self);
gint64 pgm_graph_series_get_last (const PgmGraphSeries *self);
double pgm_graph_series_get_last_value (const PgmGraphSeries *self);

/* Least and greatest for each of @count equal columns of [@from, @to). Columns between
 * two points are filled with what lies between both. Returns the greatest of all. */
double pgm_graph_series_read (const PgmGraphSeries *self,
                              gint64 from,
                              gint64 to,
                              PgmGraphColumn *columns,
                              guint count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmGraphSeries, pgm_graph_series_free)

G_END_DECLS
