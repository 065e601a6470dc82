/* The window of keyboard shortcuts; the only place that uses GTK's. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Shows it before @parent. */
GtkWindow *pgm_shortcuts_show (GtkWindow *parent);

/* Gives the application the keys that the window tells of. */
void pgm_shortcuts_install (GtkApplication *application);

G_END_DECLS
