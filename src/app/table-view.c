#include "app/table-view.h"

#include "app/progress-cell.h"
#include "app/table-list.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Sorted by what changes, rows change places no more often than this. */
#define SORT_US (2 * G_USEC_PER_SEC)

#define N_COLUMNS G_N_ELEMENTS (columns)

typedef struct
{
  const char *title; /* N_() */
  float xalign;
  gboolean expand;
  char *(*text) (PgmTableRow *row); /* NULL: the progress bar */
  GCompareDataFunc compare;
  int width;     /* -1: as wide as there is room */
  gboolean live; /* what it is sorted by changes */
} ColumnInfo;

struct _PgmTableView
{
  GtkWidget parent_instance;
  GtkWidget *scrolled;
  GtkColumnView *column_view;
  PgmTableList *rows;
  GPtrArray *live_sorters;
  gint64 sorted_at;
  PgmSnapshot *pending; /* came while nobody could see it */
};

G_DEFINE_FINAL_TYPE (PgmTableView, pgm_table_view, GTK_TYPE_WIDGET)

static char *
name_text (PgmTableRow *row)
{
  const PgmTableProgress *table = pgm_table_row_get_table (row);
  g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);

  return pgm_display_text (name);
}

static char *
state_text (PgmTableRow *row)
{
  const PgmTableProgress *table = pgm_table_row_get_table (row);
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
rows_text (PgmTableRow *row)
{
  const PgmTableProgress *table = pgm_table_row_get_table (row);
  return pgm_format_count (table->rows_copied);
}

static char *
size_text (PgmTableRow *row)
{
  const PgmTableProgress *table = pgm_table_row_get_table (row);
  return pgm_format_bytes (table->size_bytes);
}

static char *
rate_text (PgmTableRow *row)
{
  double rate = pgm_table_row_get_rate (row);
  g_autofree char *count = NULL;

  if (rate <= 0)
    return g_strdup ("");
  count = pgm_format_short_count ((guint64) (rate + 0.5));
  return g_strdup_printf (_ ("%s rows/s"), count);
}

/* GCompareDataFunc gives rows as const pointers. */
static PgmTableRow *
row_of (gconstpointer row)
{
  return PGM_TABLE_ROW ((gpointer) (guintptr) row);
}

static const PgmTableProgress *
table_of (gconstpointer row)
{
  return pgm_table_row_get_table (row_of (row));
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

static int
compare_states (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return table_of (a)->status - table_of (b)->status;
}

static int
compare_rows (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 left = table_of (a)->rows_copied;
  guint64 right = table_of (b)->rows_copied;

  return left < right ? -1 : left > right;
}

static int
compare_percents (gconstpointer a, gconstpointer b, gpointer user_data)
{
  double left = table_of (a)->percent;
  double right = table_of (b)->percent;

  return left < right ? -1 : left > right;
}

static int
compare_rates (gconstpointer a, gconstpointer b, gpointer user_data)
{
  double left = pgm_table_row_get_rate (row_of (a));
  double right = pgm_table_row_get_rate (row_of (b));

  return left < right ? -1 : left > right;
}

static const ColumnInfo columns[] = {
  { N_ ("Table"), 0, TRUE, name_text, compare_names, -1, FALSE },
  { N_ ("State"), 0, FALSE, state_text, compare_states, 96, TRUE },
  { N_ ("Rows"), 1, FALSE, rows_text, compare_rows, 100, TRUE },
  { N_ ("Size"), 1, FALSE, size_text, compare_sizes, 90, FALSE },
  { N_ ("Rate"), 1, FALSE, rate_text, compare_rates, 110, TRUE },
  { N_ ("Progress"), 0, FALSE, NULL, compare_percents, 124, TRUE },
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
      pgm_progress_cell_set_fraction (PGM_PROGRESS_CELL (child), table->percent / 100);
      return;
    }
  text = info->text (row);
  gtk_inscription_set_text (GTK_INSCRIPTION (child), text);
}

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, const ColumnInfo *info)
{
  GtkWidget *child;

  if (info->text == NULL)
    {
      child = pgm_progress_cell_new ();
      gtk_widget_set_margin_start (child, 6);
      gtk_widget_set_margin_end (child, 6);
    }
  else
    {
      /* All at once: a search makes hundreds of them anew. It cuts what goes below its
       * line; some fonts' descenders do, hence the height. */
      child =
          g_object_new (GTK_TYPE_INSCRIPTION, "height-request", 20, "xalign", info->xalign,
                        "min-chars", info->expand ? 14u : 7u, "nat-chars", info->expand ? 32u : 9u,
                        "text-overflow", GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END, NULL);
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
      if (info->live)
        g_ptr_array_add (self->live_sorters, g_object_ref (sorter));
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

  for (gsize i = 0; i < N_COLUMNS && title != NULL; i++)
    {
      GtkWidget *box = gtk_widget_get_first_child (title);

      if (box != NULL && columns[i].xalign > 0.5f)
        gtk_widget_set_halign (box, GTK_ALIGN_END);
      title = gtk_widget_get_next_sibling (title);
    }
}

static void
pgm_table_view_map (GtkWidget *widget)
{
  PgmTableView *self = PGM_TABLE_VIEW (widget);
  PgmSnapshot *pending = g_steal_pointer (&self->pending);

  GTK_WIDGET_CLASS (pgm_table_view_parent_class)->map (widget);
  if (pending != NULL)
    pgm_table_view_update (self, pending);
  pgm_record_unref (pending);
}

static void
pgm_table_view_dispose (GObject *object)
{
  PgmTableView *self = PGM_TABLE_VIEW (object);

  g_clear_pointer (&self->live_sorters, g_ptr_array_unref);
  g_clear_pointer (&self->pending, pgm_record_unref);
  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_object (&self->rows);
  G_OBJECT_CLASS (pgm_table_view_parent_class)->dispose (object);
}

static void
pgm_table_view_class_init (PgmTableViewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_table_view_dispose;
  GTK_WIDGET_CLASS (klass)->map = pgm_table_view_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "tableview");
}

