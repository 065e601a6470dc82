#include "app/cluster-page.h"

#include "app/shell-page.h"
#include "core/i18n.h"
#include "core/text.h"

struct _PgmClusterPage
{
  AdwBin parent_instance;
  PgmClusterItem *item;
  AdwViewStack *stack;
  PgmOverviewPage *overview;
  PgmDatabasesPage *databases;
  PgmReplicationPage *replication;
  PgmPrivilegesPage *privileges;
  GtkWidget *header;
  GtkDropDown *node_choice;
  GtkMenuButton *menu_button;
  char *title;
  gboolean filling;
};

static void pgm_cluster_page_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmClusterPage,
                               pgm_cluster_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_cluster_page_shell_page_init))

/* ---- which node ------------------------------------------------------------------ */

static const char *
get_chosen_node (PgmClusterPage *self)
{
  const PgmCluster *cluster = pgm_cluster_item_get_cluster (self->item);
  guint selected = gtk_drop_down_get_selected (self->node_choice);

  /* The first line leaves it to the engine. */
  if (selected == 0 || selected == GTK_INVALID_LIST_POSITION || selected > cluster->nodes->len)
    return NULL;
  return ((PgmNode *) g_ptr_array_index (cluster->nodes, selected - 1))->id;
}

static void
on_node_chosen (PgmClusterPage *self)
{
  const char *node_id = get_chosen_node (self);

  if (self->filling)
    return;
  pgm_overview_page_set_node (self->overview, node_id);
  pgm_databases_page_set_node (self->databases, node_id);
  pgm_replication_page_set_node (self->replication, node_id);
  pgm_privileges_page_set_node (self->privileges, node_id);
}

static void
fill_nodes (PgmClusterPage *self)
{
  const PgmCluster *cluster = pgm_cluster_item_get_cluster (self->item);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  gtk_string_list_append (names, _ ("Primary"));
  for (guint i = 0; i < cluster->nodes->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (cluster->nodes, i);

      gtk_string_list_take (names, pgm_display_text (node->name != NULL ? node->name : node->id));
    }
  self->filling = TRUE;
  gtk_drop_down_set_model (self->node_choice, G_LIST_MODEL (names));
  self->filling = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->node_choice), cluster->nodes->len > 1);
}

/* ---- what changes ---------------------------------------------------------------- */

static void
show_item (PgmClusterPage *self)
{
  g_autofree char *title = pgm_display_text (pgm_cluster_item_get_name (self->item));

  if (g_strcmp0 (self->title, title) != 0)
    {
      g_free (self->title);
      self->title = g_steal_pointer (&title);
      pgm_shell_page_changed (PGM_SHELL_PAGE (self));
    }
}

/* The nodes were asked just now; so may be what the front page shows of them. */
static void
on_item_changed (PgmClusterPage *self)
{
  const PgmCluster *cluster = pgm_cluster_item_get_cluster (self->item);

  show_item (self);
  if (g_list_model_get_n_items (gtk_drop_down_get_model (self->node_choice)) !=
      cluster->nodes->len + 1)
    fill_nodes (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self->replication)))
    pgm_replication_page_refresh (self->replication);
}

static void
on_privileges (PgmClusterPage *self, gpointer matrix)
{
  pgm_overview_page_set_privileges (self->overview, matrix);
}

/* ---- the shell ------------------------------------------------------------------- */

static const char *
get_title (PgmShellPage *page)
{
  return PGM_CLUSTER_PAGE (page)->title;
}

static AdwViewStack *
get_view_stack (PgmShellPage *page)
{
  return PGM_CLUSTER_PAGE (page)->stack;
}

static GtkWidget *
get_header_widget (PgmShellPage *page)
{
  return PGM_CLUSTER_PAGE (page)->header;
}

static void
refresh (PgmShellPage *page)
{
  PgmClusterPage *self = PGM_CLUSTER_PAGE (page);

  pgm_overview_page_refresh (self->overview);
  pgm_privileges_page_refresh (self->privileges);
  pgm_databases_page_refresh (self->databases);
  pgm_replication_page_refresh (self->replication);
}

static gboolean
search (PgmShellPage *page)
{
  PgmClusterPage *self = PGM_CLUSTER_PAGE (page);

  adw_view_stack_set_visible_child_name (self->stack, "databases");
  pgm_databases_page_search (self->databases);
  return TRUE;
}

static void
pgm_cluster_page_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->get_view_stack = get_view_stack;
  iface->get_header_widget = get_header_widget;
  iface->refresh = refresh;
  iface->search = search;
}

static void
show_tab (GtkWidget *widget, const char *action, GVariant *parameter)
{
  adw_view_stack_set_visible_child_name (PGM_CLUSTER_PAGE (widget)->stack,
                                         g_variant_get_string (parameter, NULL));
}

