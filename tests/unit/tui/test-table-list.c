#include "tui/table-list.h"

static void
add_table (PgmSnapshot *snapshot,
           const char *schema,
           const char *name,
           PgmTableStatus status,
           guint64 rows,
           guint64 size)
{
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  table->schema = g_strdup (schema);
  table->name = g_strdup (name);
  table->status = (int) status;
  table->rows_copied = rows;
  table->size_bytes = size;
  table->percent = (double) rows;
  table->elapsed_sec = (double) size;
  g_ptr_array_add (snapshot->tables, table);
}

static PgmSnapshot *
make_snapshot (void)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  add_table (snapshot, "shop", "Orders", PGM_TABLE_COPIED, 90, 10);
  add_table (snapshot, "shop", "items", PGM_TABLE_PENDING, 0, 30);
  add_table (snapshot, "app", "users", PGM_TABLE_COPYING, 20, 20);
  add_table (snapshot, "app", "ÄRGER", PGM_TABLE_COPIED, 90, 5);
  return snapshot;
}

static void
assert_order (PgmTableList *list, const char *expected)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < pgm_table_list_get_length (list); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", pgm_table_list_get (list, i)->name);
  g_assert_cmpstr (names->str, ==, expected);
}

static void
test_order (void)
{
  g_autoptr (PgmTableList) list = pgm_table_list_new ();
  PgmSnapshot *snapshot = make_snapshot ();

  pgm_table_list_set_snapshot (list, snapshot);
  assert_order (list, "users items ÄRGER Orders");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_STATE, TRUE);
  assert_order (list, "ÄRGER Orders items users");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_NAME, FALSE);
  assert_order (list, "users ÄRGER Orders items");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_NAME, TRUE);
  assert_order (list, "items Orders ÄRGER users");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_SIZE, FALSE);
  assert_order (list, "items users Orders ÄRGER");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_ROWS, FALSE);
  assert_order (list, "ÄRGER Orders users items");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_PERCENT, TRUE);
  assert_order (list, "items users ÄRGER Orders");
  pgm_table_list_set_order (list, PGM_TABLE_ORDER_TIME, FALSE);
  assert_order (list, "items users Orders ÄRGER");
  pgm_record_unref (snapshot);
}

static void
test_filter (void)
{
  g_autoptr (PgmTableList) list = pgm_table_list_new ();
  PgmSnapshot *snapshot = make_snapshot ();

  pgm_table_list_set_snapshot (list, snapshot);
  pgm_table_list_set_filter (list, "ER");
  assert_order (list, "users ÄRGER Orders");
  pgm_table_list_set_filter (list, "är");
  assert_order (list, "ÄRGER");
  pgm_table_list_set_filter (list, "shop.o");
  assert_order (list, "Orders");
  pgm_table_list_set_filter (list, "nothing");
  assert_order (list, "");
  pgm_table_list_set_filter (list, "");
  g_assert_cmpuint (pgm_table_list_get_length (list), ==, 4);
  pgm_table_list_set_snapshot (list, NULL);
  g_assert_cmpuint (pgm_table_list_get_length (list), ==, 0);
  pgm_record_unref (snapshot);
}

/* Names need not be text. */
static void
test_filter_bytes (void)
{
  g_assert_true (pgm_filter_matches ("x", "\377X\377"));
  g_assert_false (pgm_filter_matches ("x", NULL));
  g_assert_true (pgm_filter_matches (NULL, NULL));
}

/* Ten thousand tables are put in order well within the time of a picture. */
static void
test_many (void)
{
  g_autoptr (PgmTableList) list = pgm_table_list_new ();
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  gint64 begin;

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *name = g_strdup_printf ("table_%u", i * 7919 % 10000);

      add_table (snapshot, "public", name, PGM_TABLE_COPIED, i, i);
    }
  begin = g_get_monotonic_time ();
  pgm_table_list_set_snapshot (list, snapshot);
  pgm_table_list_set_filter (list, "TABLE_9");
  g_assert_cmpuint (pgm_table_list_get_length (list), ==, 1111);
  pgm_table_list_set_filter (list, NULL);
  g_assert_cmpuint (pgm_table_list_get_length (list), ==, 10000);
  g_test_message ("%" G_GINT64_FORMAT " us", g_get_monotonic_time () - begin);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
  pgm_record_unref (snapshot);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/table-list/order", test_order);
  g_test_add_func ("/tui/table-list/filter", test_filter);
  g_test_add_func ("/tui/table-list/filter-bytes", test_filter_bytes);
  g_test_add_func ("/tui/table-list/many", test_many);
  return g_test_run ();
}
