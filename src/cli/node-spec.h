/* --node ROLE[/ID]:WHERE, where WHERE is HOST[:PORT], a URI or service=NAME. Private to
 * the room. */
#pragma once

#include "model/cluster.h"

G_BEGIN_DECLS

/* Transfer full. PGM_ERROR_USAGE. */
PgmNode *pgm_node_spec_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "prod" or "prod/replica". Both transfer full; @node may be NULL in the result. */
void pgm_node_spec_split (const char *text, char **cluster, char **node);

/* Behind the role of a specification; @text itself when there is none. */
const char *pgm_node_spec_skip_role (const char *text);

G_END_DECLS
