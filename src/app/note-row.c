#include "app/note-row.h"

#include "app/text.h"
#include "core/i18n.h"

struct _PgmNoteRow
{
  GtkWidget parent_instance;
  GtkWidget *box;
  GtkWidget *icon;
  GtkWidget *label;
  GtkWidget *button;
};

G_DEFINE_FINAL_TYPE (PgmNoteRow, pgm_note_row, GTK_TYPE_WIDGET)

/* Indexed by PgmNoteLevel. */
static const struct
{
  const char *icon;
  const char *css_class;
  const char *spoken;
} looks[] = {
  { "help-about-symbolic", "dim-label", N_ ("Note") },
  { "emblem-ok-symbolic", "success", N_ ("Good") },
  { "dialog-warning-symbolic", "warning", N_ ("Warning") },
  { "dialog-error-symbolic", "error", N_ ("Error") },
};

static void
pgm_note_row_dispose (GObject *object)
{
  g_clear_pointer (&PGM_NOTE_ROW (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (pgm_note_row_parent_class)->dispose (object);
}

static void
pgm_note_row_class_init (PgmNoteRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_note_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "noterow");
}

static void
pgm_note_row_init (PgmNoteRow *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  self->icon = gtk_image_new ();
  self->label = gtk_label_new (NULL);
  self->button = gtk_button_new ();
  gtk_widget_add_css_class (self->box, "card");
  gtk_widget_set_margin_start (self->icon, 12);
  gtk_widget_set_margin_top (self->label, 9);
  gtk_widget_set_margin_bottom (self->label, 9);
  gtk_label_set_xalign (GTK_LABEL (self->label), 0);
  gtk_label_set_wrap (GTK_LABEL (self->label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (self->label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (self->label), TRUE);
  gtk_widget_set_hexpand (self->label, TRUE);
  gtk_widget_set_margin_end (self->label, 12);
  gtk_button_set_use_underline (GTK_BUTTON (self->button), TRUE);
  gtk_widget_add_css_class (self->button, "flat");
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_end (self->button, 6);
  gtk_widget_set_visible (self->button, FALSE);
  gtk_box_append (GTK_BOX (self->box), self->icon);
  gtk_box_append (GTK_BOX (self->box), self->label);
  gtk_box_append (GTK_BOX (self->box), self->button);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
pgm_note_row_new (void)
{
  return g_object_new (PGM_TYPE_NOTE_ROW, NULL);
}

void
pgm_note_row_show (PgmNoteRow *self, PgmNoteLevel level, const char *text)
{
  const char *const classes[] = { looks[level].css_class, NULL };
  g_autofree char *shown = pgm_text_to_lines (text);

  gtk_widget_set_visible (GTK_WIDGET (self), *shown != '\0');
  if (g_str_equal (shown, gtk_label_get_text (GTK_LABEL (self->label))))
    return;
  gtk_label_set_text (GTK_LABEL (self->label), shown);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), looks[level].icon);
  gtk_widget_set_css_classes (self->icon, (const char **) (guintptr) classes);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (looks[level].spoken), -1);
}

void
pgm_note_row_set_action (PgmNoteRow *self, const char *label, const char *action_name)
{
  gtk_widget_set_visible (self->button, label != NULL);
  if (label == NULL)
    return;
  gtk_button_set_label (GTK_BUTTON (self->button), label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), action_name);
}

const char *
pgm_note_row_get_text (PgmNoteRow *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self)) ? gtk_label_get_text (GTK_LABEL (self->label))
                                                    : "";
}
