/* A small curve without axes: the last values of something. What it shows in words is
 * told to assistive technology by whoever owns it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_SPARKLINE (pgm_sparkline_get_type ())
G_DECLARE_FINAL_TYPE (PgmSparkline, pgm_sparkline, PGM, SPARKLINE, GtkWidget)

/* At most this many are kept and shown, the newest at the right. */
#define PGM_SPARKLINE_POINTS 60

GtkWidget *pgm_sparkline_new (void);

/* NAN is a gap. Copied. */
void pgm_sparkline_set_values (PgmSparkline *self, const double *values, guint length);

G_END_DECLS
