/* A small curve without axes: the last values of something. What it shows in words is
 * told to assistive technology by whoever owns it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_SPARKLINE (pgm_sparkline_get_type ())
G_DECLARE_FINAL_TYPE (PgmSparkline, pgm_sparkline, PGM, SPARKLINE, GtkWidget)

#define PGM_SPARKLINE_SECONDS 60
#define PGM_SPARKLINE_POINTS  60

typedef struct
{
  gint64 time;  /* monotonic */
  double value; /* NAN is a gap */
} PgmSparklinePoint;

GtkWidget *pgm_sparkline_new (void);

/* Oldest first, at most PGM_SPARKLINE_POINTS; the right edge is the newest. Copied. */
void pgm_sparkline_set_points (PgmSparkline *self, const PgmSparklinePoint *points, guint length);

G_END_DECLS
