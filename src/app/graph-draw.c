#include "app/graph-draw.h"

#include <math.h>

#define RADIUS  9
#define N_LINES 4
#define PADDING 6
#define LINE    1.5
#define FALLBACK                                                                                   \
  {                                                                                                \
    0.21f, 0.52f, 0.89f, 1                                                                         \
  } /* the accent of a theme without one */

double
pgm_graph_round_up (double value, gboolean binary)
{
  static const double decimal[] = { 1, 2, 5, 10 };
  double unit;

  if (!(value > 0))
    return binary ? 1024 : 1;
  if (binary)
    return MAX (exp2 (ceil (log2 (value))), 1024);
  unit = pow (10, floor (log10 (value)));
  for (gsize i = 0; i < G_N_ELEMENTS (decimal); i++)
    if (decimal[i] * unit >= value)
      return MAX (decimal[i] * unit, 1);
  return 10 * unit;
}

static GdkRGBA
with_alpha (GdkRGBA color, float alpha)
{
  color.alpha *= alpha;
  return color;
}

static void
draw_grid (GtkSnapshot *snapshot, const PgmGraphDrawing *drawing, GdkRGBA color)
{
  GdkRGBA line = with_alpha (color, 0.15f);

  for (int i = 1; i < N_LINES; i++)
    {
      graphene_rect_t rectangle = GRAPHENE_RECT_INIT (
          0, (float) floor ((double) drawing->height * i / N_LINES), (float) drawing->width, 1);

      gtk_snapshot_append_color (snapshot, &line, &rectangle);
    }
}

static double
y_of (const PgmGraphDrawing *drawing, double value)
{
  return drawing->height - value / drawing->top * (drawing->height - LINE);
}

/* One run of filled columns, from @start; returns the column behind it. */
static int
trace_run (cairo_t *cr, const PgmGraphDrawing *drawing, int start)
{
  int i = start;

  cairo_move_to (cr, start, y_of (drawing, drawing->columns[start].last));
  for (; i < drawing->width && drawing->columns[i].filled; i++)
    {
      cairo_line_to (cr, i + 0.5, y_of (drawing, drawing->columns[i].high));
      if (drawing->columns[i].low < drawing->columns[i].high)
        cairo_line_to (cr, i + 0.5, y_of (drawing, drawing->columns[i].low));
    }
  return i;
}

static void
draw_curve (GtkSnapshot *snapshot, const PgmGraphDrawing *drawing, const GdkRGBA *color)
{
  graphene_rect_t bounds =
      GRAPHENE_RECT_INIT (0, 0, (float) drawing->width, (float) drawing->height);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  GdkRGBA area = with_alpha (*color, 0.2f);

  cairo_set_line_width (cr, LINE);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  for (int i = 0; i < drawing->width;)
    {
      int end;

      if (!drawing->columns[i].filled)
        {
          i++;
          continue;
        }
      end = trace_run (cr, drawing, i);
      gdk_cairo_set_source_rgba (cr, color);
      cairo_stroke_preserve (cr);
      cairo_line_to (cr, end - 0.5, drawing->height);
      cairo_line_to (cr, i, drawing->height);
      cairo_close_path (cr);
      gdk_cairo_set_source_rgba (cr, &area);
      cairo_fill (cr);
      i = end;
    }
  cairo_destroy (cr);
}

typedef enum
{
  AT_LEFT,
  AT_RIGHT,
} Side;

static void
draw_text (GtkWidget *widget,
           GtkSnapshot *snapshot,
           const char *text,
           double x,
           double y,
           Side side,
           const GdkRGBA *color)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
      snapshot, &GRAPHENE_POINT_INIT ((float) (side == AT_RIGHT ? x - width : x), (float) y));
  gtk_snapshot_append_layout (snapshot, layout, color);
  gtk_snapshot_restore (snapshot);
}

static int
text_height (GtkWidget *widget)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, "0");
  int height;

  pango_layout_get_pixel_size (layout, NULL, &height);
  return height;
}

