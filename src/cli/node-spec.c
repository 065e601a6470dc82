#include "cli/node-spec.h"

#include <string.h>

#include "core/dsn.h"
#include "core/i18n.h"
#include "core/units.h"

static const char *
find_role (const char *text, int *role)
{
  for (int i = 0; pgm_node_role_names[i] != NULL; i++)
    {
      gsize length = strlen (pgm_node_role_names[i]);

      if (strncmp (text, pgm_node_role_names[i], length) == 0 &&
          (text[length] == ':' || text[length] == '/'))
        {
          *role = i;
          return text + length;
        }
    }
  return NULL;
}

const char *
pgm_node_spec_skip_role (const char *text)
{
  int role;
  const char *rest = find_role (text, &role);
  const char *colon = rest != NULL ? strchr (rest, ':') : NULL;

  return colon != NULL ? colon + 1 : text;
}

/* "host", "host:5432", "[::1]:5432", "::1". */
static gboolean
parse_address (PgmNode *node, const char *text, GError **error)
{
  const char *colon = strrchr (text, ':');
  gboolean bracketed = *text == '[';
  gboolean bare = !bracketed && colon != NULL && strchr (text, ':') != colon;

  if (bracketed && (colon == NULL || colon[-1] != ']'))
    colon = NULL;
  if (bare)
    colon = NULL;
  node->host = colon != NULL ? g_strndup (text, (gsize) (colon - text)) : g_strdup (text);
  if (bracketed)
    {
      gsize length = strlen (node->host);

      memmove (node->host, node->host + 1, length);
      if (length > 1 && node->host[length - 2] == ']')
        node->host[length - 2] = '\0';
    }
  return colon == NULL || pgm_parse_int (colon + 1, "port", 1, 65535, &node->port, error);
}

static gboolean
parse_where (PgmNode *node, const char *text, GError **error)
{
  if (g_str_has_prefix (text, "service=") && strpbrk (text, " '") == NULL)
    node->service = g_strdup (text + strlen ("service="));
  else if (strstr (text, "://") != NULL || strchr (text, '=') != NULL)
    node->uri = pgm_dsn_split_password (text, &node->password);
  else
    return parse_address (node, text, error);
  return TRUE;
}

PgmNode *
pgm_node_spec_parse (const char *text, GError **error)
{
  int role = 0;
  const char *rest = find_role (text, &role);
  const char *colon = rest != NULL ? strchr (rest, ':') : NULL;
  PgmNode *node;

  if (colon == NULL || colon[1] == '\0')
    {
      g_autofree char *shown = g_strdup (text);

      pgm_dsn_mask_password (shown);
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          _ ("Write primary:HOST:PORT, replica:HOST, standby:postgresql://… or"
                             " primary:service=NAME; replica/ID:HOST gives the node an id."),
                          "--node: \"%s\" does not begin with a role", shown);
      return NULL;
    }
  node = pgm_record_new (&pgm_node_type);
  node->role = role;
  if (*rest == '/')
    node->id = g_strndup (rest + 1, (gsize) (colon - rest - 1));
  if ((node->id == NULL || pgm_id_check (node->id, "node", error)) &&
      parse_where (node, colon + 1, error))
    return node;
  pgm_record_unref (node);
  return NULL;
}

void
pgm_node_spec_split (const char *text, char **cluster, char **node)
{
  const char *slash = strchr (text, '/');

  *cluster = slash != NULL ? g_strndup (text, (gsize) (slash - text)) : g_strdup (text);
  *node = slash != NULL && slash[1] != '\0' ? g_strdup (slash + 1) : NULL;
}
