#include "store/config.h"

#include "core/units.h"
#include "store/paths.h"

#define GROUP       "pgmanager"
#define SYSTEM_FILE "/etc/pgmanager/pgmanager.conf"
#define FILE_NAME   "pgmanager.conf"
#define MAX_WORKERS 64

/* GKeyFile does not say where a key was; counted from 1, 0 when not found. */
static guint
find_line (const char *text, const char *group, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *header = g_strdup_printf ("[%s]", group);
  gboolean inside = FALSE;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);

      if (*line == '[')
        inside = g_str_equal (line, header);
      if (key == NULL && inside)
        return i + 1;
      if (key != NULL && inside && g_str_has_prefix (line, key) &&
          strchr ("= \t", line[strlen (key)]) != NULL)
        return i + 1;
    }
  return 0;
}

static gboolean
refuse (GError **error, const char *path, guint line, const char *what, const char *hint)
{
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, hint, "%s:%u: %s", path, line, what);
  return FALSE;
}

static char *
list_keys (void)
{
  GString *keys = g_string_new ("Known keys: ");

  for (const PgmField *field = pgm_config_type.fields; field->name != NULL; field++)
    g_string_append_printf (keys, "%s%s", field->name, field[1].name != NULL ? ", " : ".");
  return g_string_free (keys, FALSE);
}

static const PgmField *
find_field (const char *key)
{
  for (const PgmField *field = pgm_config_type.fields; field->name != NULL; field++)
    if (g_str_equal (field->name, key))
      return field;
  return NULL;
}

static gboolean
set_directory (PgmConfig *self, const PgmField *field, const char *value, GError **error)
{
  char **place = (char **) ((char *) self + field->offset);

  if (!g_path_is_absolute (value))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is not an absolute path", value);
      return FALSE;
    }
  g_free (*place);
  *place = g_strdup (value);
  return TRUE;
}

static gboolean
set_value (PgmConfig *self, const PgmField *field, const char *value, GError **error)
{
  gpointer place = (char *) self + field->offset;

  if (field->kind == PGM_FIELD_INT64)
    return pgm_parse_int (value, field->name, 1, MAX_WORKERS, place, error);
  if (field->kind == PGM_FIELD_UINT64)
    return pgm_parse_size (value, place, error);
  return set_directory (self, field, value, error);
}

static gboolean
read_key (PgmConfig *self,
          GKeyFile *file,
          const char *key,
          const char *path,
          const char *text,
          GError **error)
{
  const PgmField *field = find_field (key);
  guint line = find_line (text, GROUP, key);
  g_autofree char *value = NULL;
  g_autoptr (GError) reason = NULL;
  g_autofree char *message = NULL;

  if (field == NULL)
    {
      g_autofree char *keys = list_keys ();

      message = g_strdup_printf ("key \"%s\" is not known", key);
      return refuse (error, path, line, message, keys);
    }
  value = g_key_file_get_string (file, GROUP, key, &reason);
  if (value == NULL || !set_value (self, field, g_strstrip (value), &reason))
    {
      message = g_strdup_printf ("%s: %s", key, reason->message);
      return refuse (error, path, line, message, NULL);
    }
  return TRUE;
}

static gboolean
read_text (PgmConfig *self, const char *path, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) reason = NULL;
  g_auto (GStrv) groups = NULL;
  g_auto (GStrv) keys = NULL;

  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &reason))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "%s: %s", path, reason->message);
      return FALSE;
    }
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    if (!g_str_equal (groups[i], GROUP))
      {
        g_autofree char *message = g_strdup_printf ("group [%s] is not known", groups[i]);

        return refuse (error, path, find_line (text, groups[i], NULL), message,
                       "The only group is [" GROUP "].");
      }
  keys = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!read_key (self, file, keys[i], path, text, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_file (PgmConfig *self, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;
  gsize length;

  if (g_file_get_contents (path, &text, &length, &reason))
    return read_text (self, path, text, length, error);
  if (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  pgm_error_set (error, PGM_ERROR_USAGE, "configuration can't be read: %s", reason->message);
  return FALSE;
}

PgmConfig *
pgm_config_load_files (const char *const *paths, GError **error)
{
  PgmConfig *self = pgm_record_new (&pgm_config_type);

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    if (!read_file (self, paths[i], error))
      {
        pgm_record_unref (self);
        return NULL;
      }
  if (self->state_dir == NULL)
    self->state_dir = pgm_paths_state_directory ();
  return self;
}

PgmConfig *
pgm_config_load (GError **error)
{
  g_autofree char *directory = pgm_paths_config_directory ();
  g_autofree char *own = g_build_filename (directory, FILE_NAME, NULL);
  const char *const paths[] = { SYSTEM_FILE, own, NULL };

  return pgm_config_load_files (paths, error);
}

static void
apply_to_clone (const PgmConfig *self, PgmCloneOptions *options)
{
  if (options->copy_workers == 0)
    options->copy_workers = self->copy_workers;
  if (options->index_workers == 0)
    options->index_workers = self->index_workers;
  if (options->split_bytes == 0)
    options->split_bytes = self->split_larger_than;
  if (options->bindir == NULL)
    options->bindir = g_strdup (self->bindir);
}

void
pgm_config_apply (const PgmConfig *self, PgmJobSpec *spec)
{
  if (spec->clone != NULL)
    apply_to_clone (self, spec->clone);
  if (spec->compare != NULL && spec->compare->workers == 0)
    spec->compare->workers = self->compare_workers;
}
