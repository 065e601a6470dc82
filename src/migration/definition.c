#include "config.h"

#include "migration/definition.h"

#include <string.h>

/* The first version that leaves out needless qualifiers. */
#define SHORT_COLUMNS_MAJOR 16

static gboolean
is_name_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

/* Past the closing @quote; a doubled one stands for itself, and so does anything
 * after a backslash in an E'' string. */
static const char *
skip_quoted (const char *p, char quote, gboolean escapes)
{
  for (p++; *p != '\0'; p++)
    {
      if (escapes && *p == '\\' && p[1] != '\0')
        p++;
      else if (*p == quote && p[1] == quote)
        p++;
      else if (*p == quote)
        return p + 1;
    }
  return p;
}

/* Past $tag$ … $tag$, or past the lone dollar sign. */
static const char *
skip_dollar (const char *p)
{
  const char *tag_end = p + 1;
  g_autofree char *tag = NULL;
  const char *end = NULL;

  while (is_name_char (*tag_end) && *tag_end != '$')
    tag_end++;
  if (*tag_end != '$')
    return p + 1;
  tag = g_strndup (p, (gsize) (tag_end + 1 - p));
  end = strstr (tag_end + 1, tag);
  return end != NULL ? end + strlen (tag) : p + strlen (p);
}

static const char *
skip_token (const char *p)
{
  if ((*p == 'E' || *p == 'e') && p[1] == '\'')
    return skip_quoted (p + 1, '\'', TRUE);
  if (*p == '\'' || *p == '"')
    return skip_quoted (p, *p, FALSE);
  if (*p == '$')
    return skip_dollar (p);
  if (is_name_char (*p))
    {
      while (is_name_char (*p))
        p++;
      return p;
    }
  if (*p == ':' && p[1] == ':')
    return p + 2;
  if (strchr ("+-*/<>=~!@#%^&|`?", *p) != NULL)
    {
      while (*p != '\0' && strchr ("+-*/<>=~!@#%^&|`?", *p) != NULL)
        p++;
      return p;
    }
  return p + 1;
}

/* Whether a name needs quotes depends on the version's keywords; one that has
 * the shape of a plain name loses them. */
static char *
unquote (const char *token, gsize length)
{
  gboolean plain = length > 2 && token[0] == '"' && (g_ascii_islower (token[1]) || token[1] == '_');

  for (gsize i = 1; plain && i + 1 < length; i++)
    plain = g_ascii_islower (token[i]) || g_ascii_isdigit (token[i]) || token[i] == '_';
  return plain ? g_strndup (token + 1, length - 2) : g_strndup (token, length);
}

static GPtrArray *
split_tokens (const char *text)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func (g_free);

  for (const char *p = text; *p != '\0';)
    {
      const char *end = NULL;

      if (g_ascii_isspace (*p))
        {
          p++;
          continue;
        }
      end = skip_token (p);
      g_ptr_array_add (tokens, unquote (p, (gsize) (end - p)));
      p = end;
    }
  return tokens;
}

static const char *
token_at (GPtrArray *tokens, guint i)
{
  return i < tokens->len ? g_ptr_array_index (tokens, i) : "";
}

static gboolean
token_is (GPtrArray *tokens, guint i, const char *text)
{
  return strcmp (token_at (tokens, i), text) == 0;
}

/* The bracket that closes the one at @open, or the length when there is none. */
static guint
find_closing (GPtrArray *tokens, guint open)
{
  int depth = 0;

  for (guint i = open; i < tokens->len; i++)
    {
      if (token_is (tokens, i, "(") || token_is (tokens, i, "["))
        depth++;
      else if (token_is (tokens, i, ")") || token_is (tokens, i, "]"))
        depth--;
      if (depth == 0)
        return i;
    }
  return tokens->len;
}

/* The end of a type's name that starts at @i and is followed by "[" "]"; 0 when
 * it is none. */
