#include "app/databases-page.h"

#include "app/column.h"
#include "app/state-view.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

struct _PgmDatabasesPage
{
  AdwBin parent_instance;
  PgmStateView *state_view;
  GtkDropDown *database_choice;
  GtkDropDown *schema_choice;
  GtkSearchEntry *search_entry;
  GtkStack *list_stack;
  AdwStatusPage *nothing_page;
  GtkLabel *count_label;
  PgmRelationList *tables;
  PgmIntrospection *introspection;
  char *node_id;
  char *database; /* that was asked for; NULL: the node's own */
  gboolean seen;
  gboolean filling; /* the lists of choices change by themselves */
};

G_DEFINE_FINAL_TYPE (PgmDatabasesPage, pgm_databases_page, ADW_TYPE_BIN)

/* ---- columns --------------------------------------------------------------------- */

static const PgmTableSize *
table_of (gconstpointer item)
{
  return pgm_relation_get_table (PGM_RELATION ((gpointer) (guintptr) item));
}

static char *
name_text (gpointer item)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", pgm_relation_get_schema (PGM_RELATION (item)),
                                           table_of (item)->name);

  return pgm_display_text (name);
}

static char *
rows_text (gpointer item)
{
  gint64 rows = table_of (item)->row_count;

  return rows < 0 ? g_strdup ("–") : pgm_format_short_count ((guint64) rows);
}

static char *
total_text (gpointer item)
{
  return pgm_format_bytes (table_of (item)->total_bytes);
}

static char *
data_text (gpointer item)
{
  return pgm_format_bytes (table_of (item)->data_bytes);
}

static char *
indexes_text (gpointer item)
{
  return pgm_format_bytes (table_of (item)->index_bytes);
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer user_data)
{
  int order = g_strcmp0 (pgm_relation_get_schema (PGM_RELATION ((gpointer) (guintptr) a)),
                         pgm_relation_get_schema (PGM_RELATION ((gpointer) (guintptr) b)));

  return gtk_ordering_from_cmpfunc (
      order != 0 ? order : g_strcmp0 (table_of (a)->name, table_of (b)->name));
}

static int
compare_rows (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 left = table_of (a)->row_count, right = table_of (b)->row_count;

  return left < right ? -1 : left > right;
}

static int
compare_totals (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 left = table_of (a)->total_bytes, right = table_of (b)->total_bytes;

  return left < right ? -1 : left > right;
}

static int
compare_data (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 left = table_of (a)->data_bytes, right = table_of (b)->data_bytes;

  return left < right ? -1 : left > right;
}

static int
compare_indexes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 left = table_of (a)->index_bytes, right = table_of (b)->index_bytes;

  return left < right ? -1 : left > right;
}

static const PgmColumn columns[] = {
  { N_ ("Table"), 0, -1, name_text, compare_names, NULL },
  { N_ ("Rows"), 1, 72, rows_text, compare_rows, NULL },
  { N_ ("Size"), 1, 84, total_text, compare_totals, NULL },
  { N_ ("Data"), 1, 84, data_text, compare_data, NULL },
  { N_ ("Indexes"), 1, 84, indexes_text, compare_indexes, NULL },
};

/* ---- what is shown --------------------------------------------------------------- */

/* The one whose schemas are listed. */
static PgmDatabaseSize *
find_database (PgmDatabasesPage *self)
{
  for (guint i = 0; self->introspection != NULL && i < self->introspection->databases->len; i++)
    {
      PgmDatabaseSize *database = g_ptr_array_index (self->introspection->databases, i);

      if (g_strcmp0 (database->name, self->introspection->database) == 0)
        return database;
    }
  return NULL;
}

static void
show_count (PgmDatabasesPage *self)
{
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->tables));
  guint all = pgm_relation_list_get_n_all (self->tables);
  g_autofree char *shown_text = pgm_format_count (shown);
  g_autofree char *all_text = pgm_format_count (all);
  g_autofree char *bytes = pgm_format_bytes (pgm_relation_list_get_bytes (self->tables));
  g_autofree char *text = g_strdup_printf (_ ("%s of %s tables · %s"), shown_text, all_text, bytes);

  gtk_label_set_text (self->count_label, text);
  adw_status_page_set_title (self->nothing_page,
                             all == 0 ? _ ("No Tables Here") : _ ("Nothing Found"));
  adw_status_page_set_description (
      self->nothing_page, all == 0 ? _ ("This database has no tables that the role can see.")
                                   : _ ("No table of this database has a name like that."));
  gtk_stack_set_visible_child_name (self->list_stack, shown > 0 ? "tables" : "nothing");
}

