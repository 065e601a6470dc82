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
PgmApplication *desk_get_application (Desk *self);

/* A child of the window's template, by id. */
gpointer desk_get_child (Desk *self, const char *id);

/* The text of a label of the template. */
const char *desk_get_label (Desk *self, const char *id);

/* Activates an action ("win.stop") as a click does; FALSE when it is disabled. */
gboolean desk_activate (Desk *self, const char *action);

/* Runs the main loop until @condition holds; aborts after some minutes. */
typedef gboolean (*DeskCondition) (Desk *self, gpointer data);
void desk_wait (Desk *self, DeskCondition condition, gpointer data);
void desk_wait_for_state (Desk *self, PgmWindowState state);

/* Until the window is gone. */
void desk_wait_until_closed (Desk *self);

/* Until a running clone has rows to show. */
void desk_wait_for_rows (Desk *self);

/* Kills the destination of the running demo as a crash does. */
void desk_kill_destination (Desk *self);

G_END_DECLS
