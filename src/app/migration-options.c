#include "app/migration-options.h"

#include <adwaita.h>

#include "app/migration-words.h"
#include "core/i18n.h"
#include "model/request.h"

#define MIB G_GUINT64_CONSTANT (1048576)

struct _PgmMigrationOptions
{
  GtkWidget parent_instance;
  AdwComboRow *mode_row;
  AdwPreferencesGroup *cutover_group;
  AdwComboRow *fence_row;
  GtkSwitch *way_back_switch;
  GtkSpinButton *copy_spin;
  GtkSpinButton *index_spin;
  GtkSpinButton *split_spin;
  GtkSwitch *drop_switch;
  GtkSwitch *owner_switch;
  GtkSwitch *acl_switch;
  AdwComboRow *conflict_row;
  GtkWidget *streaming_row;
  GtkSwitch *streaming_switch;
  AdwEntryRow *slot_row;
  AdwEntryRow *publication_row;
};

G_DEFINE_FINAL_TYPE (PgmMigrationOptions, pgm_migration_options, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
on_changed (PgmMigrationOptions *self)
{
  gboolean follow = pgm_migration_options_get_follow (self);

  gtk_widget_set_visible (GTK_WIDGET (self->cutover_group), follow);
  gtk_widget_set_visible (GTK_WIDGET (self->conflict_row), follow);
  gtk_widget_set_visible (self->streaming_row, follow);
  gtk_widget_set_visible (GTK_WIDGET (self->slot_row), follow);
  gtk_widget_set_visible (GTK_WIDGET (self->publication_row), follow);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
pgm_migration_options_dispose (GObject *object)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  if (child != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (pgm_migration_options_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, mode_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, cutover_group);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, fence_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, way_back_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, copy_spin);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, index_spin);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, split_spin);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, drop_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, owner_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, acl_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, conflict_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, streaming_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, streaming_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, slot_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationOptions, publication_row);
}

static void
pgm_migration_options_class_init (PgmMigrationOptionsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_options_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationoptions");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-options.ui");
  bind_children (widget_class);
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_MIGRATION_OPTIONS, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
set_choices (AdwComboRow *row, const char *const *texts)
{
  g_autoptr (GtkStringList) list = gtk_string_list_new (texts);

  adw_combo_row_set_model (row, G_LIST_MODEL (list));
}

static void
pgm_migration_options_init (PgmMigrationOptions *self)
{
  const char *const modes[] = { _ ("Copy and follow"), _ ("Copy once"), NULL };
  const char *const conflicts[] = { _ ("Stop"), _ ("Leave it out, and tell"), _ ("Leave it out"),
                                    NULL };
  const char *const fences[] = { pgm_words_fence (PGM_FENCE_REVOKE),
                                 pgm_words_fence (PGM_FENCE_READONLY),
                                 pgm_words_fence (PGM_FENCE_PGBOUNCER),
                                 pgm_words_fence (PGM_FENCE_NONE), NULL };
  gpointer watched[4];

  gtk_widget_init_template (GTK_WIDGET (self));
  set_choices (self->mode_row, modes);
  set_choices (self->conflict_row, conflicts);
  set_choices (self->fence_row, fences);
  g_signal_connect_swapped (self->mode_row, "notify::selected", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->conflict_row, "notify::selected", G_CALLBACK (on_changed), self);
  watched[0] = self->drop_switch;
  watched[1] = self->owner_switch;
  watched[2] = self->acl_switch;
  watched[3] = self->streaming_switch;
  for (int i = 0; i < 4; i++)
    g_signal_connect_swapped (watched[i], "notify::active", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->slot_row, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->publication_row, "changed", G_CALLBACK (on_changed), self);
  on_changed (self);
}

gboolean
pgm_migration_options_get_follow (PgmMigrationOptions *self)
{
  return adw_combo_row_get_selected (self->mode_row) == 0;
}

void
pgm_migration_options_set_follow (PgmMigrationOptions *self, gboolean follow)
{
  adw_combo_row_set_selected (self->mode_row, follow ? 0 : 1);
}

int
pgm_migration_options_get_fence (PgmMigrationOptions *self)
{
  return (int) adw_combo_row_get_selected (self->fence_row);
}

gboolean
pgm_migration_options_get_way_back (PgmMigrationOptions *self)
{
  return gtk_switch_get_active (self->way_back_switch);
}

static char *
dup_text (AdwEntryRow *row)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (row));

  return *text != '\0' ? g_strdup (text) : NULL;
}

void
pgm_migration_options_apply (PgmMigrationOptions *self, PgmJobSpec *spec)
{
  PgmCloneOptions *clone = spec->clone;

  clone->copy_workers = gtk_spin_button_get_value_as_int (self->copy_spin);
  clone->index_workers = gtk_spin_button_get_value_as_int (self->index_spin);
  clone->split_bytes = (guint64) gtk_spin_button_get_value_as_int (self->split_spin) * MIB;
  clone->drop_existing = gtk_switch_get_active (self->drop_switch);
  clone->no_owner = !gtk_switch_get_active (self->owner_switch);
  clone->no_acl = !gtk_switch_get_active (self->acl_switch);
  if (!pgm_migration_options_get_follow (self))
    return;
  spec->follow = pgm_record_new (&pgm_follow_options_type);
  spec->follow->on_conflict = (int) adw_combo_row_get_selected (self->conflict_row);
  spec->follow->streaming = gtk_switch_get_active (self->streaming_switch);
  spec->follow->slot_name = dup_text (self->slot_row);
  spec->follow->publication = dup_text (self->publication_row);
}
