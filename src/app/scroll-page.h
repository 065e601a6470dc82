/* The frame of a page that is one column of groups: it scrolls, keeps a readable width
 * and distance to its edges. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Floating; *@box takes the groups, from top to bottom. */
GtkWidget *pgm_scroll_page_new (GtkBox **box);

G_END_DECLS
