#include "app/tab-switcher.h"

struct _PgmTabSwitcher
{
  GtkWidget parent_instance;
  GtkWidget *switcher;
  GtkWidget *title;
  AdwViewSwitcherBar *bar; /* weak */
  gboolean has_stack;
  gboolean squeezed; /* there are tabs, and no room for them */
  guint idle;
};

G_DEFINE_FINAL_TYPE (PgmTabSwitcher, pgm_tab_switcher, GTK_TYPE_WIDGET)

static void
pgm_tab_switcher_measure (GtkWidget *widget,
                          GtkOrientation orientation,
                          int for_size,
                          int *minimum,
                          int *natural,
                          int *minimum_baseline,
                          int *natural_baseline)
{
  PgmTabSwitcher *self = PGM_TAB_SWITCHER (widget);
  int title_minimum, title_natural, minimum_here, natural_here;

  gtk_widget_measure (self->title, orientation, -1, &title_minimum, &title_natural, NULL, NULL);
  gtk_widget_measure (self->switcher, orientation, -1, &minimum_here, &natural_here, NULL, NULL);
  *minimum =
      orientation == GTK_ORIENTATION_HORIZONTAL ? title_minimum : MAX (title_minimum, minimum_here);
  *natural = MAX (*minimum, self->has_stack ? natural_here : title_natural);
}

/* Not while sizes are being given out: what changes then would be overlooked. */
static gboolean
reveal_bar (gpointer user_data)
{
  PgmTabSwitcher *self = user_data;

  self->idle = 0;
  if (self->bar != NULL)
    adw_view_switcher_bar_set_reveal (self->bar, self->squeezed);
  return G_SOURCE_REMOVE;
}

static void
pgm_tab_switcher_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  PgmTabSwitcher *self = PGM_TAB_SWITCHER (widget);
  gboolean fits;
  int needed;

  gtk_widget_measure (self->switcher, GTK_ORIENTATION_HORIZONTAL, -1, &needed, NULL, NULL, NULL);
  fits = self->has_stack && width >= needed;
  gtk_widget_set_child_visible (self->switcher, fits);
  gtk_widget_set_child_visible (self->title, !fits);
  gtk_widget_allocate (fits ? self->switcher : self->title, width, height, baseline, NULL);
  self->squeezed = self->has_stack && !fits;
  if (self->idle == 0)
    self->idle = g_idle_add (reveal_bar, self);
}

static void
pgm_tab_switcher_dispose (GObject *object)
{
  PgmTabSwitcher *self = PGM_TAB_SWITCHER (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_weak_pointer (&self->bar);
  g_clear_pointer (&self->switcher, gtk_widget_unparent);
  g_clear_pointer (&self->title, gtk_widget_unparent);
  G_OBJECT_CLASS (pgm_tab_switcher_parent_class)->dispose (object);
}

static void
pgm_tab_switcher_class_init (PgmTabSwitcherClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_tab_switcher_dispose;
  widget_class->measure = pgm_tab_switcher_measure;
  widget_class->size_allocate = pgm_tab_switcher_size_allocate;
}

static void
pgm_tab_switcher_init (PgmTabSwitcher *self)
{
  self->switcher = adw_view_switcher_new ();
  self->title = adw_window_title_new ("", "");
  adw_view_switcher_set_policy (ADW_VIEW_SWITCHER (self->switcher), ADW_VIEW_SWITCHER_POLICY_WIDE);
  gtk_widget_set_parent (self->switcher, GTK_WIDGET (self));
  gtk_widget_set_parent (self->title, GTK_WIDGET (self));
}

void
pgm_tab_switcher_set_bar (PgmTabSwitcher *self, AdwViewSwitcherBar *bar)
{
  g_set_weak_pointer (&self->bar, bar);
}

void
pgm_tab_switcher_set_stack (PgmTabSwitcher *self, AdwViewStack *stack)
{
  self->has_stack = stack != NULL;
  adw_view_switcher_set_stack (ADW_VIEW_SWITCHER (self->switcher), stack);
  if (self->bar != NULL)
    adw_view_switcher_bar_set_stack (self->bar, stack);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
pgm_tab_switcher_set_title (PgmTabSwitcher *self, const char *title, const char *subtitle)
{
  adw_window_title_set_title (ADW_WINDOW_TITLE (self->title), title);
  adw_window_title_set_subtitle (ADW_WINDOW_TITLE (self->title), subtitle != NULL ? subtitle : "");
}
