#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
test_text (void)
{
  g_autoptr (PgmSecret) secret = pgm_secret_new ("hunter2");

  g_assert_cmpstr (pgm_secret_reveal (secret), ==, "hunter2");
  g_assert_cmpstr (pgm_secret_to_display (secret), ==, "***");
}

static void
test_null_and_empty (void)
{
  g_autoptr (PgmSecret) empty = pgm_secret_new ("");

  g_assert_null (pgm_secret_new (NULL));
  g_assert_null (pgm_secret_new_take (NULL));
  g_assert_null (pgm_secret_ref (NULL));
  g_assert_null (pgm_secret_reveal (NULL));
  pgm_secret_unref (NULL);
  pgm_secret_free_text (NULL);
  g_assert_cmpstr (pgm_secret_to_display (NULL), ==, "");
  g_assert_cmpstr (pgm_secret_reveal (empty), ==, "");
  g_assert_cmpstr (pgm_secret_to_display (empty), ==, "***");
  g_assert_false (pgm_secret_equal (NULL, empty));
  g_assert_false (pgm_secret_equal (empty, NULL));
  g_assert_true (pgm_secret_equal (NULL, NULL));
}

static void
test_equal (void)
{
  g_autoptr (PgmSecret) a = pgm_secret_new ("same");
  g_autoptr (PgmSecret) b = pgm_secret_new_take (g_strdup ("same"));
  g_autoptr (PgmSecret) c = pgm_secret_new ("samf");
  g_autoptr (PgmSecret) d = pgm_secret_new ("same ");
  g_autoptr (PgmSecret) e = pgm_secret_new ("tame");

  g_assert_true (pgm_secret_equal (a, b));
  g_assert_false (pgm_secret_equal (a, c));
  g_assert_false (pgm_secret_equal (a, d));
  g_assert_false (pgm_secret_equal (a, e));
}

static void
test_long (void)
{
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (PgmSecret) secret = pgm_secret_new (text);

  g_assert_cmpstr (pgm_secret_reveal (secret), ==, text);
}

/* The pages are gone with the last reference, and not before. */
static void
test_last_reference (void)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  PgmSecret *secret = pgm_secret_new ("kept");
  gpointer mapping = (gpointer) ((guintptr) secret & ~(page - 1));

  g_assert_true (pgm_secret_ref (secret) == secret);
  pgm_secret_unref (secret);
  g_assert_cmpstr (pgm_secret_reveal (secret), ==, "kept");
  g_assert_cmpint (msync (mapping, page, MS_ASYNC), ==, 0);
  pgm_secret_unref (secret);
  g_assert_cmpint (msync (mapping, page, MS_ASYNC), ==, -1);
}

static void
test_wipe (void)
{
  char text[] = "secret";

  pgm_secret_wipe (text, sizeof text);
  for (gsize i = 0; i < sizeof text; i++)
    g_assert_cmpint (text[i], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/secret/text", test_text);
  g_test_add_func ("/core/secret/null-and-empty", test_null_and_empty);
  g_test_add_func ("/core/secret/equal", test_equal);
  g_test_add_func ("/core/secret/long", test_long);
  g_test_add_func ("/core/secret/last-reference", test_last_reference);
  g_test_add_func ("/core/secret/wipe", test_wipe);
  return g_test_run ();
}
