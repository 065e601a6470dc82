#include "store/keyring.h"

#include <libsecret/secret.h>

/* Secrets of ours are found by this, whoever made them. */
static const SecretSchema schema = {
  "io.github.pgmanager.Password",
  SECRET_SCHEMA_NONE,
  { { "name", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

/* A locked collection would ask for its password in a window: never from here. */
gboolean
pgm_keyring_is_usable (void)
{
  g_autoptr (SecretService) service = NULL;
  g_autoptr (SecretCollection) collection = NULL;

  if (g_getenv ("DBUS_SESSION_BUS_ADDRESS") == NULL && g_getenv ("XDG_RUNTIME_DIR") == NULL)
    return FALSE;
  service = secret_service_get_sync (SECRET_SERVICE_OPEN_SESSION, NULL, NULL);
  if (service == NULL)
    return FALSE;
  collection = secret_collection_for_alias_sync (service, SECRET_COLLECTION_DEFAULT,
                                                 SECRET_COLLECTION_NONE, NULL, NULL);
  return collection != NULL && !secret_collection_get_locked (collection);
}

PgmSecret *
pgm_keyring_lookup (const char *name)
{
  g_autoptr (SecretValue) value = NULL;
  g_autolist (SecretItem) items = NULL;
  g_autoptr (GHashTable) attributes = secret_attributes_build (&schema, "name", name, NULL);

  /* Unlike a password lookup, a search does not unlock. */
  items = secret_service_search_sync (NULL, &schema, attributes, SECRET_SEARCH_LOAD_SECRETS, NULL,
                                      NULL);
  if (items == NULL)
    return NULL;
  value = secret_item_get_secret (items->data);
  return value != NULL ? pgm_secret_new (secret_value_get_text (value)) : NULL;
}

gboolean
pgm_keyring_store (const char *name, PgmSecret *password, GError **error)
{
  g_autofree char *label = g_strdup_printf ("PostgreSQL password of %s", name);
  g_autoptr (GError) reason = NULL;

  if (secret_password_store_sync (&schema, SECRET_COLLECTION_DEFAULT, label,
                                  pgm_secret_reveal (password), NULL, &reason, "name", name, NULL))
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, reason != NULL ? reason->message : NULL, NULL,
                      "the keyring did not take the password of \"%s\"", name);
  return FALSE;
}

gboolean
pgm_keyring_clear (const char *name)
{
  return secret_password_clear_sync (&schema, NULL, NULL, "name", name, NULL);
}
