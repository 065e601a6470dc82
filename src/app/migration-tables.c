#include "app/migration-tables.h"

#include "core/i18n.h"
#include "core/units.h"

struct _PgmMigrationTables
{
  GtkWidget parent_instance;
  GtkWidget *frame;
  GtkSearchEntry *search_entry;
  GtkLabel *count_label;
  GtkStack *pages;
  PgmTableView *view;
};

G_DEFINE_FINAL_TYPE (PgmMigrationTables, pgm_migration_tables, GTK_TYPE_WIDGET)

static void
show_count (PgmMigrationTables *self)
{
  guint all = pgm_table_view_get_n_rows (self->view);
  guint shown = pgm_table_view_get_n_shown (self->view);
  g_autofree char *all_text = pgm_format_count (all);
  g_autofree char *shown_text = pgm_format_count (shown);
  g_autofree char *text = shown == all
                              ? g_strdup_printf (_ ("%s tables"), all_text)
                              : g_strdup_printf (_ ("%s of %s tables"), shown_text, all_text);

  if (g_strcmp0 (text, gtk_label_get_text (self->count_label)) != 0)
    gtk_label_set_text (self->count_label, text);
  gtk_stack_set_visible_child_name (self->pages, shown > 0 || all == 0 ? "list" : "empty");
}

static void
on_search (GtkSearchEntry *entry, PgmMigrationTables *self)
{
  pgm_table_view_set_search (self->view, gtk_editable_get_text (GTK_EDITABLE (entry)));
  show_count (self);
}

static void
pgm_migration_tables_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (pgm_migration_tables_parent_class)->map (widget);
  show_count (PGM_MIGRATION_TABLES (widget));
}

static void
pgm_migration_tables_dispose (GObject *object)
{
  g_clear_pointer (&PGM_MIGRATION_TABLES (object)->frame, gtk_widget_unparent);
  G_OBJECT_CLASS (pgm_migration_tables_parent_class)->dispose (object);
}

static void
pgm_migration_tables_class_init (PgmMigrationTablesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_tables_dispose;
  widget_class->map = pgm_migration_tables_map;
  g_type_ensure (PGM_TYPE_TABLE_VIEW);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationtables");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-tables.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationTables, frame);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationTables, search_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationTables, count_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationTables, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationTables, view);
}

static void
pgm_migration_tables_init (PgmMigrationTables *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (self->search_entry, "search-changed", G_CALLBACK (on_search), self);
  gtk_search_entry_set_key_capture_widget (self->search_entry, GTK_WIDGET (self));
}

void
pgm_migration_tables_update (PgmMigrationTables *self, PgmSnapshot *snapshot)
{
  pgm_table_view_update (self->view, snapshot);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_count (self);
}

void
pgm_migration_tables_clear (PgmMigrationTables *self)
{
  pgm_table_view_clear (self->view);
  show_count (self);
}

void
pgm_migration_tables_search (PgmMigrationTables *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

PgmTableView *
pgm_migration_tables_get_view (PgmMigrationTables *self)
{
  return self->view;
}

GtkEditable *
pgm_migration_tables_get_entry (PgmMigrationTables *self)
{
  return GTK_EDITABLE (self->search_entry);
}
