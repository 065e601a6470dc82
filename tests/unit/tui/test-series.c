#include "tui/series.h"

#include <math.h>
#include <string.h>

#define SECOND G_USEC_PER_SEC
#define START  (1000 * SECOND)

static void
assert_levels (const PgmSeries *series, gint64 time, const char *expected)
{
  guint columns = (guint) strlen (expected);
  guint8 levels[64];

  (void) pgm_series_scale (series, time, columns, levels);
  for (guint i = 0; i < columns; i++)
    g_assert_cmpint (levels[i], ==, expected[i] - '0');
}

static void
test_scale (void)
{
  PgmSeries series = { 0 };
  guint8 levels[3];

  assert_levels (&series, START, "000");
  for (gint64 i = 0; i < 8; i++)
    pgm_series_add (&series, START + i * SECOND, (double) i * 100);
  assert_levels (&series, START + 7 * SECOND, "12345678");
  assert_levels (&series, START + 7 * SECOND, "0012345678");
  /* Only what is seen counts for the scale. */
  assert_levels (&series, START + 3 * SECOND, "1368");
  g_assert_cmpfloat (pgm_series_scale (&series, START + 3 * SECOND, 3, levels), ==, 300);
}

static void
test_flat (void)
{
  PgmSeries series = { 0 };

  pgm_series_add (&series, START, 0);
  pgm_series_add (&series, START + SECOND, 0);
  assert_levels (&series, START + SECOND, "011");
  pgm_series_add (&series, START + 2 * SECOND, 7);
  pgm_series_add (&series, START + 3 * SECOND, 7);
  assert_levels (&series, START + 3 * SECOND, "1188");
}

/* The greatest of a second stays, and a second without a value is a gap. */
static void
test_seconds (void)
{
  PgmSeries series = { 0 };

  pgm_series_add (&series, START, 10);
  pgm_series_add (&series, START + SECOND / 2, 70);
  pgm_series_add (&series, START + SECOND - 1, 0);
  pgm_series_add (&series, START + 3 * SECOND, 70);
  pgm_series_add (&series, START + 2 * SECOND, 70); /* too late */
  assert_levels (&series, START + 4 * SECOND, "080080");
}

static void
test_odd_values (void)
{
  PgmSeries series = { 0 };

  pgm_series_add (&series, START, NAN);
  pgm_series_add (&series, START + SECOND, -5);
  pgm_series_add (&series, START + 2 * SECOND, INFINITY);
  pgm_series_add (&series, START + 3 * SECOND, 1);
  assert_levels (&series, START + 3 * SECOND, "1118");
}

/* Long after, nothing of before is left. */
static void
test_wraps (void)
{
  PgmSeries series = { 0 };
  gint64 later = START + (PGM_SERIES_SECONDS + 40) * SECOND;

  pgm_series_add (&series, START + 50 * SECOND, 1e9);
  pgm_series_add (&series, later, 1);
  assert_levels (&series, later, "00000008");
  for (gint64 i = 0; i < 3 * PGM_SERIES_SECONDS; i++)
    pgm_series_add (&series, later + i * SECOND, (double) (i % 2));
  assert_levels (&series, later + (3 * PGM_SERIES_SECONDS - 1) * SECOND, "1818");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/series/scale", test_scale);
  g_test_add_func ("/tui/series/flat", test_flat);
  g_test_add_func ("/tui/series/seconds", test_seconds);
  g_test_add_func ("/tui/series/odd-values", test_odd_values);
  g_test_add_func ("/tui/series/wraps", test_wraps);
  return g_test_run ();
}
