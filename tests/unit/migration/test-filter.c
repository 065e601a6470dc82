#include <string.h>

#include "core/error.h"
#include "migration/filter.h"

typedef struct
{
  const char *include;
  const char *exclude;
  const char *schema;
  const char *table;
  gboolean taken;
} FilterCase;

static const FilterCase cases[] = {
  { NULL, NULL, "shop", "orders", TRUE },
  { "shop", NULL, "shop", "orders", TRUE },
  { "shop", NULL, "shopping", "orders", FALSE },
  { "shop*", NULL, "shopping", "orders", TRUE },
  { "shop.order?", NULL, "shop", "orders", TRUE },
  { "shop.order?", NULL, "shop", "order", FALSE },
  { "*.log", NULL, "any", "log", TRUE },
  { "*.log", NULL, "any", "logs", FALSE },
  { "*.*_log", NULL, "any", "a_log_b_log", TRUE },
  { NULL, "*.tmp*", "shop", "tmp_1", FALSE },
  { "shop", "shop.tmp*", "shop", "tmp_1", FALSE },
  { "shop", "shop.tmp*", "shop", "orders", TRUE },
  { "\"My Schema\".\"a.b\"", NULL, "My Schema", "a.b", TRUE },
  { "\"a*\".t", NULL, "a*", "t", TRUE },
  { "\"a*\".t", NULL, "ab", "t", FALSE },
  { "\"say \"\"hi\"\"\"", NULL, "say \"hi\"", "t", TRUE },
  { "pre\"*\"*.t", NULL, "pre*fix", "t", TRUE },
  { "back\\slash.t", NULL, "back\\slash", "t", TRUE },
  { "?.t", NULL, "\xc3\xbc", "t", TRUE },
  { "Shop", NULL, "shop", "t", FALSE },
  { "*", NULL, "", "", TRUE },
};

static void
test_takes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const FilterCase *c = &cases[i];
      const char *include[] = { c->include, NULL };
      const char *exclude[] = { c->exclude, NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (PgmFilter) filter = pgm_filter_new (include, exclude, &error);

      g_assert_no_error (error);
      g_test_message ("%s / %s on %s.%s", c->include, c->exclude, c->schema, c->table);
      g_assert_cmpint (pgm_filter_takes (filter, c->schema, c->table), ==, c->taken);
      g_assert_cmpint (pgm_filter_is_active (filter), ==, c->include != NULL || c->exclude != NULL);
    }
}

static void
test_schema (void)
{
  const char *include[] = { "shop", "audit.log", NULL };
  const char *exclude[] = { "shop.tmp*", "old", "gone.*", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmFilter) some = pgm_filter_new (include, exclude, &error);
  g_autoptr (PgmFilter) all_but = pgm_filter_new (NULL, exclude, &error);

  g_assert_no_error (error);
  g_assert_true (pgm_filter_takes_schema (some, "shop"));
  g_assert_true (pgm_filter_takes_schema (some, "audit"));
  g_assert_false (pgm_filter_takes_schema (some, "other"));
  g_assert_true (pgm_filter_takes_schema (all_but, "other"));
  g_assert_false (pgm_filter_takes_schema (all_but, "old"));
  g_assert_false (pgm_filter_takes_schema (all_but, "gone"));
}

static void
test_malformed (void)
{
  static const char *const bad[] = { "", ".", "a.", ".b", "a.b.c", "\"a", "a.\"b", "\"\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *include[] = { "fine", bad[i], NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (PgmFilter) filter = pgm_filter_new (include, NULL, &error);

      g_test_message ("%s", bad[i]);
      g_assert_null (filter);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_assert_nonnull (strstr (error->message, bad[i]));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filter/takes", test_takes);
  g_test_add_func ("/filter/schema", test_schema);
  g_test_add_func ("/filter/malformed", test_malformed);
  return g_test_run ();
}
