/* Servers with something to see in them, registered with the engine of a desk. */
#pragma once

#include "desk.h"
#include "fixture/cluster.h"

G_BEGIN_DECLS

/* Databases, a shop with tables in several schemas, slots, a publication, and a role
 * "clerk" that may do little. */
void town_build (PgmTestCluster *cluster);

/* Registers a cluster of one node, as the window would; @tag may be NULL. Its id is its
 * name. Returns once the sidebar has it. */
void town_register (Desk *desk, const char *name, const char *tag, const char *uri);

G_END_DECLS
