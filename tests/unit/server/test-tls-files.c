/* The certificate that signs itself: what it says, and that others can use it. */
#include "server/tls-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fingerprint.h"

typedef struct
{
  char *directory;
  char *certificate;
  char *key;
} Files;

static void
set_up (Files *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("pgm-tls-XXXXXX", NULL);
  self->certificate = g_build_filename (self->directory, "cert.pem", NULL);
  self->key = g_build_filename (self->directory, "key.pem", NULL);
}

static void
tear_down (Files *self, gconstpointer data)
{
  g_unlink (self->certificate);
  g_unlink (self->key);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  g_free (self->certificate);
  g_free (self->key);
}

static void
test_create (Files *self, gconstpointer data)
{
  const char *const names[] = { "db.example.com", "192.0.2.7", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *fingerprint = pgm_tls_files_create (self->certificate, self->key, names, &error);
  g_autofree char *again = NULL;
  g_autoptr (GTlsCertificate) loaded = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) until = NULL;
  g_autoptr (GPtrArray) dns = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  struct stat status;

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (fingerprint), ==, 95);
  g_assert_true (pgm_fingerprint_is_valid (fingerprint));
  g_assert_cmpint (stat (self->key, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);

  loaded = pgm_tls_files_load (self->certificate, self->key, &error);
  g_assert_no_error (error);
  g_assert_true (pgm_fingerprint_matches (fingerprint, loaded));
  again = pgm_tls_files_fingerprint (self->certificate, &error);
  g_assert_cmpstr (again, ==, fingerprint);
  g_object_get (loaded, "dns-names", &dns, "ip-addresses", &addresses, "not-valid-after", &until,
                NULL);
  g_assert_cmpuint (dns->len, ==, 3);
  g_assert_cmpuint (addresses->len, ==, 3);
  g_assert_cmpint (g_date_time_difference (until, now) / G_TIME_SPAN_DAY, >, 3000);
}

/* Nothing is written over, and one file without the other isn't left. */
static void
test_exclusive (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (self->certificate, "mine", -1, NULL));
  g_assert_null (pgm_tls_files_create (self->certificate, self->key, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_true (g_file_get_contents (self->certificate, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  g_assert_false (g_file_test (self->key, G_FILE_TEST_EXISTS));
  g_assert_null (pgm_tls_files_create ("/nonexistent/cert.pem", self->key, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_assert_false (g_file_test (self->key, G_FILE_TEST_EXISTS));
}

static void
test_load (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fingerprint = pgm_tls_files_create (self->certificate, self->key, NULL, &error);

  g_assert_no_error (error);
  g_chmod (self->key, 0644);
  g_assert_null (pgm_tls_files_load (self->certificate, self->key, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);
  g_chmod (self->key, 0600);
  g_assert_true (g_file_set_contents (self->key, "no key", -1, NULL));
  g_chmod (self->key, 0600);
  g_assert_null (pgm_tls_files_load (self->certificate, self->key, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
}

static void
test_fingerprint (void)
{
  g_assert_true (pgm_fingerprint_is_valid (
      "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
      "DD:EE:FF"));
  g_assert_false (pgm_fingerprint_is_valid ("00:11"));
  g_assert_false (pgm_fingerprint_is_valid (
      "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"));
}

#define ADD(name, func) g_test_add ("/server/tls-files/" name, Files, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("create", test_create);
  ADD ("exclusive", test_exclusive);
  ADD ("load", test_load);
  g_test_add_func ("/server/tls-files/fingerprint", test_fingerprint);
  return g_test_run ();
}
