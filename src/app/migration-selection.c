#include "app/migration-selection.h"

#include <adwaita.h>

#include "app/table-row.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

struct _PgmMigrationSelection
{
  GtkWidget parent_instance;
  GtkStack *pages;
  AdwStatusPage *notice;
  GtkSearchEntry *search_entry;
  GtkLabel *count_label;
  GtkListView *list;
  GListStore *schemas;
  GtkTreeListModel *tree;
  GtkCustomFilter *filter;
  char *needle;
};

G_DEFINE_FINAL_TYPE (PgmMigrationSelection, pgm_migration_selection, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* The widgets of one line. */
typedef struct
{
  GtkWidget *expander;
  GtkWidget *check;
  GtkWidget *name;
  GtkWidget *rows;
  GtkWidget *size;
  PgmSelectionNode *node; /* while it is bound */
  PgmMigrationSelection *selection;
  gboolean quiet;
} Line;

/* ---- numbers ---- */

static void
show_count (PgmMigrationSelection *self)
{
  guint n_schemas = g_list_model_get_n_items (G_LIST_MODEL (self->schemas));
  guint64 bytes = 0;
  guint count = 0;
  g_autofree char *tables = NULL;
  g_autofree char *size = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < n_schemas; i++)
    {
      g_autoptr (PgmSelectionNode) schema = g_list_model_get_item (G_LIST_MODEL (self->schemas), i);

      count += pgm_selection_node_count (schema, &bytes);
    }
  tables = pgm_format_count (count);
  size = pgm_format_bytes (bytes);
  text = g_strdup_printf (_ ("%s tables, %s"), tables, size);
  gtk_label_set_text (self->count_label, text);
}

/* ---- lines ---- */

static void
show_node (PgmSelectionNode *node, Line *line)
{
  PgmChosen chosen = pgm_selection_node_get_chosen (node);

  line->quiet = TRUE;
  gtk_check_button_set_inconsistent (GTK_CHECK_BUTTON (line->check), chosen == PGM_CHOSEN_SOME);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (line->check), chosen == PGM_CHOSEN_ALL);
  line->quiet = FALSE;
}

static void
on_toggled (GtkCheckButton *check, Line *line)
{
  if (line->quiet || line->node == NULL)
    return;
  pgm_selection_node_set_chosen (line->node, gtk_check_button_get_active (check));
  show_count (line->selection);
  g_signal_emit (line->selection, signals[CHANGED], 0);
}

static GtkWidget *
make_cell (float xalign, guint chars)
{
  GtkWidget *cell = gtk_inscription_new (NULL);

  gtk_widget_set_size_request (cell, -1, 20);
  gtk_inscription_set_xalign (GTK_INSCRIPTION (cell), xalign);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (cell), chars);
  gtk_inscription_set_nat_chars (GTK_INSCRIPTION (cell), chars);
  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (cell),
                                     GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  return cell;
}

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, PgmMigrationSelection *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  Line *line = g_new0 (Line, 1);

  line->selection = self;
  line->expander = gtk_tree_expander_new ();
  line->check = gtk_check_button_new ();
  line->name = make_cell (0, 12);
  line->rows = make_cell (1, 11);
  line->size = make_cell (1, 9);
  gtk_widget_set_hexpand (line->name, TRUE);
  gtk_widget_set_margin_end (line->size, 12);
  gtk_widget_add_css_class (line->rows, "numeric");
  gtk_widget_add_css_class (line->rows, "dim-label");
  gtk_widget_add_css_class (line->size, "numeric");
  gtk_box_append (GTK_BOX (box), line->expander);
  gtk_box_append (GTK_BOX (box), line->check);
  gtk_box_append (GTK_BOX (box), line->name);
  gtk_box_append (GTK_BOX (box), line->rows);
  gtk_box_append (GTK_BOX (box), line->size);
  g_signal_connect (line->check, "toggled", G_CALLBACK (on_toggled), line);
  g_object_set_data_full (G_OBJECT (item), "line", line, g_free);
  gtk_list_item_set_child (item, box);
  gtk_list_item_set_activatable (item, FALSE);
}

