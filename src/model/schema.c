#include "model/schema.h"

char *
pgm_schema_get_name (const PgmRecordType *type)
{
  GString *name = g_string_new (NULL);
  gboolean start = TRUE;

  for (const char *p = type->name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p))
      start = TRUE;
    else
      {
        g_string_append_c (name, start ? g_ascii_toupper (*p) : *p);
        start = FALSE;
      }
  return g_string_free (name, FALSE);
}

void
pgm_schema_collect (const PgmRecordType *type, GPtrArray *types)
{
  if (type == NULL || g_ptr_array_find (types, type, NULL))
    return;
  g_ptr_array_add (types, (gpointer) (guintptr) type);
  for (const PgmField *field = type->fields; field->name != NULL; field++)
    pgm_schema_collect (field->record, types);
}

static void
append_reference (GString *text, const PgmRecordType *type)
{
  g_autofree char *name = pgm_schema_get_name (type);

  g_string_append_printf (text, "{\"$ref\":\"#/components/schemas/%s\"}", name);
}

static void
append_names (GString *text, const char *const *names)
{
  g_string_append (text, "{\"type\":\"string\",\"enum\":[");
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      pgm_json_append_string (text, names[i]);
    }
  g_string_append (text, "]}");
}

void
pgm_schema_append_field (GString *text, const PgmField *field)
{
  static const char *const plain[] = {
    [PGM_FIELD_STRING] = "{\"type\":\"string\"}",
    [PGM_FIELD_INT64] = "{\"type\":\"integer\",\"format\":\"int64\"}",
    [PGM_FIELD_UINT64] = "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0}",
    /* What is not finite has no number in JSON. */
    [PGM_FIELD_DOUBLE] = "{\"type\":[\"number\",\"null\"]}",
    [PGM_FIELD_BOOL] = "{\"type\":\"boolean\"}",
    [PGM_FIELD_LSN] = "{\"type\":\"string\",\"pattern\":\"^[0-9A-F]{1,8}/[0-9A-F]{1,8}$\"}",
    [PGM_FIELD_TIME] = "{\"type\":\"string\",\"format\":\"date-time\"}",
    [PGM_FIELD_STRV] = "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}",
    [PGM_FIELD_SECRET] = "{\"type\":\"string\",\"format\":\"password\"}",
  };

  switch (field->kind)
    {
    case PGM_FIELD_ENUM:
      append_names (text, field->names);
      break;
    case PGM_FIELD_RECORD:
      append_reference (text, field->record);
      break;
    case PGM_FIELD_RECORDS:
      g_string_append (text, "{\"type\":\"array\",\"items\":");
      append_reference (text, field->record);
      g_string_append_c (text, '}');
      break;
    case PGM_FIELD_STRING:
    case PGM_FIELD_INT64:
    case PGM_FIELD_UINT64:
    case PGM_FIELD_DOUBLE:
    case PGM_FIELD_BOOL:
    case PGM_FIELD_LSN:
    case PGM_FIELD_TIME:
    case PGM_FIELD_STRV:
    case PGM_FIELD_SECRET:
    default:
      g_string_append (text, plain[field->kind]);
      break;
    }
}

static void
append_required (GString *text, const PgmRecordType *type)
{
  gboolean any = FALSE;

  for (const PgmField *field = type->fields; field->name != NULL; field++)
    if ((field->flags & PGM_FIELD_REQUIRED) != 0)
      {
        g_string_append (text, any ? "," : ",\"required\":[");
        pgm_json_append_string (text, field->name);
        any = TRUE;
      }
  if (any)
    g_string_append_c (text, ']');
}

void
pgm_schema_append (GString *text, const PgmRecordType *type)
{
  g_string_append (text, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
  for (const PgmField *field = type->fields; field->name != NULL; field++)
    {
      if (field > type->fields)
        g_string_append_c (text, ',');
      pgm_json_append_string (text, field->name);
      g_string_append_c (text, ':');
      pgm_schema_append_field (text, field);
    }
  g_string_append_c (text, '}');
  append_required (text, type);
  g_string_append_c (text, '}');
}
