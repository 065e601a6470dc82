#include "app/migration-log.h"

#include "app/log-row.h"
#include "app/save-file.h"
#include "app/table-row.h"
#include "core/i18n.h"

#define MAX_ENTRIES 20000

struct _PgmMigrationLog
{
  GtkWidget parent_instance;
  GtkWidget *frame;
  GtkDropDown *level_choice;
  GtkSearchEntry *search_entry;
  GtkToggleButton *follow_button;
  GtkListView *list;
  GtkScrolledWindow *scrolled;
  GtkStack *pages;
  GListStore *rows;
  GListModel *shown;
  GtkCustomFilter *filter;
  char *needle; /* folded; NULL: all */
  gint64 last_time;
  GHashTable *last_messages; /* of events at that very time */
  guint scroll_source;
};

G_DEFINE_FINAL_TYPE (PgmMigrationLog, pgm_migration_log, GTK_TYPE_WIDGET)

/* ---- what is shown ---- */

static gboolean
is_wanted (gpointer item, gpointer user_data)
{
  PgmMigrationLog *self = user_data;

  return (guint) pgm_log_row_get_level (item) >= gtk_drop_down_get_selected (self->level_choice) &&
         (self->needle == NULL || pgm_log_row_matches (item, self->needle));
}

static void
show_page (PgmMigrationLog *self)
{
  gboolean any = g_list_model_get_n_items (self->shown) > 0;

  gtk_stack_set_visible_child_name (self->pages, any ? "list" : "empty");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "log.copy", any);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "log.save", any);
}

static gboolean
scroll_down (gpointer user_data)
{
  PgmMigrationLog *self = user_data;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scrolled);

  self->scroll_source = 0;
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) -
                                            gtk_adjustment_get_page_size (adjustment));
  return G_SOURCE_REMOVE;
}

/* Where the list ends is known only after it has been laid out. */
static void
follow (PgmMigrationLog *self)
{
  if (gtk_toggle_button_get_active (self->follow_button) && self->scroll_source == 0)
    self->scroll_source = g_timeout_add (50, scroll_down, self);
}

static void
filter_again (PgmMigrationLog *self)
{
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  show_page (self);
  follow (self);
}

static void
on_search (GtkSearchEntry *entry, PgmMigrationLog *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (entry));

  g_clear_pointer (&self->needle, g_free);
  if (*text != '\0')
    self->needle = pgm_table_row_fold (text);
  filter_again (self);
}

/* ---- rows ---- */

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  GtkWidget *when = gtk_label_new (NULL);
  GtkWidget *icon = gtk_image_new ();
  GtkWidget *message = gtk_label_new (NULL);

  gtk_widget_set_margin_start (box, 9);
  gtk_widget_set_margin_end (box, 9);
  gtk_widget_add_css_class (when, "numeric");
  gtk_widget_add_css_class (when, "dim-label");
  gtk_widget_set_valign (when, GTK_ALIGN_START);
  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_label_set_xalign (GTK_LABEL (message), 0);
  gtk_label_set_wrap (GTK_LABEL (message), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (message), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (message), FALSE);
  gtk_widget_set_hexpand (message, TRUE);
  gtk_box_append (GTK_BOX (box), when);
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), message);
  gtk_list_item_set_child (item, box);
  gtk_list_item_set_activatable (item, FALSE);
}

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  static const char *const icons[] = { "help-about-symbolic", "dialog-warning-symbolic",
                                       "dialog-error-symbolic" };
  static const char *const classes[] = { "dim-label", "warning", "error" };
  PgmLogRow *row = gtk_list_item_get_item (item);
  GtkWidget *when = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  GtkWidget *icon = gtk_widget_get_next_sibling (when);
  GtkWidget *message = gtk_widget_get_next_sibling (icon);
  PgmLogLevel level = pgm_log_row_get_level (row);
  const char *const class[] = { classes[level], NULL };

  gtk_label_set_text (GTK_LABEL (when), pgm_log_row_get_when (row));
  gtk_image_set_from_icon_name (GTK_IMAGE (icon), icons[level]);
  gtk_widget_set_css_classes (icon, (const char **) (guintptr) class);
  gtk_accessible_update_property (GTK_ACCESSIBLE (icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  pgm_log_level_to_text (level), -1);
  gtk_label_set_text (GTK_LABEL (message), pgm_log_row_get_message (row));
}

/* ---- actions ---- */

static void
copy_log (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autofree char *text = pgm_migration_log_to_text (PGM_MIGRATION_LOG (widget));

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
}

