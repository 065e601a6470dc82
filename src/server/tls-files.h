/* Certificate and key of the server as PEM files: reading them, and making a pair that
 * signs itself, for clients that know it by its fingerprint. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

/* PGM_ERROR_REFUSED when others can read the key, PGM_ERROR_USAGE when the files hold
 * nothing that fits. Transfer full. */
GTlsCertificate *pgm_tls_files_load (const char *certificate,
                                     const char *key,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes both, the key with mode 0600; good for "localhost", the loopback addresses,
 * this machine's name and @names (names and addresses; may be NULL), for ten years.
 * Files that are there stay as they are (PGM_ERROR_REFUSED). The certificate's
 * fingerprint ("AB:CD:…", SHA-256), transfer full. */
char *pgm_tls_files_create (const char *certificate,
                            const char *key,
                            const char *const *names,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The fingerprint of the certificate in a file. Transfer full. */
char *pgm_tls_files_fingerprint (const char *certificate, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
