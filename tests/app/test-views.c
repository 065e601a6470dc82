/* The parts of the window by themselves: thousands of tables, and text that means
 * harm. */
#include <gtk/gtk.h>

#include "app/column.h"
#include "app/error-view.h"
#include "app/relation-list.h"
#include "app/table-row.h"
#include "app/table-view.h"
#include "core/error.h"

#define N_TABLES 5000

#define RTL_OVERRIDE "\xe2\x80\xae"

static void
add_table (PgmSnapshot *snapshot, const char *schema, const char *name, guint64 rows)
{
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  table->schema = g_strdup (schema);
  table->name = g_strdup (name);
  table->status = rows > 0 ? PGM_TABLE_COPYING : PGM_TABLE_PENDING;
  table->rows_copied = rows;
  table->size_bytes = 8192;
  g_ptr_array_add (snapshot->tables, table);
}

/* Every @step-th table has begun. */
static PgmSnapshot *
make_snapshot (guint n_tables, guint step, guint64 rows)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  for (guint i = 0; i < n_tables; i++)
    {
      g_autofree char *name = g_strdup_printf ("table_%u", i);

      add_table (snapshot, "shop", name, i % step == 0 ? rows : 0);
    }
  return snapshot;
}

static void
show (PgmTableView *view, PgmSnapshot *snapshot)
{
  pgm_table_view_update (view, snapshot);
  pgm_record_unref (snapshot);
}

static void
on_changed (PgmTableRow *row, guint *changes)
{
  (*changes)++;
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, guint *changes)
{
  (*changes)++;
}

static gboolean
is_idle (void)
{
  return !g_main_context_iteration (NULL, FALSE);
}

static GtkWidget *
open_window (GtkWidget *child)
{
  GtkWidget *window = gtk_window_new ();

  gtk_window_set_default_size (GTK_WINDOW (window), 700, 500);
  gtk_window_set_child (GTK_WINDOW (window), child);
  gtk_window_present (GTK_WINDOW (window));
  while (!gtk_widget_get_mapped (child) || !is_idle ())
    g_main_context_iteration (NULL, TRUE);
  return window;
}

static void
test_thousands (void)
{
  PgmTableView *view = PGM_TABLE_VIEW (pgm_table_view_new ());
  GListModel *rows = pgm_table_view_get_rows (view);
  GtkWidget *window = open_window (GTK_WIDGET (view));
  g_autoptr (GPtrArray) before = g_ptr_array_new_with_free_func (g_object_unref);
  guint changes = 0, splices = 0;
  gint64 start;

  show (view, make_snapshot (N_TABLES, N_TABLES, 0));
  g_assert_cmpuint (pgm_table_view_get_n_rows (view), ==, N_TABLES);
  for (guint i = 0; i < N_TABLES; i++)
    {
      PgmTableRow *row = g_list_model_get_item (rows, i);

      g_signal_connect (row, "changed", G_CALLBACK (on_changed), &changes);
      g_ptr_array_add (before, row);
    }
  g_signal_connect (rows, "items-changed", G_CALLBACK (on_items_changed), &splices);

  /* the same again, in records of its own: nothing changes */
  show (view, make_snapshot (N_TABLES, N_TABLES, 0));
  g_assert_cmpuint (changes, ==, 0);

  start = g_get_monotonic_time ();
  show (view, make_snapshot (N_TABLES, 1000, 7));
  g_test_minimized_result ((double) (g_get_monotonic_time () - start) / 1000,
                           "making and applying a snapshot of %d tables: %.2f ms", N_TABLES,
                           (double) (g_get_monotonic_time () - start) / 1000);
  g_assert_cmpuint (changes, ==, N_TABLES / 1000);
  g_assert_cmpuint (splices, ==, 0);
  for (guint i = 0; i < N_TABLES; i++)
    {
      g_autoptr (PgmTableRow) row = g_list_model_get_item (rows, i);

      g_assert_true (row == g_ptr_array_index (before, i));
      g_assert_cmpuint (pgm_table_row_get_table (row)->rows_copied, ==, i % 1000 == 0 ? 7 : 0);
    }

  /* more tables come behind the ones that are there */
  show (view, make_snapshot (N_TABLES + 3, 1000, 7));
  g_assert_cmpuint (splices, ==, 1);
  g_assert_cmpuint (changes, ==, N_TABLES / 1000);
  g_assert_cmpuint (pgm_table_view_get_n_rows (view), ==, N_TABLES + 3);

  pgm_table_view_clear (view);
  g_assert_cmpuint (pgm_table_view_get_n_rows (view), ==, 0);
  gtk_window_destroy (GTK_WINDOW (window));
}

