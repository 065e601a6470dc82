/* Draws the window into PNG files, to be looked at. */
#pragma once

#include "desk.h"

G_BEGIN_DECLS

/* Before the application is made: speaks the language of $LANGUAGE with the translations
 * in $PICTURES_LOCALES, when that is set. */
void draw_set_language (void);

/* No animations, one font, and no pointer over it. */
void draw_begin (Desk *desk);

/* NAME.png, NAME-dark.png and both again as NAME-small…, in the directory that the
 * environment names (PICTURES_DIRECTORY). */
void draw_all (Desk *desk, const char *name);

/* Another window as it stands, light and dark. */
void draw_window (Desk *desk, GtkWidget *window, const char *name);

/* Only as it stands. */
void draw_one (Desk *desk, const char *name);

G_END_DECLS
