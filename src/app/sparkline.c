#include "app/sparkline.h"

#include <math.h>
#include <string.h>

struct _PgmSparkline
{
  GtkWidget parent_instance;
  PgmSparklinePoint points[PGM_SPARKLINE_POINTS];
  guint length;
};

G_DEFINE_FINAL_TYPE (PgmSparkline, pgm_sparkline, GTK_TYPE_WIDGET)

static double
get_top (PgmSparkline *self)
{
  double top = 0;

  for (guint i = 0; i < self->length; i++)
    if (!isnan (self->points[i].value))
      top = MAX (top, self->points[i].value);
  return top > 0 ? top : 1;
}

/* Zero is the bottom, so that noise on a small value doesn't look like a storm. */
static void
draw_curve (PgmSparkline *self, cairo_t *cr, double width, double height)
{
  double top = get_top (self) * 1.15;
  double scale = (width - 2) / ((double) PGM_SPARKLINE_SECONDS * G_USEC_PER_SEC);
  gint64 newest = self->points[self->length - 1].time;
  gboolean open = FALSE;

  for (guint i = 0; i < self->length; i++)
    {
      double x = width - 1 - scale * (double) (newest - self->points[i].time);
      double y = height - 1 - (height - 2) * self->points[i].value / top;

      if (isnan (self->points[i].value))
        open = FALSE;
      else if (open)
        cairo_line_to (cr, x, y);
      else
        {
          cairo_move_to (cr, x, y);
          cairo_line_to (cr, x + 0.01, y); /* a value alone is a dot */
          open = TRUE;
        }
    }
  cairo_stroke (cr);
}

static void
pgm_sparkline_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  PgmSparkline *self = PGM_SPARKLINE (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GdkRGBA color;
  cairo_t *cr;

  if (self->length == 0 || width < 4 || height < 4)
    return;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  cr = gtk_snapshot_append_cairo (snapshot,
                                  &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_set_line_width (cr, 1.2);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  draw_curve (self, cr, width, height);
  cairo_destroy (cr);
}

static void
pgm_sparkline_class_init (PgmSparklineClass *klass)
{
  GTK_WIDGET_CLASS (klass)->snapshot = pgm_sparkline_snapshot;
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "sparkline");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_IMG);
}

static void
pgm_sparkline_init (PgmSparkline *self)
{
  gtk_widget_set_size_request (GTK_WIDGET (self), 40, 16);
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
}

GtkWidget *
pgm_sparkline_new (void)
{
  return g_object_new (PGM_TYPE_SPARKLINE, NULL);
}

void
pgm_sparkline_set_points (PgmSparkline *self, const PgmSparklinePoint *points, guint length)
{
  self->length = MIN (length, PGM_SPARKLINE_POINTS);
  memcpy (self->points, points, sizeof *points * self->length);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
