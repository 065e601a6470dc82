#include "app/window.h"

#include <string.h>

#include "app/cluster-editor.h"
#include "app/cluster-page.h"
#include "app/confirm.h"
#include "app/jump.h"
#include "app/logs-page.h"
#include "app/places.h"
#include "app/settings.h"
#include "app/shell-page.h"
#include "app/tab-switcher.h"
#include "core/i18n.h"
#include "core/text.h"

struct _PgmWindow
{
  AdwApplicationWindow parent_instance;
  AdwToastOverlay *toasts;
  GtkWidget *sidebar_pane;
  PgmSidebar *sidebar;
  GtkWidget *sidebar_button;
  GtkMenuButton *server_button;
  GtkLabel *server_label;
  PgmTabSwitcher *switcher;
  AdwViewSwitcherBar *switcher_bar;
  AdwBin *header_start;
  AdwBin *header_end;
  GtkStack *content;

  PgmInventory *inventory;
  GSettings *settings;    /* NULL where there is no schema */
  PgmDemoPage *demo_page; /* owned by the content */
  char *page_key;         /* what the page shows, as the sidebar names it */
  gboolean closing;       /* goes as soon as the demo has been cleaned up */
};

G_DEFINE_FINAL_TYPE (PgmWindow, pgm_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- the page and what the header shows of it ------------------------------------ */

GtkWidget *
pgm_window_get_page (PgmWindow *self)
{
  return gtk_stack_get_visible_child (self->content);
}

const char *
pgm_window_get_page_name (PgmWindow *self)
{
  return gtk_stack_get_visible_child_name (self->content);
}

static void
show_header (PgmWindow *self)
{
  GtkWidget *page = pgm_window_get_page (self);
  const char *title = pgm_shell_page_get_title (page);
  const char *subtitle = pgm_shell_page_get_subtitle (page);
  AdwViewStack *stack = pgm_shell_page_get_view_stack (page);
  g_autofree char *window_title = NULL;

  pgm_tab_switcher_set_title (self->switcher, title != NULL ? title : "pgmanager", subtitle);
  pgm_tab_switcher_set_stack (self->switcher, stack);
  adw_bin_set_child (self->header_end, pgm_shell_page_get_header_widget (page));
  adw_bin_set_child (self->header_start, pgm_shell_page_get_start_widget (page));
  window_title = title != NULL ? g_strdup_printf ("%s – pgmanager", title) : g_strdup ("pgmanager");
  gtk_window_set_title (GTK_WINDOW (self), window_title);
}

static void
on_page_changed (PgmWindow *self, GtkWidget *page)
{
  if (page == pgm_window_get_page (self))
    show_header (self);
}

/* @key: what the sidebar calls it, or NULL. */
static void
show_page (PgmWindow *self, const char *name, const char *key)
{
  GtkWidget *before = pgm_window_get_page (self);

  g_free (self->page_key);
  self->page_key = g_strdup (key);
  gtk_stack_set_visible_child_name (self->content, name);
  if (before != pgm_window_get_page (self))
    {
      if (before != NULL)
        pgm_shell_page_set_shown (before, FALSE);
      pgm_shell_page_set_shown (pgm_window_get_page (self), TRUE);
    }
  pgm_sidebar_select (self->sidebar, key);
  show_header (self);
}

/* Puts @page where another one of that name may have been. */
static void
put_page (PgmWindow *self, const char *name, GtkWidget *page)
{
  GtkWidget *before = gtk_stack_get_child_by_name (self->content, name);

  if (before != NULL)
    gtk_stack_remove (self->content, before);
  gtk_stack_add_named (self->content, page, name);
  if (PGM_IS_SHELL_PAGE (page))
    g_signal_connect_object (page, "changed", G_CALLBACK (on_page_changed), self,
                             G_CONNECT_SWAPPED);
}

static gboolean
is_shown (PgmWindow *self, const char *key)
{
  return g_strcmp0 (self->page_key, key) == 0;
}

/* ---- actions --------------------------------------------------------------------- */

static PgmEngine *
get_engine (PgmWindow *self)
{
  return pgm_inventory_get_engine (self->inventory);
}

static void
open_cluster (PgmWindow *self, const char *id)
{
  g_autofree char *key = g_strconcat ("cluster:", id, NULL);
  PgmClusterItem *item = pgm_inventory_find_cluster (self->inventory, id);

  if (item == NULL || is_shown (self, key))
    return;
  put_page (self, "cluster", GTK_WIDGET (pgm_cluster_page_new (get_engine (self), item)));
  show_page (self, "cluster", key);
}

static void
show_cluster (GtkWidget *widget, const char *action, GVariant *parameter)
{
  open_cluster (PGM_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
on_editor_saved (PgmWindow *self, PgmCluster *cluster)
{
  g_autofree char *id = g_strdup (cluster->id);

  pgm_inventory_put_cluster (self->inventory, cluster);
  g_clear_pointer (&self->page_key, g_free);
  open_cluster (self, id);
}

/* Back to where the pages of clusters begin. */
static void
go_home (PgmWindow *self)
{
  GListModel *clusters = pgm_inventory_get_clusters (self->inventory);
  g_autoptr (PgmClusterItem) first = g_list_model_get_item (clusters, 0);

  if (first != NULL)
    open_cluster (self, pgm_cluster_item_get_id (first));
  else
    show_page (self, "welcome", NULL);
}

static void
open_editor (PgmWindow *self, PgmCluster *cluster, const char *key)
{
  PgmClusterEditor *editor = pgm_cluster_editor_new (get_engine (self), cluster);

  g_signal_connect_object (editor, "saved", G_CALLBACK (on_editor_saved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (editor, "cancelled", G_CALLBACK (go_home), self, G_CONNECT_SWAPPED);
  put_page (self, "editor", GTK_WIDGET (editor));
  show_page (self, "editor", key);
}

static void
add_cluster (GtkWidget *widget, const char *action, GVariant *parameter)
{
  open_editor (PGM_WINDOW (widget), NULL, NULL);
}

static void
edit_cluster (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);
  PgmClusterItem *item =
      pgm_inventory_find_cluster (self->inventory, g_variant_get_string (parameter, NULL));

  if (item != NULL)
    open_editor (self, pgm_cluster_item_get_cluster (item), NULL);
}

typedef struct
{
  PgmWindow *window;
  char *cluster_id;
} Removal;

static void
removal_free (Removal *self)
{
  g_object_unref (self->window);
  g_free (self->cluster_id);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Removal, removal_free)

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) removal = user_data;
  g_autoptr (GError) error = NULL;

  pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);
  if (error != NULL)
    pgm_window_toast (removal->window, error->message);
  else
    pgm_inventory_drop_cluster (removal->window->inventory, removal->cluster_id);
}

static void
on_removal_answer (PgmConfirmAnswer answer, gpointer user_data)
{
  g_autoptr (Removal) removal = user_data;
  PgmEngine *engine = get_engine (removal->window);

  if (answer != PGM_CONFIRM_ACCEPT)
    return;
  pgm_engine_ask_async (engine, PGM_ASK_REMOVE_CLUSTER, removal->cluster_id, NULL, NULL, on_removed,
                        removal);
  g_steal_pointer (&removal);
}

static void
remove_cluster (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);
  const char *id = g_variant_get_string (parameter, NULL);
  PgmClusterItem *item = pgm_inventory_find_cluster (self->inventory, id);
  g_autofree char *name = item != NULL ? pgm_display_text (pgm_cluster_item_get_name (item)) : NULL;
  g_autofree char *heading = g_strdup_printf (_ ("Remove %s?"), name);
  const PgmConfirmQuestion question = {
    .heading = heading,
    .body = _ ("pgmanager forgets it and its passwords. Nothing happens to the servers."),
    .accept = _ ("_Remove"),
    .destructive = TRUE,
  };
  Removal *removal;

  if (item == NULL)
    return;
  removal = g_new0 (Removal, 1);
  removal->window = g_object_ref (self);
  removal->cluster_id = g_strdup (id);
  pgm_confirm_async (widget, &question, on_removal_answer, removal);
}

