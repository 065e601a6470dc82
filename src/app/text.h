/* Words that several pages say, and text from a server, made fit to be shown in a label: never markup, no control
 * characters, no bidirectional overrides. */
#pragma once

#include <glib.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

/* pgm_display_text() line by line: what several lines said stays several lines.
 * White space at the end goes. "" for NULL. Transfer full. */
char *pgm_text_to_lines (const char *text);

/* "Copying rows": what a job does in @phase, translated. */
const char *pgm_phase_to_text (PgmPhase phase);

/* How long ago a moment of g_get_real_time() is: "just now", "5 s ago". Transfer full. */
char *pgm_text_age (gint64 time);

/* The local time of a moment of g_get_real_time(), with the day unless it is today's.
 * Transfer full. */
char *pgm_text_time (gint64 time);

G_END_DECLS
