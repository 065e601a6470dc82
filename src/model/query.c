/* Records as the query string of a request: flat ones, whose fields are plain. */
#include "model/record-private.h"

static gboolean
refuse (const PgmField *field, const char *reason, GError **error)
{
  pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"%s\" %s", field->name, reason);
  return FALSE;
}

static gboolean
read_enum (int *value, const PgmField *field, const char *text, GError **error)
{
  g_autofree char *known = NULL;

  for (int i = 0; field->names[i] != NULL; i++)
    if (g_str_equal (field->names[i], text))
      {
        *value = i;
        return TRUE;
      }
  known = g_strjoinv (", ", (char **) (guintptr) field->names);
  pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"%s\" must be one of: %s", field->name, known);
  return FALSE;
}

static gboolean
read_value (gpointer record, const PgmField *field, const char *text, GError **error)
{
  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      PGM_FIELD_AT (record, field, char *) = g_strdup (text);
      return TRUE;
    case PGM_FIELD_INT64:
      return g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64,
                                       &PGM_FIELD_AT (record, field, gint64), NULL) ||
             refuse (field, "must be an integer", error);
    case PGM_FIELD_UINT64:
      return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64,
                                         &PGM_FIELD_AT (record, field, guint64), NULL) ||
             refuse (field, "must be an integer that isn't negative", error);
    case PGM_FIELD_BOOL:
      PGM_FIELD_AT (record, field, gboolean) = g_str_equal (text, "true");
      return g_str_equal (text, "true") || g_str_equal (text, "false") ||
             refuse (field, "must be true or false", error);
    case PGM_FIELD_TIME:
      return pgm_json_time_parse (text, &PGM_FIELD_AT (record, field, gint64)) ||
             refuse (field, "must be a time like \"2025-01-31T12:00:00Z\"", error);
    case PGM_FIELD_ENUM:
      return read_enum (&PGM_FIELD_AT (record, field, int), field, text, error);
    case PGM_FIELD_DOUBLE:
    case PGM_FIELD_LSN:
    case PGM_FIELD_STRV:
    case PGM_FIELD_RECORD:
    case PGM_FIELD_RECORDS:
    case PGM_FIELD_SECRET: /* never in a URL */
    default:
      return refuse (field, "can't be a parameter", error);
    }
}

static gboolean
read_parameter (gpointer record, const char *name, const char *text, GError **error)
{
  const PgmField *field = ((PgmRecord *) record)->type->fields;

  while (field->name != NULL && !g_str_equal (field->name, name))
    field++;
  if (field->name != NULL)
    return read_value (record, field, text, error);
  pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"%s\" is not known", name);
  return FALSE;
}

static gboolean
read_parameters (gpointer record, const char *query, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GUriParamsIter iter;
  g_autoptr (GError) reason = NULL;
  char *name, *value;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_WWW_FORM);
  while (g_uri_params_iter_next (&iter, &name, &value, &reason))
    {
      g_autofree char *text = value;

      if (!g_hash_table_add (seen, name))
        {
          pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"%s\" is there twice", name);
          return FALSE;
        }
      if (!read_parameter (record, name, text, error))
        return FALSE;
    }
  if (reason == NULL)
    return TRUE;
  pgm_error_set (error, PGM_ERROR_USAGE, "the parameters can't be understood: %s", reason->message);
  return FALSE;
}

gpointer
pgm_record_from_query (const PgmRecordType *type, const char *query, GError **error)
{
  gpointer record = pgm_record_new (type);
  gboolean fine = query == NULL || read_parameters (record, query, error);

  for (const PgmField *field = type->fields; fine && field->name != NULL; field++)
    if ((field->flags & PGM_FIELD_REQUIRED) != 0 && field->kind == PGM_FIELD_STRING &&
        PGM_FIELD_GET (record, field, char *) == NULL)
      fine = refuse (field, "is required", error);
  if (!fine)
    g_clear_pointer (&record, pgm_record_unref);
  return record;
}

static char *
write_value (gconstpointer record, const PgmField *field)
{
  char time[PGM_JSON_TIME_SIZE];
  gint64 number;

  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      return g_strdup (PGM_FIELD_GET (record, field, char *));
    case PGM_FIELD_INT64:
    case PGM_FIELD_UINT64:
      number = PGM_FIELD_GET (record, field, gint64);
      return number != 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;
    case PGM_FIELD_BOOL:
      return g_strdup (PGM_FIELD_GET (record, field, gboolean) ? "true" : NULL);
    case PGM_FIELD_TIME:
      number = PGM_FIELD_GET (record, field, gint64);
      return number != 0 && pgm_json_time_format (number, time) ? g_strdup (time) : NULL;
    case PGM_FIELD_ENUM:
      return g_strdup (field->names[PGM_FIELD_GET (record, field, int)]);
    case PGM_FIELD_DOUBLE:
    case PGM_FIELD_LSN:
    case PGM_FIELD_STRV:
    case PGM_FIELD_RECORD:
    case PGM_FIELD_RECORDS:
    case PGM_FIELD_SECRET:
    default:
      return NULL;
    }
}

char *
pgm_record_to_query (gconstpointer record)
{
  GString *out = g_string_new (NULL);

  for (const PgmField *field = ((const PgmRecord *) record)->type->fields; field->name != NULL;
       field++)
    {
      g_autofree char *value = write_value (record, field);
      g_autofree char *escaped = value != NULL ? g_uri_escape_string (value, NULL, FALSE) : NULL;

      if (escaped != NULL)
        g_string_append_printf (out, "%s%s=%s", out->len > 0 ? "&" : "", field->name, escaped);
    }
  return g_string_free (out, FALSE);
}
