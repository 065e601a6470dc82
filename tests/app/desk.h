/* The real application on the real engine, for tests and pictures: a store of its
 * own in a temporary directory, the window open, and a way to wait for it. */
#pragma once

#include "app/application.h"
#include "app/window.h"

G_BEGIN_DECLS

typedef struct _Desk Desk;

typedef void (*DeskBody) (Desk *self);

/* Runs the application as its main() does, with @body once the window stands; then
 * closes the window if need be and checks that it, the application, the engine and
 * the store are gone (aborts when something still holds one of them). */
void desk_run (DeskBody body);

/* NULL once it is gone. */
PgmWindow *desk_get_window (Desk *self);
/* Another window has taken its place. */
void desk_look_again (Desk *self);

PgmApplication *desk_get_application (Desk *self);

/* A child of a widget's template, by id. */
gpointer desk_get_child_of (gpointer widget, const char *id);

/* The same of the sample's page, which is made when need be. */
gpointer desk_get_child (Desk *self, const char *id);

/* The text of a label of that template. */
const char *desk_get_label (Desk *self, const char *id);

/* Activates an action ("win.refresh", "demo.stop") as a click does; FALSE when it is
 * disabled. The other one has a parameter: a string. */
gboolean desk_activate (Desk *self, const char *action);
gboolean desk_activate_with (Desk *self, const char *action, const char *parameter);

/* Goes to a tab of the page that is shown, counted from one, as Ctrl+1 does. */
gboolean desk_activate_tab (Desk *self, int tab);

/* Runs the main loop until @condition holds; aborts after some minutes. */
typedef gboolean (*DeskCondition) (Desk *self, gpointer data);
void desk_wait_named (Desk *self, DeskCondition condition, gpointer data, const char *name);
#define desk_wait(self, condition, data) desk_wait_named (self, condition, data, #condition)
void desk_wait_for_state (Desk *self, PgmDemoState state);

/* Until the window is gone. */
void desk_wait_until_closed (Desk *self);

/* Until a running clone has rows to show. */
void desk_wait_for_rows (Desk *self);

/* With all that is in it. */
void desk_remove_directory (const char *path);

/* Kills the destination of the running demo as a crash does. */
void desk_kill_destination (Desk *self);

G_END_DECLS
