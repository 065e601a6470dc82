/* What is put on a canvas stays in its place, whatever it consists of. */
#include "tui/canvas.h"

#define ACUTE "\314\201"

#define ASSERT_LINE(canvas, row, expected)                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *line_ = pgm_canvas_get_line ((canvas), (row));                                \
    g_assert_cmpstr (line_, ==, (expected));                                                       \
  }                                                                                                \
  G_STMT_END

static void
test_put (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (12, 2, FALSE);

  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 2, 8, PGM_STYLE_STRONG, "abc"), ==, 3);
  ASSERT_LINE (canvas, 0, "  abc");
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 0, 2)->style, ==, PGM_STYLE_STRONG);
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 0, 5)->style, ==, PGM_STYLE_PLAIN);
  g_assert_cmpuint (pgm_canvas_put (canvas, 1, 0, 4, PGM_STYLE_PLAIN, "abcdef"), ==, 4);
  ASSERT_LINE (canvas, 1, "abc…");
  pgm_canvas_put_right (canvas, 1, 5, 6, PGM_STYLE_PLAIN, "12");
  ASSERT_LINE (canvas, 1, "abc…     12");
}

static void
test_outside (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (5, 1, FALSE);

  g_assert_cmpuint (pgm_canvas_put (canvas, 1, 0, 5, PGM_STYLE_PLAIN, "x"), ==, 0);
  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 5, 5, PGM_STYLE_PLAIN, "x"), ==, 0);
  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 0, 0, PGM_STYLE_PLAIN, "x"), ==, 0);
  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 3, 50, PGM_STYLE_PLAIN, "xyz"), ==, 2);
  ASSERT_LINE (canvas, 0, "   x…");
  pgm_canvas_clear (canvas, 0, 4, 100, PGM_STYLE_PLAIN);
  pgm_canvas_clear (canvas, 7, 0, 1, PGM_STYLE_PLAIN);
  pgm_canvas_restyle (canvas, 0, 9, PGM_STYLE_DIM);
  ASSERT_LINE (canvas, 0, "   x");
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 0, 4)->style, ==, PGM_STYLE_DIM);
}

/* A wide character has two cells or none; marks have no cell of their own. */
static void
test_wide (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (6, 1, FALSE);

  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 0, 6, PGM_STYLE_PLAIN, "表e" ACUTE "x"), ==, 4);
  g_assert_cmpstr (pgm_canvas_get_cell (canvas, 0, 0)->text, ==, "表");
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 0, 0)->columns, ==, 2);
  g_assert_cmpint (pgm_canvas_get_cell (canvas, 0, 1)->columns, ==, 0);
  g_assert_cmpstr (pgm_canvas_get_cell (canvas, 0, 2)->text, ==, "e" ACUTE);
  pgm_canvas_clear (canvas, 0, 0, 6, PGM_STYLE_PLAIN);
  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 0, 4, PGM_STYLE_PLAIN, "表表表"), ==, 3);
  ASSERT_LINE (canvas, 0, "表…");
}

/* Half a wide character is never left behind. */
static void
test_over_wide (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (6, 1, FALSE);

  pgm_canvas_put (canvas, 0, 0, 6, PGM_STYLE_PLAIN, "表表表");
  pgm_canvas_put (canvas, 0, 1, 1, PGM_STYLE_PLAIN, "|");
  pgm_canvas_put (canvas, 0, 4, 1, PGM_STYLE_PLAIN, "|");
  ASSERT_LINE (canvas, 0, " |表|");
}

static void
test_hostile (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (20, 1, FALSE);

  pgm_canvas_put (canvas, 0, 0, 20, PGM_STYLE_PLAIN, "a\033[2J\nb\302\233m\007");
  ASSERT_LINE (canvas, 0, "a\357\277\275[2J b\357\277\275m\357\277\275");
}

/* What is written from right to left is closed, word by word, so that a terminal that
 * orders it leaves the rest of the line alone. */
static void
test_right_to_left (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (20, 1, FALSE);

  g_assert_cmpuint (pgm_canvas_put (canvas, 0, 0, 20, PGM_STYLE_PLAIN, "של ום 1"), ==, 7);
  ASSERT_LINE (canvas, 0, "של\342\200\216 ום\342\200\216 1");
  g_assert_cmpstr (pgm_canvas_get_cell (canvas, 0, 0)->text, ==, "ש");
}

