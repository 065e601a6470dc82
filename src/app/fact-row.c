#include "app/fact-row.h"

#include "app/text.h"
#include "core/text.h"

struct _PgmFactRow
{
  GtkListBoxRow parent_instance;
  GtkBox *line;
  GtkImage *icon;
  GtkLabel *title;
  GtkLabel *subtitle;
  GtkLabel *value;
  GtkLabel *note;
  GtkProgressBar *level;
  GtkWidget *code_box;
  GtkLabel *code;
  GtkButton *copy_button;
};

G_DEFINE_FINAL_TYPE (PgmFactRow, pgm_fact_row, GTK_TYPE_LIST_BOX_ROW)

static void
on_copy (PgmFactRow *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                          gtk_label_get_text (self->code));
}

static void
pgm_fact_row_class_init (PgmFactRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/fact-row.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, line);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, icon);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, title);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, value);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, note);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, level);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, code_box);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, code);
  gtk_widget_class_bind_template_child (widget_class, PgmFactRow, copy_button);
}

static void
pgm_fact_row_init (PgmFactRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->copy_button, "clicked", G_CALLBACK (on_copy), self);
}

GtkWidget *
pgm_fact_row_new (void)
{
  return g_object_new (PGM_TYPE_FACT_ROW, NULL);
}

/* Setting the same text again would lay out the row again. */
static void
set_text (GtkLabel *label, const char *text)
{
  g_autofree char *plain = pgm_display_text (text);

  if (g_strcmp0 (gtk_label_get_text (label), plain != NULL ? plain : "") != 0)
    gtk_label_set_text (label, plain != NULL ? plain : "");
  gtk_widget_set_visible (GTK_WIDGET (label), plain != NULL && *plain != '\0');
}

void
pgm_fact_row_set_icon (PgmFactRow *self,
                       const char *icon,
                       const char *css_class,
                       const char *meaning)
{
  const char *const classes[] = { css_class, NULL };

  gtk_widget_set_visible (GTK_WIDGET (self->icon), icon != NULL);
  gtk_image_set_from_icon_name (self->icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), (const char **) (guintptr) classes);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), meaning);
  if (meaning != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    meaning, -1);
}

void
pgm_fact_row_set_title (PgmFactRow *self, const char *title)
{
  set_text (self->title, title);
}

void
pgm_fact_row_set_subtitle (PgmFactRow *self, const char *subtitle)
{
  set_text (self->subtitle, subtitle);
}

void
pgm_fact_row_set_value (PgmFactRow *self, const char *value, const char *note)
{
  set_text (self->value, value);
  set_text (self->note, note);
}

void
pgm_fact_row_set_code (PgmFactRow *self, const char *code)
{
  g_autofree char *lines = pgm_text_to_lines (code);

  if (g_strcmp0 (gtk_label_get_text (self->code), lines) != 0)
    gtk_label_set_text (self->code, lines);
  gtk_widget_set_visible (self->code_box, code != NULL);
}

void
pgm_fact_row_set_level (PgmFactRow *self, double level, const char *css_class)
{
  const char *const classes[] = { "thin", css_class, NULL };

  gtk_widget_set_visible (GTK_WIDGET (self->level), level >= 0);
  gtk_progress_bar_set_fraction (self->level, CLAMP (level, 0, 1));
  gtk_widget_set_css_classes (GTK_WIDGET (self->level), (const char **) (guintptr) classes);
}

void
pgm_fact_row_add_suffix (PgmFactRow *self, GtkWidget *widget)
{
  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
  gtk_box_append (self->line, widget);
}

void
pgm_fact_row_set_action (PgmFactRow *self, const char *action, const char *target)
{
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), TRUE);
  if (target != NULL)
    gtk_actionable_set_action_target (GTK_ACTIONABLE (self), "s", target);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), action);
}

const char *
pgm_fact_row_get_title (PgmFactRow *self)
{
  return gtk_label_get_text (self->title);
}

const char *
pgm_fact_row_get_subtitle (PgmFactRow *self)
{
  return gtk_label_get_text (self->subtitle);
}

const char *
pgm_fact_row_get_value (PgmFactRow *self)
{
  return gtk_label_get_text (self->value);
}

const char *
pgm_fact_row_get_code (PgmFactRow *self)
{
  return gtk_label_get_text (self->code);
}
