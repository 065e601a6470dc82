#include "server/openapi.h"

#include <string.h>

#include "config.h"
#include "model/migration.h"
#include "model/schema.h"
#include "model/summary.h"
#include "server/route.h"

/* The errors that any request may have; each is an "Error". */
static const struct
{
  const char *status;
  const char *description;
  gboolean open; /* also where no credentials are needed */
} errors[] = {
  { "400", "The request can't be understood; what is wrong is named", TRUE },
  { "401", "The token is missing or wrong", FALSE },
  { "403", "The host or the page that asks is not ours", TRUE },
  { "404", "There is nothing of this name", TRUE },
  { "409", "Not possible as things stand", FALSE },
  { "413", "The body is larger than 1 MiB", FALSE },
  { "415", "The body is not application/json", FALSE },
  { "502", "A database server failed", FALSE },
  { "503", "Too many connections, or the server is ending", TRUE },
};

static void
append_member (GString *text, const char *name, const char *value)
{
  pgm_json_append_string (text, name);
  g_string_append_c (text, ':');
  pgm_json_append_string (text, value);
}

static void
append_content (GString *text, const char *media, const PgmRecordType *type, gboolean many)
{
  g_autofree char *name = type != NULL ? pgm_schema_get_name (type) : NULL;

  g_string_append (text, ",\"content\":{");
  pgm_json_append_string (text, media);
  g_string_append (text, ":{\"schema\":");
  if (type == NULL)
    g_string_append (text, g_str_equal (media, PGM_MEDIA_JSON) ? "{\"type\":\"object\"}"
                                                               : "{\"type\":\"string\"}");
  else
    g_string_append_printf (
        text,
        many ? "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/%s\"}}"
             : "{\"$ref\":\"#/components/schemas/%s\"}",
        name);
  g_string_append (text, "}}");
}

/* What a WebSocket is to begin with; OpenAPI has no words for what comes then. */
static void
append_upgrade (GString *text, const PgmRoute *route)
{
  g_autofree char *name = pgm_schema_get_name (route->response);
  g_autofree char *report = pgm_schema_get_name (&pgm_report_message_type);
  g_autofree char *summary = pgm_schema_get_name (&pgm_summary_type);

  g_string_append (text, "\"101\":{");
  append_member (text, "description",
                 "From here on a WebSocket: each text message is one of x-messages");
  g_string_append_printf (text,
                          ",\"x-messages\":[{\"$ref\":\"#/components/schemas/%s\"},"
                          "{\"$ref\":\"#/components/schemas/%s\"},"
                          "{\"$ref\":\"#/components/schemas/%s\"}]}",
                          name, summary, report);
  g_string_append (text, ",\"426\":{");
  append_member (text, "description", "This is a WebSocket");
  append_content (text, PGM_MEDIA_JSON, &pgm_api_error_type, FALSE);
  g_string_append_c (text, '}');
}

static void
append_responses (GString *text, const PgmRoute *route)
{
  g_string_append (text, ",\"responses\":{");
  if ((route->flags & PGM_ROUTE_WEBSOCKET) != 0)
    append_upgrade (text, route);
  else
    {
      g_string_append_printf (text, "\"%u\":{", route->status);
      append_member (text, "description", route->summary);
      if (route->status != 204)
        append_content (text, pgm_route_get_media (route), route->response,
                        (route->flags & PGM_ROUTE_MANY) != 0);
      g_string_append_c (text, '}');
    }
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    if (errors[i].open || (route->flags & PGM_ROUTE_OPEN) == 0)
      {
        g_string_append_printf (text, ",\"%s\":{\"$ref\":\"#/components/responses/%s\"}",
                                errors[i].status, errors[i].status);
      }
  g_string_append_c (text, '}');
}

static void
append_parameter (GString *text, const char *name, const char *in, gboolean required)
{
  if (text->str[text->len - 1] != '[')
    g_string_append_c (text, ',');
  g_string_append_c (text, '{');
  append_member (text, "name", name);
  g_string_append_c (text, ',');
  append_member (text, "in", in);
  g_string_append_printf (text, ",\"required\":%s,\"schema\":", required ? "true" : "false");
}

static void
append_parameters (GString *text, const PgmRoute *route)
{
  g_string_append (text, ",\"parameters\":[");
  if (strstr (route->path, "{id}") != NULL)
    {
      append_parameter (text, "id", "path", TRUE);
      g_string_append (text, "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._-]{1,64}$\"}}");
    }
  for (const PgmField *field = pgm_route_takes_query (route) ? route->request->fields : NULL;
       field != NULL && field->name != NULL; field++)
    {
      append_parameter (text, field->name, "query", (field->flags & PGM_FIELD_REQUIRED) != 0);
      pgm_schema_append_field (text, field);
      g_string_append_c (text, '}');
    }
  g_string_append_c (text, ']');
}

