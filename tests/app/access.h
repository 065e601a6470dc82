/* What assistive technology is told. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Every button below @widget that can be seen has a role and a name; returns how many. */
guint access_assert_buttons_named (GtkWidget *widget);

G_END_DECLS