/* The first look is over: whoever has clusters wants to see one. One that is shown and
 * isn't registered any more goes. */
static void
on_inventory_changed (PgmWindow *self)
{
  const char *id = self->page_key != NULL && g_str_has_prefix (self->page_key, "cluster:")
                       ? self->page_key + strlen ("cluster:")
                       : NULL;

  if (id != NULL && pgm_inventory_find_cluster (self->inventory, id) == NULL)
    go_home (self);
  else if (g_strcmp0 (pgm_window_get_page_name (self), "welcome") == 0)
    go_home (self);
  else
    pgm_sidebar_select (self->sidebar, self->page_key);
}

static void
show_migration (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);
  const char *job_id = g_variant_get_string (parameter, NULL);
  g_autofree char *key = g_strconcat ("job:", job_id, NULL);

  if (is_shown (self, key))
    return;
  put_page (self, "migration", pgm_places_make_migration (get_engine (self), job_id));
  show_page (self, "migration", key);
}

/* What was filled in stays while other pages are looked at. */
static void
new_migration (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  if (gtk_stack_get_child_by_name (self->content, "assistant") == NULL)
    put_page (self, "assistant", pgm_places_make_assistant (get_engine (self)));
  show_page (self, "assistant", "new-migration");
}

static void
show_logs (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  if (gtk_stack_get_child_by_name (self->content, "logs") == NULL)
    put_page (self, "logs", GTK_WIDGET (pgm_logs_page_new (self->inventory)));
  show_page (self, "logs", "logs");
}

