#include "core/error.h"
#include "core/lsn.h"

static void
test_round_trip (void)
{
  static const struct
  {
    const char *text;
    PgmLsn lsn;
  } cases[] = {
    { "0/0", 0 },
    { "0/1", 1 },
    { "16/B374D848", G_GUINT64_CONSTANT (0x16B374D848) },
    { "FFFFFFFF/FFFFFFFF", G_MAXUINT64 },
    { "1/0", G_GUINT64_CONSTANT (1) << 32 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      PgmLsn lsn = 42;

      g_assert_true (pgm_lsn_parse (cases[i].text, &lsn, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (lsn, ==, cases[i].lsn);
      text = pgm_lsn_to_string (lsn);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_lower_case (void)
{
  PgmLsn lsn = 0;

  g_assert_true (pgm_lsn_parse ("00000016/b374d848", &lsn, NULL));
  g_assert_cmpuint (lsn, ==, G_GUINT64_CONSTANT (0x16B374D848));
}

static void
test_refused (void)
{
  static const char *const cases[] = {
    "",      "/",     "0",           "0/",    "/0",   " 0/0",       "0/0 ",
    "0/0/0", "0x1/0", "G/0",         "-1/0",  "+1/0", "0/-1",       "000000001/0",
    "0/1\n", "0 /0",  "1/100000000", "0\\/0", "0,0",  "1/\xc3\xa4", "16/B374D848zz",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      PgmLsn lsn = 42;

      g_assert_false (pgm_lsn_parse (cases[i], &lsn, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_assert_cmpuint (lsn, ==, 42);
    }
}

static void
test_order (void)
{
  g_assert_cmpint (pgm_lsn_compare (1, 2), ==, -1);
  g_assert_cmpint (pgm_lsn_compare (2, 2), ==, 0);
  g_assert_cmpint (pgm_lsn_compare (G_MAXUINT64, 0), ==, 1);
  g_assert_cmpuint (pgm_lsn_distance (10, 25), ==, 15);
  g_assert_cmpuint (pgm_lsn_distance (25, 10), ==, 0);
  g_assert_cmpuint (pgm_lsn_distance (0, G_MAXUINT64), ==, G_MAXUINT64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/lsn/round-trip", test_round_trip);
  g_test_add_func ("/core/lsn/lower-case", test_lower_case);
  g_test_add_func ("/core/lsn/refused", test_refused);
  g_test_add_func ("/core/lsn/order", test_order);
  return g_test_run ();
}