/* ---- life ------------------------------------------------------------------------ */

static void
append_item (GMenu *menu, const char *label, const char *action, const char *target)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, action, "s", target);
  g_menu_append_item (menu, item);
}

static void
build_header (PgmClusterPage *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  const char *id = pgm_cluster_item_get_id (self->item);

  append_item (menu, _ ("_Edit…"), "win.edit-cluster", id);
  g_menu_append (menu, _ ("_New Migration…"), "win.new-migration");
  append_item (menu, _ ("_Remove…"), "win.remove-cluster", id);
  self->header = g_object_ref_sink (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6));
  self->node_choice = GTK_DROP_DOWN (gtk_drop_down_new (NULL, NULL));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->node_choice), _ ("Node that is asked"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->node_choice), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Node that is asked"), -1);
  self->menu_button = GTK_MENU_BUTTON (gtk_menu_button_new ());
  gtk_menu_button_set_icon_name (self->menu_button, "view-more-symbolic");
  gtk_menu_button_set_menu_model (self->menu_button, G_MENU_MODEL (menu));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->menu_button), _ ("This cluster"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("This cluster"), -1);
  gtk_box_append (GTK_BOX (self->header), GTK_WIDGET (self->node_choice));
  gtk_box_append (GTK_BOX (self->header), GTK_WIDGET (self->menu_button));
}

static void
add_page (PgmClusterPage *self,
          gpointer page,
          const char *name,
          const char *title,
          const char *icon)
{
  AdwViewStackPage *added = adw_view_stack_add_titled (self->stack, GTK_WIDGET (page), name, title);

  adw_view_stack_page_set_icon_name (added, icon);
}

static void
pgm_cluster_page_dispose (GObject *object)
{
  PgmClusterPage *self = PGM_CLUSTER_PAGE (object);

  g_clear_object (&self->item);
  g_clear_object (&self->header);
  g_clear_pointer (&self->title, g_free);
  G_OBJECT_CLASS (pgm_cluster_page_parent_class)->dispose (object);
}

static void
pgm_cluster_page_class_init (PgmClusterPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_cluster_page_dispose;
  gtk_widget_class_install_action (GTK_WIDGET_CLASS (klass), "cluster.show-tab", "s", show_tab);
}

static void
pgm_cluster_page_init (PgmClusterPage *self)
{
  self->stack = ADW_VIEW_STACK (adw_view_stack_new ());
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->stack));
}

PgmClusterPage *
pgm_cluster_page_new (PgmEngine *engine, PgmClusterItem *item)
{
  PgmClusterPage *self = g_object_new (PGM_TYPE_CLUSTER_PAGE, NULL);
  const char *id = pgm_cluster_item_get_id (item);

  self->item = g_object_ref (item);
  self->overview = pgm_overview_page_new (engine, item);
  self->databases = pgm_databases_page_new (engine, id);
  self->replication = pgm_replication_page_new (engine, id);
  self->privileges = pgm_privileges_page_new (engine, id);
  add_page (self, self->overview, "overview", _ ("Overview"), "pgm-overview-symbolic");
  add_page (self, self->databases, "databases", _ ("Databases"), "pgm-databases-symbolic");
  add_page (self, self->replication, "replication", _ ("Replication"), "pgm-replication-symbolic");
  add_page (self, self->privileges, "privileges", _ ("Privileges"), "pgm-privileges-symbolic");
  build_header (self);
  fill_nodes (self);
  show_item (self);
  g_signal_connect_object (self->node_choice, "notify::selected", G_CALLBACK (on_node_chosen), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (item, "changed", G_CALLBACK (on_item_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->privileges, "answered", G_CALLBACK (on_privileges), self,
                           G_CONNECT_SWAPPED);
  pgm_overview_page_refresh (self->overview);
  pgm_privileges_page_refresh (self->privileges);
  return self;
}

PgmClusterItem *
pgm_cluster_page_get_item (PgmClusterPage *self)
{
  return self->item;
}

AdwViewStack *
pgm_cluster_page_get_stack (PgmClusterPage *self)
{
  return self->stack;
}

PgmOverviewPage *
pgm_cluster_page_get_overview (PgmClusterPage *self)
{
  return self->overview;
}

PgmDatabasesPage *
pgm_cluster_page_get_databases (PgmClusterPage *self)
{
  return self->databases;
}

PgmReplicationPage *
pgm_cluster_page_get_replication (PgmClusterPage *self)
{
  return self->replication;
}

PgmPrivilegesPage *
pgm_cluster_page_get_privileges (PgmClusterPage *self)
{
  return self->privileges;
}
