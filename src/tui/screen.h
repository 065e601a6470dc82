/* The terminal, and the only file of the program that knows ncurses: shows a canvas,
 * reads keys, and gives the terminal back as it was. One at a time, for ncurses has one
 * screen. Not for other rooms. */
#pragma once

#include "core/error.h"
#include "tui/canvas.h"
#include "tui/dashboard.h"

G_BEGIN_DECLS

typedef struct _PgmScreen PgmScreen;

/* Takes standard input and output. PGM_ERROR_USAGE when they are no terminal, or one
 * that can't be drawn on. A crash while it is open gives the terminal back, too. */
PgmScreen *pgm_screen_open (gboolean colours, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_screen_close (PgmScreen *self);

/* FALSE: only ASCII can be shown, as the locale says. */
gboolean pgm_screen_has_unicode (PgmScreen *self);

/* The size of now, in columns and rows, taken over for what is drawn next. */
void pgm_screen_measure (PgmScreen *self, guint *columns, guint *rows);

/* Nothing is drawn while the terminal takes nothing (it was stopped by Ctrl-S, or its
 * window hangs): the next picture says the same and more. */
void pgm_screen_show (PgmScreen *self, const PgmCanvas *canvas);

/* The next picture is drawn whole, whatever the terminal shows. */
void pgm_screen_forget (PgmScreen *self);

/* FALSE when no further key has been pressed. Never waits for one. */
gboolean pgm_screen_read (PgmScreen *self, PgmKey *key);

/* Gives the terminal back, stops this process until somebody lets it go on, and takes
 * the terminal again. */
void pgm_screen_suspend (PgmScreen *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmScreen, pgm_screen_close)

G_END_DECLS
