#include "core/fingerprint.h"

#include <string.h>

#define DIGITS 64

char *
pgm_fingerprint_new (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;
  g_autofree char *digits = NULL;
  GString *text = g_string_new (NULL);

  g_object_get (certificate, "certificate", &der, NULL);
  digits = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  for (gsize i = 0; i < DIGITS; i += 2)
    g_string_append_printf (text, "%s%c%c", i > 0 ? ":" : "", g_ascii_toupper (digits[i]),
                            g_ascii_toupper (digits[i + 1]));
  return g_string_free (text, FALSE);
}

/* The digits alone. */
static char *
strip (const char *text)
{
  GString *digits = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (*text != ':' && !g_ascii_isspace (*text))
      g_string_append_c (digits, g_ascii_toupper (*text));
  return g_string_free (digits, FALSE);
}

gboolean
pgm_fingerprint_is_valid (const char *text)
{
  g_autofree char *digits = strip (text);

  return strlen (digits) == DIGITS && strspn (digits, "0123456789ABCDEF") == DIGITS;
}

gboolean
pgm_fingerprint_matches (const char *text, GTlsCertificate *certificate)
{
  g_autofree char *right = pgm_fingerprint_new (certificate);
  g_autofree char *wanted = strip (text);
  g_autofree char *found = strip (right);

  return g_str_equal (wanted, found);
}
