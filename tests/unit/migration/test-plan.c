#include <stdio.h>
#include <string.h>

#include "migration/plan.h"

#define MIB ((guint64) 1024 * 1024)

/* Every page from 0 on belongs to exactly one part, and what comes behind the
 * last one, since the table may have grown, to the last part (F32). */
static void
test_cut_pages (void)
{
  static const struct
  {
    gint64 pages;
    guint parts;
  } cases[] = { { 7, 3 }, { 10, 10 }, { 1000000007, 13 }, { 4294967294, 10000 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) conditions = pgm_plan_cut_pages (cases[i].pages, cases[i].parts);
      gint64 expected = 0;

      g_assert_cmpuint (g_strv_length (conditions), ==, cases[i].parts);
      for (guint part = 0; part < cases[i].parts; part++)
        {
          gint64 from = -1;
          gint64 to = -1;
          int n =
              sscanf (conditions[part],
                      "(ctid >= '(%" G_GINT64_FORMAT ",0)' AND ctid < '(%" G_GINT64_FORMAT ",0)')",
                      &from, &to);

          g_assert_cmpint (from, ==, expected);
          g_assert_cmpint (n, ==, part + 1 < cases[i].parts ? 2 : 1);
          g_assert_true (n == 1 || to > from);
          g_assert_cmpint (from, <, cases[i].pages);
          expected = to;
        }
    }
}

static gint64
quoted_number (const char *text, const char *after)
{
  const char *at = strstr (text, after);

  g_assert_nonnull (at);
  return g_ascii_strtoll (at + strlen (after), NULL, 10);
}

static void
check_keys (gint64 min, gint64 max, guint parts)
{
  g_auto (GStrv) conditions = pgm_plan_cut_keys ("\"id\"", min, max, parts);
  gint64 before = min;

  g_assert_cmpuint (g_strv_length (conditions), ==, parts);
  for (guint i = 0; i < parts; i++)
    {
      if (i == 0)
        g_assert_true (g_str_has_prefix (conditions[i], "(\"id\" < '"));
      else
        g_assert_cmpint (quoted_number (conditions[i], "\"id\" >= '"), ==, before);
      if (i + 1 < parts)
        {
          gint64 to = quoted_number (conditions[i], "\"id\" < '");

          g_assert_cmpint (to, >, before);
          g_assert_cmpint (to, <=, max);
          before = to;
        }
      else
        g_assert_null (strstr (conditions[i], "<"));
    }
}

static void
test_cut_keys (void)
{
  check_keys (1, 100, 4);
  check_keys (-50, 50, 3);
  check_keys (0, 3, 3);
  check_keys (G_MININT64, G_MAXINT64, 7);
  check_keys (G_MAXINT64 - 10, G_MAXINT64, 5);
}

static void
test_limits (void)
{
  PgmPlanOptions options = { .workers = 2 };
  guint64 from = 0;
  guint64 bytes = 0;

  /* pgbench at scale 50: the one large table has to occupy both workers. */
  pgm_plan_limits (&options, 755 * MIB, &from, &bytes);
  g_assert_cmpuint (from, <, 640 * MIB);
  g_assert_cmpuint (bytes, >=, 32 * MIB);
  g_assert_cmpuint (bytes, <=, 755 * MIB / 8);

  pgm_plan_limits (&options, 1, &from, &bytes);
  g_assert_cmpuint (bytes, ==, 32 * MIB);
  pgm_plan_limits (&options, (guint64) 1 << 50, &from, &bytes);
  g_assert_cmpuint (bytes, ==, 1024 * MIB);

  g_assert_cmpuint (pgm_plan_count_parts (640 * MIB, 94 * MIB, 2), ==, 8);
  g_assert_cmpuint (pgm_plan_count_parts (640 * MIB, 94 * MIB, 3), ==, 9);
  g_assert_cmpuint (pgm_plan_count_parts (MIB + 1, MIB, 1), ==, 2);
  g_assert_cmpuint (pgm_plan_count_parts (MIB, MIB, 0), ==, 2);

  options.workers = 1;
  pgm_plan_limits (&options, (guint64) 1 << 50, &from, &bytes);
  g_assert_cmpuint (from, ==, G_MAXUINT64);

  options.workers = 2;
  g_assert_false (pgm_plan_keeps_whole (&options, TRUE));
  options.processors = 2;
  g_assert_true (pgm_plan_keeps_whole (&options, TRUE));
  g_assert_false (pgm_plan_keeps_whole (&options, FALSE));
  options.processors = 4;
  g_assert_false (pgm_plan_keeps_whole (&options, TRUE));

  options.processors = 2;
  options.split_bytes = 200 * MIB;
  g_assert_false (pgm_plan_keeps_whole (&options, TRUE));
  pgm_plan_limits (&options, 755 * MIB, &from, &bytes);
  g_assert_cmpuint (from, ==, 200 * MIB);
  g_assert_cmpuint (bytes, ==, 200 * MIB);
}

typedef struct
{
  PgmPlan plan;
  GPtrArray *tables;
} Made;

