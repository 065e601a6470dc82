#include "app/cutover-ask.h"

#include <adwaita.h>

#include "app/migration-words.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

struct _PgmCutoverAsk
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  AdwPreferencesGroup *plan_group;
  AdwActionRow *lag_row;
  AdwActionRow *fence_row;
  AdwActionRow *sessions_row;
  AdwActionRow *sequences_row;
  AdwActionRow *way_back_row;
  AdwActionRow *deadline_row;
  AdwComboRow *fence_choice;
  AdwPasswordEntryRow *pgbouncer_entry;
  GtkSpinButton *timeout_spin;
  GtkSpinButton *margin_spin;
  AdwActionRow *keep_row;
  GtkSwitch *keep_switch;
  AdwPreferencesGroup *confirm_group;
  AdwEntryRow *confirm_entry;
  GtkButton *start_button;
  char *target;
  gboolean is_protected;
  gboolean back;
};

G_DEFINE_FINAL_TYPE (PgmCutoverAsk, pgm_cutover_ask, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
set_subtitle (AdwActionRow *row, const char *text)
{
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle (row, text);
}

static int
chosen_fence (PgmCutoverAsk *self)
{
  return (int) adw_combo_row_get_selected (self->fence_choice);
}

static const char *
sessions_text (int fence)
{
  if (fence == PGM_FENCE_PGBOUNCER)
    return _ ("None is ended; PgBouncer lets them wait.");
  if (fence == PGM_FENCE_NONE)
    return _ ("None is ended: you say that nobody writes any more.");
  return _ ("Sessions that still hold the tables are ended, except those of superusers.");
}

static const char *
way_back_text (PgmCutoverAsk *self)
{
  if (self->back)
    return _ ("The first direction is followed again afterwards, from this moment on.");
  if (gtk_switch_get_active (self->keep_switch))
    return _ ("Every change is followed back to the old side, so that you can go back without "
              "losing one.");
  return _ ("None is kept: this can't be undone without another migration.");
}

/* What is said follows from what is chosen. */
static void
describe (PgmCutoverAsk *self)
{
  int fence = chosen_fence (self);
  g_autofree char *deadline =
      g_strdup_printf (_ ("After %d seconds at the latest everything is as before, unless it has "
                          "been done by then."),
                       gtk_spin_button_get_value_as_int (self->timeout_spin));

  set_subtitle (self->fence_row, pgm_words_fence_long (fence));
  set_subtitle (self->sessions_row, sessions_text (fence));
  set_subtitle (self->way_back_row, way_back_text (self));
  set_subtitle (self->deadline_row, deadline);
  gtk_widget_set_visible (GTK_WIDGET (self->pgbouncer_entry), fence == PGM_FENCE_PGBOUNCER);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_confirm (PgmCutoverAsk *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
pgm_cutover_ask_dispose (GObject *object)
{
  PgmCutoverAsk *self = PGM_CUTOVER_ASK (object);

  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_pointer (&self->target, g_free);
  G_OBJECT_CLASS (pgm_cutover_ask_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, plan_group);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, lag_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, fence_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, sessions_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, sequences_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, way_back_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, deadline_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, fence_choice);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, pgbouncer_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, timeout_spin);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, margin_spin);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, keep_row);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, keep_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, confirm_group);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, confirm_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverAsk, start_button);
}