static guint
find_array_type_end (GPtrArray *tokens, guint i)
{
  guint first = i;

  while (i < tokens->len)
    {
      const char *token = token_at (tokens, i);

      if (token_is (tokens, i, "[") && token_is (tokens, i + 1, "]"))
        return i > first ? i : 0;
      if (token_is (tokens, i, "("))
        i = find_closing (tokens, i) + 1;
      else if (is_name_char (*token) || *token == '"' || *token == '.')
        i++;
      else
        return 0;
    }
  return 0;
}

static void
add_tokens (GPtrArray *to, GPtrArray *from, guint first, guint end)
{
  for (guint i = first; i < end; i++)
    g_ptr_array_add (to, g_strdup (token_at (from, i)));
}

/* One element of the array: (element)::type. */
static void
add_element (GPtrArray *to, GPtrArray *from, guint first, guint end, guint type, guint type_end)
{
  g_ptr_array_add (to, g_strdup ("("));
  add_tokens (to, from, first, end);
  g_ptr_array_add (to, g_strdup (")"));
  g_ptr_array_add (to, g_strdup ("::"));
  add_tokens (to, from, type, type_end);
}

/* At "(" of "(ARRAY[…])::type[]": writes ARRAY[(…)::type, …] and returns the
 * place after it; 0 when it is something else. */
static guint
level_array_cast (GPtrArray *to, GPtrArray *from, guint i)
{
  guint open = i + 2;
  guint close = 0;
  guint type = 0;
  guint type_end = 0;
  guint element = open + 1;
  int depth = 0;

  if (!token_is (from, i, "(") || !token_is (from, i + 1, "ARRAY") || !token_is (from, open, "["))
    return 0;
  close = find_closing (from, open);
  if (close == element || !token_is (from, close + 1, ")") || !token_is (from, close + 2, "::"))
    return 0;
  type = close + 3;
  type_end = find_array_type_end (from, type);
  if (type_end == 0)
    return 0;

  add_tokens (to, from, i + 1, element);
  for (guint k = element; k <= close; k++)
    {
      if (token_is (from, k, "(") || token_is (from, k, "["))
        depth++;
      if (k == close || (depth == 0 && token_is (from, k, ",")))
        {
          add_element (to, from, element, k, type, type_end);
          g_ptr_array_add (to, g_strdup (token_at (from, k)));
          element = k + 1;
        }
      if (token_is (from, k, ")") || token_is (from, k, "]"))
        depth--;
    }
  return type_end + 2;
}

/* Is what stands between the brackets a chain of @connector and nothing else? */
static gboolean
is_chain (GPtrArray *tokens, guint open, guint close, const char *connector)
{
  gboolean found = FALSE;
  int depth = 0;

  for (guint i = open; i < close; i++)
    {
      if (token_is (tokens, i, "(") || token_is (tokens, i, "["))
        depth++;
      else if (token_is (tokens, i, ")") || token_is (tokens, i, "]"))
        depth--;
      else if (depth == 1 && (token_is (tokens, i, "AND") || token_is (tokens, i, "OR")))
        {
          if (!token_is (tokens, i, connector))
            return FALSE;
          found = TRUE;
        }
    }
  return found;
}

/* ((a AND b) AND c) becomes (a AND b AND c), as the parser does with it. */
static void
level_chains (GPtrArray *tokens)
{
  for (guint i = 0; i + 1 < tokens->len; i++)
    {
      guint close = 0;
      const char *connector = NULL;

      while (token_is (tokens, i, "(") && token_is (tokens, i + 1, "("))
        {
          close = find_closing (tokens, i + 1);
          connector = token_at (tokens, close + 1);
          if ((strcmp (connector, "AND") != 0 && strcmp (connector, "OR") != 0) ||
              !is_chain (tokens, i + 1, close, connector))
            break;
          g_ptr_array_remove_index (tokens, close);
          g_ptr_array_remove_index (tokens, i + 1);
        }
    }
}

