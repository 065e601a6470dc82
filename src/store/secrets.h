/* PgmSecrets: where passwords of registered clusters are kept. In this order they are
 * looked for in
 *
 *   $CREDENTIALS_DIRECTORY   what systemd's LoadCredential= gives a service: a file
 *                            "CLUSTER@NODE", or "CLUSTER" for all its nodes; never written
 *   secrets.json             in the state directory, 0600
 *   the session's keyring    through libsecret, when there is one and it is unlocked
 *
 * A password is written to the keyring, or to the file where there is none, and taken
 * out of the other. Reading is thread-safe; who writes holds the lock of clusters.json.
 */
#pragma once

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

typedef struct _PgmSecrets PgmSecrets;

/* @keyring: may the session's keyring be used? */
PgmSecrets *pgm_secrets_new (const char *directory, gboolean keyring);
void pgm_secrets_free (PgmSecrets *self);

/* NULL without an error: none is kept. Transfer full. */
PgmSecret *
pgm_secrets_lookup (PgmSecrets *self, const char *cluster, const char *node, GError **error);

/* Only what systemd gives: for a node that has none stored, so that no keyring is asked
 * in vain. Transfer full. */
PgmSecret *pgm_secrets_lookup_credential (const char *cluster, const char *node);

gboolean pgm_secrets_store (PgmSecrets *self,
                            const char *cluster,
                            const char *node,
                            PgmSecret *password,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fine when there is none. */
gboolean pgm_secrets_clear (PgmSecrets *self, const char *cluster, const char *node, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSecrets, pgm_secrets_free)

G_END_DECLS