static void
set_cell (GtkWidget *cell, char *text)
{
  gtk_inscription_set_text (GTK_INSCRIPTION (cell), text);
  g_free (text);
}

static char *
rows_text (gint64 rows)
{
  g_autofree char *count = rows >= 0 ? pgm_format_short_count ((guint64) rows) : NULL;

  return count != NULL ? g_strdup_printf (_ ("%s rows"), count) : g_strdup ("");
}

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *item, PgmMigrationSelection *self)
{
  Line *line = g_object_get_data (G_OBJECT (item), "line");
  GtkTreeListRow *row = gtk_list_item_get_item (item);
  g_autofree char *name = NULL;

  gtk_tree_expander_set_list_row (GTK_TREE_EXPANDER (line->expander), row);
  line->node = gtk_tree_list_row_get_item (row);
  name = pgm_display_text (pgm_selection_node_get_name (line->node));
  gtk_accessible_update_property (GTK_ACCESSIBLE (line->check), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  -1);
  gtk_inscription_set_text (GTK_INSCRIPTION (line->name), name);
  set_cell (line->rows, rows_text (pgm_selection_node_get_rows (line->node)));
  set_cell (line->size, pgm_format_bytes (pgm_selection_node_get_bytes (line->node)));
  g_signal_connect (line->node, "changed", G_CALLBACK (show_node), line);
  show_node (line->node, line);
}

static void
on_unbind (GtkSignalListItemFactory *factory, GtkListItem *item, PgmMigrationSelection *self)
{
  Line *line = g_object_get_data (G_OBJECT (item), "line");

  g_signal_handlers_disconnect_by_func (line->node, show_node, line);
  g_clear_object (&line->node);
  gtk_tree_expander_set_list_row (GTK_TREE_EXPANDER (line->expander), NULL);
}

/* ---- the tree ---- */

static gboolean
is_wanted (gpointer item, gpointer user_data)
{
  return pgm_selection_node_matches (item, PGM_MIGRATION_SELECTION (user_data)->needle);
}

static GListModel *
filtered (PgmMigrationSelection *self, GListModel *model)
{
  return G_LIST_MODEL (
      gtk_filter_list_model_new (g_object_ref (model), g_object_ref (GTK_FILTER (self->filter))));
}

static GListModel *
list_children (gpointer item, gpointer user_data)
{
  return pgm_selection_node_is_schema (item)
             ? filtered (user_data, pgm_selection_node_get_tables (item))
             : NULL;
}

static void
make_list (PgmMigrationSelection *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkNoSelection) selection = NULL;

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), self);
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (on_unbind), self);
  self->schemas = g_list_store_new (PGM_TYPE_SELECTION_NODE);
  self->filter = gtk_custom_filter_new (is_wanted, self, NULL);
  self->tree = gtk_tree_list_model_new (filtered (self, G_LIST_MODEL (self->schemas)), FALSE, FALSE,
                                        list_children, self, NULL);
  selection = gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->tree)));
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
}

void
pgm_migration_selection_search (PgmMigrationSelection *self, const char *text)
{
  g_clear_pointer (&self->needle, g_free);
  if (text != NULL && *text != '\0')
    self->needle = pgm_table_row_fold (text);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  /* What was found is seen without opening anything. */
  gtk_tree_list_model_set_autoexpand (self->tree, self->needle != NULL);
  for (guint i = 0;
       self->needle != NULL && i < g_list_model_get_n_items (G_LIST_MODEL (self->tree)); i++)
    {
      g_autoptr (GtkTreeListRow) row = gtk_tree_list_model_get_row (self->tree, i);

      gtk_tree_list_row_set_expanded (row, TRUE);
    }
}

static void
on_search (GtkSearchEntry *entry, PgmMigrationSelection *self)
{
  pgm_migration_selection_search (self, gtk_editable_get_text (GTK_EDITABLE (entry)));
}

