/* Clusters in the window, on real servers: registered, looked at, refused, lost, stalled,
 * forgotten. Each case waits for states, never for time. */
#include "access.h"
#include "desk.h"
#include "loop-watch.h"
#include "notice-board.h"
#include "town.h"

#include <signal.h>
#include <string.h>

#include "app/cluster-editor.h"
#include "app/cluster-page.h"
#include "app/connect-dialog.h"
#include "app/error-view.h"
#include "app/jump.h"
#include "app/logs-page.h"
#include "app/share-dialog.h"
#include "app/shell-page.h"
#include "main/outside.h"

/* On a busy machine the display server itself is waited for now and then; whoever waits
 * for a stopped server waits for seconds, and each time. */
#define MAX_FRAMES  3
#define MAX_WAIT_MS 250

static NoticeBoard *board;

static PgmTestCluster *
start_cluster (PgmTestClusterFlags flags)
{
  g_autoptr (GError) error = NULL;
  PgmTestCluster *cluster = pgm_test_cluster_new_full (0, NULL, NULL, flags, &error);

  g_assert_no_error (error);
  return cluster;
}

static GtkWidget *
get_page (Desk *desk)
{
  return pgm_window_get_page (desk_get_window (desk));
}

static gboolean
has_page (Desk *desk, gpointer name)
{
  return g_strcmp0 (pgm_window_get_page_name (desk_get_window (desk)), name) == 0;
}

static PgmClusterItem *
find_cluster (Desk *desk, const char *id)
{
  return pgm_inventory_find_cluster (pgm_window_get_inventory (desk_get_window (desk)), id);
}

typedef struct
{
  const char *id;
  PgmClusterState state;
} Expected;

static gboolean
has_cluster_state (Desk *desk, gpointer data)
{
  const Expected *expected = data;
  PgmClusterItem *item = find_cluster (desk, expected->id);

  return item != NULL && pgm_cluster_item_get_state (item) == expected->state;
}

static void
wait_for_cluster (Desk *desk, const char *id, PgmClusterState state)
{
  Expected expected = { id, state };

  desk_wait (desk, has_cluster_state, &expected);
}

typedef struct
{
  PgmStateView *view;
  PgmState state;
} ExpectedView;

static gboolean
has_view_state (Desk *desk, gpointer data)
{
  const ExpectedView *expected = data;

  return pgm_state_view_get_state (expected->view) == expected->state;
}

static void
wait_for_view (Desk *desk, PgmStateView *view, PgmState state)
{
  ExpectedView expected = { view, state };

  desk_wait (desk, has_view_state, &expected);
}

static void
show_tab (Desk *desk, const char *name)
{
  adw_view_stack_set_visible_child_name (
      pgm_cluster_page_get_stack (PGM_CLUSTER_PAGE (get_page (desk))), name);
}

static PgmReplicationPage *
show_replication (Desk *desk)
{
  show_tab (desk, "replication");
  return pgm_cluster_page_get_replication (PGM_CLUSTER_PAGE (get_page (desk)));
}

/* ---- the first start ------------------------------------------------------------- */

static gboolean
is_inventory_loaded (Desk *desk, gpointer data)
{
  return pgm_inventory_is_loaded (pgm_window_get_inventory (desk_get_window (desk)));
}

static GtkWindow *
find_other_window (Desk *desk)
{
  GListModel *windows = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, i);

      if (window != GTK_WINDOW (desk_get_window (desk)))
        return window; /* toplevels keep themselves */
    }
  return NULL;
}

static gboolean
is_alone (Desk *desk, gpointer data)
{
  return find_other_window (desk) == NULL;
}

/* @ours: made by us, not a window of the toolkit. */
static void
close_other_window (Desk *desk, gboolean ours)
{
  GtkWindow *window = find_other_window (desk);

  g_assert_nonnull (window);
  if (ours)
    access_assert_buttons_named (GTK_WIDGET (window));
  gtk_window_close (window);
  desk_wait (desk, is_alone, NULL);
}

