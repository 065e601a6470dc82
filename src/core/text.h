/* Text that a server, a file or a person gave, made fit for one line of a terminal
 * or window, and how many columns it takes there. All results are transfer full. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one way of such text to a screen or log. NULL for NULL; never longer than a
 * line; what can't be shown as it is becomes U+FFFD, so that it is seen to be there:
 *
 * - control characters (C0, C1, DEL), bytes that are no UTF-8, code points without a
 *   meaning; tabs and line ends become a space;
 * - what is invisible or changes the order of what stands around it: bidirectional
 *   marks, overrides and isolates, joiners, zero-width spaces, fillers, tags;
 * - a combining mark without a letter before it, and of a pile of them all beyond
 *   the third, which become one U+FFFD. */
char *pgm_display_text (const char *text);

/* Columns that @character takes on a terminal: 0 (a mark on the one before), 1 or 2. */
guint pgm_character_columns (gunichar character);

/* Columns of @text, which has been through pgm_display_text(). */
guint pgm_text_columns (const char *text);

/* Where @text reaches more than @columns; its end when it doesn't. Marks stay with
 * their letter. *@used, when not NULL, is what the part before takes. */
const char *pgm_text_at_column (const char *text, guint columns, guint *used);

G_END_DECLS
