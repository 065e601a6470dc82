#include "app/cutover-steps.h"

#include "app/migration-words.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

typedef struct
{
  GtkWidget *row;
  GtkWidget *sign; /* a stack: spinner or icon */
  GtkWidget *spinner;
  GtkWidget *icon;
  GtkWidget *title;
  GtkWidget *message;
  GtkWidget *time;
} StepRow;

struct _PgmCutoverSteps
{
  GtkWidget parent_instance;
  GtkWidget *list;
  GArray *rows; /* StepRow */
};

G_DEFINE_FINAL_TYPE (PgmCutoverSteps, pgm_cutover_steps, GTK_TYPE_WIDGET)

static GtkWidget *
make_label (const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static void
add_row (PgmCutoverSteps *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  StepRow row = { .row = gtk_list_box_row_new (),
                  .sign = gtk_stack_new (),
                  .spinner = gtk_spinner_new (),
                  .icon = gtk_image_new (),
                  .title = make_label (NULL),
                  .message = make_label ("caption"),
                  .time = gtk_label_new (NULL) };

  gtk_widget_add_css_class (row.message, "dim-label");
  gtk_widget_add_css_class (row.time, "numeric");
  gtk_widget_add_css_class (row.time, "dim-label");
  gtk_stack_add_named (GTK_STACK (row.sign), row.spinner, "spinner");
  gtk_stack_add_named (GTK_STACK (row.sign), row.icon, "icon");
  gtk_widget_set_valign (row.sign, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_start (row.sign, 12);
  gtk_widget_set_margin_end (row.time, 12);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_margin_top (words, 7);
  gtk_widget_set_margin_bottom (words, 7);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (words), row.title);
  gtk_box_append (GTK_BOX (words), row.message);
  gtk_box_append (GTK_BOX (box), row.sign);
  gtk_box_append (GTK_BOX (box), words);
  gtk_box_append (GTK_BOX (box), row.time);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row.row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row.row), FALSE);
  gtk_list_box_append (GTK_LIST_BOX (self->list), row.row);
  g_array_append_val (self->rows, row);
}

static void
set_text (GtkWidget *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (GTK_LABEL (label)), text) != 0)
    gtk_label_set_text (GTK_LABEL (label), text);
}

static void
show_sign (StepRow *row, const PgmCutoverStep *step)
{
  gboolean ended = pgm_cutover_step_has_ended (step);
  const char *const classes[] = { step->ok ? "success" : "error", NULL };

  gtk_spinner_set_spinning (GTK_SPINNER (row->spinner), !ended);
  gtk_stack_set_visible_child_name (GTK_STACK (row->sign), ended ? "icon" : "spinner");
  if (!ended)
    return;
  gtk_image_set_from_icon_name (GTK_IMAGE (row->icon),
                                step->ok ? "object-select-symbolic" : "window-close-symbolic");
  gtk_widget_set_css_classes (row->icon, (const char **) (guintptr) classes);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row->icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  step->ok ? _ ("done") : _ ("failed"), -1);
}

static void
show_step (StepRow *row, const PgmCutoverStep *step)
{
  g_autofree char *message = pgm_text_to_lines (step->message);
  g_autofree char *time = NULL;

  if (step->at_ms >= 0 && (step->at_ms > 0 || g_strcmp0 (step->name, "fence") == 0))
    time = g_strdup_printf ("%.0f ms", step->at_ms);
  else if (pgm_cutover_step_has_ended (step))
    /* Before the fence what counts is how long it took. */
    time = pgm_format_duration_ms (step->took_ms);
  set_text (row->title, pgm_words_step (step->name));
  set_text (row->message, message);
  gtk_widget_set_visible (row->message, *message != '\0');
  set_text (row->time, time != NULL ? time : "");
  show_sign (row, step);
}

static void
pgm_cutover_steps_dispose (GObject *object)
{
  PgmCutoverSteps *self = PGM_CUTOVER_STEPS (object);

  g_clear_pointer (&self->list, gtk_widget_unparent);
  g_clear_pointer (&self->rows, g_array_unref);
  G_OBJECT_CLASS (pgm_cutover_steps_parent_class)->dispose (object);
}

static void
pgm_cutover_steps_class_init (PgmCutoverStepsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_cutover_steps_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "cutoversteps");
}

static void
pgm_cutover_steps_init (PgmCutoverSteps *self)
{
  self->rows = g_array_new (FALSE, FALSE, sizeof (StepRow));
  self->list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (self->list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Steps"), -1);
  gtk_widget_set_parent (self->list, GTK_WIDGET (self));
}

void
pgm_cutover_steps_show (PgmCutoverSteps *self, const PgmCutoverReport *cutover)
{
  guint count = cutover != NULL ? cutover->steps->len : 0;

  while (self->rows->len > count)
    {
      gtk_list_box_remove (GTK_LIST_BOX (self->list),
                           g_array_index (self->rows, StepRow, self->rows->len - 1).row);
      g_array_set_size (self->rows, self->rows->len - 1);
    }
  while (self->rows->len < count)
    add_row (self);
  for (guint i = 0; i < count; i++)
    show_step (&g_array_index (self->rows, StepRow, i), g_ptr_array_index (cutover->steps, i));
}

guint
pgm_cutover_steps_get_n_rows (PgmCutoverSteps *self)
{
  return self->rows->len;
}