static void
start_first (Desk *desk)
{
  GtkWidget *window = GTK_WIDGET (desk_get_window (desk));

  desk_wait (desk, is_inventory_loaded, NULL);
  g_assert_true (has_page (desk, (gpointer) "welcome"));
  g_assert_true (gtk_widget_get_mapped (desk_get_child_of (window, "welcome_add")));
  g_assert_true (gtk_widget_get_mapped (desk_get_child_of (window, "welcome_sample")));
  g_assert_cmpuint (access_assert_buttons_named (window), >=, 5);

  g_assert_true (desk_activate (desk, "app.preferences"));
  close_other_window (desk, TRUE);
  g_assert_true (desk_activate (desk, "app.shortcuts"));
  close_other_window (desk, FALSE);
  g_assert_true (desk_activate (desk, "app.about"));
  close_other_window (desk, FALSE);

  g_assert_true (desk_activate (desk, "win.show-logs"));
  g_assert_true (has_page (desk, (gpointer) "logs"));
  g_assert_cmpstr (pgm_sidebar_get_selected (pgm_window_get_sidebar (desk_get_window (desk))), ==,
                   "logs");
  g_assert_true (desk_activate (desk, "win.show-demo"));
  g_assert_true (has_page (desk, (gpointer) "demo"));
  g_assert_true (desk_activate (desk, "win.toggle-sidebar"));
  g_assert_false (gtk_widget_get_visible (desk_get_child_of (window, "sidebar_pane")));
  g_assert_true (desk_activate (desk, "win.search"));
  g_assert_true (gtk_widget_get_visible (desk_get_child_of (window, "sidebar_pane")));
  g_assert_true (desk_activate (desk, "win.refresh"));
}

/* ---- registering ----------------------------------------------------------------- */

static gboolean
is_tested (Desk *desk, gpointer editor)
{
  return !pgm_node_editor_is_testing (editor) &&
         pgm_fact_group_get_n_rows (pgm_node_editor_get_result (editor)) > 0;
}

static PgmFactRow *
get_result (PgmNodeEditor *node)
{
  return pgm_fact_group_find_row (pgm_node_editor_get_result (node), "result");
}

static gboolean
is_saved (Desk *desk, gpointer editor)
{
  return !has_page (desk, (gpointer) "editor") ||
         !pgm_cluster_editor_is_saving (PGM_CLUSTER_EDITOR (editor));
}

static void
test_and_refuse (Desk *desk, PgmTestCluster *cluster, PgmNodeEditor *node)
{
  g_autofree char *wrong = g_strdup_printf ("postgresql://postgres:wrong@127.0.0.1:%d/postgres",
                                            pgm_test_cluster_get_port (cluster));

  /* nothing is filled in */
  pgm_node_editor_test (node);
  g_assert_nonnull (strstr (pgm_fact_row_get_title (get_result (node)), "missing"));

  /* a password that is pasted doesn't stay where it can be read */
  gtk_editable_set_text (desk_get_child_of (node, "uri_row"), wrong);
  g_assert_null (strstr (gtk_editable_get_text (desk_get_child_of (node, "uri_row")), "wrong"));
  g_assert_cmpstr (gtk_editable_get_text (desk_get_child_of (node, "password_row")), ==, "wrong");
  g_assert_cmpuint (pgm_fact_group_get_n_rows (pgm_node_editor_get_result (node)), ==, 0);
  pgm_node_editor_test (node);
  desk_wait (desk, is_tested, node);
  g_assert_nonnull (strstr (pgm_fact_row_get_title (get_result (node)), "password"));
}

