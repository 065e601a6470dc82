#include "migration/definition.h"

typedef struct
{
  const char *a;
  int a_major;
  const char *b;
  int b_major;
  gboolean equal;
} Case;

static const Case cases[] = {
  /* Spaces and line ends say nothing outside of strings. */
  { "SELECT 1,\n  2", 15, "SELECT 1, 2", 15, TRUE },
  { "SELECT 'a  b'", 15, "SELECT 'a b'", 15, FALSE },
  { "SELECT E'a\\'  b'", 15, "SELECT E'a\\' b'", 15, FALSE },
  { "AS $f$ a  b $f$", 15, "AS $f$ a b $f$", 15, FALSE },
  { "AS $f$ ' $f$ x", 15, "AS $f$ ' $f$   x", 15, TRUE },
  { "SELECT \"a b\"", 15, "SELECT \"a  b\"", 15, FALSE },
  /* The cast of an array moves to its elements when it is restored. */
  { "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
    15,
    "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
    15, TRUE },
  { "ANY ((ARRAY[f(1, 2), 3])::numeric(10,2)[])", 15,
    "ANY (ARRAY[(f(1, 2))::numeric(10,2), (3)::numeric(10,2)])", 15, TRUE },
  { "ANY ((ARRAY['a'::character varying])::text[])", 15,
    "ANY (ARRAY[('b'::character varying)::text])", 15, FALSE },
  { "ANY ((ARRAY['a'::character varying])::text[])", 15,
    "ANY (ARRAY[('a'::character varying)::bpchar])", 15, FALSE },
  /* Chains of AND and of OR are flattened, but not one into the other. */
  { "(((a > 1) AND (a < 9)) AND (b = 1))", 15, "((a > 1) AND (a < 9) AND (b = 1))", 15, TRUE },
  { "(((a > 1) OR (a < 9)) OR (b = 1))", 15, "((a > 1) OR (a < 9) OR (b = 1))", 15, TRUE },
  { "(((a > 1) OR (a < 9)) AND (b = 1))", 15, "((a > 1) OR (a < 9) AND (b = 1))", 15, FALSE },
  { "(((a > 1) AND (a < 9)) OR (b = 1))", 15, "((a > 1) AND (a < 9) OR (b = 1))", 15, FALSE },
  /* From 16 on a lone table's columns are not qualified. */
  { "SELECT t.a, t.t FROM s.t", 13, "SELECT a, t FROM s.t", 17, TRUE },
  { "SELECT a, t FROM s.t", 17, "SELECT t.a, t.t FROM s.t", 13, TRUE },
  { "SELECT t.a FROM s.t", 13, "SELECT a FROM s.t", 15, FALSE },
  { "SELECT a FROM s.t", 13, "SELECT t.a FROM s.t", 17, FALSE },
  { "SELECT x.a, y.b FROM s.x, s.y", 13, "SELECT y.a, x.b FROM s.x, s.y", 17, FALSE },
  { "SELECT t.a FROM s.t", 13, "SELECT b FROM s.t", 17, FALSE },
  { "SELECT t.a FROM s.t", 13, "SELECT a FROM r.t", 17, FALSE },
  { "SELECT t.a FROM s.t", 13, "SELECT a FROM s.t WHERE true", 17, FALSE },
  /* Keywords come and go, and so do quotes; but not those that matter. */
  { "CREATE TABLE s.t (\"json\" json)", 18, "CREATE TABLE s.t (json json)", 15, TRUE },
  { "SELECT \"Json\"", 15, "SELECT json", 15, FALSE },
  { "SELECT \"a b\"", 15, "SELECT a b", 15, FALSE },
  { "XMLSERIALIZE(CONTENT x AS text NO INDENT)", 18, "XMLSERIALIZE(CONTENT x AS text)", 15, TRUE },
  { "XMLSERIALIZE(CONTENT x AS text INDENT)", 18, "XMLSERIALIZE(CONTENT x AS text)", 15, FALSE },
  { "UPDATE s.log AS l SET a = 1", 15, "UPDATE s.log l SET a = 1", 18, TRUE },
  { "UPDATE s.log AS l SET a = 1", 15, "UPDATE s.log m SET a = 1", 18, FALSE },
  /* Unbalanced or cut off: no crash. */
  { "((ARRAY[", 15, "((ARRAY[ ", 15, TRUE },
  { "(ARRAY[1])::", 15, "(ARRAY[1])::text", 15, FALSE },
  { "'open", 15, "'open ", 15, FALSE },
  { "$x", 15, "$x ", 15, TRUE },
  { "", 15, " ", 15, TRUE },
};

static void
test_equal (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];

      g_test_message ("%s (%d) / %s (%d)", c->a, c->a_major, c->b, c->b_major);
      g_assert_cmpint (pgm_definition_equal (c->a, c->a_major, c->b, c->b_major), ==, c->equal);
      g_assert_cmpint (pgm_definition_equal (c->b, c->b_major, c->a, c->a_major), ==, c->equal);
    }
}

static void
test_name_key (void)
{
  g_autofree char *quoted = pgm_definition_name_key ("public.\"json\".\"Ab \"\"c\"");
  g_autofree char *plain = pgm_definition_name_key ("public.json.\"Ab \"\"c\"");
  g_autofree char *other = pgm_definition_name_key ("public.json.ab");

  g_assert_cmpstr (quoted, ==, plain);
  g_assert_cmpstr (quoted, !=, other);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/migration/definition/equal", test_equal);
  g_test_add_func ("/migration/definition/name-key", test_name_key);
  return g_test_run ();
}
