/* Draws a migration in each of its states, light and dark, large and as small as the
 * window gets, into PNG files: pictures-migration DIRECTORY. They are for looking at. */
#include "draw.h"
#include "stage.h"

#include <glib/gstdio.h>
#include <signal.h>

#include "app/migration-assistant.h"

static gboolean
is_copying (Desk *desk, gpointer data)
{
  const PgmSnapshot *snapshot = pgm_migration_page_get_snapshot (stage_get_page (data));

  return snapshot != NULL && snapshot->phase == PGM_PHASE_COPY && snapshot->total_rows > 20000;
}

static gboolean
has_passed (Desk *desk, gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *) data;
}

/* Something to see in the graphs. */
static void
let_pass (Desk *desk, double seconds)
{
  gint64 until = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);

  desk_wait (desk, has_passed, &until);
}

static void
draw_tabs (Desk *desk, Stage *stage, const char *name)
{
  static const char *const tabs[] = { "overview", "tables", "log", "cutover" };

  for (gsize i = 0; i < G_N_ELEMENTS (tabs); i++)
    {
      g_autofree char *full = g_strdup_printf ("migration-%s-%s", name, tabs[i]);

      pgm_migration_page_show_tab (stage_get_page (stage), tabs[i]);
      draw_all (desk, full);
    }
  pgm_migration_page_show_tab (stage_get_page (stage), "overview");
}

static void
cut_over (Desk *desk, Stage *stage, const char *name, PgmRequestKind next)
{
  g_autofree char *full = g_strdup_printf ("migration-%s", name);
  PgmCutoverView *view = pgm_migration_page_get_cutover (stage_get_page (stage));

  pgm_migration_page_show_tab (stage_get_page (stage), "cutover");
  gtk_widget_activate_action (GTK_WIDGET (view), "cutover.start", NULL);
  stage_wait_for_cutover (stage, PGM_CUTOVER_STAGE_PROOF);
  draw_all (desk, full);
  stage_wait_for_request (stage, next);
  gtk_widget_activate_action (GTK_WIDGET (view), "cutover.close", NULL);
}

static gboolean
can_go_on (Desk *desk, gpointer data)
{
  return pgm_migration_end_is_good (pgm_migration_assistant_get_source (data)) &&
         pgm_migration_end_is_good (pgm_migration_assistant_get_destination (data));
}

static gboolean
has_tables (Desk *desk, gpointer data)
{
  return pgm_migration_selection_is_complete (pgm_migration_assistant_get_selection (data));
}

static gboolean
is_checked (Desk *desk, gpointer data)
{
  return pgm_migration_preflight_get_report (pgm_migration_assistant_get_preflight (data)) != NULL;
}

/* With a table that stands in the way. */
static void
draw_assistant (Desk *desk, Stage *stage)
{
  PgmMigrationAssistant *assistant;

  stage_execute (stage, TRUE, "CREATE TABLE shop.without_key (a int)");
  desk_activate (desk, "win.new-migration");
  assistant = PGM_MIGRATION_ASSISTANT (pgm_window_get_page (desk_get_window (desk)));
  pgm_migration_end_set_uri (pgm_migration_assistant_get_source (assistant),
                             stage->sample->source_uri);
  pgm_migration_end_set_uri (pgm_migration_assistant_get_destination (assistant),
                             "postgresql:///shop?host=/nowhere");
  let_pass (desk, 2);
  draw_all (desk, "assistant-1-ends");
  pgm_migration_end_set_uri (pgm_migration_assistant_get_destination (assistant),
                             stage->sample->destination_uri);
  desk_wait (desk, can_go_on, assistant);
  gtk_widget_activate_action (GTK_WIDGET (assistant), "assistant.next", NULL);
  desk_wait (desk, has_tables, assistant);
  pgm_migration_selection_search (pgm_migration_assistant_get_selection (assistant), "o");
  draw_all (desk, "assistant-2-what");
  gtk_widget_activate_action (GTK_WIDGET (assistant), "assistant.next", NULL);
  draw_all (desk, "assistant-3-how");
  gtk_widget_activate_action (GTK_WIDGET (assistant), "assistant.next", NULL);
  desk_wait (desk, is_checked, assistant);
  draw_all (desk, "assistant-4-check");
  stage_execute (stage, TRUE, "DROP TABLE shop.without_key");
}

