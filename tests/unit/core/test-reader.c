#include "core/error.h"
#include "core/reader.h"

#include <string.h>

static void
test_values (void)
{
  static const guint8 data[] = { 0x7f, 0x01, 0x02, 0xff, 0xfe, 0xde, 0xad, 0xbe, 0xef,
                                 0xff, 0xff, 0xff, 0xfd, 0x00, 0x01, 0x02, 0x03, 0x04,
                                 0x05, 0x06, 0x07, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xfc, 'h',  'i',  0x00, 0x00, 'x',  'y' };
  g_autoptr (GError) error = NULL;
  PgmReader reader;

  pgm_reader_init (&reader, data, sizeof data);
  g_assert_cmpuint (pgm_reader_u8 (&reader), ==, 0x7f);
  g_assert_cmpuint (pgm_reader_u16 (&reader), ==, 0x0102);
  g_assert_cmpint (pgm_reader_i16 (&reader), ==, -2);
  g_assert_cmpuint (pgm_reader_u32 (&reader), ==, 0xdeadbeef);
  g_assert_cmpint (pgm_reader_i32 (&reader), ==, -3);
  g_assert_cmpuint (pgm_reader_u64 (&reader), ==, G_GUINT64_CONSTANT (0x0001020304050607));
  g_assert_cmpint (pgm_reader_i64 (&reader), ==, -4);
  g_assert_cmpstr (pgm_reader_string (&reader), ==, "hi");
  g_assert_cmpstr (pgm_reader_string (&reader), ==, "");
  g_assert_cmpuint (pgm_reader_left (&reader), ==, 2);
  g_assert_cmpmem (pgm_reader_bytes (&reader, 2), 2, "xy", 2);
  g_assert_nonnull (pgm_reader_bytes (&reader, 0));
  g_assert_true (pgm_reader_finish (&reader, "message", TRUE, &error));
  g_assert_no_error (error);
}

/* Every message cut at every place fails, and never reads past the cut. */
static void
test_every_cut (void)
{
  static const guint8 whole[] = { 0, 1, 0, 0, 0, 2, 'a', 'b', 0, 9, 9, 9 };

  for (gsize size = 0; size <= sizeof whole; size++)
    {
      /* Its own allocation, so that a sanitizer sees a read past the cut. */
      g_autofree guint8 *data = g_memdup2 (whole, size);
      g_autoptr (GError) error = NULL;
      PgmReader reader;
      gboolean good;

      pgm_reader_init (&reader, data, size);
      (void) pgm_reader_u16 (&reader);
      (void) pgm_reader_u32 (&reader);
      (void) pgm_reader_string (&reader);
      (void) pgm_reader_bytes (&reader, 3);
      good = pgm_reader_finish (&reader, "message", TRUE, &error);
      g_assert_true (good == (size == sizeof whole));
      if (!good)
        g_assert_error (error, PGM_ERROR, PGM_ERROR_PROTOCOL);
    }
}

static void
test_sticky (void)
{
  static const guint8 data[] = { 1, 2, 3, 4 };
  g_autoptr (GError) error = NULL;
  PgmReader reader;

  pgm_reader_init (&reader, data, sizeof data);
  (void) pgm_reader_u8 (&reader);
  g_assert_null (pgm_reader_bytes (&reader, 4));
  g_assert_cmpuint (reader.failed_at, ==, 1);
  /* There would be bytes for these, but nothing is read after a failure. */
  g_assert_cmpuint (pgm_reader_u8 (&reader), ==, 0);
  g_assert_null (pgm_reader_bytes (&reader, 0));
  g_assert_null (pgm_reader_string (&reader));
  g_assert_cmpuint (pgm_reader_left (&reader), ==, 0);
  g_assert_cmpuint (reader.failed_at, ==, 1);

  g_assert_false (pgm_reader_finish (&reader, "Relation message", FALSE, &error));
  g_assert_nonnull (strstr (error->message, "Relation message"));
  g_assert_cmpstr (pgm_error_get_detail (error), ==, "At byte 1 of 4: 01 [02] 03 04.");
}

static void
test_huge_length (void)
{
  static const guint8 data[] = { 0xff, 0xff, 0xff, 0xff, 'x' };
  PgmReader reader;

  pgm_reader_init (&reader, data, sizeof data);
  g_assert_null (pgm_reader_bytes (&reader, pgm_reader_u32 (&reader)));
  pgm_reader_init (&reader, data, sizeof data);
  (void) pgm_reader_u8 (&reader);
  g_assert_null (pgm_reader_bytes (&reader, G_MAXSIZE));
  g_assert_false (pgm_reader_finish (&reader, "message", FALSE, NULL));
}

static void
test_left_over (void)
{
  static const guint8 data[] = { 1, 2 };
  g_autoptr (GError) error = NULL;
  PgmReader reader;

  pgm_reader_init (&reader, data, sizeof data);
  (void) pgm_reader_u8 (&reader);
  g_assert_true (pgm_reader_finish (&reader, "message", FALSE, &error));
  g_assert_false (pgm_reader_finish (&reader, "message", TRUE, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_PROTOCOL);
}

static void
test_fail_and_end (void)
{
  g_autoptr (GError) error = NULL;
  PgmReader reader;

  pgm_reader_init (&reader, NULL, 7);
  g_assert_cmpuint (pgm_reader_left (&reader), ==, 0);
  g_assert_nonnull (pgm_reader_bytes (&reader, 0));
  pgm_reader_fail (&reader);
  g_assert_false (pgm_reader_finish (&reader, "message", FALSE, &error));
  g_assert_cmpstr (pgm_error_get_detail (error), ==, "At byte 0 of 0: [end].");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/reader/values", test_values);
  g_test_add_func ("/core/reader/every-cut", test_every_cut);
  g_test_add_func ("/core/reader/sticky", test_sticky);
  g_test_add_func ("/core/reader/huge-length", test_huge_length);
  g_test_add_func ("/core/reader/left-over", test_left_over);
  g_test_add_func ("/core/reader/fail-and-end", test_fail_and_end);
  return g_test_run ();
}
