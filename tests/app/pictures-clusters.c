/* Draws the pages of clusters: pictures-clusters DIRECTORY. A real server stands behind
 * them, and another one that doesn't answer. */
#include "draw.h"

#include <glib/gstdio.h>

#include "app/cluster-editor.h"
#include "app/cluster-page.h"
#include "app/window.h"
#include "fixture/cluster.h"
#include "main/outside.h"
#include "town.h"

static PgmClusterPage *
get_page (Desk *desk)
{
  return PGM_CLUSTER_PAGE (pgm_window_get_page (desk_get_window (desk)));
}

static gboolean
has_nodes (Desk *desk, gpointer data)
{
  PgmClusterItem *item =
      pgm_inventory_find_cluster (pgm_window_get_inventory (desk_get_window (desk)), data);

  return item != NULL && pgm_cluster_item_get_state (item) != PGM_CLUSTER_UNKNOWN;
}

static gboolean
is_answered (Desk *desk, gpointer view)
{
  return pgm_state_view_get_state (view) != PGM_STATE_LOADING;
}

static gboolean
has_databases (Desk *desk, gpointer overview)
{
  return pgm_fact_group_get_n_rows (pgm_overview_page_get_databases (overview)) > 0;
}

static gboolean
has_tables (Desk *desk, gpointer databases)
{
  return g_list_model_get_n_items (G_LIST_MODEL (pgm_databases_page_get_tables (databases))) > 0;
}

static void
show_tab (Desk *desk, const char *name)
{
  adw_view_stack_set_visible_child_name (pgm_cluster_page_get_stack (get_page (desk)), name);
}

static void
draw_pages (Desk *desk)
{
  PgmClusterPage *page = get_page (desk);

  desk_wait (desk, has_databases, pgm_cluster_page_get_overview (page));
  desk_wait (desk, is_answered,
             pgm_privileges_page_get_state_view (pgm_cluster_page_get_privileges (page)));
  draw_all (desk, "overview");
  show_tab (desk, "databases");
  pgm_databases_page_set_database (pgm_cluster_page_get_databases (page), "shop");
  desk_wait (desk, has_tables, pgm_cluster_page_get_databases (page));
  draw_all (desk, "databases");
  show_tab (desk, "replication");
  desk_wait (desk, is_answered,
             pgm_replication_page_get_state_view (pgm_cluster_page_get_replication (page)));
  draw_all (desk, "replication");
  show_tab (desk, "privileges");
  draw_all (desk, "privileges");
}

static gboolean
is_tested (Desk *desk, gpointer editor)
{
  return pgm_fact_group_get_n_rows (pgm_node_editor_get_result (editor)) > 0;
}

static void
draw_editor (Desk *desk, PgmTestCluster *cluster)
{
  PgmNodeEditor *node;

  desk_activate (desk, "win.add-cluster");
  node = pgm_cluster_editor_get_node (
      PGM_CLUSTER_EDITOR (pgm_window_get_page (desk_get_window (desk))), 0);
  draw_all (desk, "editor-empty");
  gtk_editable_set_text (desk_get_child_of (node, "uri_row"),
                         pgm_test_cluster_get_uri (cluster, "shop"));
  pgm_node_editor_test (node);
  desk_wait (desk, is_tested, node);
  draw_all (desk, "editor-tested");
}

static GtkWindow *
find_dialog (Desk *desk)
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
has_dialog (Desk *desk, gpointer data)
{
  return find_dialog (desk) != NULL;
}

static gboolean
has_no_dialog (Desk *desk, gpointer data)
{
  return find_dialog (desk) == NULL;
}

static void
draw_dialog (Desk *desk, const char *action, const char *target, const char *name)
{
  if (target != NULL)
    desk_activate_with (desk, action, target);
  else
    desk_activate (desk, action);
  desk_wait (desk, has_dialog, NULL);
  draw_window (desk, GTK_WIDGET (find_dialog (desk)), name);
  gtk_window_close (find_dialog (desk));
  desk_wait (desk, has_no_dialog, NULL);
}

static void
draw_dialogs (Desk *desk)
{
  pgm_application_set_outside (desk_get_application (desk), &pgm_host_outside);
  draw_dialog (desk, "app.preferences", NULL, "preferences");
  draw_dialog (desk, "app.connect-server", "", "connect");
  draw_dialog (desk, "app.share", NULL, "share");
  draw_dialog (desk, "win.jump", NULL, "jump");
  draw_dialog (desk, "win.remove-cluster", "berlin", "remove");
}

static void
draw_everything (Desk *desk)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmTestCluster) cluster = pgm_test_cluster_new (0, NULL, &error);

  g_assert_no_error (error);
  town_build (cluster);
  draw_begin (desk);
  pgm_window_set_servers (desk_get_window (desk), TRUE, NULL);
  draw_editor (desk, cluster);
  town_register (desk, "berlin", "env:prod", pgm_test_cluster_get_uri (cluster, "shop"));
  town_register (desk, "lisbon", "env:staging", pgm_test_cluster_get_socket_uri (cluster, "shop"));
  town_register (desk, "oslo", "env:test", "postgresql://postgres@127.0.0.1:1/postgres");
  town_register (desk, "porto", NULL, pgm_test_cluster_get_uri (cluster, "postgres"));
  desk_wait (desk, has_nodes, (gpointer) "berlin");
  desk_wait (desk, has_nodes, (gpointer) "oslo");
  desk_activate_with (desk, "win.show-cluster", "berlin");
  draw_pages (desk);
  desk_activate (desk, "win.show-logs");
  draw_all (desk, "logs-empty");
  desk_activate_with (desk, "win.show-cluster", "oslo");
  show_tab (desk, "replication");
  desk_wait (
      desk, is_answered,
      pgm_replication_page_get_state_view (pgm_cluster_page_get_replication (get_page (desk))));
  draw_all (desk, "unreachable");
  draw_dialogs (desk);
}

int
main (int argc, char **argv)
{
  if (argc != 2 || g_mkdir_with_parents (argv[1], 0755) != 0)
    {
      g_printerr ("usage: pictures-clusters DIRECTORY\n");
      return 2;
    }
  g_setenv ("PICTURES_DIRECTORY", argv[1], TRUE);
  draw_set_language ();
  desk_run (draw_everything);
  return 0;
}
