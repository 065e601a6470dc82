/* What a filter leaves of the source to be read, so that a role that may read only that
 * much gets on: pg_dump locks every table that it looks at, and is told not to look at
 * those that are neither taken nor readable. */
#pragma once

#include "migration/filter.h"

G_BEGIN_DECLS

typedef struct _PgmNarrow PgmNarrow;

/* Reads all tables of the source, their inheritance and what our role may read. */
PgmNarrow *pgm_narrow_read (PgmConnection *source,
                            PgmFilter *filter,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_narrow_free (PgmNarrow *self);

/* Is the table taken, or one that a table which is taken belongs to or inherits from? */
gboolean pgm_narrow_needs (PgmNarrow *self, guint32 oid);
/* Has the schema anything that is needed? */
gboolean pgm_narrow_needs_schema (PgmNarrow *self, const char *schema);

/* Patterns for pg_dump's --exclude-table: of tables that are not needed and can't be
 * read. Transfer none; not NULL-terminated. */
GPtrArray *pgm_narrow_get_patterns (PgmNarrow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmNarrow, pgm_narrow_free)

G_END_DECLS
