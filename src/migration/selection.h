/* Which entries of the archive are restored, and when: the table of contents
 * with what the source's and the destination's catalogs say about it. */
#pragma once

#include "migration/context.h"
#include "migration/toc.h"

G_BEGIN_DECLS

typedef struct
{
  PgmToc *toc;
  gboolean no_tablespaces;   /* a tablespace in use is missing on the destination */
  GPtrArray *pre_data;       /* PgmTocEntry, borrowed; without privileges */
  GPtrArray *post_data;      /* what neither index.c nor foreign-key.c makes, then privileges */
  GPtrArray *event_triggers; /* with their comments */
  gboolean has_subscriptions;
} PgmSelection;

/* Opens a source session under ctx->snapshot. @destination: read for what is
 * there already; its transaction may be open. */
PgmSelection *pgm_selection_read (PgmCloneContext *ctx,
                                  PgmConnection *destination,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_selection_free (PgmSelection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSelection, pgm_selection_free)

G_END_DECLS