static void
on_demo_ended (PgmWindow *self)
{
  if (self->closing)
    gtk_window_destroy (GTK_WINDOW (self));
}

PgmDemoPage *
pgm_window_get_demo_page (PgmWindow *self)
{
  if (self->demo_page == NULL)
    {
      self->demo_page = pgm_demo_page_new (get_engine (self));
      g_signal_connect_object (self->demo_page, "ended", G_CALLBACK (on_demo_ended), self,
                               G_CONNECT_SWAPPED);
      put_page (self, "demo", GTK_WIDGET (self->demo_page));
    }
  return self->demo_page;
}

static void
show_demo (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  pgm_window_get_demo_page (self);
  show_page (self, "demo", "demo");
}

static void
start_demo (GtkWidget *widget, const char *action, GVariant *parameter)
{
  show_demo (widget, NULL, NULL);
  pgm_demo_page_start (PGM_WINDOW (widget)->demo_page);
}

static void
refresh (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  pgm_inventory_refresh (self->inventory);
  pgm_shell_page_refresh (pgm_window_get_page (self));
}

static void
set_sidebar_shown (PgmWindow *self, gboolean shown)
{
  gtk_widget_set_visible (self->sidebar_pane, shown);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->sidebar_button), shown);
}

static void
on_sidebar_button (PgmWindow *self)
{
  set_sidebar_shown (self, gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->sidebar_button)));
}

static void
toggle_sidebar (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  set_sidebar_shown (self, !gtk_widget_get_visible (self->sidebar_pane));
}

static void
search (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  if (pgm_shell_page_search (pgm_window_get_page (self)))
    return;
  set_sidebar_shown (self, TRUE);
  pgm_sidebar_start_search (self->sidebar);
}

static void
jump (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gtk_window_present (
      GTK_WINDOW (pgm_jump_new (GTK_WINDOW (widget), PGM_WINDOW (widget)->inventory)));
}

/* Counted from one. */
static void
show_tab (GtkWidget *widget, const char *action, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);
  AdwViewStack *stack = pgm_shell_page_get_view_stack (pgm_window_get_page (self));
  g_autoptr (GtkSelectionModel) pages = NULL;
  guint index = (guint) g_variant_get_int32 (parameter) - 1;

  if (stack == NULL)
    return;
  pages = adw_view_stack_get_pages (stack);
  if (index < g_list_model_get_n_items (G_LIST_MODEL (pages)))
    gtk_selection_model_select_item (pages, index, TRUE);
}

void
pgm_window_toast (PgmWindow *self, const char *text)
{
  g_autofree char *plain = pgm_display_text (text);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

/* ---- which computer -------------------------------------------------------------- */

void
pgm_window_set_server (PgmWindow *self, const char *url)
{
  g_autofree char *plain = pgm_display_text (url);

  gtk_label_set_text (self->server_label, plain != NULL ? plain : _ ("This Computer"));
  if (plain != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->server_label), "accent");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->server_button),
                               plain != NULL ? plain : _ ("This Computer"));
}

void
pgm_window_set_servers (PgmWindow *self, gboolean may, GSettings *settings)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) places = g_menu_new ();
  g_autoptr (GMenu) others = g_menu_new ();
  g_auto (GStrv) known =
      settings != NULL ? g_settings_get_strv (settings, PGM_SETTING_SERVERS) : NULL;

  g_menu_append (places, _ ("This Computer"), "app.use-this-computer");
  for (guint i = 0; known != NULL && known[i] != NULL; i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (known[i], NULL);

      g_menu_item_set_action_and_target (item, "app.connect-server", "s", known[i]);
      g_menu_append_item (places, item);
    }
  g_menu_append (others, _ ("_Connect to a Server…"), "app.connect-server::");
  g_menu_append (others, _ ("_Serve This Computer…"), "app.share");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (places));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (others));
  gtk_menu_button_set_menu_model (self->server_button, may ? G_MENU_MODEL (menu) : NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->server_button), may);
}

/* ---- size ------------------------------------------------------------------------ */

static void
restore_size (PgmWindow *self, GSettings *settings)
{
  if (settings == NULL)
    return;
  self->settings = g_object_ref (settings);
  gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (settings, PGM_SETTING_WIDTH),
                               g_settings_get_int (settings, PGM_SETTING_HEIGHT));
  if (g_settings_get_boolean (settings, PGM_SETTING_MAXIMIZED))
    gtk_window_maximize (GTK_WINDOW (self));
  set_sidebar_shown (self, g_settings_get_boolean (settings, PGM_SETTING_SIDEBAR));
}

