/* Which tables take part: --include and --exclude.
 *
 * A pattern is "schema", "schema.table" or "*.table", with * and ? as in a
 * shell; double quotes take a part literally ("My Schema"."a.b"). A table is
 * taken when it matches any include (or there is none) and no exclude. */
#pragma once

#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct _PgmFilter PgmFilter;

/* PGM_ERROR_USAGE names the pattern that can't be understood. */
PgmFilter *pgm_filter_new (const char *const *include,
                           const char *const *exclude,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_filter_free (PgmFilter *self);
gboolean pgm_filter_takes (PgmFilter *self, const char *schema, const char *table);
/* FALSE when there is neither include nor exclude. */
gboolean pgm_filter_is_active (PgmFilter *self);
/* Could any table of the schema be taken? */
gboolean pgm_filter_takes_schema (PgmFilter *self, const char *schema);

/* PGM_ERROR_NOT_FOUND for an include pattern that matches nothing there, nor on
 * @other (may be NULL): most likely a typing mistake, and "done" or "equal" would
 * be a lie. */
gboolean pgm_filter_check (PgmFilter *self,
                           PgmConnection *connection,
                           PgmConnection *other,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes out of @catalog the tables that don't take part, with their indexes, and
 * foreign keys that have lost an end. */
void pgm_filter_apply (PgmFilter *self, PgmCatalog *catalog);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFilter, pgm_filter_free)

G_END_DECLS
