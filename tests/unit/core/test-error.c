#include "core/error.h"

static void
test_fields (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;

  pgm_error_set_full (&error, PGM_ERROR_SQL, "42P01", "A detail.", "A hint.", "relation \"%s\"",
                      "t");
  g_assert_error (error, PGM_ERROR, PGM_ERROR_SQL);
  copy = g_error_copy (error);
  g_clear_error (&error);

  g_assert_cmpstr (copy->message, ==, "relation \"t\"");
  g_assert_cmpstr (pgm_error_get_sqlstate (copy), ==, "42P01");
  g_assert_cmpstr (pgm_error_get_detail (copy), ==, "A detail.");
  g_assert_cmpstr (pgm_error_get_hint (copy), ==, "A hint.");
}

static void
test_prefix_keeps_fields (void)
{
  g_autoptr (GError) error = NULL;

  pgm_error_set_full (&error, PGM_ERROR_LOST, "57P01", NULL, "Try again.", "connection lost");
  g_prefix_error (&error, "table \"a\": ");
  g_assert_cmpstr (error->message, ==, "table \"a\": connection lost");
  g_assert_cmpstr (pgm_error_get_hint (error), ==, "Try again.");
  g_assert_null (pgm_error_get_detail (error));
}

static void
test_other_domains (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  g_assert_null (pgm_error_get_sqlstate (error));
  g_assert_null (pgm_error_get_detail (error));
  g_assert_null (pgm_error_get_hint (NULL));
  pgm_error_set_hint (error, "ignored");
  g_assert_null (pgm_error_get_hint (error));
}

static void
test_null_target (void)
{
  pgm_error_set (NULL, PGM_ERROR_FAILED, "nobody %s", "listens");
  pgm_error_set_full (NULL, PGM_ERROR_FAILED, NULL, NULL, NULL, "nobody listens");
}

static void
test_replace (void)
{
  g_autoptr (GError) error = NULL;

  pgm_error_set (&error, PGM_ERROR_FAILED, "it failed");
  pgm_error_set_detail (error, "One.");
  pgm_error_set_detail (error, pgm_error_get_detail (error));
  g_assert_cmpstr (pgm_error_get_detail (error), ==, "One.");
  pgm_error_set_hint (error, "Two.");
  pgm_error_set_hint (error, NULL);
  g_assert_null (pgm_error_get_hint (error));
}

static void
test_text (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *full = NULL;
  g_autofree char *bare = NULL;

  pgm_error_set_full (&error, PGM_ERROR_FAILED, NULL, "Why.", "What to do.", "it failed");
  full = pgm_error_to_text (error);
  g_assert_cmpstr (full, ==, "it failed\n  Detail: Why.\n  Hint: What to do.");
  pgm_error_set_detail (error, NULL);
  pgm_error_set_hint (error, "");
  bare = pgm_error_to_text (error);
  g_assert_cmpstr (bare, ==, "it failed");
}

static void
test_exit (void)
{
  static const struct
  {
    PgmErrorCode code;
    PgmExit status;
  } cases[] = {
    { PGM_ERROR_USAGE, PGM_EXIT_USAGE },     { PGM_ERROR_NOT_FOUND, PGM_EXIT_NOT_FOUND },
    { PGM_ERROR_CONNECT, PGM_EXIT_CONNECT }, { PGM_ERROR_REFUSED, PGM_EXIT_REFUSED },
    { PGM_ERROR_FAILED, PGM_EXIT_FAILED },   { PGM_ERROR_SQL, PGM_EXIT_FAILED },
    { PGM_ERROR_LOST, PGM_EXIT_FAILED },     { PGM_ERROR_PROTOCOL, PGM_EXIT_FAILED },
  };
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "x");
  g_autoptr (GError) option = g_error_new_literal (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "x");
  g_autoptr (GError) missing = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "x");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      pgm_error_set (&error, cases[i].code, "x");
      g_assert_cmpint (pgm_error_to_exit (error), ==, cases[i].status);
      g_assert_false (pgm_error_is_cancelled (error));
    }
  g_assert_true (pgm_error_is_cancelled (cancelled));
  g_assert_false (pgm_error_is_cancelled (NULL));
  g_assert_cmpint (pgm_error_to_exit (cancelled), ==, 130);
  g_assert_cmpint (pgm_error_to_exit (option), ==, 2);
  g_assert_cmpint (pgm_error_to_exit (missing), ==, 3);
  g_assert_cmpint (pgm_error_to_exit (NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/error/fields", test_fields);
  g_test_add_func ("/core/error/prefix-keeps-fields", test_prefix_keeps_fields);
  g_test_add_func ("/core/error/other-domains", test_other_domains);
  g_test_add_func ("/core/error/null-target", test_null_target);
  g_test_add_func ("/core/error/replace", test_replace);
  g_test_add_func ("/core/error/text", test_text);
  g_test_add_func ("/core/error/exit", test_exit);
  return g_test_run ();
}