static void
check_overview (Desk *desk)
{
  PgmClusterPage *page = PGM_CLUSTER_PAGE (get_page (desk));
  PgmOverviewPage *overview = pgm_cluster_page_get_overview (page);
  PgmFactGroup *databases = pgm_overview_page_get_databases (overview);

  while (pgm_fact_group_get_n_rows (databases) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (pgm_fact_row_get_title (pgm_fact_group_find_row (databases, "shop")), ==,
                   "shop");
  g_assert_cmpstr (
      pgm_fact_row_get_title (pgm_fact_group_find_row (databases, "<b>bold & \"loud\"</b>")), ==,
      "<b>bold & \"loud\"</b>");
  g_assert_cmpuint (pgm_fact_group_get_n_rows (pgm_overview_page_get_nodes (overview)), ==, 1);
}

static gboolean
has_tables (Desk *desk, gpointer page)
{
  return g_list_model_get_n_items (G_LIST_MODEL (pgm_databases_page_get_tables (page))) > 0;
}

static gboolean
has_few_tables (Desk *desk, gpointer page)
{
  return g_list_model_get_n_items (G_LIST_MODEL (pgm_databases_page_get_tables (page))) == 2;
}

static void
check_databases (Desk *desk)
{
  PgmDatabasesPage *page = pgm_cluster_page_get_databases (PGM_CLUSTER_PAGE (get_page (desk)));

  g_assert_false (has_tables (desk, page)); /* lazy */
  g_assert_true (desk_activate_tab (desk, 2));
  desk_wait (desk, has_tables, page);
  g_assert_cmpuint (pgm_relation_list_get_n_all (pgm_databases_page_get_tables (page)), ==, 44);
  g_assert_true (desk_activate (desk, "win.search"));
  gtk_editable_set_text (GTK_EDITABLE (pgm_databases_page_get_search_entry (page)), "SALES order");
  desk_wait (desk, has_few_tables, page);
}

static void
check_replication (Desk *desk)
{
  PgmReplicationPage *page = show_replication (desk);
  PgmFactRow *row;

  wait_for_view (desk, pgm_replication_page_get_state_view (page), PGM_STATE_READY);
  row = pgm_fact_group_find_row (pgm_replication_page_get_slots (page), "warehouse");
  g_assert_nonnull (row);
  g_assert_nonnull (strstr (pgm_fact_row_get_subtitle (row), "pgoutput"));
  g_assert_nonnull (strstr (pgm_fact_row_get_value (row), "keeps"));
  g_assert_nonnull (
      pgm_fact_group_find_row (pgm_replication_page_get_publications (page), "everything"));
}

static void
check_privileges (Desk *desk)
{
  PgmPrivilegesPage *page = pgm_cluster_page_get_privileges (PGM_CLUSTER_PAGE (get_page (desk)));

  show_tab (desk, "privileges");
  wait_for_view (desk, pgm_privileges_page_get_state_view (page), PGM_STATE_READY);
  g_assert_nonnull (strstr (pgm_privileges_page_get_script (page), "GRANT"));
  g_assert_cmpuint (pgm_privileges_page_count_missing (page), ==, 0);
}

static void
answer_dialog (Desk *desk, const char *response)
{
  GtkWindow *window = find_other_window (desk);

  g_assert_true (ADW_IS_MESSAGE_DIALOG (window));
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (window), response);
  gtk_window_destroy (window); /* a click does both */
  desk_wait (desk, is_alone, NULL);
}

static void
register_cluster (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_SCRAM);
  PgmClusterEditor *editor;
  PgmNodeEditor *node;
  const char *id;

  town_build (cluster);
  desk_activate (desk, "win.add-cluster");
  editor = PGM_CLUSTER_EDITOR (get_page (desk));
  node = pgm_cluster_editor_get_node (editor, 0);
  test_and_refuse (desk, cluster, node);
  gtk_editable_set_text (desk_get_child_of (node, "uri_row"),
                         pgm_test_cluster_get_uri (cluster, "shop"));
  pgm_node_editor_test (node);
  desk_wait (desk, is_tested, node);
  g_assert_nonnull (strstr (pgm_fact_row_get_title (get_result (node)), "PostgreSQL"));
  g_assert_nonnull (strstr (pgm_fact_row_get_subtitle (get_result (node)), "superuser"));

  gtk_editable_set_text (desk_get_child_of (editor, "name_row"), "<i>Berlin</i> & more");
  adw_combo_row_set_selected (desk_get_child_of (editor, "environment_row"), 1);
  access_assert_buttons_named (GTK_WIDGET (desk_get_window (desk)));
  pgm_cluster_editor_save (editor);
  desk_wait (desk, has_page, (gpointer) "cluster");
  g_assert_cmpstr (pgm_shell_page_get_title (get_page (desk)), ==, "<i>Berlin</i> & more");
  id = pgm_cluster_item_get_id (pgm_cluster_page_get_item (PGM_CLUSTER_PAGE (get_page (desk))));
  g_assert_true (pgm_cluster_item_is_protected (find_cluster (desk, id)));
  wait_for_cluster (desk, id, PGM_CLUSTER_HEALTHY);
  check_overview (desk);
  check_databases (desk);
  check_replication (desk);
  check_privileges (desk);
  access_assert_buttons_named (GTK_WIDGET (desk_get_window (desk)));

  /* forgotten only after asking */
  desk_activate_with (desk, "win.remove-cluster", id);
  answer_dialog (desk, "cancel");
  g_assert_nonnull (find_cluster (desk, id));
  desk_activate_with (desk, "win.remove-cluster", id);
  answer_dialog (desk, "accept");
  desk_wait (desk, has_page, (gpointer) "welcome");
}

