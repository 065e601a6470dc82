#include "core/arena.h"

#include <stddef.h>
#include <string.h>

static void
test_alignment_and_content (void)
{
  g_autoptr (PgmArena) arena = pgm_arena_new (256);
  guint8 *pieces[200];

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      pieces[i] = pgm_arena_alloc (arena, i + 1);
      g_assert_cmpuint ((guintptr) pieces[i] % _Alignof(max_align_t), ==, 0);
      memset (pieces[i], (int) i, i + 1);
    }
  /* Overlapping pieces would have overwritten each other. */
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    for (gsize j = 0; j <= i; j++)
      g_assert_cmpuint (pieces[i][j], ==, i);
  g_assert_cmpuint (pgm_arena_get_used (arena), ==, 200 * 201 / 2);
}

static void
test_large (void)
{
  g_autoptr (PgmArena) arena = pgm_arena_new (1024);
  char *small = pgm_arena_strdup (arena, "before");
  guint8 *large = pgm_arena_alloc0 (arena, 1 << 20);
  char *next = pgm_arena_strdup (arena, "after");

  for (gsize i = 0; i < 1 << 20; i++)
    g_assert_cmpuint (large[i], ==, 0);
  memset (large, 0xff, 1 << 20);
  g_assert_cmpstr (small, ==, "before");
  g_assert_cmpstr (next, ==, "after");
  /* The large one has a block of its own; the rest of the small block is used on. */
  g_assert_cmpint (next - small, ==, (int) _Alignof(max_align_t));
}

static void
test_reset (void)
{
  g_autoptr (PgmArena) arena = pgm_arena_new (1024);
  gpointer first = pgm_arena_alloc (arena, 10);

  (void) pgm_arena_alloc (arena, 5000);
  (void) pgm_arena_alloc (arena, 1000);
  pgm_arena_reset (arena);
  g_assert_cmpuint (pgm_arena_get_used (arena), ==, 0);
  g_assert_true (pgm_arena_alloc (arena, 10) == first);
  for (int round = 0; round < 100; round++)
    {
      pgm_arena_reset (arena);
      memset (pgm_arena_alloc (arena, 3000), round, 3000);
    }
}

static void
test_reset_of_nothing (void)
{
  g_autoptr (PgmArena) arena = pgm_arena_new (0);

  pgm_arena_reset (arena);
  g_assert_nonnull (pgm_arena_alloc (arena, 0));
  g_assert_null (pgm_arena_strdup (arena, NULL));
  g_assert_cmpmem (pgm_arena_memdup (arena, "a\0b", 3), 3, "a\0b", 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/arena/alignment-and-content", test_alignment_and_content);
  g_test_add_func ("/core/arena/large", test_large);
  g_test_add_func ("/core/arena/reset", test_reset);
  g_test_add_func ("/core/arena/reset-of-nothing", test_reset_of_nothing);
  return g_test_run ();
}
