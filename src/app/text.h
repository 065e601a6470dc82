/* Text from a server, made fit to be shown in a label: never markup, no control
 * characters, no bidirectional overrides. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* pgm_display_text() line by line: what several lines said stays several lines.
 * White space at the end goes. "" for NULL. Transfer full. */
char *pgm_text_to_lines (const char *text);

G_END_DECLS
