/* A private directory for as long as a job runs: 0700, below the directory for
 * temporary files, held with flock(), so that one whose process died can be told
 * from one that is in use, and removed by whoever comes next. Holds plain files
 * only. */
#pragma once

#include <gio/gio.h>

#include "core/error.h"

G_BEGIN_DECLS

typedef struct _PgmScratch PgmScratch;

/* Also removes what dead processes of the same user left behind. */
PgmScratch *pgm_scratch_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory with what is in it. */
void pgm_scratch_free (PgmScratch *self);

const char *pgm_scratch_get_path (PgmScratch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmScratch, pgm_scratch_free)

G_END_DECLS