static void
choose_all (PgmMigrationSelection *self, gboolean chosen)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->schemas)); i++)
    {
      g_autoptr (PgmSelectionNode) schema = g_list_model_get_item (G_LIST_MODEL (self->schemas), i);

      pgm_selection_node_set_chosen (schema, chosen);
    }
  show_count (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
choose_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  choose_all (PGM_MIGRATION_SELECTION (widget), g_str_equal (name, "selection.all"));
}

/* ---- the object ---- */

static void
pgm_migration_selection_dispose (GObject *object)
{
  PgmMigrationSelection *self = PGM_MIGRATION_SELECTION (object);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  if (self->filter != NULL)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  if (child != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->tree);
  g_clear_object (&self->filter);
  g_clear_object (&self->schemas);
  g_clear_pointer (&self->needle, g_free);
  G_OBJECT_CLASS (pgm_migration_selection_parent_class)->dispose (object);
}

static void
pgm_migration_selection_class_init (PgmMigrationSelectionClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_selection_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationselection");
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/pgmanager/Pgmanager/migration-selection.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationSelection, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationSelection, notice);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationSelection, search_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationSelection, count_label);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationSelection, list);
  gtk_widget_class_install_action (widget_class, "selection.all", NULL, choose_action);
  gtk_widget_class_install_action (widget_class, "selection.none", NULL, choose_action);
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_MIGRATION_SELECTION, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_migration_selection_init (PgmMigrationSelection *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  make_list (self);
  g_signal_connect (self->search_entry, "search-changed", G_CALLBACK (on_search), self);
}

/* The tables come largest first; schemas in the order of their largest. */
void
pgm_migration_selection_set_tables (PgmMigrationSelection *self, const GPtrArray *tables)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  g_list_store_remove_all (self->schemas);
  for (guint i = 0; i < tables->len; i++)
    {
      const PgmPlanTable *table = g_ptr_array_index (tables, i);
      PgmSelectionNode *schema = g_hash_table_lookup (known, table->schema);

      if (schema == NULL)
        {
          schema = pgm_selection_node_new_schema (table->schema);
          g_hash_table_insert (known, table->schema, schema);
        }
      pgm_selection_node_add_table (schema, table);
    }
  for (guint i = 0; i < tables->len; i++)
    {
      const PgmPlanTable *table = g_ptr_array_index (tables, i);
      PgmSelectionNode *schema = g_hash_table_lookup (known, table->schema);

      if (schema == NULL)
        continue;
      g_list_store_append (self->schemas, schema);
      g_object_unref (schema);
      g_hash_table_remove (known, table->schema);
    }
  show_count (self);
  pgm_migration_selection_set_notice (self, NULL, NULL);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
pgm_migration_selection_set_notice (PgmMigrationSelection *self,
                                    const char *title,
                                    const char *text)
{
  g_autofree char *plain = pgm_text_to_lines (text);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  gtk_stack_set_visible_child_name (self->pages, title != NULL ? "notice" : "tree");
  if (title == NULL)
    return;
  adw_status_page_set_title (self->notice, title);
  adw_status_page_set_description (self->notice, escaped);
}

gboolean
pgm_migration_selection_is_complete (PgmMigrationSelection *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->schemas)); i++)
    {
      g_autoptr (PgmSelectionNode) schema = g_list_model_get_item (G_LIST_MODEL (self->schemas), i);

      if (pgm_selection_node_get_chosen (schema) != PGM_CHOSEN_NONE)
        return TRUE;
    }
  return FALSE;
}

GStrv
pgm_migration_selection_make_excludes (PgmMigrationSelection *self)
{
  g_autoptr (GStrvBuilder) patterns = g_strv_builder_new ();
  GStrv excludes;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->schemas)); i++)
    {
      g_autoptr (PgmSelectionNode) schema = g_list_model_get_item (G_LIST_MODEL (self->schemas), i);

      pgm_selection_node_add_excludes (schema, patterns);
    }
  excludes = g_strv_builder_end (patterns);
  if (excludes[0] == NULL)
    g_clear_pointer (&excludes, g_strfreev);
  return excludes;
}

GListModel *
pgm_migration_selection_get_schemas (PgmMigrationSelection *self)
{
  return G_LIST_MODEL (self->schemas);
}
