#include "app/cutover-proof.h"

#include <adwaita.h>

#include "app/cutover-steps.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

#define MAX_STANDING 16

struct _PgmCutoverProof
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  GtkImage *result_icon;
  GtkLabel *result_label;
  GtkLabel *reason_label;
  AdwPreferencesGroup *facts_group;
  AdwActionRow *stopped_row;
  AdwActionRow *waited_row;
  AdwActionRow *proof_row;
  AdwActionRow *fence_row;
  AdwActionRow *sentinel_row;
  AdwActionRow *second_row;
  AdwActionRow *final_row;
  AdwActionRow *sequences_row;
  AdwPreferencesGroup *standing_group;
  GPtrArray *standing_rows; /* borrowed, of the group */
  PgmCutoverSteps *steps;
};

G_DEFINE_FINAL_TYPE (PgmCutoverProof, pgm_cutover_proof, GTK_TYPE_WIDGET)

/* A row with its value at the right; hidden without one. */
static void
set_fact (AdwActionRow *row, char *value)
{
  g_autofree char *owned = value;
  GtkWidget *label = g_object_get_data (G_OBJECT (row), "value");

  gtk_widget_set_visible (GTK_WIDGET (row), value != NULL);
  if (label == NULL)
    {
      label = gtk_label_new (NULL);
      gtk_label_set_selectable (GTK_LABEL (label), TRUE);
      gtk_widget_add_css_class (label, "numeric");
      adw_action_row_add_suffix (row, label);
      g_object_set_data (G_OBJECT (row), "value", label);
    }
  gtk_label_set_text (GTK_LABEL (label), value != NULL ? value : "");
}

static char *
lsn_text (PgmLsn lsn)
{
  return lsn != PGM_LSN_INVALID ? pgm_lsn_to_string (lsn) : NULL;
}

static const char *
headline (const PgmCutoverReport *cutover)
{
  if (!cutover->done)
    return _ ("Given Up");
  if (!cutover->proved)
    return _ ("Done, Without Proof");
  return _ ("Done and Proved");
}

static const char *
sentence (const PgmCutoverReport *cutover)
{
  if (!cutover->done)
    return _ ("Everything is as before, and changes go on being followed.");
  if (g_strcmp0 (cutover->direction, "back") == 0)
    return _ ("Writes belong to the source again.");
  return _ ("Writes belong to the destination now.");
}

static void
show_result (PgmCutoverProof *self, const PgmCutoverReport *cutover)
{
  const char *icon = cutover->done
                         ? cutover->proved ? "emblem-ok-symbolic" : "dialog-warning-symbolic"
                         : "dialog-error-symbolic";
  const char *const classes[] = { cutover->done ? cutover->proved ? "success" : "warning" : "error",
                                  NULL };
  g_autofree char *error = pgm_text_to_lines (cutover->error);
  g_autofree char *text = cutover->error != NULL && !cutover->done
                              ? g_strdup_printf ("%s\n%s", sentence (cutover), error)
                              : g_strdup (sentence (cutover));

  gtk_image_set_from_icon_name (self->result_icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->result_icon), (const char **) (guintptr) classes);
  gtk_label_set_text (self->result_label, headline (cutover));
  gtk_label_set_text (self->reason_label, text);
}

static void
show_facts (PgmCutoverProof *self, const PgmCutoverReport *cutover)
{
  set_fact (self->stopped_row, cutover->done ? pgm_format_duration_ms (cutover->stopped_ms) : NULL);
  set_fact (self->waited_row, pgm_format_duration_ms (cutover->longest_wait_ms));
  gtk_widget_set_visible (GTK_WIDGET (self->proof_row), cutover->done);
  adw_action_row_set_subtitle (self->proof_row,
                               cutover->proved
                                   ? _ ("Nothing was written between both sentinels.")
                                   : _ ("None: without a fence nobody can say who still wrote."));
  set_fact (self->fence_row, g_strdup (cutover->fence));
  set_fact (self->sentinel_row, lsn_text (cutover->first_sentinel));
  set_fact (self->second_row, lsn_text (cutover->second_sentinel));
  set_fact (self->final_row, lsn_text (cutover->final_lsn));
  set_fact (self->sequences_row,
            cutover->done ? g_strdup_printf ("%" G_GINT64_FORMAT, cutover->sequences) : NULL);
}

static void
copy_undo (GtkButton *button, gpointer user_data)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (button)),
                          g_object_get_data (G_OBJECT (button), "sql"));
}

static void
add_copy_button (AdwActionRow *row, const char *sql)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-copy-symbolic");

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Copy the SQL that undoes it"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Copy the SQL that undoes it"), -1);
  g_object_set_data_full (G_OBJECT (button), "sql", g_strdup (sql), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (copy_undo), NULL);
  adw_action_row_add_suffix (row, button);
}

static void
add_standing (PgmCutoverProof *self, const PgmStanding *standing)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());
  g_autofree char *text = g_strdup_printf ("%s: %s", standing->where, standing->what);
  g_autofree char *title = pgm_display_text (text);
  g_autofree char *sql = pgm_text_to_lines (standing->undo_sql);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (row, sql);
  adw_action_row_set_subtitle_lines (row, 3);
  if (standing->undo_sql != NULL && *standing->undo_sql != '\0')
    add_copy_button (row, standing->undo_sql);
  adw_preferences_group_add (self->standing_group, GTK_WIDGET (row));
  g_ptr_array_add (self->standing_rows, row);
}

static void
show_standing (PgmCutoverProof *self, const PgmCutoverReport *cutover)
{
  for (guint i = 0; i < self->standing_rows->len; i++)
    adw_preferences_group_remove (self->standing_group, g_ptr_array_index (self->standing_rows, i));
  g_ptr_array_set_size (self->standing_rows, 0);
  for (guint i = 0; i < MIN (cutover->standing->len, MAX_STANDING); i++)
    add_standing (self, g_ptr_array_index (cutover->standing, i));
  gtk_widget_set_visible (GTK_WIDGET (self->standing_group), cutover->standing->len > 0);
}

static void
pgm_cutover_proof_dispose (GObject *object)
{
  PgmCutoverProof *self = PGM_CUTOVER_PROOF (object);

  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_pointer (&self->standing_rows, g_ptr_array_unref);
  G_OBJECT_CLASS (pgm_cutover_proof_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, result_icon);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, result_label);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, reason_label);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, facts_group);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, stopped_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, waited_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, proof_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, fence_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, sentinel_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, second_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, final_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, sequences_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, standing_group);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverProof, steps);
}

static void
pgm_cutover_proof_class_init (PgmCutoverProofClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_cutover_proof_dispose;
  g_type_ensure (PGM_TYPE_CUTOVER_STEPS);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "cutoverproof");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/cutover-proof.ui");
  bind_children (widget_class);
}

static void
pgm_cutover_proof_init (PgmCutoverProof *self)
{
  self->standing_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
pgm_cutover_proof_show (PgmCutoverProof *self, const PgmCutoverReport *cutover)
{
  show_result (self, cutover);
  show_facts (self, cutover);
  show_standing (self, cutover);
  pgm_cutover_steps_show (self->steps, cutover);
}

const char *
pgm_cutover_proof_get_result (PgmCutoverProof *self)
{
  return gtk_label_get_text (self->result_label);
}