/* "get_migrations_id_logs" */
static char *
name_operation (const PgmRoute *route)
{
  GString *name = g_string_new (NULL);
  const char *path =
      g_str_has_prefix (route->path, PGM_API) ? route->path + strlen (PGM_API) : route->path;

  for (const char *p = route->method; *p != '\0'; p++)
    g_string_append_c (name, g_ascii_tolower (*p));
  for (const char *p = path; *p != '\0'; p++)
    if (g_ascii_isalnum (*p))
      g_string_append_c (name, *p);
    else if (name->str[name->len - 1] != '_' && *p != '}')
      g_string_append_c (name, '_');
  return g_string_free (name, FALSE);
}

static void
append_operation (GString *text, const PgmRoute *route)
{
  g_autofree char *method = g_ascii_strdown (route->method, -1);
  g_autofree char *operation = name_operation (route);

  g_string_append_printf (text, "\"%s\":{", method);
  append_member (text, "operationId", operation);
  g_string_append_c (text, ',');
  append_member (text, "summary", route->summary);
  append_parameters (text, route);
  if (route->request != NULL && !pgm_route_takes_query (route))
    {
      g_string_append (text, ",\"requestBody\":{\"required\":false");
      append_content (text, PGM_MEDIA_JSON, route->request, FALSE);
      g_string_append_c (text, '}');
    }
  append_responses (text, route);
  if ((route->flags & PGM_ROUTE_OPEN) != 0)
    g_string_append (text, ",\"security\":[]");
  else if ((route->flags & PGM_ROUTE_WEBSOCKET) != 0)
    g_string_append (text, ",\"security\":[{\"token\":[]},{\"ticket\":[]}]");
  g_string_append_c (text, '}');
}

/* Is @route the first of the table with its path? */
static gboolean
is_first_of_path (const PgmRoute *route)
{
  const PgmRoute *first = pgm_routes_get ();

  while (!g_str_equal (first->path, route->path))
    first++;
  return first == route;
}

/* Methods of one path may stand apart in the table. */
static void
append_paths (GString *text)
{
  g_string_append (text, ",\"paths\":{");
  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      if (!is_first_of_path (route))
        continue;
      if (route != pgm_routes_get ())
        g_string_append_c (text, ',');
      pgm_json_append_string (text, route->path);
      g_string_append (text, ":{");
      append_operation (text, route);
      for (const PgmRoute *other = route + 1; other->method != NULL; other++)
        if (g_str_equal (other->path, route->path))
          {
            g_string_append_c (text, ',');
            append_operation (text, other);
          }
      g_string_append_c (text, '}');
    }
  g_string_append_c (text, '}');
}

static GPtrArray *
list_types (void)
{
  GPtrArray *types = g_ptr_array_new ();

  pgm_schema_collect (&pgm_api_error_type, types);
  pgm_schema_collect (&pgm_report_message_type, types);
  pgm_schema_collect (&pgm_summary_type, types);
  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      pgm_schema_collect (route->response, types);
      if (!pgm_route_takes_query (route))
        pgm_schema_collect (route->request, types);
    }
  return types;
}

static void
append_components (GString *text)
{
  g_autoptr (GPtrArray) types = list_types ();

  g_string_append (text, ",\"components\":{\"schemas\":{");
  for (guint i = 0; i < types->len; i++)
    {
      g_autofree char *name = pgm_schema_get_name (g_ptr_array_index (types, i));

      g_string_append_printf (text, "%s\"%s\":", i > 0 ? "," : "", name);
      pgm_schema_append (text, g_ptr_array_index (types, i));
    }
  g_string_append (text, "},\"responses\":{");
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_string_append_printf (text, "%s\"%s\":{", i > 0 ? "," : "", errors[i].status);
      append_member (text, "description", errors[i].description);
      append_content (text, PGM_MEDIA_JSON, &pgm_api_error_type, FALSE);
      g_string_append_c (text, '}');
    }
  g_string_append (
      text, "},\"securitySchemes\":{"
            "\"token\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"The token in "
            "the server's token file; not needed on its unix socket\"},"
            "\"ticket\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"Sec-WebSocket-Protocol\","
            "\"description\":\"A ticket of POST /api/v1/ws-ticket, offered beside the subprotocol "
            "pgmanager; good once, for 30 seconds\"}}}");
}

char *
pgm_openapi_write (void)
{
  GString *text = g_string_sized_new (64 * 1024);

  g_string_append (text, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"pgmanager\","
                         "\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"},");
  append_member (text, "version", PGM_VERSION);
  g_string_append (text, "},\"servers\":[{\"url\":\"/\"}],\"security\":[{\"token\":[]}]");
  append_paths (text);
  append_components (text);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}
