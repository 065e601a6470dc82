/* The text that pg_restore writes, made fit for an ordinary session.
 *
 * Only what is known to be harmless is taken out, and only where pg_restore
 * itself puts it; SQL is never parsed:
 * - \restrict and \unrestrict, which are commands of psql (newer minor releases);
 * - in the preamble, settings that the destination's version does not know;
 * - the column option pg_attver, which newer 15 and 17 servers keep for themselves and
 *   which a pg_dump that does not know about it takes for a user's option.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @text of @size bytes, in any encoding that keeps ASCII. Transfer full. */
char *pgm_restore_script_clean (const char *text, gsize size, int major);

G_END_DECLS