/* What went wrong stands in the log itself, where it was asked for. */
static void
on_saved (const char *path, const GError *error, gpointer user_data)
{
  g_autoptr (PgmMigrationLog) self = user_data;
  PgmEvent *event;
  g_autoptr (GPtrArray) events = NULL;

  if (error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  event = pgm_record_new (&pgm_event_type);
  event->time = g_get_real_time ();
  event->type = g_strdup ("error");
  event->message = g_strdup_printf (_ ("The log could not be saved: %s"), error->message);
  events = g_ptr_array_new_with_free_func (pgm_record_unref);
  g_ptr_array_add (events, event);
  pgm_migration_log_add (self, events);
}

static void
save_log (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autofree char *text = pgm_migration_log_to_text (PGM_MIGRATION_LOG (widget));

  pgm_save_text_async (widget, _ ("Save the Log"), "migration.log", text, on_saved,
                       g_object_ref (widget));
}

/* ---- the object ---- */

static void
pgm_migration_log_dispose (GObject *object)
{
  PgmMigrationLog *self = PGM_MIGRATION_LOG (object);

  g_clear_handle_id (&self->scroll_source, g_source_remove);
  if (self->filter != NULL)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  g_clear_pointer (&self->frame, gtk_widget_unparent);
  g_clear_object (&self->filter);
  g_clear_object (&self->shown);
  g_clear_object (&self->rows);
  g_clear_pointer (&self->needle, g_free);
  g_clear_pointer (&self->last_messages, g_hash_table_unref);
  G_OBJECT_CLASS (pgm_migration_log_parent_class)->dispose (object);
}

static void
pgm_migration_log_class_init (PgmMigrationLogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_log_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationlog");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/migration-log.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, frame);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, level_choice);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, search_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, follow_button);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, list);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationLog, pages);
  gtk_widget_class_install_action (widget_class, "log.copy", NULL, copy_log);
  gtk_widget_class_install_action (widget_class, "log.save", NULL, save_log);
}

static void
make_list (PgmMigrationLog *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), NULL);
  self->rows = g_list_store_new (PGM_TYPE_LOG_ROW);
  self->filter = gtk_custom_filter_new (is_wanted, self, NULL);
  self->shown = G_LIST_MODEL (gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->rows)),
                                                         g_object_ref (GTK_FILTER (self->filter))));
  gtk_list_view_set_factory (self->list, factory);
  {
    g_autoptr (GtkNoSelection) selection = gtk_no_selection_new (g_object_ref (self->shown));

    gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
  }
}

static void
pgm_migration_log_init (PgmMigrationLog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->last_messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  make_list (self);
  g_signal_connect_swapped (self->level_choice, "notify::selected", G_CALLBACK (filter_again),
                            self);
  g_signal_connect (self->search_entry, "search-changed", G_CALLBACK (on_search), self);
  g_signal_connect_swapped (self->follow_button, "toggled", G_CALLBACK (follow), self);
  gtk_search_entry_set_key_capture_widget (self->search_entry, GTK_WIDGET (self));
  show_page (self);
}

/* Snapshots overlap: an event is known by its time and, at one time, by its words. */
static gboolean
is_new (PgmMigrationLog *self, const PgmEvent *event)
{
  if (event->time < self->last_time)
    return FALSE;
  if (event->time > self->last_time)
    g_hash_table_remove_all (self->last_messages);
  self->last_time = event->time;
  return g_hash_table_add (self->last_messages, g_strdup (event->message));
}

static void
append_rows (PgmMigrationLog *self, const GPtrArray *added)
{
  guint before = g_list_model_get_n_items (G_LIST_MODEL (self->rows));

  if (added->len == 0)
    return;
  g_list_store_splice (self->rows, before, 0, added->pdata, added->len);
  if (before + added->len > MAX_ENTRIES)
    g_list_store_splice (self->rows, 0, before + added->len - MAX_ENTRIES, NULL, 0);
  show_page (self);
  follow (self);
}

void
pgm_migration_log_add (PgmMigrationLog *self, const GPtrArray *events)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < events->len; i++)
    if (is_new (self, g_ptr_array_index (events, i)))
      g_ptr_array_add (added, pgm_log_row_new (NULL, g_ptr_array_index (events, i)));
  append_rows (self, added);
}

void
pgm_migration_log_append (PgmMigrationLog *self, const char *subject, const GPtrArray *events)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < events->len; i++)
    g_ptr_array_add (added, pgm_log_row_new (subject, g_ptr_array_index (events, i)));
  append_rows (self, added);
}

void
pgm_migration_log_clear (PgmMigrationLog *self)
{
  self->last_time = 0;
  g_hash_table_remove_all (self->last_messages);
  g_list_store_remove_all (self->rows);
  show_page (self);
}

void
pgm_migration_log_search (PgmMigrationLog *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

char *
pgm_migration_log_to_text (PgmMigrationLog *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (self->shown); i++)
    {
      g_autoptr (PgmLogRow) row = g_list_model_get_item (self->shown, i);
      g_autofree char *line = pgm_log_row_to_line (row);

      g_string_append_printf (text, "%s\n", line);
    }
  return g_string_free (text, FALSE);
}

guint
pgm_migration_log_get_n_entries (PgmMigrationLog *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->rows));
}

guint
pgm_migration_log_get_n_shown (PgmMigrationLog *self)
{
  return g_list_model_get_n_items (self->shown);
}
