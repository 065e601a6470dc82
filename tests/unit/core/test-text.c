#include "core/text.h"

#include <string.h>

#define LOST "\357\277\275" /* U+FFFD */

#define ASSERT_TEXT(call, expected)                                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *text_ = (call);                                                               \
    g_assert_cmpstr (text_, ==, (expected));                                                       \
  }                                                                                                \
  G_STMT_END

static void
test_controls (void)
{
  g_assert_null (pgm_display_text (NULL));
  ASSERT_TEXT (pgm_display_text (""), "");
  ASSERT_TEXT (pgm_display_text ("Größe 表 \"x\""), "Größe 表 \"x\"");
  ASSERT_TEXT (pgm_display_text ("a\033[31mb"), "a" LOST "[31mb");
  ASSERT_TEXT (pgm_display_text ("a\nb\tc\rd"), "a b c d");
  ASSERT_TEXT (pgm_display_text ("a\x7f"), "a" LOST);
  ASSERT_TEXT (pgm_display_text ("a\302\233m"), "a" LOST "m");
  ASSERT_TEXT (pgm_display_text ("x\342\200\250y"), "x y"); /* U+2028 */
  ASSERT_TEXT (pgm_display_text ("x\377y"), "x" LOST "y");
  ASSERT_TEXT (pgm_display_text ("cut \303"), "cut " LOST);
}

/* What isn't seen, or moves what stands around it. */
static void
test_invisible (void)
{
  static const gunichar hidden[] = { 0xad,   0x34f,  0x61c,  0x115f, 0x180e,  0x200b,  0x200d,
                                     0x200e, 0x200f, 0x202a, 0x202e, 0x2060,  0x2066,  0x2069,
                                     0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xe0041, 0xe0100, 0xffff };

  for (gsize i = 0; i < G_N_ELEMENTS (hidden); i++)
    {
      g_autoptr (GString) text = g_string_new ("x");

      g_string_append_unichar (text, hidden[i]);
      g_string_append_c (text, 'y');
      ASSERT_TEXT (pgm_display_text (text->str), "x" LOST "y");
    }
}

#define ACUTE "\314\201" /* U+0301 */

static void
test_marks (void)
{
  ASSERT_TEXT (pgm_display_text ("e" ACUTE), "e" ACUTE);
  ASSERT_TEXT (pgm_display_text (ACUTE "e"), LOST "e");
  ASSERT_TEXT (pgm_display_text ("e" ACUTE ACUTE ACUTE ACUTE ACUTE "f"),
               "e" ACUTE ACUTE ACUTE LOST "f");
}

static void
test_columns (void)
{
  guint used;
  const char *text = "a表e" ACUTE "z";

  g_assert_cmpuint (pgm_text_columns (""), ==, 0);
  g_assert_cmpuint (pgm_text_columns ("Größe"), ==, 5);
  g_assert_cmpuint (pgm_text_columns (text), ==, 5);
  g_assert_cmpstr (pgm_text_at_column (text, 2, &used), ==, "表e" ACUTE "z");
  g_assert_cmpuint (used, ==, 1);
  g_assert_cmpstr (pgm_text_at_column (text, 4, &used), ==, "z");
  g_assert_cmpuint (used, ==, 4);
  g_assert_cmpstr (pgm_text_at_column (text, 80, NULL), ==, "");
}

/* Whatever comes in, a line of known width goes out. */
static void
test_any_bytes (void)
{
  for (guint round = 0; round < 20000; round++)
    {
      char bytes[24] = "";
      g_autofree char *shown = NULL;

      for (guint i = 0; i < sizeof bytes - 1; i++)
        bytes[i] = (char) g_test_rand_int_range (0, 256);
      shown = pgm_display_text (bytes);
      g_assert_true (g_utf8_validate (shown, -1, NULL));
      for (char *place = shown; *place != '\0'; place = g_utf8_next_char (place))
        {
          GUnicodeType type = g_unichar_type (g_utf8_get_char (place));

          g_assert_true (type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT);
          g_assert_true (place > shown || pgm_character_columns (g_utf8_get_char (place)) > 0);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/text/controls", test_controls);
  g_test_add_func ("/core/text/invisible", test_invisible);
  g_test_add_func ("/core/text/marks", test_marks);
  g_test_add_func ("/core/text/columns", test_columns);
  g_test_add_func ("/core/text/any-bytes", test_any_bytes);
  return g_test_run ();
}
