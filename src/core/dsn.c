#include "core/dsn.h"

#include <string.h>

static gboolean
is_uri (const char *dsn)
{
  return g_str_has_prefix (dsn, "postgresql://") || g_str_has_prefix (dsn, "postgres://");
}

/* The '@' that ends the user part, or NULL. Like libpq, which takes '?' and '#'
 * before it for a part of the password, not for an end. */
static const char *
find_at (const char *dsn)
{
  const char *authority = strstr (dsn, "://") + 3;
  const char *at = authority + strcspn (authority, "@/");

  return *at == '@' ? at : NULL;
}

/* user:PASSWORD@ */
static gboolean
find_in_authority (const char *dsn, gsize offset, gsize *start, gsize *length)
{
  const char *authority = strstr (dsn, "://") + 3;
  const char *at = find_at (dsn);
  const char *colon = at != NULL ? memchr (authority, ':', (gsize) (at - authority)) : NULL;

  if (colon == NULL || (gsize) (colon + 1 - dsn) < offset)
    return FALSE;

  *start = (gsize) (colon + 1 - dsn);
  *length = (gsize) (at - colon - 1);
  return TRUE;
}

/* Keywords may be percent-encoded as well as values. */
static gboolean
is_keyword (const char *start, const char *end, const char *wanted)
{
  g_autofree char *keyword = g_uri_unescape_segment (start, end, NULL);

  return g_strcmp0 (keyword, wanted) == 0;
}

static gboolean
find_in_query (const char *dsn, const char *wanted, gsize offset, gsize *start, gsize *length)
{
  gsize before, size = 0;
  const char *parameter;

  if (find_in_authority (dsn, 0, &before, &size))
    size += before;
  parameter = strchr (dsn + size, '?');
  while (parameter != NULL)
    {
      const char *value = strchr (++parameter, '=');
      const char *next = strchr (parameter, '&');

      if (value != NULL && (next == NULL || value < next) && (gsize) (value + 1 - dsn) >= offset &&
          is_keyword (parameter, value, wanted))
        {
          *start = (gsize) (value + 1 - dsn);
          *length = next != NULL ? (gsize) (next - value - 1) : strlen (value + 1);
          return TRUE;
        }
      parameter = next;
    }
  return FALSE;
}

/* The end of a keyword string's value at @value: quoted or up to white space, a
 * backslash takes the next character literally in both. */
static const char *
skip_value (const char *value)
{
  gboolean quoted = *value == '\'';

  for (value += quoted; *value != '\0'; value++)
    {
      if (*value == '\\' && value[1] != '\0')
        value++;
      else if (quoted ? *value == '\'' : g_ascii_isspace (*value))
        break;
    }
  return value + (quoted && *value == '\'');
}

static gboolean
find_in_keywords (const char *dsn, const char *wanted, gsize offset, gsize *start, gsize *length)
{
  gsize size = strlen (wanted);
  const char *p = dsn;

  while (*p != '\0')
    {
      const char *keyword, *keyword_end, *value, *end;

      while (g_ascii_isspace (*p))
        p++;
      keyword = p;
      p += strcspn (p, "= \t\n\r\f\v");
      keyword_end = p;
      while (g_ascii_isspace (*p))
        p++;
      if (*p != '=')
        return FALSE;
      for (p++; g_ascii_isspace (*p); p++)
        ;
      value = p;
      end = p = skip_value (p);
      if ((gsize) (keyword_end - keyword) == size && strncmp (keyword, wanted, size) == 0 &&
          (gsize) (value - dsn) >= offset)
        {
          gboolean quoted = *value == '\'' && end > value + 1 && end[-1] == '\'';

          *start = (gsize) (value - dsn) + quoted;
          *length = (gsize) (end - value) - 2 * (gsize) quoted;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
pgm_dsn_find_password (const char *dsn, gsize offset, gsize *start, gsize *length)
{
  if (is_uri (dsn))
    return find_in_authority (dsn, offset, start, length) ||
           find_in_query (dsn, "password", offset, start, length);
  return find_in_keywords (dsn, "password", offset, start, length);
}

static char *
decode (const char *dsn, gsize start, gsize length)
{
  g_autoptr (GString) text = NULL;

  if (is_uri (dsn))
    return g_uri_unescape_segment (dsn + start, dsn + start + length, NULL);

  text = g_string_sized_new (length);
  for (gsize i = start; i < start + length; i++)
    {
      if (dsn[i] == '\\' && i + 1 < start + length)
        i++;
      g_string_append_c (text, dsn[i]);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* What of @dsn goes away with the password: the ':' before it or the parameter
 * or keyword that it is the value of. */
static void
widen (const char *dsn, gsize start, gsize length, gsize *from, gsize *to)
{
  *from = start;
  *to = start + length;
  if (is_uri (dsn))
    {
      const char *at = find_at (dsn);

      if (at != NULL && *to == (gsize) (at - dsn))
        {
          *from -= 1;
          return;
        }
      while (dsn[*from - 1] != '?' && dsn[*from - 1] != '&')
        *from -= 1;
      if (dsn[*to] == '&')
        *to += 1;
      else
        *from -= 1;
      return;
    }
  if (*from > 0 && dsn[*from - 1] == '\'')
    {
      *from -= 1;
      *to += 1;
    }
  do
    *from -= 1;
  while (*from > 0 && dsn[*from] != 'p');
}

char *
pgm_dsn_split_password (const char *dsn, PgmSecret **password)
{
  char *rest = g_strdup (dsn);
  gsize start, length;

  *password = NULL;
  while (pgm_dsn_find_password (rest, 0, &start, &length))
    {
      gsize from, to, size = strlen (rest);

      g_clear_pointer (password, pgm_secret_unref);
      *password = pgm_secret_new_take (decode (rest, start, length));
      widen (rest, start, length, &from, &to);
      memmove (rest + from, rest + to, size - to + 1);
      pgm_secret_wipe (rest + size - (to - from) + 1, to - from);
    }
  return rest;
}

/* The passphrase of a client key is no less a secret. */
static gboolean
find_key_password (const char *dsn, gsize offset, gsize *start, gsize *length)
{
  return is_uri (dsn) ? find_in_query (dsn, "sslpassword", offset, start, length)
                      : find_in_keywords (dsn, "sslpassword", offset, start, length);
}

static void
mask_found (char *dsn, gboolean (*find) (const char *, gsize, gsize *, gsize *))
{
  gsize offset = 0, start, length;

  while (offset <= strlen (dsn) && find (dsn, offset, &start, &length))
    {
      memset (dsn + start, '*', length);
      offset = start + length + 1;
    }
}

void
pgm_dsn_mask_password (char *dsn)
{
  mask_found (dsn, pgm_dsn_find_password);
  mask_found (dsn, find_key_password);
}
