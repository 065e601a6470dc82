#include "app/table-view.h"

#include "app/table-row.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

typedef struct
{
  const char *title; /* N_() */
  float xalign;
  gboolean expand;
  char *(*text) (const PgmTableProgress *table); /* NULL: the progress bar */
  GCompareDataFunc compare;
  int width; /* -1: as wide as there is room */
} ColumnInfo;

struct _PgmTableView
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  GtkColumnView *column_view;
  GListStore *rows;
};

G_DEFINE_FINAL_TYPE (PgmTableView, pgm_table_view, GTK_TYPE_WIDGET)

static char *
name_text (const PgmTableProgress *table)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);

  return pgm_display_text (name);
}

static char *
state_text (const PgmTableProgress *table)
{
  switch ((PgmTableStatus) table->status)
    {
    case PGM_TABLE_COPYING:
      return g_strdup (_ ("Copying"));
    case PGM_TABLE_COPIED:
      return g_strdup (_ ("Copied"));
    case PGM_TABLE_STREAMING:
      return g_strdup (_ ("Streaming"));
    case PGM_TABLE_PENDING:
    default:
      return g_strdup (_ ("Waiting"));
    }
}

static char *
rows_text (const PgmTableProgress *table)
{
  return pgm_format_count (table->rows_copied);
}

static char *
size_text (const PgmTableProgress *table)
{
  return pgm_format_bytes (table->size_bytes);
}

/* GCompareDataFunc gives rows as const pointers. */
static const PgmTableProgress *
table_of (gconstpointer row)
{
  return pgm_table_row_get_table (PGM_TABLE_ROW ((gpointer) (guintptr) row));
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const PgmTableProgress *left = table_of (a);
  const PgmTableProgress *right = table_of (b);
  int order = g_strcmp0 (left->schema, right->schema);

  return gtk_ordering_from_cmpfunc (order != 0 ? order : g_strcmp0 (left->name, right->name));
}

static int
compare_sizes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const PgmTableProgress *left = table_of (a);
  const PgmTableProgress *right = table_of (b);

  return left->size_bytes < right->size_bytes ? -1 : left->size_bytes > right->size_bytes;
}

static const ColumnInfo columns[] = {
  { N_ ("Table"), 0, TRUE, name_text, compare_names, -1 },
  { N_ ("State"), 0, FALSE, state_text, NULL, 110 },
  { N_ ("Rows"), 1, FALSE, rows_text, NULL, 110 },
  { N_ ("Size"), 1, FALSE, size_text, compare_sizes, 110 },
  { N_ ("Progress"), 0, FALSE, NULL, NULL, 184 },
};

static void
show_cell (PgmTableRow *row, GtkListItem *item)
{
  GtkWidget *child = gtk_list_item_get_child (item);
  const ColumnInfo *info = g_object_get_data (G_OBJECT (item), "column");
  const PgmTableProgress *table = pgm_table_row_get_table (row);
  g_autofree char *text = NULL;

  if (info->text == NULL)
    {
      gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (child), CLAMP (table->percent / 100, 0, 1));
      return;
    }
  text = info->text (table);
  gtk_inscription_set_text (GTK_INSCRIPTION (child), text);
}

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, const ColumnInfo *info)
{
  GtkWidget *child;

  if (info->text == NULL)
    {
      child = gtk_progress_bar_new ();
      gtk_widget_set_valign (child, GTK_ALIGN_CENTER);
      gtk_widget_set_size_request (child, 120, -1);
      gtk_widget_set_margin_start (child, 6);
      gtk_widget_set_margin_end (child, 6);
    }
  else
    {
      child = gtk_inscription_new (NULL);
      /* It cuts what goes below its line; some fonts' descenders do. */
      gtk_widget_set_size_request (child, -1, 20);
      gtk_inscription_set_xalign (GTK_INSCRIPTION (child), info->xalign);
      gtk_inscription_set_min_chars (GTK_INSCRIPTION (child), info->expand ? 16 : 9);
      gtk_inscription_set_nat_chars (GTK_INSCRIPTION (child), info->expand ? 32 : 11);
      gtk_inscription_set_text_overflow (GTK_INSCRIPTION (child),
                                         GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
    }
  g_object_set_data (G_OBJECT (item), "column", (gpointer) (guintptr) info);
  gtk_list_item_set_child (item, child);
}

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *item, const ColumnInfo *info)
{
  PgmTableRow *row = gtk_list_item_get_item (item);

  g_signal_connect (row, "changed", G_CALLBACK (show_cell), item);
  show_cell (row, item);
}