static gboolean
find_cell (GtkWidget *widget, const char *text)
{
  if (GTK_IS_INSCRIPTION (widget) &&
      g_strcmp0 (gtk_inscription_get_text (GTK_INSCRIPTION (widget)), text) == 0)
    return gtk_inscription_get_attributes (GTK_INSCRIPTION (widget)) == NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (find_cell (child, text))
      return TRUE;
  return FALSE;
}

static void
test_hostile_names (void)
{
  static const struct
  {
    const char *schema, *name, *shown;
  } cases[] = {
    { "<b>bold</b>", "a & b", "<b>bold</b>.a & b" },
    { "s", "two\nlines\ttab", "s.two lines tab" },
    { "s", "abc" RTL_OVERRIDE "fdp",
      "s.abc\xef\xbf\xbd"
      "fdp" },
    { "s", "\033[31mred", "s.\xef\xbf\xbd[31mred" },
    { "", "Größe 表 😀", ".Größe 表 😀" },
    { "s", "", "s." },
  };
  PgmTableView *view = PGM_TABLE_VIEW (pgm_table_view_new ());
  GtkWidget *window = open_window (GTK_WIDGET (view));
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    add_table (snapshot, cases[i].schema, cases[i].name, 1);
  show (view, snapshot);
  while (!find_cell (GTK_WIDGET (view), cases[0].shown))
    g_main_context_iteration (NULL, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_true (find_cell (GTK_WIDGET (view), cases[i].shown));
  gtk_window_destroy (GTK_WINDOW (window));
}

static GtkLabel *
find_label (GtkWidget *widget, const char *text)
{
  GtkLabel *found = NULL;

  if (GTK_IS_LABEL (widget) && gtk_widget_get_mapped (widget) &&
      g_strcmp0 (gtk_label_get_text (GTK_LABEL (widget)), text) == 0)
    return GTK_LABEL (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_label (child, text);
  return found;
}

static void
assert_plain (GtkWidget *view, const char *text)
{
  GtkLabel *label = find_label (view, text);

  g_assert_nonnull (label);
  g_assert_false (gtk_label_get_use_markup (label));
  g_assert_true (gtk_label_get_selectable (label));
}

static void
test_error (void)
{
  PgmErrorView *view = g_object_new (PGM_TYPE_ERROR_VIEW, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) bare = g_error_new_literal (PGM_ERROR, PGM_ERROR_LOST, "the line is dead");
  GtkWidget *window;

  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (view)));
  pgm_error_set_full (&error, PGM_ERROR_SQL, "42501", "first line\n\"<i>second</i>\" & more\n",
                      "GRANT SELECT ON <t> TO x;", "permission denied for table \"%s\"",
                      "<b>a" RTL_OVERRIDE);
  pgm_error_view_set_error (view, error);
  window = open_window (GTK_WIDGET (view));
  assert_plain (GTK_WIDGET (view), "permission denied for table \"<b>a\xef\xbf\xbd\"");
  assert_plain (GTK_WIDGET (view), "first line\n\"<i>second</i>\" & more");
  assert_plain (GTK_WIDGET (view), "GRANT SELECT ON <t> TO x;");
  assert_plain (GTK_WIDGET (view), "42501");
  g_assert_nonnull (find_label (GTK_WIDGET (view), "Hint"));
  g_assert_nonnull (strstr (pgm_error_view_get_text (view), "GRANT SELECT ON <t> TO x;"));

  /* without the extra parts their titles go too */
  pgm_error_view_set_error (view, bare);
  g_assert_nonnull (find_label (GTK_WIDGET (view), "the line is dead"));
  g_assert_null (find_label (GTK_WIDGET (view), "Detail"));
  g_assert_null (find_label (GTK_WIDGET (view), "Hint"));
  g_assert_null (find_label (GTK_WIDGET (view), "SQLSTATE"));
  pgm_error_view_set_error (view, NULL);
  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (view)));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- tens of thousands of tables of a database ------------------------------------ */