static void
edit_cluster (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_SCRAM);
  PgmClusterEditor *editor;
  PgmNodeEditor *node;

  town_register (desk, "berlin", "env:qa", pgm_test_cluster_get_uri (cluster, "postgres"));
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_HEALTHY);
  desk_activate_with (desk, "win.edit-cluster", "berlin");
  editor = PGM_CLUSTER_EDITOR (get_page (desk));
  node = pgm_cluster_editor_get_node (editor, 0);

  /* the stored password is used, and never shown */
  g_assert_cmpstr (gtk_editable_get_text (desk_get_child_of (node, "password_row")), ==, "");
  pgm_node_editor_test (node);
  desk_wait (desk, is_tested, node);
  g_assert_nonnull (strstr (pgm_fact_row_get_title (get_result (node)), "PostgreSQL"));

  /* what can't be is told at the top, and everything stays as it was filled in */
  adw_combo_row_set_selected (desk_get_child_of (node, "way_row"), 1);
  gtk_editable_set_text (desk_get_child_of (node, "host_row"), "");
  gtk_editable_set_text (desk_get_child_of (node, "port_row"), "70000");
  pgm_cluster_editor_save (editor);
  desk_wait (desk, is_saved, editor);
  g_assert_true (has_page (desk, (gpointer) "editor"));
  g_assert_true (gtk_widget_get_visible (desk_get_child_of (editor, "error_view")));

  adw_combo_row_set_selected (desk_get_child_of (node, "way_row"), 0);
  gtk_editable_set_text (desk_get_child_of (editor, "name_row"), "Lisbon");
  pgm_cluster_editor_save (editor);
  desk_wait (desk, has_page, (gpointer) "cluster");
  g_assert_cmpstr (pgm_cluster_item_get_name (find_cluster (desk, "berlin")), ==, "Lisbon");
  g_assert_cmpstr (pgm_cluster_item_get_environment (find_cluster (desk, "berlin")), ==, "qa");
  desk_activate (desk, "win.refresh");
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_HEALTHY);
}

/* ---- servers that don't answer --------------------------------------------------- */

static void
lose_server (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_DEFAULT);
  g_autoptr (GError) error = NULL;
  PgmReplicationPage *page;
  PgmStateView *view;

  g_assert_true (pgm_test_cluster_stop (cluster, PGM_TEST_STOP_IMMEDIATE, &error));
  town_register (desk, "berlin", NULL, pgm_test_cluster_get_uri (cluster, "postgres"));
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_DOWN);
  desk_activate_with (desk, "win.show-cluster", "berlin");
  page = show_replication (desk);
  view = pgm_replication_page_get_state_view (page);
  wait_for_view (desk, view, PGM_STATE_ERROR);
  access_assert_buttons_named (GTK_WIDGET (desk_get_window (desk)));

  /* it comes, is shown, and goes: what was shown stays, and is marked as old */
  g_assert_true (pgm_test_cluster_start (cluster, &error));
  desk_activate (desk, "win.refresh");
  wait_for_view (desk, view, PGM_STATE_READY);
  g_assert_true (pgm_test_cluster_stop (cluster, PGM_TEST_STOP_IMMEDIATE, &error));
  desk_activate (desk, "win.refresh");
  wait_for_view (desk, view, PGM_STATE_STALE);
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_DOWN);
  g_assert_true (pgm_test_cluster_start (cluster, &error));
  desk_activate (desk, "win.refresh");
  wait_for_view (desk, view, PGM_STATE_READY);
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_HEALTHY);
}