static void
on_unbind (GtkSignalListItemFactory *factory, GtkListItem *item, const ColumnInfo *info)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (item), show_cell, item);
}

static void
add_column (PgmTableView *self, const ColumnInfo *info)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *column;
  gpointer data = (gpointer) (guintptr) info;

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), data);
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), data);
  g_signal_connect (factory, "unbind", G_CALLBACK (on_unbind), data);
  column = gtk_column_view_column_new (_ (info->title), factory);
  gtk_column_view_column_set_expand (column, info->expand);
  gtk_column_view_column_set_fixed_width (column, info->width);
  if (info->compare != NULL)
    {
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (info->compare, NULL, NULL));

      gtk_column_view_column_set_sorter (column, sorter);
    }
  gtk_column_view_append_column (self->column_view, column);
  g_object_unref (column);
}

/* Titles of numbers stand above them, at the right; there is no property for it,
 * so this goes down from the header row to the box inside each title. */
static void
align_titles (PgmTableView *self)
{
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (self->column_view));
  GtkWidget *title = header != NULL ? gtk_widget_get_first_child (header) : NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (columns) && title != NULL; i++)
    {
      GtkWidget *box = gtk_widget_get_first_child (title);

      if (box != NULL && columns[i].xalign > 0.5f)
        gtk_widget_set_halign (box, GTK_ALIGN_END);
      title = gtk_widget_get_next_sibling (title);
    }
}

static void
pgm_table_view_dispose (GObject *object)
{
  PgmTableView *self = PGM_TABLE_VIEW (object);

  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_object (&self->rows);
  G_OBJECT_CLASS (pgm_table_view_parent_class)->dispose (object);
}

static void
pgm_table_view_class_init (PgmTableViewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_table_view_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "tableview");
}

static void
pgm_table_view_init (PgmTableView *self)
{
  GtkSortListModel *sorted;

  self->rows = g_list_store_new (PGM_TYPE_TABLE_ROW);
  self->column_view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    add_column (self, &columns[i]);
  align_titles (self);
  sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->rows)),
                                    g_object_ref (gtk_column_view_get_sorter (self->column_view)));
  gtk_column_view_set_model (self->column_view,
                             GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (sorted))));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->column_view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Tables"), -1);

  self->scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scrolled),
                                 GTK_WIDGET (self->column_view));
  gtk_widget_set_vexpand (self->scrolled, TRUE);
  gtk_widget_set_parent (self->scrolled, GTK_WIDGET (self));
}

GtkWidget *
pgm_table_view_new (void)
{
  return g_object_new (PGM_TYPE_TABLE_VIEW, NULL);
}

/* The tables of a job come in one order and never go away, so a row's place is
 * its identity; another job starts with pgm_table_view_clear(). */
void
pgm_table_view_update (PgmTableView *self, const PgmSnapshot *snapshot)
{
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->rows));
  g_autoptr (GPtrArray) added = NULL;

  for (guint i = 0; i < MIN (shown, snapshot->tables->len); i++)
    {
      g_autoptr (PgmTableRow) row = g_list_model_get_item (G_LIST_MODEL (self->rows), i);

      pgm_table_row_update (row, g_ptr_array_index (snapshot->tables, i));
    }
  if (snapshot->tables->len <= shown)
    return;
  added = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = shown; i < snapshot->tables->len; i++)
    g_ptr_array_add (added, pgm_table_row_new (g_ptr_array_index (snapshot->tables, i)));
  g_list_store_splice (self->rows, shown, 0, added->pdata, added->len);
}

void
pgm_table_view_clear (PgmTableView *self)
{
  g_list_store_remove_all (self->rows);
}

GListModel *
pgm_table_view_get_rows (PgmTableView *self)
{
  return G_LIST_MODEL (self->rows);
}

guint
pgm_table_view_get_n_rows (PgmTableView *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->rows));
}
