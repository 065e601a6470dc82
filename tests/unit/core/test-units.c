#include "core/error.h"
#include "core/units.h"

#include <locale.h>
#include <math.h>

#define ASSERT_TEXT(call, expected)                                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *text_ = (call);                                                               \
    g_assert_cmpstr (text_, ==, (expected));                                                       \
  }                                                                                                \
  G_STMT_END

static void
test_bytes (void)
{
  ASSERT_TEXT (pgm_format_bytes (0), "0 B");
  ASSERT_TEXT (pgm_format_bytes (512), "512 B");
  ASSERT_TEXT (pgm_format_bytes (1023), "1023 B");
  ASSERT_TEXT (pgm_format_bytes (1024), "1.0 KiB");
  ASSERT_TEXT (pgm_format_bytes (1536 * 1024), "1.5 MiB");
  ASSERT_TEXT (pgm_format_bytes (G_GUINT64_CONSTANT (12) << 30), "12 GiB");
  ASSERT_TEXT (pgm_format_bytes (1024 * 1024 - 1), "1.0 MiB");
  ASSERT_TEXT (pgm_format_bytes (10 * 1024 - 1), "10 KiB");
  ASSERT_TEXT (pgm_format_bytes (G_MAXUINT64), "16 EiB");
}

static void
test_rates_and_counts (void)
{
  ASSERT_TEXT (pgm_format_byte_rate (92.1 * 1048576), "92.1 MiB/s");
  ASSERT_TEXT (pgm_format_byte_rate (0), "0 B/s");
  ASSERT_TEXT (pgm_format_byte_rate (-5), "0 B/s");
  ASSERT_TEXT (pgm_format_byte_rate (NAN), "0 B/s");
  ASSERT_TEXT (pgm_format_byte_rate (1023.9), "1.0 KiB/s");
  ASSERT_TEXT (pgm_format_count (0), "0");
  ASSERT_TEXT (pgm_format_count (950), "950");
  ASSERT_TEXT (pgm_format_count (12345), "12,345");
  ASSERT_TEXT (pgm_format_count (123456), "123,456");
  ASSERT_TEXT (pgm_format_count (G_MAXUINT64), "18,446,744,073,709,551,615");
  ASSERT_TEXT (pgm_format_short_count (950), "950");
  ASSERT_TEXT (pgm_format_short_count (12345), "12.3 k");
  ASSERT_TEXT (pgm_format_short_count (999999), "1.0 M");
  ASSERT_TEXT (pgm_format_short_count (4500000), "4.5 M");
}

static void
test_durations (void)
{
  ASSERT_TEXT (pgm_format_duration (0.8), "0.8 s");
  ASSERT_TEXT (pgm_format_duration (42), "42 s");
  ASSERT_TEXT (pgm_format_duration (59.7), "1 min 00 s");
  ASSERT_TEXT (pgm_format_duration (185), "3 min 05 s");
  ASSERT_TEXT (pgm_format_duration (7800), "2 h 10 min");
  ASSERT_TEXT (pgm_format_duration (86400 * 3 + 3600 * 4), "3 d 04 h");
  ASSERT_TEXT (pgm_format_duration (-1), "0.0 s");
  ASSERT_TEXT (pgm_format_duration (INFINITY), "–");
  ASSERT_TEXT (pgm_format_duration_ms (0.8), "0.8 ms");
  ASSERT_TEXT (pgm_format_duration_ms (12), "12 ms");
  ASSERT_TEXT (pgm_format_duration_ms (1250), "1.25 s");
  ASSERT_TEXT (pgm_format_duration_ms (185000), "3 min 05 s");
}

static void
test_parse_size (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } good[] = {
    { "0", 0 },
    { "1048576", 1048576 },
    { "64k", 65536 },
    { "64 kB", 65536 },
    { "200MB", 200 * 1048576 },
    { "1 GiB", 1073741824 },
    { "1.5GB", 1610612736 },
    { "2T", G_GUINT64_CONSTANT (2) << 40 },
    { "7b", 7 },
  };
  static const char *const bad[] = { "",    "MB",   "-1", "1 XB", "1MBs", "1..5MB", "1.MB", ".5MB",
                                     "1e9", "0x10", " 1", "1 ",   "inf",  "nan",    "1,5MB" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      guint64 bytes = 1;

      g_assert_true (pgm_parse_size (good[i].text, &bytes, &error));
      g_assert_cmpuint (bytes, ==, good[i].bytes);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      if (pgm_parse_size (bad[i], NULL, &error))
        g_test_message ("\"%s\" was taken for a size", bad[i]);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
    }
  g_assert_false (pgm_parse_size ("99999999999TB", NULL, NULL));
  g_assert_false (pgm_parse_size ("9223372036854775808", NULL, NULL));
}

static void
test_parse_duration (void)
{
  double seconds = 0;

  g_assert_true (pgm_parse_duration ("30s", &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 30);
  g_assert_true (pgm_parse_duration ("500ms", &seconds, NULL));
  g_assert_cmpfloat_with_epsilon (seconds, 0.5, 1e-9);
  g_assert_true (pgm_parse_duration ("2min", &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 120);
  g_assert_true (pgm_parse_duration ("1h", &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 3600);
  g_assert_true (pgm_parse_duration ("45", &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 45);
  g_assert_false (pgm_parse_duration ("-1s", &seconds, NULL));
  g_assert_false (pgm_parse_duration ("1y", &seconds, NULL));
  g_assert_false (pgm_parse_duration ("", &seconds, NULL));
  g_assert_false (pgm_parse_duration ("99999999h", &seconds, NULL));
}

static void
test_parse_int (void)
{
  static const char *const bad[] = { "",    " 1",    "1 ",  "1x",
                                     "0x1", "1.0",   "--1", "99999999999999999999",
                                     "0",   "65536", "-5" };
  g_autoptr (GError) error = NULL;
  gint64 value = 0;

  g_assert_true (pgm_parse_int ("5432", "port", 1, 65535, &value, &error));
  g_assert_cmpint (value, ==, 5432);
  g_assert_true (pgm_parse_int ("-3", "offset", -10, 10, &value, &error));
  g_assert_cmpint (value, ==, -3);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) refused = NULL;

      g_assert_false (pgm_parse_int (bad[i], "port", 1, 65535, &value, &refused));
      g_assert_error (refused, PGM_ERROR, PGM_ERROR_USAGE);
      g_assert_true (g_str_has_prefix (refused->message, "port is "));
    }
}

int
main (int argc, char **argv)
{
  /* A locale with a decimal comma, where there is one, must change nothing. */
  (void) setlocale (LC_ALL, "de_DE.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/units/bytes", test_bytes);
  g_test_add_func ("/core/units/rates-and-counts", test_rates_and_counts);
  g_test_add_func ("/core/units/durations", test_durations);
  g_test_add_func ("/core/units/parse-size", test_parse_size);
  g_test_add_func ("/core/units/parse-duration", test_parse_duration);
  g_test_add_func ("/core/units/parse-int", test_parse_int);
  return g_test_run ();
}
