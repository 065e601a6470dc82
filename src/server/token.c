#include "server/token.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/secret-file.h"

char *
pgm_token_random (gsize bytes)
{
  GString *text = g_string_sized_new (2 * bytes);
  guchar raw[32];

  g_assert (bytes <= sizeof raw);
  /* Never short and never interrupted for so few (getrandom(2)). */
  if (getrandom (raw, bytes, 0) != (gssize) bytes)
    g_error ("the kernel gives no random bytes: %s", g_strerror (errno));
  for (gsize i = 0; i < bytes; i++)
    g_string_append_printf (text, "%02x", raw[i]);
  pgm_secret_wipe (raw, sizeof raw);
  return g_string_free (text, FALSE);
}

static gboolean
is_token (const char *text)
{
  return strlen (text) == PGM_TOKEN_LENGTH && strspn (text, "0123456789abcdef") == PGM_TOKEN_LENGTH;
}

static PgmSecret *
load (const char *path, GError **error)
{
  g_autoptr (PgmSecret) token = pgm_secret_file_load (path, error);

  if (token == NULL)
    return NULL;
  if (is_token (pgm_secret_reveal (token)))
    return g_steal_pointer (&token);
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, "Remove it, and a new token is made.",
                      "\"%s\" holds no token of %d hexadecimal digits", path, PGM_TOKEN_LENGTH);
  return NULL;
}

PgmSecret *
pgm_token_open (const char *path, GError **error)
{
  g_autoptr (PgmSecret) token = NULL;
  g_autoptr (GError) reason = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      token = pgm_secret_new_take (pgm_token_random (PGM_TOKEN_LENGTH / 2));
      if (pgm_secret_file_create (path, token, &reason))
        return g_steal_pointer (&token);
      if (!g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_EXIST))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
    }
  return load (path, error);
}

gboolean
pgm_token_matches (const char *token, const char *offered)
{
  gsize length = strlen (token);
  guchar difference = 0;

  /* The length of a token is no secret. */
  if (strlen (offered) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guchar) (token[i] ^ offered[i]);
  return difference == 0;
}