/* A cutover that has to wait for somebody, so that it can be looked at. */
static void
draw_live (Desk *desk, Stage *stage)
{
  PgmCutoverView *view = pgm_migration_page_get_cutover (stage_get_page (stage));

  stage_hold (stage);
  pgm_migration_page_show_tab (stage_get_page (stage), "cutover");
  stage_choose_fence (stage, PGM_FENCE_NONE);
  gtk_widget_activate_action (GTK_WIDGET (view), "cutover.start", NULL);
  stage_wait_for_request (stage, PGM_REQUEST_SWITCHOVER_CANCEL);
  let_pass (desk, 4);
  draw_all (desk, "migration-cutting-over");
  gtk_widget_activate_action (GTK_WIDGET (view), "cutover.cancel", NULL);
  stage_wait_for_cutover (stage, PGM_CUTOVER_STAGE_PROOF);
  draw_all (desk, "migration-given-up");
  stage_release (stage);
  stage_wait_for_request (stage, PGM_REQUEST_SWITCHOVER);
  gtk_widget_activate_action (GTK_WIDGET (view), "cutover.close", NULL);
  stage_choose_fence (stage, PGM_FENCE_REVOKE);
}

static void
draw_everything (Desk *desk)
{
  Stage stage;
  PgmMigrationPage *page;

  draw_begin (desk);
  stage_set_up (&stage, desk, 400000);
  draw_assistant (desk, &stage);
  stage_write (&stage, 3);
  page = stage_start (&stage, TRUE);
  desk_wait (desk, is_copying, &stage);
  draw_tabs (desk, &stage, "copying");
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  let_pass (desk, 20);
  draw_tabs (desk, &stage, "following");
  gtk_widget_activate_action (GTK_WIDGET (page), "migration.pause", NULL);
  stage_wait_for_request (&stage, PGM_REQUEST_RESUME);
  let_pass (desk, 3);
  draw_all (desk, "migration-paused");
  gtk_widget_activate_action (GTK_WIDGET (page), "migration.resume", NULL);
  stage_wait_for_request (&stage, PGM_REQUEST_VERIFY);
  gtk_widget_activate_action (GTK_WIDGET (page), "migration.verify", NULL);
  let_pass (desk, 6);
  draw_all (desk, "migration-verified");
  stage_wait_for_request (&stage, PGM_REQUEST_SWITCHOVER);
  draw_live (desk, &stage);
  cut_over (desk, &stage, "cut-over", PGM_REQUEST_SWITCHOVER_BACK);
  let_pass (desk, 2);
  draw_tabs (desk, &stage, "moved");
  cut_over (desk, &stage, "gone-back", PGM_REQUEST_SWITCHOVER);
  pgm_migration_page_show_tab (page, "overview");
  stage_signal (&stage, FALSE, SIGQUIT);
  let_pass (desk, 3);
  draw_all (desk, "migration-lost");
  gtk_widget_activate_action (GTK_WIDGET (page), "migration.stop", NULL);
  stage_answer (&stage, "accept");
  stage_wait_for_end (&stage);
  draw_tabs (desk, &stage, "stopped");
  stage_tear_down (&stage);
}

int
main (int argc, char **argv)
{
  if (argc != 2 || g_mkdir_with_parents (argv[1], 0755) != 0)
    {
      g_printerr ("usage: pictures-migration DIRECTORY\n");
      return 2;
    }
  g_setenv ("PICTURES_DIRECTORY", argv[1], TRUE);
  draw_set_language ();
  desk_run (draw_everything);
  return 0;
}
