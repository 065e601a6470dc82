#include "app/graph-view.h"

#include "app/graph-draw.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

#define CAPACITY   8192 /* an hour at two a second, and older ones thinned */
#define MAX_MARKS  200
#define N_TIMES    64
#define DRAG_LEAST 8 /* pixels; less is a click */
#define MIN_RANGE  (2 * G_USEC_PER_SEC)
#define MARK_NEAR  5
#define SPOKEN_US  (5 * G_USEC_PER_SEC)

typedef struct
{
  gint64 time;
  char *text;
} Mark;

struct _PgmGraphView
{
  GtkWidget parent_instance;
  char *title;
  PgmGraphUnit unit;
  PgmGraphSpan span;
  PgmGraphSeries *series;
  GArray *marks; /* Mark */
  gint64 zoom_from;
  gint64 zoom_to; /* 0: not zoomed */
  double cursor;  /* x, below 0: none */
  double drag_from;
  double drag_to;
  PgmGraphColumn *columns;
  int n_columns;
  gint64 times[N_TIMES]; /* how long the newest drawings took */
  guint n_times;
  gint64 spoken_at;
};

G_DEFINE_FINAL_TYPE (PgmGraphView, pgm_graph_view, GTK_TYPE_WIDGET)

enum
{
  ZOOM_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gint64
span_length (PgmGraphView *self)
{
  gint64 all = pgm_graph_series_get_last (self->series) - pgm_graph_series_get_first (self->series);

  switch (self->span)
    {
    case PGM_GRAPH_MINUTE:
      return 60 * G_USEC_PER_SEC;
    case PGM_GRAPH_HOUR:
      return 3600 * (gint64) G_USEC_PER_SEC;
    case PGM_GRAPH_ALL:
    default:
      return MAX (all, 60 * G_USEC_PER_SEC);
    }
}

void
pgm_graph_view_get_range (PgmGraphView *self, gint64 *from, gint64 *to)
{
  if (self->zoom_to != 0)
    {
      *from = self->zoom_from;
      *to = self->zoom_to;
      return;
    }
  *to = pgm_graph_series_get_last (self->series);
  if (*to == 0)
    *to = g_get_real_time ();
  *from = *to - span_length (self);
}

static gint64
time_at (PgmGraphView *self, double x)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  gint64 from, to;

  pgm_graph_view_get_range (self, &from, &to);
  return width > 0 ? from + (gint64) ((double) (to - from) * CLAMP (x / width, 0, 1)) : from;
}

char *
pgm_graph_view_format_value (PgmGraphView *self, double value)
{
  g_autofree char *count = NULL;

  if (self->unit == PGM_GRAPH_BYTES)
    return pgm_format_bytes ((guint64) MAX (value, 0));
  count = pgm_format_short_count ((guint64) MAX (value + 0.5, 0));
  /* Translators: a rate: rows per second */
  return g_strdup_printf (_ ("%s rows/s"), count);
}

char *
pgm_graph_view_format_last (PgmGraphView *self)
{
  return pgm_graph_view_format_value (self, pgm_graph_series_get_last_value (self->series));
}

static char *
format_time (gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, "%H:%M:%S") : g_strdup ("");
}

/* The mark next to @x; NULL where there is none. */
static const Mark *
mark_at (PgmGraphView *self, double x, gint64 from, gint64 to)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  const Mark *nearest = NULL;
  double least = MARK_NEAR + 1;

  for (guint i = 0; i < self->marks->len; i++)
    {
      const Mark *mark = &g_array_index (self->marks, Mark, i);
      double distance = ABS ((double) (mark->time - from) / (double) (to - from) * width - x);

      if (distance < least)
        {
          least = distance;
          nearest = mark;
        }
    }
  return nearest;
}

