#include "tui/cursor.h"

static void
assert_cursor (const PgmCursor *cursor, guint at, guint top)
{
  g_assert_cmpuint (cursor->at, ==, at);
  g_assert_cmpuint (cursor->top, ==, top);
}

static void
test_moves (void)
{
  PgmCursor cursor = { 0 };

  pgm_cursor_move (&cursor, PGM_MOVE_UP, 100, 10, FALSE);
  assert_cursor (&cursor, 0, 0);
  pgm_cursor_move (&cursor, PGM_MOVE_PAGE_DOWN, 100, 10, FALSE);
  assert_cursor (&cursor, 9, 0);
  pgm_cursor_move (&cursor, PGM_MOVE_DOWN, 100, 10, FALSE);
  assert_cursor (&cursor, 10, 1);
  pgm_cursor_move (&cursor, PGM_MOVE_LAST, 100, 10, FALSE);
  assert_cursor (&cursor, 99, 90);
  pgm_cursor_move (&cursor, PGM_MOVE_PAGE_DOWN, 100, 10, FALSE);
  assert_cursor (&cursor, 99, 90);
  pgm_cursor_move (&cursor, PGM_MOVE_PAGE_UP, 100, 10, FALSE);
  assert_cursor (&cursor, 90, 90);
  pgm_cursor_move (&cursor, PGM_MOVE_UP, 100, 10, FALSE);
  assert_cursor (&cursor, 89, 89);
  pgm_cursor_move (&cursor, PGM_MOVE_FIRST, 100, 10, FALSE);
  assert_cursor (&cursor, 0, 0);
}

static void
test_fits (void)
{
  PgmCursor cursor = { .at = 50, .top = 45 };

  pgm_cursor_fit (&cursor, 20, 10); /* the list got shorter */
  assert_cursor (&cursor, 19, 10);
  pgm_cursor_fit (&cursor, 20, 15); /* there is more room */
  assert_cursor (&cursor, 19, 5);
  pgm_cursor_fit (&cursor, 20, 30);
  assert_cursor (&cursor, 19, 0);
  pgm_cursor_fit (&cursor, 20, 1);
  assert_cursor (&cursor, 19, 19);
  pgm_cursor_fit (&cursor, 0, 10);
  assert_cursor (&cursor, 0, 0);
  pgm_cursor_move (&cursor, PGM_MOVE_LAST, 0, 10, TRUE);
  assert_cursor (&cursor, 0, 0);
}

static void
test_tail (void)
{
  PgmCursor cursor = { .tail = TRUE };

  pgm_cursor_fit (&cursor, 30, 10);
  assert_cursor (&cursor, 29, 20);
  pgm_cursor_fit (&cursor, 40, 10);
  assert_cursor (&cursor, 39, 30);
  pgm_cursor_move (&cursor, PGM_MOVE_UP, 40, 10, TRUE);
  pgm_cursor_fit (&cursor, 50, 10);
  assert_cursor (&cursor, 38, 30);
  pgm_cursor_move (&cursor, PGM_MOVE_LAST, 50, 10, TRUE);
  pgm_cursor_fit (&cursor, 60, 10);
  assert_cursor (&cursor, 59, 50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/cursor/moves", test_moves);
  g_test_add_func ("/tui/cursor/fits", test_fits);
  g_test_add_func ("/tui/cursor/tail", test_tail);
  return g_test_run ();
}
