/* What belongs to the database itself and is in no schema dump: ALTER DATABASE …
 * SET, ALTER ROLE … IN DATABASE … SET, the database's comment and privileges.
 * Its owner is left as it is (whoever made the destination chose it), and said. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* What our role may not set is a problem of the report with its exact SQL. */
gboolean pgm_settings_copy (PgmCloneContext *ctx,
                            PgmConnection *source,
                            PgmConnection *destination,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
