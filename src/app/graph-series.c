#include "app/graph-series.h"

#include <math.h>

typedef struct
{
  gint64 time; /* of the last value in it */
  double low;
  double high;
  double last;
} Point;

struct _PgmGraphSeries
{
  Point *points; /* in the order of time */
  guint n_points;
  guint capacity;
};

PgmGraphSeries *
pgm_graph_series_new (guint capacity)
{
  PgmGraphSeries *self = g_new0 (PgmGraphSeries, 1);

  self->capacity = MAX (capacity, 8);
  self->points = g_new (Point, self->capacity);
  return self;
}

void
pgm_graph_series_free (PgmGraphSeries *self)
{
  if (self == NULL)
    return;
  g_free (self->points);
  g_free (self);
}

static Point
merge (const Point *older, const Point *newer)
{
  return (Point){ .time = newer->time,
                  .low = MIN (older->low, newer->low),
                  .high = MAX (older->high, newer->high),
                  .last = newer->last };
}

/* The younger half stays as it is: what happened just now is looked at closely. */
static void
thin (PgmGraphSeries *self)
{
  guint half = self->n_points / 2;
  guint kept = 0;

  for (guint i = 0; i + 1 < half; i += 2)
    self->points[kept++] = merge (&self->points[i], &self->points[i + 1]);
  if (half % 2 == 1)
    self->points[kept++] = self->points[half - 1];
  memmove (&self->points[kept], &self->points[half], (self->n_points - half) * sizeof (Point));
  self->n_points -= half - kept;
}

static void
add_point (PgmGraphSeries *self, const Point *point)
{
  if (self->n_points > 0 && point->time <= self->points[self->n_points - 1].time)
    return;
  if (self->n_points == self->capacity)
    thin (self);
  self->points[self->n_points++] = *point;
}

void
pgm_graph_series_add (PgmGraphSeries *self, gint64 time, double value)
{
  double clean = isfinite (value) && value > 0 ? value : 0;
  Point point = { .time = time, .low = clean, .high = clean, .last = clean };

  add_point (self, &point);
}

void
pgm_graph_series_prepend (PgmGraphSeries *self,
                          const gint64 *times,
                          const double *values,
                          guint count)
{
  g_autofree Point *own = self->points;
  guint n_own = self->n_points;
  gint64 before = n_own > 0 ? own[0].time : G_MAXINT64;

  self->points = g_new (Point, self->capacity);
  self->n_points = 0;
  for (guint i = 0; i < count; i++)
    if (times[i] < before)
      pgm_graph_series_add (self, times[i], values[i]);
  for (guint i = 0; i < n_own; i++)
    add_point (self, &own[i]);
}

guint
pgm_graph_series_get_n_points (const PgmGraphSeries *self)
{
  return self->n_points;
}

gint64
pgm_graph_series_get_first (const PgmGraphSeries *self)
{
  return self->n_points > 0 ? self->points[0].time : 0;
}

gint64
pgm_graph_series_get_last (const PgmGraphSeries *self)
{
  return self->n_points > 0 ? self->points[self->n_points - 1].time : 0;
}

double
pgm_graph_series_get_last_value (const PgmGraphSeries *self)
{
  return self->n_points > 0 ? self->points[self->n_points - 1].last : 0;
}

/* The first point at or after @time, or their number. */
static guint
find (const PgmGraphSeries *self, gint64 time)
{
  guint low = 0, high = self->n_points;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (self->points[middle].time < time)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
add_to_column (PgmGraphColumn *column, double low, double high, double last)
{
  column->low = column->filled ? MIN (column->low, low) : low;
  column->high = column->filled ? MAX (column->high, high) : high;
  column->last = last;
  column->filled = TRUE;
}

/* Where there are fewer points than pixels, the line between two of them. */
static void
fill_between (PgmGraphColumn *columns,
              double from_column,
              double to_column,
              guint count,
              const Point *from,
              const Point *to)
{
  gint64 first = (gint64) MAX (floor (from_column) + 1, 0);
  gint64 end = (gint64) MIN (floor (to_column), (double) count);

  for (gint64 i = first; i < end; i++)
    {
      double share = ((double) i + 0.5 - from_column) / (to_column - from_column);
      double value = from->last + (to->last - from->last) * CLAMP (share, 0, 1);

      add_to_column (&columns[i], value, value, value);
    }
}

double
pgm_graph_series_read (const PgmGraphSeries *self,
                       gint64 from,
                       gint64 to,
                       PgmGraphColumn *columns,
                       guint count)
{
  double per_column = count > 0 ? (double) (to - from) / count : 0;
  guint start = find (self, from);
  double greatest = 0;

  for (guint i = 0; i < count; i++)
    columns[i] = (PgmGraphColumn){ .filled = FALSE };
  if (per_column <= 0)
    return 0;
  for (guint i = start > 0 ? start - 1 : 0; i < self->n_points; i++)
    {
      const Point *point = &self->points[i];
      double place = (double) (point->time - from) / per_column;

      if (place >= 0 && place < count)
        add_to_column (&columns[(guint) place], point->low, point->high, point->last);
      if (place >= count)
        break;
      if (i + 1 < self->n_points)
        fill_between (columns, place, (double) (self->points[i + 1].time - from) / per_column,
                      count, point, &self->points[i + 1]);
    }
  for (guint i = 0; i < count; i++)
    if (columns[i].filled)
      greatest = MAX (greatest, columns[i].high);
  return greatest;
}
