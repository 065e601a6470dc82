/* The way in. The guard has read the text first; json-glib makes the tree; here
 * the tree is held against the descriptors. */
#include "model/record-private.h"

#include "core/lsn.h"

#include <json-glib/json-glib.h>
#include <math.h>

/* Where we are, from the innermost outwards; spelled out only for an error. */
typedef struct _Place Place;
struct _Place
{
  const Place *parent;
  const char *name; /* NULL: an element */
  guint index;
};

typedef struct
{
  guint64 members; /* seen so far */
} Reader;

static gpointer read_record (Reader *self,
                             const PgmRecordType *type,
                             JsonNode *node,
                             const Place *place,
                             GError **error);

static void
append_place (GString *path, const Place *place)
{
  if (place == NULL)
    return;
  append_place (path, place->parent);
  if (place->name == NULL)
    g_string_append_printf (path, "[%u]", place->index);
  else
    g_string_append_printf (path, "%s%s", path->len > 0 ? "." : "", place->name);
}

static char *
place_to_path (const Place *place)
{
  GString *path = g_string_new (NULL);

  append_place (path, place);
  return g_string_free (path, FALSE);
}

static gboolean
refuse (const Place *place, GError **error, const char *reason)
{
  g_autofree char *path = place_to_path (place);

  if (*path == '\0')
    pgm_error_set (error, PGM_ERROR_USAGE, "the JSON text %s", reason);
  else
    pgm_error_set (error, PGM_ERROR_USAGE, "field \"%s\" %s", path, reason);
  return FALSE;
}

static const char *
node_string (JsonNode *node, const Place *place, GError **error)
{
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  refuse (place, error, "must be a string");
  return NULL;
}

static gboolean
node_integer (JsonNode *node, gint64 *value, const Place *place, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return refuse (place, error, "must be an integer");
  *value = json_node_get_int (node);
  return TRUE;
}

static gboolean
read_uint64 (guint64 *value, JsonNode *node, const Place *place, GError **error)
{
  gint64 number = 0;

  if (!node_integer (node, &number, place, error))
    return FALSE;
  if (number < 0)
    return refuse (place, error, "must not be negative");
  *value = (guint64) number;
  return TRUE;
}

static gboolean
read_double (double *value, JsonNode *node, const Place *place, GError **error)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    *value = (double) json_node_get_int (node);
  else if (type == G_TYPE_DOUBLE)
    *value = json_node_get_double (node);
  else
    return refuse (place, error, "must be a number");
  if (!isfinite (*value))
    return refuse (place, error, "is out of range");
  return TRUE;
}

static gboolean
read_boolean (gboolean *value, JsonNode *node, const Place *place, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return refuse (place, error, "must be true or false");
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
read_enum (int *value, const char *const *names, JsonNode *node, const Place *place, GError **error)
{
  const char *string = node_string (node, place, error);
  g_autofree char *known = NULL;
  g_autofree char *reason = NULL;

  if (string == NULL)
    return FALSE;
  for (int i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], string))
      {
        *value = i;
        return TRUE;
      }
  known = g_strjoinv (", ", (char **) (guintptr) names);
  reason = g_strdup_printf ("must be one of: %s", known);
  return refuse (place, error, reason);
}

static gboolean
read_lsn (PgmLsn *value, JsonNode *node, const Place *place, GError **error)
{
  const char *string = node_string (node, place, error);

  if (string == NULL)
    return FALSE;
  if (!pgm_lsn_parse (string, value, NULL))
    return refuse (place, error, "must be a log sequence number like \"16/B374D848\"");
  return TRUE;
}

static gboolean
read_time (gint64 *value, JsonNode *node, const Place *place, GError **error)
{
  const char *string = node_string (node, place, error);

  if (string == NULL)
    return FALSE;
  if (!pgm_json_time_parse (string, value))
    return refuse (place, error, "must be a time like \"2025-01-31T12:00:00Z\"");
  return TRUE;
}

static gboolean
read_strv (GStrv *value, JsonNode *node, const Place *place, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse (place, error, "must be an array of strings");
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      Place element = { .parent = place, .index = i };
      const char *string = node_string (json_array_get_element (array, i), &element, error);

      if (string == NULL)
        return FALSE;
      g_strv_builder_add (builder, string);
    }
  *value = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
read_records (Reader *self,
              GPtrArray *records,
              const PgmRecordType *type,
              JsonNode *node,
              const Place *place,
              GError **error)
{
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return refuse (place, error, "must be an array");
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      Place element = { .parent = place, .index = i };
      gpointer record =
          read_record (self, type, json_array_get_element (array, i), &element, error);

      if (record == NULL)
        return FALSE;
      g_ptr_array_add (records, record);
    }
  return TRUE;
}

static gboolean
read_string (gpointer record,
             const PgmField *field,
             JsonNode *node,
             const Place *place,
             GError **error)
{
  const char *string = node_string (node, place, error);

  if (string == NULL)
    return FALSE;
  if (field->kind == PGM_FIELD_SECRET)
    PGM_FIELD_AT (record, field, PgmSecret *) = pgm_secret_new (string);
  else
    PGM_FIELD_AT (record, field, char *) = g_strdup (string);
  return TRUE;
}