static char *
describe_cursor (PgmGraphView *self, gint64 from, gint64 to)
{
  int column = CLAMP ((int) self->cursor, 0, self->n_columns - 1);
  const Mark *mark = mark_at (self, self->cursor, from, to);
  g_autofree char *time = format_time (time_at (self, self->cursor));
  g_autofree char *value = NULL;

  if (!self->columns[column].filled)
    value = g_strdup ("–");
  else
    value = pgm_graph_view_format_value (self, self->columns[column].high);
  if (mark != NULL)
    return g_strdup_printf ("%s  %s\n%s", time, value, mark->text);
  return g_strdup_printf ("%s  %s", time, value);
}

/* ---- drawing ---- */

static GArray *
place_marks (PgmGraphView *self, gint64 from, gint64 to, int width)
{
  GArray *placed = g_array_new (FALSE, FALSE, sizeof (PgmGraphMark));

  for (guint i = 0; i < self->marks->len; i++)
    {
      const Mark *mark = &g_array_index (self->marks, Mark, i);
      PgmGraphMark where = { .text = mark->text };

      if (mark->time < from || mark->time > to)
        continue;
      where.x = (double) (mark->time - from) / (double) (to - from) * width;
      g_array_append_val (placed, where);
    }
  return placed;
}

static void
note_time (PgmGraphView *self, gint64 began)
{
  self->times[self->n_times++ % N_TIMES] = g_get_monotonic_time () - began;
}

static void
pgm_graph_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  PgmGraphView *self = PGM_GRAPH_VIEW (widget);
  gint64 began = g_get_monotonic_time ();
  int width = gtk_widget_get_width (widget);
  g_autoptr (GArray) marks = NULL;
  g_autofree char *top_text = NULL;
  g_autofree char *from_text = NULL;
  g_autofree char *to_text = NULL;
  g_autofree char *cursor_text = NULL;
  gint64 from, to;
  double top;

  if (width <= 0 || gtk_widget_get_height (widget) <= 0)
    return;
  if (self->n_columns != width)
    {
      self->columns = g_renew (PgmGraphColumn, self->columns, width);
      self->n_columns = width;
    }
  pgm_graph_view_get_range (self, &from, &to);
  top = pgm_graph_round_up (
      pgm_graph_series_read (self->series, from, to + 1, self->columns, (guint) width),
      self->unit == PGM_GRAPH_BYTES);
  marks = place_marks (self, from, to, width);
  top_text = pgm_graph_view_format_value (self, top);
  from_text = format_time (from);
  to_text = format_time (to);
  if (self->cursor >= 0)
    cursor_text = describe_cursor (self, from, to);
  pgm_graph_draw (widget, snapshot,
                  &(PgmGraphDrawing){
                      .width = width,
                      .height = gtk_widget_get_height (widget),
                      .columns = self->columns,
                      .top = top,
                      .top_text = top_text,
                      .from_text = from_text,
                      .to_text = to_text,
                      .marks = (const PgmGraphMark *) (gpointer) marks->data,
                      .n_marks = marks->len,
                      .cursor = self->cursor,
                      .cursor_text = cursor_text,
                      .drag_from = self->drag_from,
                      .drag_to = self->drag_to,
                  });
  if (gtk_widget_has_visible_focus (widget))
    gtk_snapshot_render_focus (snapshot, gtk_widget_get_style_context (widget), 0, 0, width,
                               gtk_widget_get_height (widget));
  note_time (self, began);
}

static void
redraw (PgmGraphView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* What it shows, for who can't see it; not more often than anybody could listen. */
static void
speak (PgmGraphView *self, gboolean at_once)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *value = NULL;
  g_autofree char *text = NULL;
  gint64 from, to;

  if (!at_once && (!gtk_widget_get_mapped (GTK_WIDGET (self)) || now - self->spoken_at < SPOKEN_US))
    return;
  self->spoken_at = now;
  if (self->cursor >= 0 && self->n_columns > 0)
    {
      pgm_graph_view_get_range (self, &from, &to);
      text = describe_cursor (self, from, to);
    }
  else
    {
      value = pgm_graph_view_format_last (self);
      text = g_strdup_printf (_ ("%s just now"), value);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text,
                                  -1);
}

/* ---- zoom ---- */

