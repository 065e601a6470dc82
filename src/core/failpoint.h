/* Failpoints: named places where a test makes a debug build fail.
 *
 *   PGMANAGER_FAILPOINT="copy.before_commit=kill@3;copy.after_chunk=error@100"
 *
 * Actions: kill (SIGKILL to ourselves), error (the point reports failure),
 * sleep:MILLISECONDS. "@N" acts at the N-th pass (the first when left out).
 * Builds without PGM_DEBUG compile every point to nothing.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef PGM_DEBUG
gboolean pgm_failpoint_hit (const char *name, GError **error);
#define PGM_FAILPOINT(name, error) (pgm_failpoint_hit ((name), (error)))
#else
#define PGM_FAILPOINT(name, error) (TRUE)
#endif

/* if (!PGM_FAILPOINT ("copy.before_commit", error)) return FALSE; */

G_END_DECLS
