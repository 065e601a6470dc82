#include "engine/identity.h"

#include "migration/ends.h"

char *
pgm_identify_database (PgmConninfo *info)
{
  static const char *const keywords[] = { "service", "host", "hostaddr", "port", "dbname" };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keywords); i++)
    {
      const char *value = pgm_conninfo_get (info, keywords[i]);

      g_string_append_printf (text, "%s\n", value != NULL ? value : "");
    }
  return g_string_free (text, FALSE);
}

static char *
identify_endpoint (const PgmEndpoint *endpoint)
{
  g_autoptr (PgmConninfo) info = pgm_endpoint_to_conninfo (endpoint, NULL);

  return info != NULL ? pgm_identify_database (info) : NULL;
}

gboolean
pgm_endpoint_is_same (const PgmEndpoint *a, const PgmEndpoint *b)
{
  g_autofree char *first = identify_endpoint (a);
  g_autofree char *second = identify_endpoint (b);

  return first != NULL && g_strcmp0 (first, second) == 0;
}