#define N_RELATIONS 25000

static PgmDatabaseSize *
make_database (void)
{
  PgmDatabaseSize *database = pgm_record_new (&pgm_database_size_type);

  for (guint i = 0; i < 10; i++)
    {
      PgmSchemaSize *schema = pgm_record_new (&pgm_schema_size_type);

      schema->name = g_strdup_printf ("schema_%u", i);
      for (guint j = 0; j < N_RELATIONS / 10; j++)
        {
          PgmTableSize *table = pgm_record_new (&pgm_table_size_type);

          table->name = g_strdup_printf ("Table_%u", j);
          table->total_bytes = (guint64) j * 8192;
          g_ptr_array_add (schema->tables, table);
        }
      g_ptr_array_add (database->schemas, schema);
    }
  return database;
}

static char *
relation_text (gpointer item)
{
  return g_strdup (pgm_relation_get_table (PGM_RELATION (item))->name);
}

static void
on_filled (PgmRelationList *list, gboolean *filled)
{
  *filled = TRUE;
}

static GtkWidget *
make_relation_view (PgmRelationList *list)
{
  static const PgmColumn column = { "Table", 0, -1, relation_text, NULL, NULL };
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkColumnView *view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  GtkSortListModel *sorted = gtk_sort_list_model_new (
      g_object_ref (G_LIST_MODEL (list)), g_object_ref (gtk_column_view_get_sorter (view)));

  gtk_sort_list_model_set_incremental (sorted, TRUE);
  gtk_column_view_set_model (view,
                             GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (sorted))));
  pgm_column_append (view, &column);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (view));
  return scrolled;
}

static void
test_relations (void)
{
  static const struct
  {
    const char *schema, *search;
    guint found;
  } cases[] = {
    { NULL, "table", N_RELATIONS },
    { NULL, "TABLE_24", 10 * 111 },
    { "schema_3", "24", 154 },
    { NULL, "schema_7 _2499", 1 },
    { NULL, "no such thing", 0 },
    { NULL, "", N_RELATIONS },
    { "schema_9", NULL, N_RELATIONS / 10 },
  };
  g_autoptr (PgmRelationList) list = pgm_relation_list_new ();
  GtkWidget *window = open_window (make_relation_view (list));
  PgmDatabaseSize *database = make_database ();
  gboolean filled = FALSE;
  gint64 longest = 0;

  g_signal_connect (list, "filled", G_CALLBACK (on_filled), &filled);
  pgm_relation_list_fill (list, database);
  pgm_record_unref (database);
  while (!filled)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, N_RELATIONS);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 start = g_get_monotonic_time ();

      pgm_relation_list_filter (list, cases[i].schema, cases[i].search);
      longest = MAX (longest, g_get_monotonic_time () - start);
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, cases[i].found);
      while (!is_idle ())
        ;
    }
  g_test_minimized_result ((double) longest / 1000, "filtering %d tables: %.1f ms at most",
                           N_RELATIONS, (double) longest / 1000);
  g_assert_cmpint (longest / 1000, <, 50);
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gtk_init ();
  g_test_add_func ("/app/views/thousands-of-tables", test_thousands);
  g_test_add_func ("/app/views/hostile-names", test_hostile_names);
  g_test_add_func ("/app/views/error", test_error);
  g_test_add_func ("/app/views/relations", test_relations);
  return g_test_run ();
}
