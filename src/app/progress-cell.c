#include "app/progress-cell.h"

#define THICKNESS 6

struct _PgmProgressCell
{
  GtkWidget parent_instance;
  double fraction;
};

G_DEFINE_FINAL_TYPE (PgmProgressCell, pgm_progress_cell, GTK_TYPE_WIDGET)

static void
draw_bar (GtkSnapshot *snapshot, double x, double y, double width, const GdkRGBA *color)
{
  graphene_rect_t bounds =
      GRAPHENE_RECT_INIT ((float) x, (float) y, (float) width, (float) THICKNESS);
  GskRoundedRect shape;

  gsk_rounded_rect_init_from_rect (&shape, &bounds, THICKNESS / 2.0f);
  gtk_snapshot_push_rounded_clip (snapshot, &shape);
  gtk_snapshot_append_color (snapshot, color, &bounds);
  gtk_snapshot_pop (snapshot);
}

static void
pgm_progress_cell_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  PgmProgressCell *self = PGM_PROGRESS_CELL (widget);
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  double width = gtk_widget_get_width (widget);
  double y = (gtk_widget_get_height (widget) - THICKNESS) / 2.0;
  double filled = width * self->fraction;
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  GdkRGBA trough, accent;

  gtk_style_context_get_color (style, &trough);
  if (!gtk_style_context_lookup_color (style, "accent_bg_color", &accent))
    accent = trough;
  trough.alpha *= 0.15f;
  draw_bar (snapshot, 0, y, width, &trough);
  if (filled >= 1)
    draw_bar (snapshot, rtl ? width - filled : 0, y, MAX (filled, THICKNESS), &accent);
}

static void
pgm_progress_cell_measure (GtkWidget *widget,
                           GtkOrientation orientation,
                           int for_size,
                           int *minimum,
                           int *natural,
                           int *minimum_baseline,
                           int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 40 : THICKNESS;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 120 : THICKNESS;
}

static void
pgm_progress_cell_class_init (PgmProgressCellClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = pgm_progress_cell_snapshot;
  widget_class->measure = pgm_progress_cell_measure;
  gtk_widget_class_set_css_name (widget_class, "progresscell");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PROGRESS_BAR);
}

static void
pgm_progress_cell_init (PgmProgressCell *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 0.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, 1.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, 0.0, -1);
}

GtkWidget *
pgm_progress_cell_new (void)
{
  return g_object_new (PGM_TYPE_PROGRESS_CELL, NULL);
}

void
pgm_progress_cell_set_fraction (PgmProgressCell *self, double fraction)
{
  double clean = CLAMP (fraction, 0, 1);

  if (clean == self->fraction)
    return;
  self->fraction = clean;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, clean,
                                  -1);
}

double
pgm_progress_cell_get_fraction (PgmProgressCell *self)
{
  return self->fraction;
}