static void
test_ascii (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (8, 2, TRUE);

  pgm_canvas_put (canvas, 0, 0, 8, PGM_STYLE_PLAIN, "ü表é" ACUTE "x");
  ASSERT_LINE (canvas, 0, "????x");
  pgm_canvas_put (canvas, 1, 0, 4, PGM_STYLE_PLAIN, "abcdef");
  ASSERT_LINE (canvas, 1, "abc~");
  /* A letter of ASCII with a mark on it is no ASCII. */
  pgm_canvas_put (canvas, 1, 0, 8, PGM_STYLE_PLAIN, "e" ACUTE "...");
  ASSERT_LINE (canvas, 1, "e...");
}

static void
test_bar (void)
{
  g_autoptr (PgmCanvas) canvas = pgm_canvas_new (4, 2, FALSE);
  g_autoptr (PgmCanvas) plain = pgm_canvas_new (4, 1, TRUE);

  pgm_canvas_put_bar (canvas, 0, 0, 4, 50);
  ASSERT_LINE (canvas, 0, "██░░");
  pgm_canvas_put_bar (canvas, 1, 0, 4, 1.0 / 0.0);
  ASSERT_LINE (canvas, 1, "████");
  pgm_canvas_put_bar (canvas, 1, 0, 4, 0.0 / 0.0);
  ASSERT_LINE (canvas, 1, "░░░░");
  pgm_canvas_put_bar (plain, 0, 0, 4, 25);
  ASSERT_LINE (plain, 0, "#...");
}

static void
test_wrap (void)
{
  g_auto (GStrv) lines = pgm_wrap_text ("one two three\nfour", 8);
  g_auto (GStrv) long_word = pgm_wrap_text ("abcdefghij", 4);
  g_auto (GStrv) wide = pgm_wrap_text ("表表", 1);

  g_assert_cmpstr (lines[0], ==, "one two");
  g_assert_cmpstr (lines[1], ==, "three");
  g_assert_cmpstr (lines[2], ==, "four");
  g_assert_null (lines[3]);
  g_assert_cmpstr (long_word[0], ==, "abcd");
  g_assert_cmpstr (long_word[2], ==, "ij");
  g_assert_cmpuint (g_strv_length (wide), ==, 2);
}

/* Any bytes at any place: every row still has exactly its columns. */
static void
test_any_bytes (void)
{
  for (guint round = 0; round < 5000; round++)
    {
      guint columns = (guint) g_test_rand_int_range (1, 30);
      g_autoptr (PgmCanvas) canvas = pgm_canvas_new (columns, 1, round % 2 == 0);
      char bytes[40] = "";
      guint sum = 0;

      for (guint put = 0; put < 3; put++)
        {
          for (guint i = 0; i < sizeof bytes - 1; i++)
            bytes[i] = (char) g_test_rand_int_range (1, 256);
          pgm_canvas_put (canvas, 0, (guint) g_test_rand_int_range (0, 30),
                          (guint) g_test_rand_int_range (0, 40), PGM_STYLE_PLAIN,
                          put == 0 ? "表テーブル表テーブル表テーブル" : bytes);
        }
      for (guint i = 0; i < columns; i++)
        {
          const PgmCell *cell = pgm_canvas_get_cell (canvas, 0, i);

          g_assert_true (g_utf8_validate (cell->text, -1, NULL));
          g_assert_true ((guchar) cell->text[0] >= ' ' || cell->columns == 0);
          sum += cell->columns;
        }
      g_assert_cmpuint (sum, ==, columns);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/canvas/put", test_put);
  g_test_add_func ("/tui/canvas/outside", test_outside);
  g_test_add_func ("/tui/canvas/wide", test_wide);
  g_test_add_func ("/tui/canvas/over-wide", test_over_wide);
  g_test_add_func ("/tui/canvas/hostile", test_hostile);
  g_test_add_func ("/tui/canvas/right-to-left", test_right_to_left);
  g_test_add_func ("/tui/canvas/ascii", test_ascii);
  g_test_add_func ("/tui/canvas/bar", test_bar);
  g_test_add_func ("/tui/canvas/wrap", test_wrap);
  g_test_add_func ("/tui/canvas/any-bytes", test_any_bytes);
  return g_test_run ();
}