static void
made_add (Made *made, gint64 bytes, guint n_parts)
{
  PgmTable *table = g_new0 (PgmTable, 1);
  PgmPlanEntry *entry = g_new0 (PgmPlanEntry, 1);

  table->bytes = bytes;
  entry->bytes = bytes;
  entry->table = table;
  entry->n_parts = n_parts;
  g_ptr_array_add (made->tables, table);
  g_ptr_array_add (made->plan.entries, entry);
  for (guint i = 0; i < n_parts; i++)
    {
      PgmPart *part = g_new0 (PgmPart, 1);

      part->entry = entry;
      part->table = table;
      part->number = i + 1;
      part->bytes = (guint64) bytes / n_parts;
      g_ptr_array_add (made->plan.parts, part);
    }
}

static void
free_batch (gpointer data)
{
  PgmBatch *batch = data;

  g_ptr_array_unref (batch->parts);
  g_free (batch);
}

static void
made_init (Made *made)
{
  made->tables = g_ptr_array_new_with_free_func (g_free);
  made->plan.entries = g_ptr_array_new_with_free_func (g_free);
  made->plan.parts = g_ptr_array_new_with_free_func (g_free);
  made->plan.batches = g_ptr_array_new_with_free_func (free_batch);
}

static void
made_clear (Made *made)
{
  g_ptr_array_unref (made->plan.batches);
  g_ptr_array_unref (made->plan.parts);
  g_ptr_array_unref (made->plan.entries);
  g_ptr_array_unref (made->tables);
}

/* Every part once, larger batches first, only small whole tables share one. */
static void
check_queue (const PgmPlan *plan, guint n_expected)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint64 before = G_MAXUINT64;

  for (guint i = 0; i < plan->batches->len; i++)
    {
      const PgmBatch *batch = g_ptr_array_index (plan->batches, i);

      g_assert_cmpuint (batch->bytes, <=, before);
      before = batch->bytes;
      for (guint k = 0; k < batch->parts->len; k++)
        {
          PgmPart *part = g_ptr_array_index (batch->parts, k);

          g_assert_true (g_hash_table_add (seen, part));
          if (batch->parts->len > 1)
            {
              g_assert_cmpuint (part->entry->n_parts, ==, 1);
              g_assert_cmpuint (part->bytes, <=, 256 * 1024);
            }
        }
    }
  g_assert_cmpuint (g_hash_table_size (seen), ==, n_expected);
}

static gboolean
takes_small (const PgmPlanEntry *entry, gpointer user_data)
{
  return entry->table->bytes < 1000000;
}

static void
test_queue (void)
{
  Made made = { 0 };

  made_init (&made);
  made_add (&made, (gint64) (640 * MIB), 7);
  for (guint i = 0; i < 1000; i++)
    made_add (&made, 16384, 1);
  made_add (&made, (gint64) MIB, 1);
  pgm_plan_queue (&made.plan, 2, NULL, NULL);
  check_queue (&made.plan, 1008);
  /* Few transactions, but enough of them to share out evenly. */
  g_assert_cmpuint (made.plan.batches->len, <, 8 + 100);
  g_assert_cmpuint (made.plan.batches->len, >=, 8 + 8);

  pgm_plan_queue (&made.plan, 2, takes_small, NULL);
  check_queue (&made.plan, 1000);
  made_clear (&made);
}

/* The statements of a part, for the ways a table can be read (F14, F15, F27). */
static void
test_statements (void)
{
  PgmTable table = { .schema = (char *) "s", .name = (char *) "a \"b" };
  PgmPlanEntry entry = {
    .table = &table, .binary = TRUE, .columns = (char *) "\"x\", \"y\"", .n_parts = 1
  };
  PgmPart part = { .entry = &entry, .table = &table, .number = 1 };
  g_autofree char *whole = pgm_part_copy_to (&part);
  g_autofree char *in = pgm_part_copy_from (&part, TRUE);
  g_autofree char *cut = NULL;
  g_autofree char *both = NULL;
  g_autofree char *none = NULL;

  g_assert_cmpstr (whole, ==, "COPY \"s\".\"a \"\"b\" (\"x\", \"y\") TO STDOUT (FORMAT binary)");
  g_assert_cmpstr (in, ==,
                   "COPY \"s\".\"a \"\"b\" (\"x\", \"y\") FROM STDIN (FORMAT binary, FREEZE true)");
  part.condition = (char *) "(p)";
  cut = pgm_part_copy_to (&part);
  g_assert_cmpstr (
      cut, ==,
      "COPY (SELECT \"x\", \"y\" FROM ONLY \"s\".\"a \"\"b\" WHERE (p)) TO STDOUT (FORMAT binary)");
  entry.condition = (char *) "(q)";
  both = pgm_part_copy_to (&part);
  g_assert_nonnull (strstr (both, "WHERE (p) AND (q))"));
  part.condition = NULL;
  entry.condition = NULL;
  entry.columns = (char *) "";
  entry.binary = FALSE;
  none = pgm_part_copy_to (&part);
  g_assert_cmpstr (none, ==, "COPY \"s\".\"a \"\"b\" TO STDOUT (FORMAT text)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/cut-pages", test_cut_pages);
  g_test_add_func ("/plan/cut-keys", test_cut_keys);
  g_test_add_func ("/plan/limits", test_limits);
  g_test_add_func ("/plan/queue", test_queue);
  g_test_add_func ("/plan/statements", test_statements);
  return g_test_run ();
}
