#include "app/node-dsn.h"

#include <string.h>

static gboolean
is_given (const char *text)
{
  return text != NULL && *text != '\0';
}

/* libpq takes every option as a parameter of a URI, too. */
static void
add_parameter (GString *uri, const char *name, const char *value)
{
  if (!is_given (value))
    return;
  g_string_append_printf (uri, "%c%s=", strchr (uri->str, '?') != NULL ? '&' : '?', name);
  g_string_append_uri_escaped (uri, value, NULL, FALSE);
}

static void
add_keyword (GString *text, const char *name, const char *value)
{
  if (!is_given (value))
    return;
  g_string_append_printf (text, "%s%s='", text->len > 0 ? " " : "", name);
  for (const char *p = value; *p != '\0'; p++)
    {
      if (*p == '\'' || *p == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *p);
    }
  g_string_append_c (text, '\'');
}

static gboolean
is_uri (const char *text)
{
  return g_str_has_prefix (text, "postgresql://") || g_str_has_prefix (text, "postgres://");
}

PgmSecret *
pgm_node_to_dsn (const PgmNode *node)
{
  /* what is thrown away when it grows can't be wiped: so that it doesn't */
  GString *text = g_string_sized_new (8192);
  const char *password = pgm_secret_reveal (node->password);
  g_autofree char *port = node->port > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, node->port) : NULL;
  gboolean uri = is_given (node->uri) && is_uri (node->uri);
  void (*add) (GString *, const char *, const char *) = uri ? add_parameter : add_keyword;

  if (is_given (node->uri))
    g_string_append (text, node->uri);
  add (text, "service", node->service);
  add (text, "host", node->host);
  add (text, "port", port);
  add (text, "dbname", node->dbname);
  add (text, "user", node->user);
  add (text, "password", password);
  return pgm_secret_new_take (g_string_free (text, FALSE));
}

GStrv
pgm_service_names (const char *contents, gsize length)
{
  g_autofree char *text = g_strndup (contents, length);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      gsize end = strlen (line);

      if (end < 3 || line[0] != '[' || line[end - 1] != ']')
        continue;
      line[end - 1] = '\0';
      g_strv_builder_add (builder, line + 1);
    }
  return g_strv_builder_end (builder);
}
