#include "app/error-view.h"

#include "app/text.h"
#include "core/error.h"

struct _PgmErrorView
{
  GtkWidget parent_instance;
  GtkWidget *frame;
  GtkLabel *message_label;
  GtkWidget *detail_title;
  GtkLabel *detail_label;
  GtkWidget *hint_title;
  GtkLabel *hint_label;
  GtkWidget *sqlstate_title;
  GtkLabel *sqlstate_label;
  char *text;
};

G_DEFINE_FINAL_TYPE (PgmErrorView, pgm_error_view, GTK_TYPE_WIDGET)

static void
show_part (GtkWidget *title, GtkLabel *label, const char *text)
{
  g_autofree char *shown = pgm_text_to_lines (text);

  gtk_label_set_text (label, shown);
  gtk_widget_set_visible (GTK_WIDGET (label), *shown != '\0');
  if (title != NULL)
    gtk_widget_set_visible (title, *shown != '\0');
}

static void
copy_text (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmErrorView *self = PGM_ERROR_VIEW (widget);

  if (self->text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), self->text);
}

static void
pgm_error_view_dispose (GObject *object)
{
  PgmErrorView *self = PGM_ERROR_VIEW (object);

  g_clear_pointer (&self->frame, gtk_widget_unparent);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (pgm_error_view_parent_class)->dispose (object);
}

static void
pgm_error_view_class_init (PgmErrorViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_error_view_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "errorview");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/error-view.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, frame);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, message_label);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, detail_title);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, detail_label);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, hint_title);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, hint_label);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, sqlstate_title);
  gtk_widget_class_bind_template_child (widget_class, PgmErrorView, sqlstate_label);
  gtk_widget_class_install_action (widget_class, "error.copy", NULL, copy_text);
}

static void
pgm_error_view_init (PgmErrorView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  pgm_error_view_set_error (self, NULL);
}

void
pgm_error_view_set_error (PgmErrorView *self, const GError *error)
{
  gtk_widget_set_visible (GTK_WIDGET (self), error != NULL);
  g_clear_pointer (&self->text, g_free);
  if (error == NULL)
    return;
  show_part (NULL, self->message_label, error->message);
  show_part (self->detail_title, self->detail_label, pgm_error_get_detail (error));
  show_part (self->hint_title, self->hint_label, pgm_error_get_hint (error));
  show_part (self->sqlstate_title, self->sqlstate_label, pgm_error_get_sqlstate (error));
  self->text = pgm_error_to_text (error);
}

const char *
pgm_error_view_get_text (PgmErrorView *self)
{
  return self->text;
}
