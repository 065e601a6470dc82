/* Draws the window in each of its states, light and dark, at its own size and at
 * the smallest one, into PNG files: pictures DIRECTORY. They are for looking at. */
#include "draw.h"

#include <glib/gstdio.h>

static const PgmSnapshot *
get_snapshot (Desk *desk)
{
  PgmDemoPage *demo = pgm_window_get_demo_page (desk_get_window (desk));

  return pgm_migration_page_get_snapshot (pgm_demo_page_get_migration (demo));
}

static gboolean
is_well_on (Desk *desk, gpointer data)
{
  return get_snapshot (desk)->percent > 15;
}

/* A few seconds of following, for the graphs. */
static gboolean
is_followed (Desk *desk, gpointer data)
{
  return get_snapshot (desk)->changes > 1000 && get_snapshot (desk)->phase == PGM_PHASE_STREAMING;
}

static void
draw_everything (Desk *desk)
{
  draw_begin (desk);
  draw_all (desk, "welcome");

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  desk_wait (desk, is_well_on, NULL);
  draw_all (desk, "running");
  desk_wait (desk, is_followed, NULL);
  draw_all (desk, "following");
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  draw_all (desk, "finished");

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  desk_kill_destination (desk);
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  draw_all (desk, "failed");

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  desk_activate (desk, "demo.stop");
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  draw_all (desk, "stopped");
}

int
main (int argc, char **argv)
{
  if (argc != 2 || g_mkdir_with_parents (argv[1], 0755) != 0)
    {
      g_printerr ("usage: pictures DIRECTORY\n");
      return 2;
    }
  g_setenv ("PICTURES_DIRECTORY", argv[1], TRUE);
  draw_set_language ();
  desk_run (draw_everything);
  return 0;
}