static void
save_size (PgmWindow *self)
{
  int width, height;

  if (self->settings == NULL)
    return;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (width > 0 && height > 0)
    {
      g_settings_set_int (self->settings, PGM_SETTING_WIDTH, width);
      g_settings_set_int (self->settings, PGM_SETTING_HEIGHT, height);
    }
  g_settings_set_boolean (self->settings, PGM_SETTING_MAXIMIZED,
                          gtk_window_is_maximized (GTK_WINDOW (self)));
  g_settings_set_boolean (self->settings, PGM_SETTING_SIDEBAR,
                          gtk_widget_get_visible (self->sidebar_pane));
}

/* ---- life ------------------------------------------------------------------------ */

/* The sample's clusters must not outlive the window: it closes once they are gone. */
static gboolean
pgm_window_close_request (GtkWindow *window)
{
  PgmWindow *self = PGM_WINDOW (window);

  save_size (self);
  if (self->demo_page == NULL || !pgm_demo_page_is_busy (self->demo_page))
    return GTK_WINDOW_CLASS (pgm_window_parent_class)->close_request (window);
  self->closing = TRUE;
  pgm_demo_page_stop (self->demo_page);
  return TRUE;
}

static void
pgm_window_dispose (GObject *object)
{
  PgmWindow *self = PGM_WINDOW (object);

  g_clear_object (&self->settings);
  g_clear_object (&self->inventory);
  g_clear_pointer (&self->page_key, g_free);
  G_OBJECT_CLASS (pgm_window_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.show-cluster", "s", show_cluster);
  gtk_widget_class_install_action (widget_class, "win.add-cluster", NULL, add_cluster);
  gtk_widget_class_install_action (widget_class, "win.remove-cluster", "s", remove_cluster);
  gtk_widget_class_install_action (widget_class, "win.edit-cluster", "s", edit_cluster);
  gtk_widget_class_install_action (widget_class, "win.show-migration", "s", show_migration);
  gtk_widget_class_install_action (widget_class, "win.new-migration", NULL, new_migration);
  gtk_widget_class_install_action (widget_class, "win.show-logs", NULL, show_logs);
  gtk_widget_class_install_action (widget_class, "win.show-demo", NULL, show_demo);
  gtk_widget_class_install_action (widget_class, "win.start-demo", NULL, start_demo);
  gtk_widget_class_install_action (widget_class, "win.refresh", NULL, refresh);
  gtk_widget_class_install_action (widget_class, "win.search", NULL, search);
  gtk_widget_class_install_action (widget_class, "win.toggle-sidebar", NULL, toggle_sidebar);
  gtk_widget_class_install_action (widget_class, "win.jump", NULL, jump);
  gtk_widget_class_install_action (widget_class, "win.tab", "i", show_tab);
}

static void
pgm_window_class_init (PgmWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = pgm_window_close_request;

  g_type_ensure (PGM_TYPE_SIDEBAR);
  g_type_ensure (PGM_TYPE_TAB_SWITCHER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/window.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, sidebar_pane);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, sidebar_button);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, server_button);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, server_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, header_end);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, header_start);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, content);
  gtk_widget_class_bind_template_child_full (widget_class, "welcome_add", FALSE, 0);
  gtk_widget_class_bind_template_child_full (widget_class, "welcome_sample", FALSE, 0);
  install_actions (widget_class);
}

static void
pgm_window_init (PgmWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  pgm_tab_switcher_set_bar (self->switcher, self->switcher_bar);
  /* not the search: its cursor would blink at whoever only looks */
  gtk_window_set_focus (GTK_WINDOW (self), self->sidebar_button);
  g_signal_connect_swapped (self->sidebar_button, "toggled", G_CALLBACK (on_sidebar_button), self);
}

PgmWindow *
pgm_window_new (GtkApplication *application, PgmInventory *inventory, GSettings *settings)
{
  PgmWindow *self = g_object_new (PGM_TYPE_WINDOW, "application", application, NULL);

  self->inventory = g_object_ref (inventory);
  restore_size (self, settings);
  pgm_sidebar_set_inventory (self->sidebar, inventory);
  show_page (self, "welcome", NULL);
  g_signal_connect_object (inventory, "changed", G_CALLBACK (on_inventory_changed), self,
                           G_CONNECT_SWAPPED);
  on_inventory_changed (self);
  return self;
}

PgmInventory *
pgm_window_get_inventory (PgmWindow *self)
{
  return self->inventory;
}

PgmSidebar *
pgm_window_get_sidebar (PgmWindow *self)
{
  return self->sidebar;
}