/* Whoever stops the postmaster stops what it would do for a new connection. */
static void
stall_server (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_DEFAULT);
  g_autoptr (PgmTestCluster) other = start_cluster (PGM_TEST_CLUSTER_DEFAULT);
  PgmReplicationPage *page;
  PgmStateView *view;
  LoopWatch *watch;
  LoopWaits waits;

  town_register (desk, "berlin", NULL, pgm_test_cluster_get_uri (cluster, "postgres"));
  town_register (desk, "oslo", NULL, pgm_test_cluster_get_uri (other, "postgres"));
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_HEALTHY);
  desk_activate_with (desk, "win.show-cluster", "berlin");
  page = show_replication (desk);
  view = pgm_replication_page_get_state_view (page);
  wait_for_view (desk, view, PGM_STATE_READY);

  watch = loop_watch_start ();
  g_assert_cmpint (kill (pgm_test_cluster_get_pid (cluster), SIGSTOP), ==, 0);
  desk_activate (desk, "win.refresh");
  wait_for_view (desk, view, PGM_STATE_STALE);

  /* one clicks on meanwhile, and the other cluster is served */
  desk_activate_with (desk, "win.show-cluster", "oslo");
  page = show_replication (desk);
  wait_for_view (desk, pgm_replication_page_get_state_view (page), PGM_STATE_READY);
  desk_activate_with (desk, "win.show-cluster", "berlin");
  show_tab (desk, "databases");
  desk_activate (desk, "win.show-logs");
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_DOWN);
  waits = loop_watch_end (watch);
  g_test_minimized_result (waits.longest_ms,
                           "longest wait of the main loop: %.1f ms; longer than a frame: %u",
                           waits.longest_ms, waits.frames);
  g_assert_cmpfloat (waits.longest_ms, <, MAX_WAIT_MS);
  g_assert_cmpuint (waits.frames, <=, MAX_FRAMES);

  g_assert_cmpint (kill (pgm_test_cluster_get_pid (cluster), SIGCONT), ==, 0);
  desk_activate (desk, "win.refresh");
  wait_for_cluster (desk, "berlin", PGM_CLUSTER_HEALTHY);
  desk_activate_with (desk, "win.show-cluster", "berlin");
}

/* ---- finding things, and jobs ---------------------------------------------------- */

static void
jump_around (Desk *desk)
{
  PgmJump *jump;

  town_register (desk, "berlin", "env:prod", "postgresql://postgres@127.0.0.1:1/postgres");
  town_register (desk, "bergen", "env:test", "postgresql://postgres@127.0.0.1:1/postgres");
  desk_activate (desk, "win.show-logs");
  desk_activate (desk, "win.jump");
  jump = PGM_JUMP (find_other_window (desk));
  g_assert_cmpuint (pgm_jump_count_shown (jump), >=, 8);
  gtk_editable_set_text (pgm_jump_get_entry (jump), "BER prod");
  g_assert_cmpuint (pgm_jump_count_shown (jump), ==, 1);
  pgm_jump_activate_first (jump);
  desk_wait (desk, is_alone, NULL);
  g_assert_true (has_page (desk, (gpointer) "cluster"));
  g_assert_cmpstr (pgm_sidebar_get_selected (pgm_window_get_sidebar (desk_get_window (desk))), ==,
                   "cluster:berlin");
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  char **id = user_data;

  *id = pgm_engine_start_job_finish (PGM_ENGINE (source), result, &error);
  g_assert_no_error (error);
}

static char *
start_clone (Desk *desk, PgmTestCluster *cluster)
{
  PgmEngine *engine = pgm_inventory_get_engine (pgm_window_get_inventory (desk_get_window (desk)));
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  char *id = NULL;

  pgm_test_cluster_create_database (cluster, "copy", NULL);
  spec->kind = PGM_JOB_CLONE;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "shop"));
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "copy"));
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  pgm_engine_start_job_async (engine, spec, NULL, on_started, &id);
  pgm_record_unref (spec);
  while (id == NULL)
    g_main_context_iteration (NULL, TRUE);
  return id;
}

