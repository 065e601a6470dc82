/* The main window: the sidebar, and a place for one page beside it. Pages are plain
 * widgets that may be a PgmShellPage; what goes where is told by the window's actions:
 *
 *   win.show-cluster (s)      a cluster's pages, by its id
 *   win.add-cluster, win.edit-cluster (s), win.remove-cluster (s)
 *   win.show-migration (s)    the page of a job, by its id
 *   win.new-migration         the assistant
 *   win.show-logs, win.show-demo, win.start-demo
 *   win.refresh, win.search, win.toggle-sidebar, win.tab (i), win.jump
 */
#pragma once

#include <adwaita.h>

#include "app/demo-page.h"
#include "app/inventory.h"
#include "app/sidebar.h"

G_BEGIN_DECLS

#define PGM_TYPE_WINDOW (pgm_window_get_type ())
G_DECLARE_FINAL_TYPE (PgmWindow, pgm_window, PGM, WINDOW, AdwApplicationWindow)

/* @settings: where its size is remembered, or NULL. */
PgmWindow *
pgm_window_new (GtkApplication *application, PgmInventory *inventory, GSettings *settings);

/* Where it is: the URL of a server, or NULL for this computer. */
void pgm_window_set_server (PgmWindow *self, const char *url);

/* What the menu offers for going elsewhere; nothing unless @may. */
void pgm_window_set_servers (PgmWindow *self, gboolean may, GSettings *settings);

/* Borrowed. The demo page is made when it is first asked for. */
PgmInventory *pgm_window_get_inventory (PgmWindow *self);
PgmSidebar *pgm_window_get_sidebar (PgmWindow *self);
PgmDemoPage *pgm_window_get_demo_page (PgmWindow *self);

/* The page that is shown: its name ("welcome", "cluster", "editor", "migration",
 * "assistant", "logs", "demo") and itself. Borrowed. */
const char *pgm_window_get_page_name (PgmWindow *self);
GtkWidget *pgm_window_get_page (PgmWindow *self);

/* Something that passes: shown for some seconds. @text is plain text, also a server's. */
void pgm_window_toast (PgmWindow *self, const char *text);

G_END_DECLS
