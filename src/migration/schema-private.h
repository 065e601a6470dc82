/* What the files of the schema share. */
#pragma once

#include "migration/schema.h"
#include "migration/selection.h"

G_BEGIN_DECLS

/* pg_restore's script of @n entries from @first on. @list: name of the file in
 * ctx->directory that tells pg_restore which; it stays, so that a failed run can
 * be looked into. Transfer full. */
char *pgm_schema_script (PgmCloneContext *ctx,
                         const PgmSelection *selection,
                         GPtrArray *entries,
                         guint first,
                         guint n,
                         const char *list,
                         GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a script has set, back to what the session pinned at its start. */
gboolean pgm_schema_reset_settings (PgmConnection *destination,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
