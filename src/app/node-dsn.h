/* The connection string of a node that somebody is filling in, to try it before it is
 * stored. It may hold a password: a secret. */
#pragma once

#include "model/cluster.h"

G_BEGIN_DECLS

/* By its URI, its service, or host and port; user, database and password are added.
 * Transfer full. */
PgmSecret *pgm_node_to_dsn (const PgmNode *node);

/* The names of the sections of a pg_service.conf. Transfer full. */
GStrv pgm_service_names (const char *contents, gsize length);

G_END_DECLS
