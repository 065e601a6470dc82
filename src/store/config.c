#include "store/config.h"

#include "core/units.h"
#include "store/paths.h"

#define SYSTEM_FILE "/etc/pgmanager/pgmanager.conf"
#define FILE_NAME   "pgmanager.conf"
#define MAX_WORKERS 64
#define MAX_PEERS   4096

/* A group of the file and the record that it fills. */
typedef struct
{
  const char *name;
  const PgmRecordType *type;
} Group;

static const Group groups[] = {
  { "pgmanager", &pgm_config_type },
  { "server", &pgm_server_config_type },
};

static const Group *
find_group (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].name, name))
      return &groups[i];
  return NULL;
}

static gpointer
get_record (PgmConfig *self, const Group *group)
{
  return group->type == &pgm_config_type ? (gpointer) self : self->server;
}

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

/* What another group holds is no key. */
static gboolean
is_key (const PgmField *field)
{
  return field->kind != PGM_FIELD_RECORD;
}

static char *
list_keys (const Group *group)
{
  GString *keys = g_string_new ("Known keys: ");

  for (const PgmField *field = group->type->fields; field->name != NULL; field++)
    if (is_key (field))
      g_string_append_printf (keys, "%s%s", field > group->type->fields ? ", " : "", field->name);
  g_string_append_c (keys, '.');
  return g_string_free (keys, FALSE);
}

static const PgmField *
find_field (const Group *group, const char *key)
{
  for (const PgmField *field = group->type->fields; field->name != NULL; field++)
    if (is_key (field) && g_str_equal (field->name, key))
      return field;
  return NULL;
}

static gboolean
set_path (char **place, const char *value, GError **error)
{
  if (!g_path_is_absolute (value))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is not an absolute path", value);
      return FALSE;
    }
  g_free (*place);
  *place = g_strdup (value);
  return TRUE;
}

/* "a, b c" */
static gboolean
set_list (GStrv *place, const char *value)
{
  g_auto (GStrv) parts = g_strsplit_set (value, ", \t", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      g_strv_builder_add (builder, parts[i]);
  g_strfreev (*place);
  *place = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
set_passwords (char **place, const char *value, GError **error)
{
  if (!g_str_equal (value, "keyring") && !g_str_equal (value, "file"))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is neither \"keyring\" nor \"file\"", value);
      return FALSE;
    }
  g_free (*place);
  *place = g_strdup (value);
  return TRUE;
}

static gboolean
set_boolean (gboolean *place, const char *value, GError **error)
{
  *place = g_str_equal (value, "true");
  if (*place || g_str_equal (value, "false"))
    return TRUE;
  pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is neither \"true\" nor \"false\"", value);
  return FALSE;
}

static gint64
get_maximum (const char *name)
{
  if (g_str_equal (name, "port"))
    return 65535;
  return g_str_has_prefix (name, "max_") ? MAX_PEERS : MAX_WORKERS;
}

static gboolean
set_value (gpointer record, const PgmField *field, const char *value, GError **error)
{
  gpointer place = (char *) record + field->offset;

  if (field->kind == PGM_FIELD_INT64)
    return pgm_parse_int (value, field->name, 1, get_maximum (field->name), place, error);
  if (field->kind == PGM_FIELD_UINT64)
    return pgm_parse_size (value, place, error);
  if (field->kind == PGM_FIELD_STRV)
    return set_list (place, value);
  if (field->kind == PGM_FIELD_BOOL)
    return set_boolean (place, value, error);
  if (g_str_equal (field->name, "passwords"))
    return set_passwords (place, value, error);
  return set_path (place, value, error);
}

/* A file, being read. */
typedef struct
{
  const char *path;
  const char *text;
  GKeyFile *keys;
} Reading;

static gboolean
read_key (PgmConfig *self, Reading *from, const Group *group, const char *key, GError **error)
{
  const PgmField *field = find_field (group, key);
  guint line = find_line (from->text, group->name, key);
  g_autofree char *value = NULL;
  g_autoptr (GError) reason = NULL;
  g_autofree char *message = NULL;

  if (field == NULL)
    {
      g_autofree char *keys = list_keys (group);

      message = g_strdup_printf ("key \"%s\" is not known", key);
      return refuse (error, from->path, line, message, keys);
    }
  value = g_key_file_get_string (from->keys, group->name, key, &reason);
  if (value == NULL || !set_value (get_record (self, group), field, g_strstrip (value), &reason))
    {
      message = g_strdup_printf ("%s: %s", key, reason->message);
      return refuse (error, from->path, line, message, NULL);
    }
  return TRUE;
}

static gboolean
read_group (PgmConfig *self, Reading *from, const char *name, GError **error)
{
  const Group *group = find_group (name);
  g_auto (GStrv) keys = NULL;

  if (group == NULL)
    {
      g_autofree char *message = g_strdup_printf ("group [%s] is not known", name);

      return refuse (error, from->path, find_line (from->text, name, NULL), message,
                     "There are [pgmanager] and [server].");
    }
  keys = g_key_file_get_keys (from->keys, name, NULL, NULL);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!read_key (self, from, group, keys[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
read_text (PgmConfig *self, const char *path, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  Reading from = { path, text, file };
  g_autoptr (GError) reason = NULL;
  g_auto (GStrv) names = NULL;

  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &reason))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "%s: %s", path, reason->message);
      return FALSE;
    }
  names = g_key_file_get_groups (file, NULL);
  for (guint i = 0; names[i] != NULL; i++)
    if (!read_group (self, &from, names[i], error))
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

  self->server = pgm_record_new (&pgm_server_config_type);
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    if (!read_file (self, paths[i], error))
      {
        pgm_record_unref (self);
        return NULL;
      }
  if (self->state_dir == NULL)
    self->state_dir = pgm_paths_state_directory ();
  if (self->clusters_file == NULL)
    self->clusters_file = pgm_paths_clusters_file ();
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

/* Of "[::1]" and "::1" no part is a port. */
static gboolean
has_port (const char *address)
{
  const char *colon = strrchr (address, ':');

  if (*address == '[')
    return colon != NULL && colon[-1] == ']';
  return colon != NULL && strchr (address, ':') == colon;
}

GStrv
pgm_config_list_addresses (const PgmConfig *self)
{
  const char *const defaults[] = { "127.0.0.1", NULL };
  const char *const *wanted =
      self->server->listen != NULL ? (const char *const *) self->server->listen : defaults;
  gint64 port = self->server->port > 0 ? self->server->port : PGM_CONFIG_PORT;
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();

  for (guint i = 0; wanted[i] != NULL; i++)
    {
      gboolean bare = *wanted[i] != '[' && strchr (wanted[i], ':') != strrchr (wanted[i], ':');
      g_autofree char *whole =
          has_port (wanted[i])
              ? g_strdup (wanted[i])
              : g_strdup_printf (bare ? "[%s]:%" G_GINT64_FORMAT : "%s:%" G_GINT64_FORMAT,
                                 wanted[i], port);

      g_strv_builder_add (addresses, whole);
    }
  return g_strv_builder_end (addresses);
}

char *
pgm_config_get_token_file (const PgmConfig *self)
{
  if (self->server->token_file != NULL)
    return g_strdup (self->server->token_file);
  return g_build_filename (self->state_dir, PGM_CONFIG_TOKEN_FILE, NULL);
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