static void
pgm_table_view_init (PgmTableView *self)
{
  GtkSortListModel *sorted;

  self->rows = pgm_table_list_new ();
  self->live_sorters = g_ptr_array_new_with_free_func (g_object_unref);
  self->column_view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (gsize i = 0; i < N_COLUMNS; i++)
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

/* Where rows are sorted by what has changed. */
static void
sort_again (PgmTableView *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->sorted_at < SORT_US)
    return;
  self->sorted_at = now;
  for (guint i = 0; i < self->live_sorters->len; i++)
    gtk_sorter_changed (g_ptr_array_index (self->live_sorters, i), GTK_SORTER_CHANGE_DIFFERENT);
}

/* The tables of a job come in one order and never go away, so a row's place is
 * its identity; another job starts with pgm_table_view_clear(). */
void
pgm_table_view_update (PgmTableView *self, PgmSnapshot *snapshot)
{
  guint known = pgm_table_list_get_n_all (self->rows);

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      pgm_record_ref (snapshot);
      g_clear_pointer (&self->pending, pgm_record_unref);
      self->pending = snapshot;
      return;
    }
  for (guint i = 0; i < MIN (known, snapshot->tables->len); i++)
    pgm_table_row_update (pgm_table_list_get_row (self->rows, i),
                          g_ptr_array_index (snapshot->tables, i), snapshot->timestamp);
  for (guint i = known; i < snapshot->tables->len; i++)
    pgm_table_list_add (self->rows, pgm_table_row_new (g_ptr_array_index (snapshot->tables, i),
                                                       snapshot->timestamp));
  if (snapshot->tables->len > known)
    pgm_table_list_added (self->rows);
  else
    sort_again (self);
}

void
pgm_table_view_clear (PgmTableView *self)
{
  g_clear_pointer (&self->pending, pgm_record_unref);
  pgm_table_list_clear (self->rows);
}

void
pgm_table_view_set_search (PgmTableView *self, const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text != NULL ? text : ""));
  g_autofree char *needle = *stripped != '\0' ? pgm_table_row_fold (stripped) : NULL;

  pgm_table_list_search (self->rows, needle);
}

GListModel *
pgm_table_view_get_rows (PgmTableView *self)
{
  return G_LIST_MODEL (self->rows);
}

guint
pgm_table_view_get_n_rows (PgmTableView *self)
{
  return pgm_table_list_get_n_all (self->rows);
}

guint
pgm_table_view_get_n_shown (PgmTableView *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->rows));
}
