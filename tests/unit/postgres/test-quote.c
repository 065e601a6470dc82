#include "config.h"

#include "postgres/quote.h"

static void
test_identifier (void)
{
  static const struct
  {
    const char *name;
    const char *quoted;
  } cases[] = {
    { "plain", "\"plain\"" },
    { "Upper Case", "\"Upper Case\"" },
    { "a\"b", "\"a\"\"b\"" },
    { "\"", "\"\"\"\"" },
    { "", "\"\"" },
    { "select", "\"select\"" },
    { "naïve🐘", "\"naïve🐘\"" },
    { "back\\slash'", "\"back\\slash'\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *quoted = pgm_quote_identifier (cases[i].name);
      g_assert_cmpstr (quoted, ==, cases[i].quoted);
    }
}

static void
test_qualified (void)
{
  g_autofree char *quoted = pgm_quote_qualified ("my.schema", "a\"t");
  g_assert_cmpstr (quoted, ==, "\"my.schema\".\"a\"\"t\"");
}

static void
test_literal (void)
{
  static const struct
  {
    const char *text;
    const char *quoted;
  } cases[] = {
    { NULL, "NULL" },
    { "", "''" },
    { "it's", "'it''s'" },
    { "a\\b", " E'a\\\\b'" },
    { "\\'", " E'\\\\'''" },
    { "E'x'", "'E''x'''" },
    { "line\nend", "'line\nend'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *quoted = pgm_quote_literal (cases[i].text);
      g_assert_cmpstr (quoted, ==, cases[i].quoted);
    }
}

static void
test_append (void)
{
  g_autoptr (GString) sql = g_string_new ("SELECT ");
  pgm_quote_append_literal (sql, "a\\");
  g_string_append (sql, " FROM ");
  pgm_quote_append_qualified (sql, "s", "t");
  g_string_append_c (sql, ' ');
  pgm_quote_append_identifier (sql, "x");
  g_assert_cmpstr (sql->str, ==, "SELECT  E'a\\\\' FROM \"s\".\"t\" \"x\"");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quote/identifier", test_identifier);
  g_test_add_func ("/quote/qualified", test_qualified);
  g_test_add_func ("/quote/literal", test_literal);
  g_test_add_func ("/quote/append", test_append);
  return g_test_run ();
}
