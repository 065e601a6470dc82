/* The session's keyring, through libsecret; without that library there is none. Inside
 * this room only. */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

/* Is there one that answers and can be written without asking anybody? */
gboolean pgm_keyring_is_usable (void);

/* NULL: none is kept there, or it can't be read now. Transfer full. */
PgmSecret *pgm_keyring_lookup (const char *name);

gboolean
pgm_keyring_store (const char *name, PgmSecret *password, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE when nothing of that name was there. */
gboolean pgm_keyring_clear (const char *name);

G_END_DECLS