static gboolean
job_runs (Desk *desk, gpointer id)
{
  PgmJobItem *item = pgm_inventory_find_job (pgm_window_get_inventory (desk_get_window (desk)), id);

  return item != NULL && pgm_job_item_is_running (item);
}

static gboolean
job_is_over (Desk *desk, gpointer id)
{
  PgmJobItem *item = pgm_inventory_find_job (pgm_window_get_inventory (desk_get_window (desk)), id);

  return item != NULL && !pgm_job_item_is_running (item);
}

static gboolean
are_logs_loaded (Desk *desk, gpointer page)
{
  return pgm_logs_page_is_loaded (page);
}

static void
read_logs (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_DEFAULT);
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;
  PgmLogsPage *page;
  guint told;

  town_build (cluster);
  desk_activate (desk, "win.show-logs"); /* as it comes */
  id = start_clone (desk, cluster);
  desk_wait (desk, job_is_over, id);
  page = PGM_LOGS_PAGE (get_page (desk));
  told = pgm_migration_log_get_n_entries (pgm_logs_page_get_log (page));
  g_assert_cmpuint (told, >, 3);

  /* and again from its history, none twice */
  desk_activate (desk, "win.refresh");
  desk_wait (desk, are_logs_loaded, page);
  text = pgm_migration_log_to_text (pgm_logs_page_get_log (page));
  g_assert_nonnull (strstr (text, "shop"));
  desk_activate_with (desk, "win.show-migration", id);
  g_assert_true (has_page (desk, (gpointer) "migration"));
}

/* ---- which computer -------------------------------------------------------------- */

static gboolean
has_other_window (Desk *desk, gpointer data)
{
  return find_other_window (desk) != NULL;
}

/* What somebody lends at @address, used from here; TRUE once its window is there. */
static gboolean
is_elsewhere (Desk *desk, gpointer address)
{
  desk_look_again (desk);
  return desk_get_window (desk) != NULL &&
         g_strcmp0 (gtk_label_get_text (desk_get_child_of (desk_get_window (desk), "server_label")),
                    address) == 0;
}

static char *
share_engine (Desk *desk, char **token)
{
  PgmShareDialog *dialog;
  PgmFactGroup *facts;
  char *address;

  g_assert_true (desk_activate (desk, "app.share"));
  dialog = PGM_SHARE_DIALOG (find_other_window (desk));
  facts = pgm_share_dialog_get_facts (dialog);
  g_assert_cmpuint (pgm_fact_group_get_n_rows (facts), ==, 0);
  gtk_switch_set_active (desk_get_child_of (dialog, "serve_switch"), TRUE);
  g_assert_cmpstr (pgm_error_view_get_text (desk_get_child_of (dialog, "error_view")), ==, NULL);
  g_assert_cmpuint (pgm_fact_group_get_n_rows (facts), ==, 2);
  address = g_strdup (pgm_share_dialog_get_address (dialog));
  *token = g_strdup (pgm_share_dialog_get_token (dialog));
  g_assert_true (g_str_has_prefix (address, "http://127.0.0.1:"));
  gtk_window_close (GTK_WINDOW (dialog));
  desk_wait (desk, is_alone, NULL);
  return address;
}

