/* The bearer token: 256 random bits as 64 hexadecimal digits, in a file that only
 * its owner can read. Whoever can read that file may do all that the API can. Not for
 * other rooms. */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

#define PGM_TOKEN_LENGTH 64

/* What is in @path, or a new one that is written there: never over something that is
 * there already, and of two processes that make one at a time both get the same.
 * PGM_ERROR_REFUSED when others can read the file or own it, PGM_ERROR_USAGE when it
 * holds no token. */
PgmSecret *pgm_token_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes as long for a wrong one as for the right one. */
gboolean pgm_token_matches (const char *token, const char *offered);

/* @bytes random bytes as hexadecimal digits. Transfer full. */
char *pgm_token_random (gsize bytes);

G_END_DECLS