static void
apply_filter (PgmDatabasesPage *self)
{
  guint selected = gtk_drop_down_get_selected (self->schema_choice);
  const PgmDatabaseSize *database = find_database (self);
  const char *schema = NULL;

  if (self->filling)
    return;
  if (database != NULL && selected > 0 && selected <= database->schemas->len)
    schema = ((PgmSchemaSize *) g_ptr_array_index (database->schemas, selected - 1))->name;
  pgm_relation_list_filter (self->tables, schema,
                            gtk_editable_get_text (GTK_EDITABLE (self->search_entry)));
  show_count (self);
}

static void
fill_choice (GtkDropDown *choice, GtkStringList *names, guint selected)
{
  gtk_drop_down_set_model (choice, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (choice, selected);
  gtk_widget_set_sensitive (GTK_WIDGET (choice),
                            g_list_model_get_n_items (G_LIST_MODEL (names)) > 1);
}

static void
fill_databases (PgmDatabasesPage *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  const PgmDatabaseSize *shown = find_database (self);
  guint selected = 0;

  for (guint i = 0; i < self->introspection->databases->len; i++)
    {
      const PgmDatabaseSize *database = g_ptr_array_index (self->introspection->databases, i);
      g_autofree char *plain = pgm_display_text (database->name);
      g_autofree char *size = pgm_format_bytes (database->size_bytes);

      if (database == shown)
        selected = i;
      gtk_string_list_take (names, database->size_bytes > 0
                                       ? g_strdup_printf ("%s · %s", plain, size)
                                       : g_strdup (plain));
    }
  fill_choice (self->database_choice, names, selected);
}

static void
fill_schemas (PgmDatabasesPage *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  const PgmDatabaseSize *database = find_database (self);

  gtk_string_list_append (names, _ ("All schemas"));
  for (guint i = 0; database != NULL && i < database->schemas->len; i++)
    {
      const PgmSchemaSize *schema = g_ptr_array_index (database->schemas, i);
      g_autofree char *plain = pgm_display_text (schema->name);
      g_autofree char *count = pgm_format_count ((guint64) MAX (0, schema->table_count));

      gtk_string_list_take (names, g_strdup_printf ("%s · %s", plain, count));
    }
  fill_choice (self->schema_choice, names, 0);
}

static gboolean
on_introspection (gpointer answer, gpointer user_data)
{
  PgmDatabasesPage *self = user_data;

  g_clear_pointer (&self->introspection, pgm_record_unref);
  self->introspection = pgm_record_ref (answer);
  self->filling = TRUE;
  fill_databases (self);
  fill_schemas (self);
  self->filling = FALSE;
  pgm_relation_list_fill (self->tables, find_database (self));
  return self->introspection->databases->len > 0;
}

/* ---- what is asked --------------------------------------------------------------- */

static void
ask (PgmDatabasesPage *self, gboolean anew)
{
  PgmIntrospectionQuery *query = pgm_record_new (&pgm_introspection_query_type);

  query->node = g_strdup (self->node_id);
  query->database = g_strdup (self->database);
  if (anew)
    pgm_state_view_ask_anew (self->state_view, query);
  else
    pgm_state_view_ask (self->state_view, query);
  pgm_record_unref (query);
}

void
pgm_databases_page_set_node (PgmDatabasesPage *self, const char *node_id)
{
  g_free (self->node_id);
  self->node_id = g_strdup (node_id);
  if (self->seen)
    ask (self, TRUE);
}

void
pgm_databases_page_refresh (PgmDatabasesPage *self)
{
  if (self->seen)
    ask (self, FALSE);
}

void
pgm_databases_page_set_database (PgmDatabasesPage *self, const char *name)
{
  if (g_strcmp0 (self->database, name) == 0)
    return;
  g_free (self->database);
  self->database = g_strdup (name);
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  pgm_relation_list_fill (self->tables, NULL);
  self->seen = TRUE;
  ask (self, TRUE);
}

static void
on_database_chosen (PgmDatabasesPage *self)
{
  guint selected = gtk_drop_down_get_selected (self->database_choice);

  if (self->filling || self->introspection == NULL ||
      selected >= self->introspection->databases->len ||
      g_ptr_array_index (self->introspection->databases, selected) == find_database (self))
    return;
  pgm_databases_page_set_database (
      self,
      ((PgmDatabaseSize *) g_ptr_array_index (self->introspection->databases, selected))->name);
}

void
pgm_databases_page_search (PgmDatabasesPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

/* Lazy: nothing is asked before somebody looks. */
static void
pgm_databases_page_map (GtkWidget *widget)
{
  PgmDatabasesPage *self = PGM_DATABASES_PAGE (widget);

  GTK_WIDGET_CLASS (pgm_databases_page_parent_class)->map (widget);
  if (self->seen)
    return;
  self->seen = TRUE;
  ask (self, FALSE);
}

/* ---- life ------------------------------------------------------------------------ */

PgmRelationList *
pgm_databases_page_get_tables (PgmDatabasesPage *self)
{
  return self->tables;
}

GtkSearchEntry *
pgm_databases_page_get_search_entry (PgmDatabasesPage *self)
{
  return self->search_entry;
}

static void
pgm_databases_page_dispose (GObject *object)
{
  PgmDatabasesPage *self = PGM_DATABASES_PAGE (object);

  g_clear_object (&self->tables);
  g_clear_pointer (&self->introspection, pgm_record_unref);
  g_clear_pointer (&self->node_id, g_free);
  g_clear_pointer (&self->database, g_free);
  G_OBJECT_CLASS (pgm_databases_page_parent_class)->dispose (object);
}

static void
pgm_databases_page_class_init (PgmDatabasesPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_databases_page_dispose;
  GTK_WIDGET_CLASS (klass)->map = pgm_databases_page_map;
}

static void
build_list (PgmDatabasesPage *self, GtkColumnView *view)
{
  GtkSortListModel *sorted;

  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    pgm_column_append (view, &columns[i]);
  pgm_column_align_titles (view, columns, G_N_ELEMENTS (columns));
  self->tables = pgm_relation_list_new ();
  sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->tables)),
                                    g_object_ref (gtk_column_view_get_sorter (view)));
  /* Thousands are sorted in pieces, between frames. */
  gtk_sort_list_model_set_incremental (sorted, TRUE);
  gtk_column_view_set_model (view,
                             GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (sorted))));
}