static void
pgm_cutover_ask_class_init (PgmCutoverAskClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_cutover_ask_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "cutoverask");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/cutover-ask.ui");
  bind_children (widget_class);
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_CUTOVER_ASK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_cutover_ask_init (PgmCutoverAsk *self)
{
  g_autoptr (GtkStringList) fences = gtk_string_list_new (NULL);

  gtk_widget_init_template (GTK_WIDGET (self));
  for (int i = 0; pgm_fence_names[i] != NULL; i++)
    gtk_string_list_append (fences, pgm_words_fence (i));
  adw_combo_row_set_model (self->fence_choice, G_LIST_MODEL (fences));
  g_signal_connect_swapped (self->fence_choice, "notify::selected", G_CALLBACK (describe), self);
  g_signal_connect_swapped (self->timeout_spin, "value-changed", G_CALLBACK (describe), self);
  g_signal_connect_swapped (self->keep_switch, "notify::active", G_CALLBACK (describe), self);
  g_signal_connect_swapped (self->confirm_entry, "changed", G_CALLBACK (on_confirm), self);
  g_signal_connect_swapped (self->pgbouncer_entry, "changed", G_CALLBACK (on_confirm), self);
  pgm_cutover_ask_set_target (self, NULL, FALSE);
  pgm_cutover_ask_set_back (self, FALSE);
}

void
pgm_cutover_ask_set_back (PgmCutoverAsk *self, gboolean back)
{
  self->back = back;
  gtk_button_set_label (self->start_button, back ? _ ("_Go Back Now") : _ ("_Cut Over Now"));
  adw_preferences_group_set_title (self->plan_group, back ? _ ("Going back to the source")
                                                          : _ ("Cutting over to the destination"));
  gtk_widget_set_visible (GTK_WIDGET (self->keep_row), !back);
  gtk_editable_set_text (GTK_EDITABLE (self->confirm_entry), "");
  describe (self);
}

void
pgm_cutover_ask_set_target (PgmCutoverAsk *self, const char *name, gboolean is_protected)
{
  g_autofree char *shown = pgm_display_text (name);
  g_autofree char *title = g_strdup_printf (_ ("Type “%s”"), shown != NULL ? shown : "");
  g_autofree char *escaped = g_markup_escape_text (title, -1);

  g_free (self->target);
  self->target = g_strdup (shown);
  self->is_protected = is_protected && name != NULL;
  gtk_widget_set_visible (GTK_WIDGET (self->confirm_group), self->is_protected);
  /* An entry's title is markup whatever its row says. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self->confirm_entry), TRUE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->confirm_entry), escaped);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
pgm_cutover_ask_set_defaults (PgmCutoverAsk *self, int fence, gboolean keep_way_back)
{
  adw_combo_row_set_selected (self->fence_choice, (guint) fence);
  gtk_switch_set_active (self->keep_switch, keep_way_back);
}

void
pgm_cutover_ask_set_lag (PgmCutoverAsk *self, guint64 bytes, double seconds)
{
  g_autofree char *lag = pgm_format_bytes (bytes);
  g_autofree char *behind = pgm_format_duration (seconds);
  g_autofree char *text =
      seconds > 0 ? g_strdup_printf (_ ("%s behind (%s). Writes stop only once this is made up."),
                                     behind, lag)
                  : g_strdup (_ ("Nothing is missing just now."));

  if (g_strcmp0 (text, adw_action_row_get_subtitle (self->lag_row)) != 0)
    set_subtitle (self->lag_row, text);
}

gboolean
pgm_cutover_ask_is_complete (PgmCutoverAsk *self)
{
  if (chosen_fence (self) == PGM_FENCE_PGBOUNCER &&
      *gtk_editable_get_text (GTK_EDITABLE (self->pgbouncer_entry)) == '\0')
    return FALSE;
  return !self->is_protected ||
         g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (self->confirm_entry)), self->target) == 0;
}

PgmSwitchoverOptions *
pgm_cutover_ask_make_options (PgmCutoverAsk *self)
{
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);

  options->timeout_sec = gtk_spin_button_get_value (self->timeout_spin);
  options->fence = chosen_fence (self);
  if (options->fence == PGM_FENCE_PGBOUNCER)
    options->pgbouncer_uri =
        g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->pgbouncer_entry)));
  options->sequence_margin = gtk_spin_button_get_value_as_int (self->margin_spin);
  options->no_reverse = !self->back && !gtk_switch_get_active (self->keep_switch);
  return options;
}
