#include "config.h"

#include <string.h>

#include "postgres/restore-script.h"

static void
check (int major, const char *text, const char *expected)
{
  g_autofree char *clean = pgm_restore_script_clean (text, strlen (text), major);
  g_assert_cmpstr (clean, ==, expected);
}

static void
test_untouched (void)
{
  check (13, "", "");
  check (13, "no line end", "no line end");
  check (13, "-- Name: f; Type: FUNCTION; Schema: s\n\nSELECT 1;\n\n",
         "-- Name: f; Type: FUNCTION; Schema: s\n\nSELECT 1;\n\n");
}

static void
test_restrict (void)
{
  check (15, "--\n\\restrict Abc1\nSELECT 1;\n\\unrestrict Abc1\n\n", "--\nSELECT 1;\n\n");
  /* Another key is text of a function's body, as is one after the preamble. */
  check (
      15,
      "\\restrict Abc1\n-- Name: f; Type: FUNCTION; \n\\unrestrict Abc12\n\\unrestrict Abc\n\\restrict X\n",
      "-- Name: f; Type: FUNCTION; \n\\unrestrict Abc12\n\\unrestrict Abc\n\\restrict X\n");
}

static void
test_settings (void)
{
  const char *preamble =
      "SET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET row_security = off;\n";
  check (17, preamble, preamble);
  check (16, preamble, "SET statement_timeout = 0;\nSET row_security = off;\n");
  /* Below the first object it may be a line of a body. */
  const char *body = "-- Name: f; Type: FUNCTION; Schema: s\nSET transaction_timeout = 0;\n";
  check (13, body, body);
  /* Sent before the first table, wherever that comes. */
  const char *between = "-- Name: s; Type: SCHEMA; Schema: -\nCREATE SCHEMA s;\n\n"
                        "SET default_table_access_method = heap;\n\n"
                        "--\n-- Name: t; Type: TABLE; Schema: s; Owner: o\n--\n\n";
  check (12, between, between);
  check (11, between,
         "-- Name: s; Type: SCHEMA; Schema: -\nCREATE SCHEMA s;\n\n\n"
         "--\n-- Name: t; Type: TABLE; Schema: s; Owner: o\n--\n\n");
  body =
      "-- Name: f; Type: FUNCTION; Schema: s\nSET default_table_access_method = heap;\n\n--\nEND";
  check (11, body, body);
}

static void
test_own_option (void)
{
  check (
      18,
      "-- Name: t; Type: TABLE; Schema: s; Owner: o\n"
      "ALTER TABLE ONLY s.t ALTER COLUMN a SET (pg_attver=22448072);\n"
      "ALTER TABLE ONLY s.t ALTER COLUMN b SET (n_distinct=5, pg_attver=1, n_distinct_inherited=2);\n"
      "ALTER TABLE ONLY s.t ALTER COLUMN c SET (n_distinct=7);\n",
      "-- Name: t; Type: TABLE; Schema: s; Owner: o\n"
      "ALTER TABLE ONLY s.t ALTER COLUMN b SET (n_distinct=5, n_distinct_inherited=2);\n"
      "ALTER TABLE ONLY s.t ALTER COLUMN c SET (n_distinct=7);\n");
  const char *body = "-- Name: f; Type: FUNCTION; Schema: s; Owner: o\n"
                     "ALTER TABLE ONLY s.t ALTER COLUMN a SET (pg_attver=22448072);\n";
  check (18, body, body);
}

static void
test_other_encoding (void)
{
  check (13, "\\restrict a\n-- \xe4\xf6\xfc\n\\unrestrict a\n", "-- \xe4\xf6\xfc\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/restore-script/untouched", test_untouched);
  g_test_add_func ("/restore-script/restrict", test_restrict);
  g_test_add_func ("/restore-script/settings", test_settings);
  g_test_add_func ("/restore-script/own-option", test_own_option);
  g_test_add_func ("/restore-script/other-encoding", test_other_encoding);
  return g_test_run ();
}
