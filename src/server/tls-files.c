#include "server/tls-files.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "core/fingerprint.h"
#include "core/secret-file.h"

#define YEARS         10
#define SERIAL_BYTES  16
#define SECONDS_A_DAY ((time_t) 24 * 60 * 60)

GTlsCertificate *
pgm_tls_files_load (const char *certificate, const char *key, GError **error)
{
  g_autoptr (GError) reason = NULL;
  GTlsCertificate *loaded;

  if (!pgm_secret_file_check (key, error))
    return NULL;
  loaded = g_tls_certificate_new_from_files (certificate, key, &reason);
  if (loaded == NULL)
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, reason->message,
                        "Both are PEM files; the key belongs to the certificate.",
                        "certificate \"%s\" with key \"%s\" can't be used", certificate, key);
  return loaded;
}

char *
pgm_tls_files_fingerprint (const char *certificate, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GTlsCertificate) loaded = g_tls_certificate_new_from_file (certificate, &reason);

  if (loaded != NULL)
    return pgm_fingerprint_new (loaded);
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, reason->message, NULL,
                      "certificate \"%s\" can't be read", certificate);
  return NULL;
}

/* A pair in the making. */
typedef struct
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
} Pair;

static void
pair_clear (Pair *self)
{
  if (self->key != NULL)
    gnutls_x509_privkey_deinit (self->key);
  if (self->certificate != NULL)
    gnutls_x509_crt_deinit (self->certificate);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static gboolean
check (int code, GError **error)
{
  if (code >= 0)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, gnutls_strerror (code), NULL,
                      "no certificate can be made");
  return FALSE;
}

static int
add_name (gnutls_x509_crt_t certificate, const char *name)
{
  guchar address[16];

  if (inet_pton (AF_INET, name, address) == 1)
    return gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, address, 4,
                                                 GNUTLS_FSAN_APPEND);
  if (inet_pton (AF_INET6, name, address) == 1)
    return gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, address, 16,
                                                 GNUTLS_FSAN_APPEND);
  return gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name,
                                               (unsigned int) strlen (name), GNUTLS_FSAN_APPEND);
}

static gboolean
set_names (Pair *self, const char *const *names, GError **error)
{
  const char *const ours[] = { "localhost", "127.0.0.1", "::1", g_get_host_name (), NULL };
  const char *const *lists[] = { ours, names };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint j = 0; lists[i] != NULL && lists[i][j] != NULL; j++)
      if (!check (add_name (self->certificate, lists[i][j]), error))
        return FALSE;
  return check (gnutls_x509_crt_set_dn_by_oid (self->certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                               "pgmanager", strlen ("pgmanager")),
                error);
}

/* For a server only: nothing else that it signs is to be trusted. */
static gboolean
set_purpose (Pair *self, GError **error)
{
  time_t now = time (NULL);
  guchar serial[SERIAL_BYTES];
  guchar id[64];
  gsize size = sizeof id;
  int code = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  serial[0] &= 0x7F; /* positive (RFC 5280, 4.1.2.2) */
  return check (code, error) && check (gnutls_x509_crt_set_version (self->certificate, 3), error) &&
         check (gnutls_x509_crt_set_serial (self->certificate, serial, sizeof serial), error) &&
         /* A client's clock may be a little behind. */
         check (gnutls_x509_crt_set_activation_time (self->certificate, now - SECONDS_A_DAY),
                error) &&
         check (gnutls_x509_crt_set_expiration_time (self->certificate,
                                                     now + YEARS * 365 * SECONDS_A_DAY),
                error) &&
         check (gnutls_x509_crt_set_basic_constraints (self->certificate, 0, -1), error) &&
         check (gnutls_x509_crt_set_key_usage (self->certificate, GNUTLS_KEY_DIGITAL_SIGNATURE),
                error) &&
         check (
             gnutls_x509_crt_set_key_purpose_oid (self->certificate, GNUTLS_KP_TLS_WWW_SERVER, 0),
             error) &&
         check (gnutls_x509_crt_get_key_id (self->certificate, GNUTLS_KEYID_USE_SHA256, id, &size),
                error) &&
         check (gnutls_x509_crt_set_subject_key_id (self->certificate, id, size), error) &&
         check (gnutls_x509_crt_set_authority_key_id (self->certificate, id, size), error);
}

static gboolean
make_pair (Pair *self, const char *const *names, GError **error)
{
  return check (gnutls_x509_privkey_init (&self->key), error) &&
         check (gnutls_x509_crt_init (&self->certificate), error) &&
         check (gnutls_x509_privkey_generate (self->key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0),
                error) &&
         check (gnutls_x509_crt_set_key (self->certificate, self->key), error) &&
         set_names (self, names, error) && set_purpose (self, error) &&
         check (gnutls_x509_crt_sign2 (self->certificate, self->certificate, self->key,
                                       GNUTLS_DIG_SHA256, 0),
                error);
}

static gboolean
write_key (Pair *self, const char *path, GError **error)
{
  gnutls_datum_t pem = { NULL, 0 };
  g_autoptr (PgmSecret) secret = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;

  if (!check (gnutls_x509_privkey_export2_pkcs8 (self->key, GNUTLS_X509_FMT_PEM, NULL,
                                                 GNUTLS_PKCS_PLAIN, &pem),
              error))
    return FALSE;
  text = g_strndup ((const char *) pem.data, pem.size);
  secret = pgm_secret_new_take (g_strchomp (g_steal_pointer (&text)));
  pgm_secret_wipe (pem.data, pem.size);
  gnutls_free (pem.data);
  if (pgm_secret_file_create (path, secret, &reason))
    return TRUE;
  if (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_EXIST))
    pgm_error_set (error, PGM_ERROR_REFUSED, "%s", reason->message);
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
write_certificate (Pair *self, const char *path, GError **error)
{
  gnutls_datum_t pem = { NULL, 0 };
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) reason = NULL;
  g_autoptr (GFileOutputStream) stream = NULL;
  gboolean done;

  if (!check (gnutls_x509_crt_export2 (self->certificate, GNUTLS_X509_FMT_PEM, &pem), error))
    return FALSE;
  stream = g_file_create (file, G_FILE_CREATE_NONE, NULL, &reason);
  done = stream != NULL &&
         g_output_stream_write_all (G_OUTPUT_STREAM (stream), pem.data, pem.size, NULL, NULL,
                                    &reason) &&
         g_output_stream_close (G_OUTPUT_STREAM (stream), NULL, &reason);
  gnutls_free (pem.data);
  if (!done)
    pgm_error_set (error,
                   g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_EXISTS) ? PGM_ERROR_REFUSED
                                                                           : PGM_ERROR_FAILED,
                   "certificate \"%s\" can't be written: %s", path, reason->message);
  return done;
}

char *
pgm_tls_files_create (const char *certificate,
                      const char *key,
                      const char *const *names,
                      GError **error)
{
  g_auto (Pair) pair = { 0 };

  /* Before anything is written: one without the other is of no use. */
  for (guint i = 0; i < 2; i++)
    if (g_file_test (i == 0 ? certificate : key, G_FILE_TEST_EXISTS))
      {
        pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                            "Clients may know it by now; remove it to have a new one.",
                            "\"%s\" is there already", i == 0 ? certificate : key);
        return NULL;
      }
  if (!make_pair (&pair, names, error) || !write_key (&pair, key, error))
    return NULL;
  if (!write_certificate (&pair, certificate, error))
    {
      g_unlink (key);
      return NULL;
    }
  return pgm_tls_files_fingerprint (certificate, error);
}
