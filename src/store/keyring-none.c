/* In place of keyring.c, where libsecret is not there. */
#include "store/keyring.h"

gboolean
pgm_keyring_is_usable (void)
{
  return FALSE;
}

PgmSecret *
pgm_keyring_lookup (const char *name)
{
  return NULL;
}

gboolean
pgm_keyring_store (const char *name, PgmSecret *password, GError **error)
{
  pgm_error_set (error, PGM_ERROR_REFUSED, "there is no keyring");
  return FALSE;
}

gboolean
pgm_keyring_clear (const char *name)
{
  return FALSE;
}
