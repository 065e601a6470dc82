/* Replacing a small file whole: after a crash it is the old one or the new one. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

/* Mode 0600, durable when it returns. What a symbolic link points to is replaced, not
 * the link. Directories are made, 0700. */
gboolean
pgm_file_replace (const char *path, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
