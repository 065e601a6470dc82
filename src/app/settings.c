#include "app/settings.h"

#include "core/i18n.h"

/* build/src/main/pgmanager-gtk has its schema in build/data. */
static GSettingsSchemaSource *
open_uninstalled (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *data =
      directory != NULL ? g_build_filename (directory, "..", "..", "data", NULL) : NULL;

  return data != NULL ? g_settings_schema_source_new_from_directory (
                            data, g_settings_schema_source_get_default (), FALSE, NULL)
                      : NULL;
}

GSettings *
pgm_settings_new (void)
{
  GSettingsSchemaSource *usual = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchemaSource) beside = NULL;
  g_autoptr (GSettingsSchema) schema = NULL;

  if (usual != NULL)
    schema = g_settings_schema_source_lookup (usual, PGM_APPLICATION_ID, TRUE);
  if (schema == NULL)
    beside = open_uninstalled ();
  if (beside != NULL)
    schema = g_settings_schema_source_lookup (beside, PGM_APPLICATION_ID, FALSE);
  return schema != NULL ? g_settings_new_full (schema, NULL, NULL) : NULL;
}

int
pgm_settings_get_int (GSettings *self, const char *key, int fallback)
{
  return self != NULL ? g_settings_get_int (self, key) : fallback;
}

gboolean
pgm_settings_get_boolean (GSettings *self, const char *key, gboolean fallback)
{
  return self != NULL ? g_settings_get_boolean (self, key) : fallback;
}

char *
pgm_settings_get_string (GSettings *self, const char *key, const char *fallback)
{
  return self != NULL ? g_settings_get_string (self, key) : g_strdup (fallback);
}
