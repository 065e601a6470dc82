/* The description of the API: whole, consistent in itself, and with every route. Whether
 * answers are as it says is for tests/system/test_api.py. */
#include "server/openapi.h"

#include <string.h>

#include "model/record.h"
#include "model/schema.h"
#include "server/route.h"

/* Strict JSON, without a name given twice: read as a record that knows none of it, the
 * complaint is about the first field, and not about JSON. */
static void
test_json (void)
{
  g_autofree char *text = pgm_openapi_write ();
  g_autofree char *again = pgm_openapi_write ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (text, ==, again);
  g_assert_null (pgm_record_from_json (&pgm_empty_body_type, text, -1, &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "is not known"));
}

static void
test_every_route (void)
{
  g_autofree char *text = pgm_openapi_write ();
  g_autoptr (GHashTable) operations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GRegex) operation = g_regex_new ("\"operationId\":\"([^\"]+)\"", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint routes = 0;

  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      g_autofree char *path = g_strdup_printf ("\"%s\":{", route->path);

      g_assert_nonnull (strstr (text, path));
      routes++;
    }
  g_regex_match (operation, text, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL))
    g_assert_true (g_hash_table_add (operations, g_match_info_fetch (match, 1)));
  g_assert_cmpuint (g_hash_table_size (operations), ==, routes);
}

/* Whatever is referred to is there, and no two types share a name. */
static void
test_references (void)
{
  g_autofree char *text = pgm_openapi_write ();
  g_autoptr (GRegex) reference =
      g_regex_new ("\"\\$ref\":\"#/components/(schemas|responses)/([^\"]+)\"", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GPtrArray) types = g_ptr_array_new ();
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *components = strstr (text, "\"components\":");
  guint references = 0;

  g_regex_match (reference, text, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 2);
      g_autofree char *definition = g_strdup_printf ("\"%s\":{", name);

      g_assert_nonnull (strstr (components, definition));
      references++;
    }
  g_assert_cmpuint (references, >, 50);
  for (const PgmRoute *route = pgm_routes_get (); route->method != NULL; route++)
    {
      pgm_schema_collect (route->request, types);
      pgm_schema_collect (route->response, types);
    }
  for (guint i = 0; i < types->len; i++)
    {
      char *name = pgm_schema_get_name (g_ptr_array_index (types, i));

      g_test_message ("%s", name);
      g_assert_true (g_hash_table_add (names, name));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/openapi/json", test_json);
  g_test_add_func ("/server/openapi/every-route", test_every_route);
  g_test_add_func ("/server/openapi/references", test_references);
  return g_test_run ();
}
