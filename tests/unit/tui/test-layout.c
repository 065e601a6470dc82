#include "tui/layout.h"

/* Whatever the size and the content: no gap, no overlap, always a pane. */
static void
test_all_sizes (void)
{
  for (guint rows = 0; rows < 120; rows++)
    for (guint bits = 0; bits < 32; bits++)
      {
        PgmLayoutNeeds needs = { .rows = rows,
                                 .jobs = (bits & 16) != 0 ? 50 : 1,
                                 .lag = (bits & 1) != 0,
                                 .rate = (bits & 2) != 0,
                                 .wal = (bits & 4) != 0,
                                 .phases = (bits & 8) != 0 };
        PgmLayout layout;
        guint row = 0;

        if (rows < PGM_LAYOUT_MIN_ROWS)
          {
            g_assert_false (pgm_layout_arrange (&layout, &needs));
            continue;
          }
        g_assert_true (pgm_layout_arrange (&layout, &needs));
        for (guint i = 0; i < PGM_N_REGIONS; i++)
          {
            g_assert_cmpuint (layout.regions[i].row, ==, row);
            row += layout.regions[i].rows;
          }
        g_assert_cmpuint (row, ==, rows);
        g_assert_cmpuint (layout.regions[PGM_REGION_PANE].rows, >, 0);
      }
}

static PgmLayout
arrange (guint rows, guint jobs)
{
  PgmLayoutNeeds needs = { rows, jobs, TRUE, TRUE, TRUE, TRUE };
  PgmLayout layout;

  g_assert_true (pgm_layout_arrange (&layout, &needs));
  return layout;
}

/* What goes first when there is little room. */
static void
test_worth (void)
{
  PgmLayout small = arrange (10, 5);
  PgmLayout usual = arrange (24, 5);
  PgmLayout alone = arrange (24, 1);
  PgmLayout tall = arrange (60, 40);

  g_assert_cmpuint (small.regions[PGM_REGION_PANE].rows, ==, 3);
  g_assert_cmpuint (small.regions[PGM_REGION_PROGRESS].rows, ==, 1);
  g_assert_cmpuint (small.regions[PGM_REGION_LAG].rows, ==, 1);
  g_assert_cmpuint (small.regions[PGM_REGION_RATE].rows, ==, 1);
  g_assert_cmpuint (small.regions[PGM_REGION_KEYS].rows, ==, 0);
  g_assert_cmpuint (small.regions[PGM_REGION_JOBS].rows, ==, 0);
  for (guint i = 0; i < PGM_N_REGIONS; i++)
    g_assert_cmpuint (usual.regions[i].rows, >, 0);
  g_assert_cmpuint (alone.regions[PGM_REGION_JOBS].rows, ==, 0);
  g_assert_cmpuint (tall.regions[PGM_REGION_JOBS].rows, ==, 15);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tui/layout/all-sizes", test_all_sizes);
  g_test_add_func ("/tui/layout/worth", test_worth);
  return g_test_run ();
}