static void
draw_texts (GtkWidget *widget, GtkSnapshot *snapshot, const PgmGraphDrawing *drawing, GdkRGBA color)
{
  GdkRGBA dim = with_alpha (color, 0.7f);
  int height = text_height (widget);
  double bottom = drawing->height - height - 2;

  draw_text (widget, snapshot, drawing->top_text, PADDING, 2, AT_LEFT, &color);
  draw_text (widget, snapshot, drawing->from_text, PADDING, bottom, AT_LEFT, &dim);
  draw_text (widget, snapshot, drawing->to_text, drawing->width - PADDING, bottom, AT_RIGHT, &dim);
}

/* A line with a flag: the form says it, not a colour. */
static void
draw_mark (GtkSnapshot *snapshot, const PgmGraphDrawing *drawing, double x, GdkRGBA color)
{
  GdkRGBA line = with_alpha (color, 0.22f);
  graphene_rect_t stem = GRAPHENE_RECT_INIT ((float) floor (x), 0, 1, (float) drawing->height);
  graphene_rect_t flag = GRAPHENE_RECT_INIT ((float) floor (x), (float) drawing->height - 6, 7, 6);

  gtk_snapshot_append_color (snapshot, &line, &stem);
  gtk_snapshot_append_color (snapshot, &line, &flag);
}

static void
draw_drag (GtkSnapshot *snapshot, const PgmGraphDrawing *drawing, const GdkRGBA *color)
{
  double from = MIN (drawing->drag_from, drawing->drag_to);
  double to = MAX (drawing->drag_from, drawing->drag_to);
  GdkRGBA shade = with_alpha (*color, 0.25f);
  graphene_rect_t part =
      GRAPHENE_RECT_INIT ((float) from, 0, (float) (to - from), (float) drawing->height);

  gtk_snapshot_append_color (snapshot, &shade, &part);
}

/* The line under the pointer and what it says, on the side where there is room. */
static void
draw_cursor (GtkWidget *widget,
             GtkSnapshot *snapshot,
             const PgmGraphDrawing *drawing,
             GdkRGBA color)
{
  GdkRGBA line = with_alpha (color, 0.6f);
  graphene_rect_t stem =
      GRAPHENE_RECT_INIT ((float) floor (drawing->cursor), 0, 1, (float) drawing->height);
  gboolean left = drawing->cursor > drawing->width / 2.0;

  gtk_snapshot_append_color (snapshot, &line, &stem);
  if (drawing->cursor_text != NULL)
    draw_text (widget, snapshot, drawing->cursor_text,
               drawing->cursor + (left ? -PADDING : PADDING), text_height (widget) + 6,
               left ? AT_RIGHT : AT_LEFT, &color);
}

void
pgm_graph_draw (GtkWidget *widget, GtkSnapshot *snapshot, const PgmGraphDrawing *drawing)
{
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  GdkRGBA accent = FALLBACK;
  GdkRGBA color;
  GskRoundedRect frame;
  graphene_rect_t bounds =
      GRAPHENE_RECT_INIT (0, 0, (float) drawing->width, (float) drawing->height);
  GdkRGBA ground;

  gtk_style_context_get_color (style, &color);
  if (!gtk_style_context_lookup_color (style, "accent_bg_color", &accent))
    accent = (GdkRGBA) FALLBACK;
  ground = with_alpha (color, 0.05f);
  gsk_rounded_rect_init_from_rect (&frame, &bounds, RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &frame);
  gtk_snapshot_append_color (snapshot, &ground, &bounds);
  draw_grid (snapshot, drawing, color);
  draw_curve (snapshot, drawing, &accent);
  for (guint i = 0; i < drawing->n_marks; i++)
    draw_mark (snapshot, drawing, drawing->marks[i].x, color);
  if (drawing->drag_from >= 0)
    draw_drag (snapshot, drawing, &accent);
  draw_texts (widget, snapshot, drawing, color);
  if (drawing->cursor >= 0)
    draw_cursor (widget, snapshot, drawing, color);
  gtk_snapshot_pop (snapshot);
}
