/* A strict reader of JSON's grammar that keeps nothing: it only says yes, or no
 * and where. One bit per level of nesting says whether we are in an object. */
#include "model/record-private.h"

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  guint64 members;
  guint64 in_object; /* bit n: the container at depth n is an object */
  guint depth;
  const char *reason; /* why not */
} Guard;

G_STATIC_ASSERT (PGM_JSON_MAX_DEPTH <= 64);

static gboolean
refuse (Guard *self, const char *reason)
{
  self->reason = reason;
  return FALSE;
}

static char
peek (const Guard *self)
{
  return self->at < self->end ? *self->at : '\0';
}

static void
skip_space (Guard *self)
{
  while (self->at < self->end &&
         (*self->at == ' ' || *self->at == '\t' || *self->at == '\n' || *self->at == '\r'))
    self->at++;
}

static gboolean
take_word (Guard *self, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (self->end - self->at) < length || memcmp (self->at, word, length) != 0)
    return refuse (self, "a value was expected");
  self->at += length;
  return TRUE;
}

static gboolean
take_hex (Guard *self, guint *unit)
{
  *unit = 0;
  for (guint i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (peek (self)))
        return refuse (self, "four hexadecimal digits were expected");
      *unit = *unit * 16 + (guint) g_ascii_xdigit_value (*self->at++);
    }
  return TRUE;
}

/* After "\u": one unit, or a pair of surrogates in their order. */
static gboolean
take_unicode (Guard *self)
{
  guint unit;

  if (!take_hex (self, &unit))
    return FALSE;
  if (unit == 0)
    return refuse (self, "the character NUL is not allowed");
  if (unit < 0xD800 || unit > 0xDFFF)
    return TRUE;
  if (unit > 0xDBFF || self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
    return refuse (self, "a surrogate stands alone");
  self->at += 2;
  if (!take_hex (self, &unit))
    return FALSE;
  if (unit < 0xDC00 || unit > 0xDFFF)
    return refuse (self, "a surrogate stands alone");
  return TRUE;
}

static gboolean
take_string (Guard *self)
{
  if (peek (self) != '"')
    return refuse (self, "a string was expected");
  self->at++;
  while (self->at < self->end)
    {
      char c = *self->at++;

      if (c == '"')
        return TRUE;
      if ((guchar) c < 0x20)
        return refuse (self, "a control character stands in a string");
      if (c != '\\')
        continue;
      c = peek (self);
      if (c == '\0' || strchr ("\"\\/bfnrtu", c) == NULL)
        return refuse (self, "an escape is not known");
      self->at++;
      if (c == 'u' && !take_unicode (self))
        return FALSE;
    }
  return refuse (self, "a string does not end");
}

static gboolean
take_digits (Guard *self)
{
  if (!g_ascii_isdigit (peek (self)))
    return refuse (self, "a digit was expected");
  while (g_ascii_isdigit (peek (self)))
    self->at++;
  return TRUE;
}

/* An integer must fit into 64 bits with sign, where json-glib would wrap it. */
static gboolean
check_integer (Guard *self, const char *digits, gboolean negative)
{
  guint64 limit = (guint64) G_MAXINT64 + (negative ? 1 : 0);
  guint64 value = 0;

  for (const char *p = digits; p < self->at; p++)
    {
      guint digit = (guint) (*p - '0');

      if (value > (limit - digit) / 10)
        return refuse (self, "an integer is out of range");
      value = value * 10 + digit;
    }
  return TRUE;
}

static gboolean
take_number (Guard *self)
{
  gboolean negative = peek (self) == '-';
  const char *digits;

  if (negative)
    self->at++;
  digits = self->at;
  if (!take_digits (self))
    return FALSE;
  if (*digits == '0' && self->at - digits > 1)
    return refuse (self, "a number begins with zero");
  if (peek (self) != '.' && peek (self) != 'e' && peek (self) != 'E')
    return check_integer (self, digits, negative);

  if (peek (self) == '.')
    {
      self->at++;
      if (!take_digits (self))
        return FALSE;
    }
  if (peek (self) == 'e' || peek (self) == 'E')
    {
      self->at++;
      if (peek (self) == '+' || peek (self) == '-')
        self->at++;
      return take_digits (self);
    }
  return TRUE;
}

/* After '{' or ',' of an object: the name and its colon. */
static gboolean
take_name (Guard *self)
{
  skip_space (self);
  if (!take_string (self))
    return FALSE;
  self->members++;
  skip_space (self);
  if (peek (self) != ':')
    return refuse (self, "a colon was expected");
  self->at++;
  return TRUE;
}

/* One value, or the opening of a container. @opened: a value comes next. */
static gboolean
take_value (Guard *self, gboolean *opened)
{
  char c;

  *opened = FALSE;
  skip_space (self);
  c = peek (self);
  if (c == '"')
    return take_string (self);
  if (c == '-' || g_ascii_isdigit (c))
    return take_number (self);
  if (c != '{' && c != '[')
    return take_word (self, c == 't' ? "true" : c == 'f' ? "false" : "null");

  if (self->depth == PGM_JSON_MAX_DEPTH)
    return refuse (self, "it is nested too deeply");
  self->at++;
  if (c == '{')
    self->in_object |= G_GUINT64_CONSTANT (1) << self->depth;
  else
    self->in_object &= ~(G_GUINT64_CONSTANT (1) << self->depth);
  self->depth++;
  skip_space (self);
  if (peek (self) == (c == '{' ? '}' : ']'))
    return TRUE;
  *opened = TRUE;
  return c == '[' || take_name (self);
}

/* After a value: closes what ends here. @more: another value comes next. */
static gboolean
take_end (Guard *self, gboolean *more)
{
  *more = FALSE;
  while (self->depth > 0)
    {
      gboolean in_object = (self->in_object >> (self->depth - 1)) & 1;

      skip_space (self);
      if (peek (self) == ',')
        {
          self->at++;
          *more = TRUE;
          return !in_object || take_name (self);
        }
      if (peek (self) != (in_object ? '}' : ']'))
        return refuse (self, "a comma or the end of an array or object was expected");
      self->at++;
      self->depth--;
    }
  return TRUE;
}

static gboolean
take_text (Guard *self)
{
  gboolean more = TRUE;

  while (more)
    {
      gboolean opened;

      if (!take_value (self, &opened))
        return FALSE;
      if (!opened && !take_end (self, &more))
        return FALSE;
    }
  skip_space (self);
  if (self->at != self->end)
    return refuse (self, "something follows after its end");
  return TRUE;
}

gboolean
pgm_json_check (const char *json, gsize length, guint64 *members, GError **error)
{
  Guard guard = { .start = json, .at = json, .end = json + length };

  /* Refuses NUL bytes as well. */
  if (!g_utf8_validate_len (json, length, &guard.at))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "JSON is not valid UTF-8 at byte %" G_GSIZE_FORMAT,
                     (gsize) (guard.at - json));
      return FALSE;
    }
  guard.at = json;
  if (!take_text (&guard))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "malformed JSON at byte %" G_GSIZE_FORMAT ": %s",
                     (gsize) (guard.at - json), guard.reason);
      return FALSE;
    }
  *members = guard.members;
  return TRUE;
}
