#include "migration/spill.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *directory;

/* Records "xid:number" with some weight, so that files are made. */
static void
append (PgmSpill *spill, guint32 xid, guint number, gsize weight)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = g_malloc0 (weight + 32);

  g_snprintf (data, 32, "%u:%u", xid, number);
  g_assert_true (pgm_spill_append (spill, xid, data, weight + 32, &error));
  g_assert_no_error (error);
}

static char *
read_all (PgmSpill *spill)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  const guint8 *data = NULL;
  gsize size = 0;
  PgmSpillResult result;

  g_assert_true (pgm_spill_rewind (spill, &error));
  while ((result = pgm_spill_next (spill, &data, &size, &error)) == PGM_SPILL_RECORD)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", (const char *) data);
  g_assert_no_error (error);
  g_assert_cmpint (result, ==, PGM_SPILL_END);
  return g_string_free (text, FALSE);
}

static void
test_memory (void)
{
  g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 7, 0);
  g_autofree char *text = NULL;

  for (guint i = 0; i < 5; i++)
    append (spill, 7, i, 0);
  text = read_all (spill);
  g_assert_cmpstr (text, ==, "7:0 7:1 7:2 7:3 7:4");
  g_assert_cmpint (pgm_spill_get_fd (spill), ==, -1);
}

/* F45: aborted subtransactions, nested, in memory and in the file. */
static void
test_f45_aborts (gconstpointer memory)
{
  g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 7, GPOINTER_TO_SIZE (memory));
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  append (spill, 7, 0, 100);
  append (spill, 8, 1, 100);
  append (spill, 9, 2, 100); /* a child of 8 */
  append (spill, 8, 3, 100);
  g_assert_true (pgm_spill_abort (spill, 8, &error));
  append (spill, 7, 4, 100);
  append (spill, 10, 5, 100);
  append (spill, 7, 6, 100);
  append (spill, 11, 7, 100);
  g_assert_true (pgm_spill_abort (spill, 11, &error));
  g_assert_true (pgm_spill_abort (spill, 12, &error)); /* never seen */
  append (spill, 8, 8, 100);                           /* the number may come again */
  g_assert_true (pgm_spill_abort (spill, 9, &error));
  g_assert_no_error (error);
  text = read_all (spill);
  g_assert_cmpstr (text, ==, "7:0 7:4 10:5 7:6 8:8");
}

/* Nothing is left in the directory, even while it is open. */
static void
test_no_name (void)
{
  g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 7, 1);
  g_autoptr (GDir) dir = NULL;

  append (spill, 7, 0, 1000);
  g_assert_cmpint (pgm_spill_get_fd (spill), >=, 0);
  dir = g_dir_open (directory, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
}

/* A record larger than the window, and many small ones. */
static void
test_sizes (void)
{
  g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 1, 4096);
  g_autoptr (GError) error = NULL;
  const guint8 *data = NULL;
  gsize size = 0;
  guint n = 0;

  for (guint i = 0; i < 2000; i++)
    append (spill, 1, i, i % 97 == 0 ? 100000 : i % 13);
  g_assert_true (pgm_spill_rewind (spill, &error));
  while (pgm_spill_next (spill, &data, &size, &error) == PGM_SPILL_RECORD)
    {
      g_autofree char *expected = g_strdup_printf ("1:%u", n);

      g_assert_cmpstr ((const char *) data, ==, expected);
      g_assert_cmpuint (size, ==, (n % 97 == 0 ? 100000 : n % 13) + 32);
      n++;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 2000);
}

static PgmSpillResult
read_to_end (PgmSpill *spill, GError **error)
{
  const guint8 *data = NULL;
  gsize size = 0;
  PgmSpillResult result = PGM_SPILL_RECORD;

  while (result == PGM_SPILL_RECORD)
    result = pgm_spill_next (spill, &data, &size, error);
  return result;
}

/* R17: whatever byte is flipped or wherever the file is cut, it is noticed, and may
 * be had again from the source. */
static void
test_r17_damage (void)
{
  for (guint at = 0; at < 450; at++)
    {
      g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 3, 1);
      g_autoptr (GError) error = NULL;
      guint8 byte = 0;
      int fd;

      for (guint i = 0; i < 8; i++)
        append (spill, 3, i, 10);
      fd = pgm_spill_get_fd (spill);
      g_assert_true (pgm_spill_rewind (spill, &error));
      g_assert_cmpint (pread (fd, &byte, 1, at), ==, 1);
      byte ^= (guint8) (1u << (at % 8));
      g_assert_cmpint (pwrite (fd, &byte, 1, at), ==, 1);
      g_assert_cmpint (read_to_end (spill, &error), ==, PGM_SPILL_FAILED);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
    }
  for (guint at = 0; at < 460; at += 7)
    {
      g_autoptr (PgmSpill) spill = pgm_spill_new (directory, 3, 1);
      g_autoptr (GError) error = NULL;

      for (guint i = 0; i < 8; i++)
        append (spill, 3, i, 10);
      g_assert_true (pgm_spill_rewind (spill, &error));
      g_assert_cmpint (ftruncate (pgm_spill_get_fd (spill), at), ==, 0);
      g_assert_cmpint (read_to_end (spill, &error), ==, PGM_SPILL_FAILED);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
    }
}

/* The source still has it all. */
static void
test_no_directory (void)
{
  g_autoptr (PgmSpill) spill = pgm_spill_new ("/nonexistent", 3, 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_spill_append (spill, 3, "x", 1, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("pgm-spill-XXXXXX", NULL);
  g_test_add_func ("/migration/spill/memory", test_memory);
  g_test_add_data_func ("/migration/spill/f45-aborts/memory", GSIZE_TO_POINTER (100000),
                        test_f45_aborts);
  g_test_add_data_func ("/migration/spill/f45-aborts/file", GSIZE_TO_POINTER (1), test_f45_aborts);
  g_test_add_data_func ("/migration/spill/f45-aborts/both", GSIZE_TO_POINTER (300),
                        test_f45_aborts);
  g_test_add_func ("/migration/spill/no-name", test_no_name);
  g_test_add_func ("/migration/spill/sizes", test_sizes);
  g_test_add_func ("/migration/spill/r17-damage", test_r17_damage);
  g_test_add_func ("/migration/spill/no-directory", test_no_directory);
  status = g_test_run ();
  g_rmdir (directory);
  g_free (directory);
  return status;
}
