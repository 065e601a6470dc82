/* A lock between processes: a file that is held with flock(), so that the kernel
 * lets it go however its holder ends, and that names the holder. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

typedef struct _PgmLock PgmLock;

/* Does not wait. PGM_ERROR_REFUSED names the process that holds it, with @what
 * ("this clone") as the subject; PGM_ERROR_FAILED when there can be no such file. */
PgmLock *
pgm_lock_acquire (const char *path, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the file and lets go. */
void pgm_lock_release (PgmLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmLock, pgm_lock_release)

G_END_DECLS