static gboolean
read_field (Reader *self,
            gpointer record,
            const PgmField *field,
            JsonNode *node,
            const Place *place,
            GError **error)
{
  switch (field->kind)
    {
    case PGM_FIELD_STRING:
    case PGM_FIELD_SECRET:
      return read_string (record, field, node, place, error);
    case PGM_FIELD_INT64:
      return node_integer (node, &PGM_FIELD_AT (record, field, gint64), place, error);
    case PGM_FIELD_UINT64:
      return read_uint64 (&PGM_FIELD_AT (record, field, guint64), node, place, error);
    case PGM_FIELD_DOUBLE:
      return read_double (&PGM_FIELD_AT (record, field, double), node, place, error);
    case PGM_FIELD_BOOL:
      return read_boolean (&PGM_FIELD_AT (record, field, gboolean), node, place, error);
    case PGM_FIELD_ENUM:
      return read_enum (&PGM_FIELD_AT (record, field, int), field->names, node, place, error);
    case PGM_FIELD_LSN:
      return read_lsn (&PGM_FIELD_AT (record, field, PgmLsn), node, place, error);
    case PGM_FIELD_TIME:
      return read_time (&PGM_FIELD_AT (record, field, gint64), node, place, error);
    case PGM_FIELD_STRV:
      return read_strv (&PGM_FIELD_AT (record, field, GStrv), node, place, error);
    case PGM_FIELD_RECORD:
      PGM_FIELD_AT (record, field, gpointer) =
          read_record (self, field->record, node, place, error);
      return PGM_FIELD_AT (record, field, gpointer) != NULL;
    case PGM_FIELD_RECORDS:
      return read_records (self, PGM_FIELD_AT (record, field, GPtrArray *), field->record, node,
                           place, error);
    default:
      g_assert_not_reached ();
    }
}

static gboolean
check_names (const PgmRecordType *type, JsonObject *object, const Place *place, GError **error)
{
  JsonObjectIter iter;
  const char *name;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, NULL))
    {
      const PgmField *field = type->fields;
      Place member = { .parent = place, .name = name };

      while (field->name != NULL && !g_str_equal (field->name, name))
        field++;
      if (field->name == NULL)
        return refuse (&member, error, "is not known");
    }
  return TRUE;
}

/* The fields are walked and not the members, so that a missing one is seen;
 * null says the same as absence. */
static gboolean
read_members (Reader *self, gpointer record, JsonObject *object, const Place *place, GError **error)
{
  const PgmRecordType *type = ((PgmRecord *) record)->type;
  guint found = 0;

  for (const PgmField *field = type->fields; field->name != NULL; field++)
    {
      Place member = { .parent = place, .name = field->name };
      JsonNode *node = json_object_get_member (object, field->name);

      found += node != NULL;
      if (node == NULL || JSON_NODE_HOLDS_NULL (node))
        {
          if ((field->flags & PGM_FIELD_REQUIRED) != 0)
            return refuse (&member, error, "is required");
          continue;
        }
      if (!read_field (self, record, field, node, &member, error))
        return FALSE;
    }
  self->members += found;
  return found == json_object_get_size (object) || check_names (type, object, place, error);
}

static gpointer
read_record (Reader *self,
             const PgmRecordType *type,
             JsonNode *node,
             const Place *place,
             GError **error)
{
  gpointer record;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      refuse (place, error, "must be an object");
      return NULL;
    }
  record = pgm_record_new (type);
  if (!read_members (self, record, json_node_get_object (node), place, error))
    g_clear_pointer (&record, pgm_record_unref);
  return record;
}

/* Strict text first, then the tree: NULL when it is no JSON. */
static JsonParser *
parse (const char *json, gssize length, guint64 *members, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) parse_error = NULL;
  gsize size = length < 0 ? strlen (json) : (gsize) length;

  if (!pgm_json_check (json, size, members, error))
    return NULL;
  parser = json_parser_new_immutable ();
  if (json_parser_load_from_data (parser, json, (gssize) size, &parse_error))
    return g_steal_pointer (&parser);
  pgm_error_set (error, PGM_ERROR_USAGE, "malformed JSON: %s", parse_error->message);
  return NULL;
}

gpointer
pgm_record_from_json (const PgmRecordType *type, const char *json, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  guint64 members;
  Reader reader = { 0 };
  gpointer record;

  g_return_val_if_fail (type != NULL && json != NULL, NULL);

  parser = parse (json, length, &members, error);
  if (parser == NULL)
    return NULL;
  record = read_record (&reader, type, json_parser_get_root (parser), NULL, error);
  if (record != NULL && reader.members != members)
    {
      refuse (NULL, error, "has a field twice in one object");
      g_clear_pointer (&record, pgm_record_unref);
    }
  return record;
}

GPtrArray *
pgm_records_from_json (const PgmRecordType *type, const char *json, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (pgm_record_unref);
  guint64 members;
  Reader reader = { 0 };

  g_return_val_if_fail (type != NULL && json != NULL, NULL);

  parser = parse (json, length, &members, error);
  if (parser == NULL ||
      !read_records (&reader, records, type, json_parser_get_root (parser), NULL, error))
    return NULL;
  if (reader.members == members)
    return g_steal_pointer (&records);
  refuse (NULL, error, "has a field twice in one object");
  return NULL;
}
