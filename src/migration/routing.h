/* Partition trees whose rows find another leaf on another server.
 *
 * Hash partitioning picks a leaf by the hash of the key. For most types the hash
 * is the same everywhere; for some it is not: an enum's is that of its OID,
 * which no dump keeps, and types of extensions, expressions and nondeterministic
 * collations may depend on more than the bytes of a value. Rows of such a tree
 * are read and written through its root, as one table (F26).
 */
#pragma once

#include "postgres/catalog.h"

G_BEGIN_DECLS

/* For every table below such a tree's topmost root: OID of the table -> OID of
 * that root (GUINT_TO_POINTER). Empty on servers before 11. */
GHashTable *pgm_routing_read (PgmConnection *source,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