/* Words that a newer version writes, or no longer does, for what is the default:
 * XMLSERIALIZE (… NO INDENT), and AS before the alias of a statement's target. */
static gboolean
is_needless (GPtrArray *tokens, guint i)
{
  guint first = i;

  if (token_is (tokens, i, "NO") && token_is (tokens, i + 1, "INDENT"))
    return TRUE;
  if (token_is (tokens, i, "INDENT") && i > 0 && token_is (tokens, i - 1, "NO"))
    return TRUE;
  if (!token_is (tokens, i, "AS") || i < 4 || !token_is (tokens, i - 2, "."))
    return FALSE;
  first = token_is (tokens, i - 4, "ONLY") ? i - 5 : i - 4;
  return token_is (tokens, first, "UPDATE") || token_is (tokens, first, "INTO") ||
         token_is (tokens, first, "FROM");
}

static void
drop_needless (GPtrArray *tokens)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; i < tokens->len; i++)
    if (!is_needless (tokens, i))
      g_ptr_array_add (kept, g_strdup (token_at (tokens, i)));
  g_ptr_array_set_size (tokens, 0);
  for (guint i = 0; i < kept->len; i++)
    g_ptr_array_add (tokens, g_ptr_array_index (kept, i));
}

char *
pgm_definition_name_key (const char *name)
{
  g_autoptr (GPtrArray) tokens = split_tokens (name);
  GString *key = g_string_new (NULL);

  for (guint i = 0; i < tokens->len; i++)
    g_string_append_printf (key, "%s ", token_at (tokens, i));
  return g_string_free (key, FALSE);
}

GPtrArray *
pgm_definition_tokens (const char *text)
{
  g_autoptr (GPtrArray) raw = split_tokens (text);
  GPtrArray *tokens = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < raw->len;)
    {
      guint next = level_array_cast (tokens, raw, i);

      if (next == 0)
        {
          g_ptr_array_add (tokens, g_strdup (token_at (raw, i)));
          next = i + 1;
        }
      i = next;
    }
  level_chains (tokens);
  drop_needless (tokens);
  return tokens;
}

static gboolean
is_name (const char *token)
{
  return *token == '"' || (is_name_char (*token) && !g_ascii_isdigit (*token));
}

/* @longer may hold qualifiers that @shorter lacks. */
static gboolean
equal_but_qualifiers (GPtrArray *longer, GPtrArray *shorter)
{
  guint i = 0;
  guint j = 0;

  while (i < longer->len || j < shorter->len)
    {
      if (i < longer->len && j < shorter->len && token_is (longer, i, token_at (shorter, j)))
        {
          i++;
          j++;
        }
      else if (is_name (token_at (longer, i)) && token_is (longer, i + 1, "."))
        i += 2;
      else if (token_is (longer, i, ".") && j > 0 && is_name (token_at (longer, i + 1)) &&
               token_is (longer, i + 1, token_at (shorter, j - 1)))
        i += 2; /* t.t against t: the first t was taken for the column */
      else
        return FALSE;
    }
  return TRUE;
}

static gboolean
tokens_equal (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!token_is (a, i, token_at (b, i)))
      return FALSE;
  return TRUE;
}

gboolean
pgm_definition_equal (const char *a, int a_major, const char *b, int b_major)
{
  g_autoptr (GPtrArray) a_tokens = NULL;
  g_autoptr (GPtrArray) b_tokens = NULL;

  if (strcmp (a, b) == 0)
    return TRUE;
  a_tokens = pgm_definition_tokens (a);
  b_tokens = pgm_definition_tokens (b);
  if (a_major < SHORT_COLUMNS_MAJOR && b_major >= SHORT_COLUMNS_MAJOR)
    return equal_but_qualifiers (a_tokens, b_tokens);
  if (b_major < SHORT_COLUMNS_MAJOR && a_major >= SHORT_COLUMNS_MAJOR)
    return equal_but_qualifiers (b_tokens, a_tokens);
  return tokens_equal (a_tokens, b_tokens);
}