void
pgm_graph_view_zoom (PgmGraphView *self, gint64 from, gint64 to)
{
  gint64 first = pgm_graph_series_get_first (self->series);
  gint64 last = pgm_graph_series_get_last (self->series);
  gint64 middle = from + (to - from) / 2;

  if (to - from < MIN_RANGE)
    {
      from = middle - MIN_RANGE / 2;
      to = middle + MIN_RANGE / 2;
    }
  if (first == 0 || to < first || from > last)
    return;
  self->zoom_from = from;
  self->zoom_to = to;
  redraw (self);
  g_signal_emit (self, signals[ZOOM_CHANGED], 0);
}

void
pgm_graph_view_unzoom (PgmGraphView *self)
{
  if (self->zoom_to == 0)
    return;
  self->zoom_from = 0;
  self->zoom_to = 0;
  redraw (self);
  g_signal_emit (self, signals[ZOOM_CHANGED], 0);
}

gboolean
pgm_graph_view_is_zoomed (PgmGraphView *self)
{
  return self->zoom_to != 0;
}

void
pgm_graph_view_set_span (PgmGraphView *self, PgmGraphSpan span)
{
  self->span = span;
  pgm_graph_view_unzoom (self);
  redraw (self);
}

/* @factor of what is shown, around the cursor or the newest moment. */
static void
scale (PgmGraphView *self, double factor)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  double share = self->cursor >= 0 && width > 0 ? self->cursor / width : 1;
  gint64 from, to, center;
  double length;

  pgm_graph_view_get_range (self, &from, &to);
  length = (double) (to - from) * factor;
  center = from + (gint64) ((double) (to - from) * share);
  if (factor > 1 && length >= (double) span_length (self))
    pgm_graph_view_unzoom (self);
  else
    pgm_graph_view_zoom (self, center - (gint64) (length * share),
                         center + (gint64) (length * (1 - share)));
}

/* ---- pointer and keys ---- */

static void
move_cursor (PgmGraphView *self, double x)
{
  self->cursor = CLAMP (x, 0, MAX (gtk_widget_get_width (GTK_WIDGET (self)) - 1, 0));
  redraw (self);
}

static void
on_motion (GtkEventControllerMotion *controller, double x, double y, PgmGraphView *self)
{
  move_cursor (self, x);
}

static void
drop_cursor (PgmGraphView *self)
{
  self->cursor = -1;
  redraw (self);
}

static void
on_drag_begin (GtkGestureDrag *gesture, double x, double y, PgmGraphView *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->drag_from = x;
  self->drag_to = x;
}

static void
on_drag_update (GtkGestureDrag *gesture, double dx, double dy, PgmGraphView *self)
{
  self->drag_to = CLAMP (self->drag_from + dx, 0, gtk_widget_get_width (GTK_WIDGET (self)));
  redraw (self);
}

static void
on_drag_end (GtkGestureDrag *gesture, double dx, double dy, PgmGraphView *self)
{
  double from = MIN (self->drag_from, self->drag_to);
  double to = MAX (self->drag_from, self->drag_to);

  self->drag_from = -1;
  self->drag_to = -1;
  if (to - from >= DRAG_LEAST)
    pgm_graph_view_zoom (self, time_at (self, from), time_at (self, to));
  redraw (self);
}

static void
on_pressed (GtkGestureClick *gesture, int n_press, double x, double y, PgmGraphView *self)
{
  if (n_press == 2)
    pgm_graph_view_unzoom (self);
}

static gboolean
leave (PgmGraphView *self)
{
  gboolean something = self->cursor >= 0 || self->zoom_to != 0;

  self->cursor = -1;
  pgm_graph_view_unzoom (self);
  redraw (self);
  return something;
}

