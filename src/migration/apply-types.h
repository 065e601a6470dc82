/* Which types of the destination can take every value of a type of the source
 * without changing one (F48). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Type OIDs (of the base types of domains) and their modifiers (-1: none). What
 * raises an error for a value that it can't hold fits, since nothing is damaged;
 * what rounds or cuts silently doesn't. Types that aren't PostgreSQL's own can't
 * be told apart by their OIDs and fit. */
gboolean
pgm_apply_type_fits (guint32 source, gint32 source_modifier, guint32 destination, gint32 modifier);

G_END_DECLS
