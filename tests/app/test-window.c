/* The window as a person uses it: the real application, engine and servers. Each
 * case waits for states, never for time. */
#include "access.h"
#include "desk.h"

#include <signal.h>
#include <string.h>

#include "app/error-view.h"

/* Making the clusters takes seconds; whoever did that here would be seen. Finer
 * limits mean nothing on a machine that others use too. */
#define STALL_MS 1500

/* ---- what stands behind a sample ------------------------------------------------ */

typedef struct
{
  char *directory;
  gint64 pids[2];
} Clusters;

static gint64
read_pid (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, "postmaster.pid", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/* A server that still works there; not one that has ended but has not been waited
 * for, nor another process with its number. */
static gboolean
is_running (Clusters *self, guint i)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) self->pids[i]);
  g_autofree char *line = NULL;
  gsize length;

  if (self->pids[i] <= 0 || !g_file_get_contents (path, &line, &length, NULL))
    return FALSE;
  return g_strstr_len (line, (gssize) length, "postgres") != NULL &&
         memmem (line, length, self->directory, strlen (self->directory)) != NULL;
}

static void
clusters_note (Clusters *self, Desk *desk)
{
  const PgmSample *sample =
      pgm_demo_page_get_sample (pgm_window_get_demo_page (desk_get_window (desk)));

  g_assert_nonnull (sample);
  self->directory = g_strdup (sample->directory);
  self->pids[0] = read_pid (self->directory, "source");
  self->pids[1] = read_pid (self->directory, "destination");
  g_assert_true (g_file_test (self->directory, G_FILE_TEST_IS_DIR));
  for (guint i = 0; i < 2; i++)
    g_assert_true (is_running (self, i));
}

static void
clusters_assert_gone (Clusters *self)
{
  g_assert_false (g_file_test (self->directory, G_FILE_TEST_EXISTS));
  for (guint i = 0; i < 2; i++)
    g_assert_false (is_running (self, i));
  g_free (self->directory);
}

/* ---- how long the main loop was away -------------------------------------------- */

typedef struct
{
  guint source;
  gint64 last;
  gint64 longest;
} Watch;

static gboolean
on_watch (gpointer user_data)
{
  Watch *self = user_data;
  gint64 now = g_get_monotonic_time ();

  self->longest = MAX (self->longest, now - self->last);
  self->last = now;
  return G_SOURCE_CONTINUE;
}

static void
watch_start (Watch *self)
{
  self->last = g_get_monotonic_time ();
  self->source = g_timeout_add_full (G_PRIORITY_HIGH, 4, on_watch, self, NULL);
}

static void
watch_end (Watch *self)
{
  g_source_remove (self->source);
  g_test_minimized_result ((double) self->longest / 1000, "longest stall of the main loop: %.1f ms",
                           (double) self->longest / 1000);
  g_assert_cmpint (self->longest / 1000, <, STALL_MS);
}

/* ---- what assistive technology is told ------------------------------------------ */

static void
assert_accessible (Desk *desk, guint at_least)
{
  guint buttons = access_assert_buttons_named (GTK_WIDGET (desk_get_window (desk)));

  g_assert_cmpuint (buttons, >=, at_least);
}

static void
assert_button (Desk *desk, const char *id, const char *label, gboolean shown, gboolean sensitive)
{
  GtkWidget *button = desk_get_child (desk, id);

  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (button)), ==, label);
  g_assert_cmpint (gtk_widget_get_visible (button), ==, shown);
  g_assert_cmpint (gtk_widget_is_sensitive (button), ==, sensitive);
}

/* ---- cases ---------------------------------------------------------------------- */

static void
on_label (GtkLabel *label, GParamSpec *property, GPtrArray *seen)
{
  const char *text = gtk_label_get_text (label);

  if (seen->len == 0 || g_strcmp0 (g_ptr_array_index (seen, seen->len - 1), text) != 0)
    g_ptr_array_add (seen, g_strdup (text));
}

static PgmMigrationPage *
get_migration (Desk *desk)
{
  return pgm_demo_page_get_migration (pgm_window_get_demo_page (desk_get_window (desk)));
}

static void
assert_strip (Desk *desk, PgmStepState state, guint expected)
{
  PgmMigrationStrip *strip = pgm_migration_page_get_strip (get_migration (desk));
  guint count = 0;

  for (guint i = 0; i < pgm_migration_strip_get_n_steps (strip); i++)
    count += pgm_migration_strip_get_step (strip, i) == state;
  g_assert_cmpuint (count, ==, expected);
}

/* Whoever has looked away sees the last that there was to see. */
static void
note_copied (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, guint64 *rows)
{
  *rows = MAX (*rows, snapshot->total_rows);
}