static void
pgm_databases_page_init (PgmDatabasesPage *self)
{
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/io/github/pgmanager/Pgmanager/databases-page.ui");

  self->database_choice = GTK_DROP_DOWN (gtk_builder_get_object (builder, "database_choice"));
  self->schema_choice = GTK_DROP_DOWN (gtk_builder_get_object (builder, "schema_choice"));
  self->search_entry = GTK_SEARCH_ENTRY (gtk_builder_get_object (builder, "search_entry"));
  self->list_stack = GTK_STACK (gtk_builder_get_object (builder, "list_stack"));
  self->nothing_page = ADW_STATUS_PAGE (gtk_builder_get_object (builder, "nothing_page"));
  self->count_label = GTK_LABEL (gtk_builder_get_object (builder, "count_label"));
  build_list (self, GTK_COLUMN_VIEW (gtk_builder_get_object (builder, "column_view")));
  self->state_view = pgm_state_view_new (GTK_WIDGET (gtk_builder_get_object (builder, "contents")));
  pgm_state_view_set_empty (self->state_view, "pgm-databases-symbolic", _ ("No Databases"),
                            _ ("The server has no database that the role may see."), NULL, NULL);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->state_view));
  g_signal_connect_object (self->search_entry, "search-changed", G_CALLBACK (apply_filter), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->schema_choice, "notify::selected", G_CALLBACK (apply_filter), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->database_choice, "notify::selected",
                           G_CALLBACK (on_database_chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tables, "filled", G_CALLBACK (apply_filter), self,
                           G_CONNECT_SWAPPED);
}

PgmDatabasesPage *
pgm_databases_page_new (PgmEngine *engine, const char *cluster_id)
{
  PgmDatabasesPage *self = g_object_new (PGM_TYPE_DATABASES_PAGE, NULL);

  pgm_state_view_set_question (self->state_view, engine, PGM_ASK_INTROSPECT, cluster_id,
                               on_introspection, self);
  return self;
}
