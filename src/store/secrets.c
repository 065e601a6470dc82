#include "store/secrets.h"

#include <glib/gstdio.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "model/cluster.h"
#include "store/keyring.h"
#include "store/replace.h"

#define FILE_NAME    "secrets.json"
#define FILE_VERSION 1
/* A credential is a password, not a file that somebody mistook for one. */
#define MAX_CREDENTIAL 4096

struct _PgmSecrets
{
  char *path;
  gboolean keyring;
};

PgmSecrets *
pgm_secrets_new (const char *directory, gboolean keyring)
{
  PgmSecrets *self = g_new0 (PgmSecrets, 1);

  self->path = g_build_filename (directory, FILE_NAME, NULL);
  self->keyring = keyring;
  return self;
}

void
pgm_secrets_free (PgmSecrets *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self);
}

static char *
make_name (const char *cluster, const char *node)
{
  return g_strdup_printf ("%s/%s", cluster, node);
}

/* One line end at the end is an editor's, not the password's. */
static PgmSecret *
read_credential (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return NULL;
  if (length > 0 && text[length - 1] == '\n')
    text[--length] = '\0';
  if (length == 0 || length > MAX_CREDENTIAL || strlen (text) != length)
    {
      pgm_secret_wipe (text, length);
      g_free (text);
      return NULL;
    }
  return pgm_secret_new_take (text);
}

PgmSecret *
pgm_secrets_lookup_credential (const char *cluster, const char *node)
{
  const char *directory = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *name = g_strdup_printf ("%s@%s", cluster, node);
  PgmSecret *found;

  if (directory == NULL || !g_path_is_absolute (directory))
    return NULL;
  found = read_credential (directory, name);
  return found != NULL ? found : read_credential (directory, cluster);
}

/* NULL in *@text without an error: there is no file. */
static gboolean
read_text (PgmSecrets *self, char **text, gsize *length, GError **error)
{
  g_autoptr (GError) reason = NULL;
  struct stat status;

  *text = NULL;
  if (g_stat (self->path, &status) != 0 && errno == ENOENT)
    return TRUE;
  if ((status.st_mode & 077) != 0)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Take the rights away with chmod 600, and change the passwords in it.",
                          "\"%s\" can be read by others", self->path);
      return FALSE;
    }
  if (g_file_get_contents (self->path, text, length, &reason))
    return TRUE;
  pgm_error_set (error, PGM_ERROR_FAILED, "passwords can't be read: %s", reason->message);
  return FALSE;
}

static PgmSecretFile *
load (PgmSecrets *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmSecretFile *file;
  char *text;
  gsize length = 0;

  if (!read_text (self, &text, &length, error))
    return NULL;
  if (text == NULL)
    return pgm_record_new (&pgm_secret_file_type);
  file = pgm_record_from_json (&pgm_secret_file_type, text, (gssize) length, &reason);
  pgm_secret_wipe (text, length);
  g_free (text);
  if (file == NULL)
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                        "Mend it, or move it away and give the passwords again.",
                        "the file of passwords \"%s\" is damaged", self->path);
  return file;
}

static gboolean
save (PgmSecrets *self, PgmSecretFile *file, GError **error)
{
  g_autoptr (PgmSecret) json = NULL;

  file->version = FILE_VERSION;
  json = pgm_record_to_secret_json (file);
  return pgm_file_replace (self->path, pgm_secret_reveal (json), error);
}

static PgmSecretEntry *
find (PgmSecretFile *file, const char *name, guint *index)
{
  for (guint i = 0; i < file->secrets->len; i++)
    {
      PgmSecretEntry *entry = g_ptr_array_index (file->secrets, i);

      if (g_str_equal (entry->name, name))
        {
          *index = i;
          return entry;
        }
    }
  return NULL;
}

PgmSecret *
pgm_secrets_lookup (PgmSecrets *self, const char *cluster, const char *node, GError **error)
{
  g_autofree char *name = make_name (cluster, node);
  PgmSecret *found = pgm_secrets_lookup_credential (cluster, node);
  const PgmSecretEntry *entry;
  PgmSecretFile *file;
  guint index;

  if (found != NULL)
    return found;
  file = load (self, error);
  if (file == NULL)
    return NULL;
  entry = find (file, name, &index);
  if (entry != NULL)
    found = pgm_secret_ref (entry->password);
  else if (self->keyring && pgm_keyring_is_usable ())
    found = pgm_keyring_lookup (name);
  pgm_record_unref (file);
  return found;
}

static gboolean
clear_in_file (PgmSecrets *self, const char *name, GError **error)
{
  PgmSecretFile *file = load (self, error);
  gboolean done = file != NULL;
  guint index;

  if (done && find (file, name, &index) != NULL)
    {
      g_ptr_array_remove_index (file->secrets, index);
      done = save (self, file, error);
    }
  pgm_record_unref (file);
  return done;
}

static gboolean
store_in_file (PgmSecrets *self, const char *name, PgmSecret *password, GError **error)
{
  PgmSecretFile *file = load (self, error);
  PgmSecretEntry *entry;
  gboolean done;
  guint index;

  if (file == NULL)
    return FALSE;
  if (find (file, name, &index) != NULL)
    g_ptr_array_remove_index (file->secrets, index);
  entry = pgm_record_new (&pgm_secret_entry_type);
  entry->name = g_strdup (name);
  entry->password = pgm_secret_ref (password);
  g_ptr_array_add (file->secrets, entry);
  done = save (self, file, error);
  pgm_record_unref (file);
  return done;
}

gboolean
pgm_secrets_store (PgmSecrets *self,
                   const char *cluster,
                   const char *node,
                   PgmSecret *password,
                   GError **error)
{
  g_autofree char *name = make_name (cluster, node);

  /* The file is looked into first, so it must not keep an older one. */
  if (self->keyring && pgm_keyring_is_usable () && pgm_keyring_store (name, password, NULL))
    return clear_in_file (self, name, error);
  return store_in_file (self, name, password, error);
}

gboolean
pgm_secrets_clear (PgmSecrets *self, const char *cluster, const char *node, GError **error)
{
  g_autofree char *name = make_name (cluster, node);

  if (self->keyring && pgm_keyring_is_usable ())
    (void) pgm_keyring_clear (name);
  return clear_in_file (self, name, error);
}