static void
switch_computer (Desk *desk)
{
  g_autofree char *token = NULL;
  g_autofree char *address = NULL;
  PgmConnectDialog *dialog;

  pgm_application_set_outside (desk_get_application (desk), &pgm_host_outside);
  address = share_engine (desk, &token);
  gtk_widget_activate_action (GTK_WIDGET (desk_get_window (desk)), "app.connect-server", "s", "");
  desk_wait (desk, has_other_window, NULL);
  dialog = PGM_CONNECT_DIALOG (find_other_window (desk));
  access_assert_buttons_named (GTK_WIDGET (dialog));

  /* what can't be is said, and one tries again */
  gtk_editable_set_text (desk_get_child_of (dialog, "url_row"), "nonsense");
  pgm_connect_dialog_connect (dialog);
  g_assert_true (gtk_widget_get_visible (desk_get_child_of (dialog, "error_view")));
  gtk_editable_set_text (desk_get_child_of (dialog, "url_row"), address);
  gtk_editable_set_text (desk_get_child_of (dialog, "token_row"), token);
  pgm_connect_dialog_connect (dialog);
  desk_wait (desk, is_elsewhere, address);
  g_assert_true (gtk_widget_has_css_class (
      desk_get_child_of (desk_get_window (desk), "server_label"), "accent"));

  /* what is registered there is stored over there */
  town_register (desk, "faraway", NULL, "postgresql://postgres@127.0.0.1:1/postgres");
  wait_for_cluster (desk, "faraway", PGM_CLUSTER_DOWN);
  desk_activate (desk, "app.use-this-computer");
  desk_wait (desk, is_elsewhere, (gpointer) "This Computer");
  desk_activate (desk, "win.refresh");
  wait_for_cluster (desk, "faraway", PGM_CLUSTER_DOWN);
}

/* The window goes, the job goes on, both are told, and with its end the application
 * ends. */
static void
close_while_job_runs (Desk *desk)
{
  g_autoptr (PgmTestCluster) cluster = start_cluster (PGM_TEST_CLUSTER_DEFAULT);
  PgmInventory *inventory = pgm_window_get_inventory (desk_get_window (desk));
  g_autofree char *id = NULL;
  g_autofree char *notice_id = NULL;
  g_autofree char *notice = NULL;

  town_build (cluster);
  id = start_clone (desk, cluster);
  notice_id = g_strconcat ("job-", id, NULL);
  desk_wait (desk, job_runs, id);
  gtk_window_close (GTK_WINDOW (desk_get_window (desk)));
  desk_wait_until_closed (desk);
  while ((notice = notice_board_look (board, "background")) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (notice, "1 job runs on"));
  g_assert_nonnull (strstr (notice, "app.stop-and-quit"));
  g_clear_pointer (&notice, g_free);
  while ((notice = notice_board_look (board, notice_id)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (notice, "app.show-job"));
  g_assert_nonnull (strstr (notice, id));
  while (pgm_inventory_count_running (inventory) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (pgm_job_item_get_info (pgm_inventory_find_job (inventory, id))->status, ==,
                   PGM_JOB_ENDED);
}

/* That the watch of the main loop sees who sleeps in it. */
static void
set_true (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static gboolean
sleep_in_loop (gpointer user_data)
{
  g_usleep (50 * 1000);
  return G_SOURCE_REMOVE;
}

static void
watch_itself (void)
{
  LoopWatch *watch = loop_watch_start ();
  gboolean over = FALSE;
  LoopWaits waits;

  g_idle_add (sleep_in_loop, NULL);
  g_timeout_add_once (200, set_true, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
  waits = loop_watch_end (watch);
  g_assert_cmpfloat (waits.longest_ms, >, 40);
  g_assert_cmpuint (waits.frames, >=, 1);
}

static void
run_case (gconstpointer data)
{
  desk_run (*(const DeskBody *) data);
}

int
main (int argc, char **argv)
{
  static const DeskBody bodies[] = { start_first, register_cluster,     edit_cluster,
                                     lose_server, stall_server,         jump_around,
                                     read_logs,   close_while_job_runs, switch_computer };
  static const char *const paths[] = { "/app/clusters/first-start",  "/app/clusters/register",
                                       "/app/clusters/edit",         "/app/clusters/lost",
                                       "/app/clusters/stalled",      "/app/clusters/jump",
                                       "/app/clusters/logs",         "/app/clusters/background",
                                       "/app/clusters/server-switch" };
  g_autofree char *home = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    g_test_add_data_func (paths[i], &bodies[i], run_case);
  g_test_add_func ("/app/clusters/watch-itself", watch_itself);
  board = notice_board_open ();
  home = g_dir_make_tmp ("pgm-home-XXXXXX", NULL);
  g_setenv ("XDG_CONFIG_HOME", home, TRUE);
  g_setenv ("XDG_STATE_HOME", home, TRUE);
  result = g_test_run ();
  notice_board_close (board);
  desk_remove_directory (home);
  return result;
}
