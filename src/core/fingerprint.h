/* The fingerprint of a certificate: SHA-256 over its DER form, as people compare it,
 * "AB:CD:…". */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Transfer full. */
char *pgm_fingerprint_new (GTlsCertificate *certificate);

/* The same certificate? Colons, spaces and case in @text mean nothing. */
gboolean pgm_fingerprint_matches (const char *text, GTlsCertificate *certificate);

/* 64 hexadecimal digits, however they are written? */
gboolean pgm_fingerprint_is_valid (const char *text);

G_END_DECLS
