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

/* What one of them leaves open is no difference: who asks for a job says less than the
 * job knows. */
static gboolean
is_alike (const char *a, const char *b)
{
  return a == NULL || b == NULL || g_str_equal (a, b);
}

gboolean
pgm_endpoint_is_same (const PgmEndpoint *a, const PgmEndpoint *b)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  if (a->cluster != NULL && b->cluster != NULL)
    return g_str_equal (a->cluster, b->cluster) && is_alike (a->node, b->node) &&
           is_alike (a->dbname, b->dbname);
  first = identify_endpoint (a);
  second = identify_endpoint (b);
  return first != NULL && g_strcmp0 (first, second) == 0;
}

void
pgm_endpoint_complete (PgmEndpoint *endpoint)
{
  g_autofree char *bare = pgm_uri_without_secrets (endpoint->uri);
  g_autoptr (PgmConninfo) info = NULL;
  g_autoptr (PgmConninfo) whole = NULL;
  PgmSecret *password;

  /* A registered cluster says everything; a key's password has no other place. */
  if (endpoint->cluster != NULL || g_strcmp0 (bare, endpoint->uri) != 0 ||
      (info = pgm_endpoint_to_conninfo (endpoint, NULL)) == NULL ||
      pgm_conninfo_get (info, "service") != NULL)
    return;
  whole = pgm_conninfo_with_environment (info);
  if (whole == info)
    return;
  g_free (endpoint->uri);
  endpoint->uri = pgm_conninfo_to_uri (whole);
  g_clear_pointer (&endpoint->host, g_free);
  g_clear_pointer (&endpoint->port, g_free);
  g_clear_pointer (&endpoint->user, g_free);
  g_clear_pointer (&endpoint->dbname, g_free);
  password = pgm_conninfo_get_password (whole);
  if (endpoint->password == NULL && password != NULL)
    endpoint->password = pgm_secret_ref (password);
}
