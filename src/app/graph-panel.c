#include "app/graph-panel.h"

#include "core/i18n.h"

struct _PgmGraphPanel
{
  GtkWidget parent_instance;
  GtkWidget *frame;
  GtkLabel *title_label;
  GtkLabel *value_label;
  GtkLabel *span_label;
  GtkWidget *unzoom_button;
  PgmGraphView *graph;
  PgmGraphSpan span;
};

G_DEFINE_FINAL_TYPE (PgmGraphPanel, pgm_graph_panel, GTK_TYPE_WIDGET)

enum
{
  PROP_SPAN = 1,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static const char *const span_names[] = { "minute", "hour", "all" };
static const char *const span_texts[] = { N_ ("The last 60 seconds"), N_ ("The last hour"),
                                          N_ ("Since it began") };

static void
show_span (PgmGraphPanel *self)
{
  gboolean zoomed = pgm_graph_view_is_zoomed (self->graph);

  gtk_label_set_text (self->span_label, zoomed ? _ ("A part of it") : _ (span_texts[self->span]));
  gtk_widget_set_visible (self->unzoom_button, zoomed);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "graph.unzoom", zoomed);
}

static void
unzoom (GtkWidget *widget, const char *name, GVariant *parameter)
{
  pgm_graph_view_unzoom (PGM_GRAPH_PANEL (widget)->graph);
}

static void
pgm_graph_panel_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_SPAN)
    g_value_set_string (value, span_names[PGM_GRAPH_PANEL (object)->span]);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
pgm_graph_panel_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  PgmGraphPanel *self = PGM_GRAPH_PANEL (object);

  if (id != PROP_SPAN)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (span_names); i++)
    if (g_strcmp0 (span_names[i], g_value_get_string (value)) == 0)
      self->span = (PgmGraphSpan) i;
  pgm_graph_view_set_span (self->graph, self->span);
  show_span (self);
  g_object_notify_by_pspec (object, properties[PROP_SPAN]);
}

static void
pgm_graph_panel_dispose (GObject *object)
{
  g_clear_pointer (&PGM_GRAPH_PANEL (object)->frame, gtk_widget_unparent);
  G_OBJECT_CLASS (pgm_graph_panel_parent_class)->dispose (object);
}

static void
pgm_graph_panel_class_init (PgmGraphPanelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = pgm_graph_panel_get_property;
  object_class->set_property = pgm_graph_panel_set_property;
  object_class->dispose = pgm_graph_panel_dispose;
  properties[PROP_SPAN] =
      g_param_spec_string ("span", NULL, NULL, "minute",
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  g_type_ensure (PGM_TYPE_GRAPH_VIEW);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "graphpanel");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/graph-panel.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, frame);
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, title_label);
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, value_label);
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, span_label);
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, unzoom_button);
  gtk_widget_class_bind_template_child (widget_class, PgmGraphPanel, graph);
  gtk_widget_class_install_property_action (widget_class, "graph.span", "span");
  gtk_widget_class_install_action (widget_class, "graph.unzoom", NULL, unzoom);
}

static void
pgm_graph_panel_init (PgmGraphPanel *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->graph, "zoom-changed", G_CALLBACK (show_span), self);
  show_span (self);
}

void
pgm_graph_panel_set_up (PgmGraphPanel *self, const char *title, PgmGraphUnit unit)
{
  gtk_label_set_text (self->title_label, title);
  pgm_graph_view_set_up (self->graph, title, unit);
}

void
pgm_graph_panel_add (PgmGraphPanel *self, gint64 time, double value)
{
  g_autofree char *text = NULL;

  pgm_graph_view_add (self->graph, time, value);
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  text = pgm_graph_view_format_last (self->graph);
  gtk_label_set_text (self->value_label, text);
}

PgmGraphView *
pgm_graph_panel_get_view (PgmGraphPanel *self)
{
  return self->graph;
}