static gboolean
on_key (GtkEventControllerKey *controller,
        guint key,
        guint code,
        GdkModifierType state,
        PgmGraphView *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  double at = self->cursor >= 0 ? self->cursor : width - 1;
  double step = (state & GDK_CONTROL_MASK) != 0 ? 50 : 5;

  switch (key)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      move_cursor (self, at - step);
      break;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      move_cursor (self, at + step);
      break;
    case GDK_KEY_Home:
      move_cursor (self, 0);
      break;
    case GDK_KEY_End:
      move_cursor (self, width);
      break;
    case GDK_KEY_plus:
    case GDK_KEY_equal:
    case GDK_KEY_KP_Add:
      scale (self, 0.5);
      break;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
      scale (self, 2);
      break;
    case GDK_KEY_Escape:
      return leave (self);
    default:
      return FALSE;
    }
  speak (self, TRUE);
  return TRUE;
}

static void
add_controllers (PgmGraphView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkGesture *click = gtk_gesture_click_new ();

  g_signal_connect (motion, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (drop_cursor), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (drop_cursor), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), self);
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_add_controller (widget, keys);
  gtk_widget_add_controller (widget, focus);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
}

/* ---- the object ---- */

static void
clear_mark (gpointer data)
{
  g_free (((Mark *) data)->text);
}

static void
pgm_graph_view_measure (GtkWidget *widget,
                        GtkOrientation orientation,
                        int for_size,
                        int *minimum,
                        int *natural,
                        int *minimum_baseline,
                        int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 160 : 90;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 400 : 140;
}

static void
pgm_graph_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (pgm_graph_view_parent_class)->map (widget);
  speak (PGM_GRAPH_VIEW (widget), TRUE);
}

static void
pgm_graph_view_finalize (GObject *object)
{
  PgmGraphView *self = PGM_GRAPH_VIEW (object);

  g_free (self->title);
  g_free (self->columns);
  g_array_unref (self->marks);
  pgm_graph_series_free (self->series);
  G_OBJECT_CLASS (pgm_graph_view_parent_class)->finalize (object);
}

static void
pgm_graph_view_class_init (PgmGraphViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = pgm_graph_view_finalize;
  widget_class->snapshot = pgm_graph_view_snapshot;
  widget_class->measure = pgm_graph_view_measure;
  widget_class->map = pgm_graph_view_map;
  gtk_widget_class_set_css_name (widget_class, "graph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  signals[ZOOM_CHANGED] = g_signal_new ("zoom-changed", PGM_TYPE_GRAPH_VIEW, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_graph_view_init (PgmGraphView *self)
{
  self->series = pgm_graph_series_new (CAPACITY);
  self->marks = g_array_new (FALSE, FALSE, sizeof (Mark));
  g_array_set_clear_func (self->marks, clear_mark);
  self->cursor = -1;
  self->drag_from = -1;
  self->drag_to = -1;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  add_controllers (self);
}

void
pgm_graph_view_set_up (PgmGraphView *self, const char *title, PgmGraphUnit unit)
{
  g_free (self->title);
  self->title = g_strdup (title);
  self->unit = unit;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  redraw (self);
}

void
pgm_graph_view_add (PgmGraphView *self, gint64 time, double value)
{
  pgm_graph_series_add (self->series, time, value);
  speak (self, FALSE);
  if (self->zoom_to == 0)
    redraw (self);
}

void
pgm_graph_view_prepend (PgmGraphView *self, const gint64 *times, const double *values, guint count)
{
  pgm_graph_series_prepend (self->series, times, values, count);
  redraw (self);
}

void
pgm_graph_view_mark (PgmGraphView *self, gint64 time, const char *text)
{
  Mark mark = { .time = time, .text = pgm_display_text (text) };

  if (self->marks->len == MAX_MARKS)
    g_array_remove_index (self->marks, 0);
  g_array_append_val (self->marks, mark);
  redraw (self);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

gint64
pgm_graph_view_get_draw_time (PgmGraphView *self)
{
  guint count = MIN (self->n_times, N_TIMES);
  gint64 sorted[N_TIMES];

  if (count == 0)
    return 0;
  memcpy (sorted, self->times, count * sizeof (gint64));
  qsort (sorted, count, sizeof (gint64), compare_times);
  return sorted[count / 2];
}

guint
pgm_graph_view_get_n_points (PgmGraphView *self)
{
  return pgm_graph_series_get_n_points (self->series);
}