static void
run_demo (Desk *desk)
{
  g_autoptr (GPtrArray) seen = g_ptr_array_new_with_free_func (g_free);
  PgmEngine *engine = pgm_inventory_get_engine (pgm_window_get_inventory (desk_get_window (desk)));
  Clusters clusters;
  guint64 rows = 0;
  gulong handler = g_signal_connect (engine, "snapshot", G_CALLBACK (note_copied), &rows);
  Watch watch = { 0 };

  g_assert_cmpint (pgm_demo_page_get_state (pgm_window_get_demo_page (desk_get_window (desk))), ==,
                   PGM_DEMO_IDLE);
  assert_button (desk, "start_button", "_Run the Demo", TRUE, TRUE);
  assert_accessible (desk, 2);
  g_signal_connect (desk_get_child (desk, "story_label"), "notify::label", G_CALLBACK (on_label),
                    seen);
  watch_start (&watch);
  desk_activate (desk, "win.start-demo");
  g_assert_cmpint (pgm_demo_page_get_state (pgm_window_get_demo_page (desk_get_window (desk))), ==,
                   PGM_DEMO_PREPARING);
  assert_button (desk, "stop_button", "_Stop", TRUE, TRUE);

  desk_wait_for_rows (desk);
  clusters_note (&clusters, desk);
  assert_accessible (desk, 2);
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  watch_end (&watch);

  g_signal_handler_disconnect (engine, handler);
  g_assert_cmpuint (seen->len, >=, 8);
  g_assert_true (g_ptr_array_find_with_equal_func (seen, "Cutting over to the destination…",
                                                   g_str_equal, NULL));
  g_assert_true (
      g_ptr_array_find_with_equal_func (seen, "Going back to the source…", g_str_equal, NULL));
  g_assert_nonnull (strstr (desk_get_label (desk, "story_label"), "both proved"));
  g_assert_cmpstr (desk_get_label (desk, "result_label"), ==, "Equal");
  g_assert_true (gtk_widget_get_visible (desk_get_child (desk, "result_icon")));
  g_assert_false (gtk_widget_get_visible (desk_get_child (desk, "error_view")));
  assert_strip (
      desk, PGM_STEP_DONE,
      pgm_migration_strip_get_n_steps (pgm_migration_page_get_strip (get_migration (desk))));
  g_assert_cmpuint (rows, >, 100000);
  assert_button (desk, "stop_button", "_Stop", FALSE, TRUE);
  assert_button (desk, "again_button", "Run _Again", TRUE, TRUE);
  assert_accessible (desk, 2);
  clusters_assert_gone (&clusters);
}

static void
stop_demo (Desk *desk)
{
  Clusters clusters;

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  clusters_note (&clusters, desk);
  desk_activate (desk, "demo.stop");
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  g_assert_cmpstr (desk_get_label (desk, "result_label"), ==, "Stopped");
  g_assert_false (gtk_widget_get_visible (desk_get_child (desk, "error_view")));
  assert_strip (desk, PGM_STEP_STOPPED, 1);
  clusters_assert_gone (&clusters);

  /* and while the clusters are being made: no row ever comes */
  desk_activate (desk, "win.start-demo");
  g_assert_null (get_migration (desk));
  desk_activate (desk, "demo.stop");
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  g_assert_cmpstr (desk_get_label (desk, "result_label"), ==, "Stopped");
  g_assert_null (get_migration (desk));
}

static void
close_while_running (Desk *desk)
{
  Clusters clusters;

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  clusters_note (&clusters, desk);
  gtk_window_close (GTK_WINDOW (desk_get_window (desk)));
  g_assert_nonnull (desk_get_window (desk));
  /* impatience changes nothing */
  gtk_window_close (GTK_WINDOW (desk_get_window (desk)));
  desk_wait_until_closed (desk);
  clusters_assert_gone (&clusters);
}

static void
end_by_signal (Desk *desk)
{
  Clusters clusters;

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  clusters_note (&clusters, desk);
  g_assert_cmpint (raise (SIGTERM), ==, 0);
  desk_wait_until_closed (desk);
  g_assert_true (pgm_application_was_interrupted (desk_get_application (desk)));
  clusters_assert_gone (&clusters);
}

static void
lose_destination (Desk *desk)
{
  PgmErrorView *view = desk_get_child (desk, "error_view");
  Clusters clusters;

  desk_activate (desk, "win.start-demo");
  desk_wait_for_rows (desk);
  clusters_note (&clusters, desk);
  desk_kill_destination (desk);
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
  g_assert_cmpstr (desk_get_label (desk, "result_label"), ==, "Failed");
  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (view)));
  g_assert_nonnull (strstr (pgm_error_view_get_text (view), "destination"));
  assert_strip (desk, PGM_STEP_FAILED, 1);
  assert_accessible (desk, 3);
  clusters_assert_gone (&clusters);

  /* the next run starts clean */
  desk_activate (desk, "win.start-demo");
  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (view)));
  g_assert_null (get_migration (desk));
  desk_activate (desk, "demo.stop");
  desk_wait_for_state (desk, PGM_DEMO_FINISHED);
}

static void
run_case (gconstpointer data)
{
  desk_run (*(const DeskBody *) data);
}

int
main (int argc, char **argv)
{
  static const DeskBody bodies[] = { run_demo, stop_demo, close_while_running, end_by_signal,
                                     lose_destination };
  static const char *const paths[] = { "/app/window/demo", "/app/window/stop",
                                       "/app/window/close-while-running", "/app/window/signal",
                                       "/app/window/destination-lost" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    g_test_add_data_func (paths[i], &bodies[i], run_case);
  return g_test_run ();
}
