/* The last minutes of a number, a value a second, and its curve in a line of text.
 * Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define PGM_SERIES_SECONDS 512
#define PGM_SERIES_LEVELS  8
/* Nothing is known of that second. */
#define PGM_SERIES_UNKNOWN 0

typedef struct
{
  gint64 newest; /* second; 0: none yet */
  double values[PGM_SERIES_SECONDS];
} PgmSeries;

/* @time: monotonic, microseconds. Of several values in one second the greatest stays;
 * what isn't a number or negative counts as 0. */
void pgm_series_add (PgmSeries *self, gint64 time, double value);

/* The @columns seconds up to @time, oldest first, in levels from 1 (0, or nearly) to
 * PGM_SERIES_LEVELS (the greatest among them). @levels has @columns places. Returns
 * the greatest value. */
double pgm_series_scale (const PgmSeries *self, gint64 time, guint columns, guint8 *levels);

G_END_DECLS
