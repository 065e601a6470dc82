/* A secret in a file of its own (a token, a key): only its owner may read it, and
 * what was there is never written over. */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

/* The one line in @path, without the space around it. PGM_ERROR_REFUSED when the file
 * belongs to somebody else (but root) or others may read it, PGM_ERROR_NOT_FOUND when
 * it isn't there. */
PgmSecret *pgm_secret_file_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same checks only: for a file that a library will read. */
gboolean pgm_secret_file_check (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes @secret and a newline with mode 0600, whole or not at all.
 * G_FILE_ERROR_EXIST, and nothing done, when @path is there. */
gboolean pgm_secret_file_create (const char *path,
                                 const PgmSecret *secret,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
