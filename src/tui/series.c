#include "tui/series.h"

#include <math.h>

/* In place of a value. */
#define UNKNOWN (-1.0)

static double *
place_of (PgmSeries *self, gint64 second)
{
  return &self->values[second % PGM_SERIES_SECONDS];
}

void
pgm_series_add (PgmSeries *self, gint64 time, double value)
{
  gint64 second = time / G_USEC_PER_SEC;
  gint64 oldest = MAX (self->newest, second - PGM_SERIES_SECONDS);

  if (second < self->newest)
    return;
  if (!isfinite (value) || value < 0)
    value = 0;
  if (self->newest == 0)
    oldest = second - PGM_SERIES_SECONDS;
  for (gint64 gap = oldest + 1; gap <= second; gap++)
    *place_of (self, gap) = UNKNOWN;
  self->newest = second;
  *place_of (self, second) = MAX (*place_of (self, second), value);
}

static double
value_at (const PgmSeries *self, gint64 second)
{
  if (self->newest == 0 || second > self->newest || second <= self->newest - PGM_SERIES_SECONDS)
    return UNKNOWN;
  return self->values[second % PGM_SERIES_SECONDS];
}

double
pgm_series_scale (const PgmSeries *self, gint64 time, guint columns, guint8 *levels)
{
  gint64 first = time / G_USEC_PER_SEC - columns + 1;
  double greatest = 0;

  for (guint i = 0; i < columns; i++)
    greatest = MAX (greatest, value_at (self, first + i));
  for (guint i = 0; i < columns; i++)
    {
      double value = value_at (self, first + i);

      if (value < 0)
        levels[i] = PGM_SERIES_UNKNOWN;
      else if (greatest <= 0)
        levels[i] = 1;
      else
        levels[i] = (guint8) (1 + floor (value / greatest * (PGM_SERIES_LEVELS - 1) + 0.5));
    }
  return greatest;
}
