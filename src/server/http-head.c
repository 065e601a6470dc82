#include "server/http-head.h"

#include <string.h>

#include "core/secret.h"
#include "core/units.h"
#include "server/ticket.h"

void
pgm_refusal_set (PgmRefusal *self, guint status, const char *format, ...)
{
  va_list arguments;

  if (self->status != 0)
    return;
  self->status = status;
  va_start (arguments, format);
  self->reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

void
pgm_refusal_clear (PgmRefusal *self)
{
  self->status = 0;
  g_clear_pointer (&self->reason, g_free);
}

gsize
pgm_http_head_find_end (const char *data, gsize length)
{
  const char *end = memmem (data, length, "\r\n\r\n", 4);

  return end != NULL ? (gsize) (end - data) + 4 : 0;
}

static gboolean
is_token (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) &&
        (text[i] == '\0' || strchr ("!#$%&'*+-.^_`|~", text[i]) == NULL))
      return FALSE;
  return length > 0;
}

/* Visible characters and spaces only: no control character, no NUL, nothing that
 * two readers could take for different things. */
static gboolean
is_field_value (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (((guchar) text[i] < 0x20 && text[i] != '\t') || (guchar) text[i] >= 0x7F)
      return FALSE;
  return TRUE;
}

/* "/path?query" into both; the path decoded, which must give plain text. */
static gboolean
take_path (PgmHttpHead *self, const char *target, PgmRefusal *refusal)
{
  const char *query = strchr (target, '?');

  self->path = g_uri_unescape_segment (target, query, NULL);
  if (self->path == NULL || *self->path != '/' || !g_utf8_validate (self->path, -1, NULL) ||
      strpbrk (self->path, "\r\n\\") != NULL || strchr (target, '#') != NULL)
    {
      pgm_refusal_set (refusal, 400, "the path can't be understood");
      return FALSE;
    }
  if (query != NULL)
    self->query = g_strdup (query + 1);
  return TRUE;
}

/* The origin form or the absolute form (RFC 9112, 3.2). */
static gboolean
take_target (PgmHttpHead *self, const char *target, PgmRefusal *refusal)
{
  const char *rest;

  if (*target == '/')
    return take_path (self, target, refusal);
  if (g_ascii_strncasecmp (target, "http://", 7) == 0)
    target += 7;
  else if (g_ascii_strncasecmp (target, "https://", 8) == 0)
    target += 8;
  else
    {
      pgm_refusal_set (refusal, 400, "the request's target can't be understood");
      return FALSE;
    }
  rest = target + strcspn (target, "/?#");
  self->authority = g_strndup (target, (gsize) (rest - target));
  return take_path (self, *rest == '/' ? rest : "/", refusal);
}

static gboolean
take_request_line (PgmHttpHead *self, const char *line, PgmRefusal *refusal)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", -1);

  if (g_strv_length (parts) != 3 || !is_token (parts[0], strlen (parts[0])) ||
      !g_str_has_prefix (parts[2], "HTTP/"))
    {
      pgm_refusal_set (refusal, 400, "the request line can't be understood");
      return FALSE;
    }
  if (!g_str_equal (parts[2], "HTTP/1.1"))
    {
      pgm_refusal_set (refusal, 505, "only HTTP/1.1 is spoken here");
      return FALSE;
    }
  if (strlen (parts[1]) > PGM_HEAD_MAX_TARGET)
    {
      pgm_refusal_set (refusal, 414, "the request's target is too long");
      return FALSE;
    }
  self->method = g_strdup (parts[0]);
  return take_target (self, parts[1], refusal);
}

/* Keeps a header that may be there once. */
static gboolean
take_once (char **field, const char *name, const char *value, PgmRefusal *refusal)
{
  if (*field != NULL)
    {
      pgm_refusal_set (refusal, 400, "the header %s is there twice", name);
      return FALSE;
    }
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
take_length (PgmHttpHead *self, const char *value, PgmRefusal *refusal)
{
  gint64 length;

  /* Digits and nothing else: a sign would be read differently by others. */
  if (self->has_length || !g_ascii_isdigit (*value) ||
      !pgm_parse_int (value, "Content-Length", 0, G_MAXINT64, &length, NULL))
    {
      pgm_refusal_set (refusal, 400, "the header Content-Length can't be understood");
      return FALSE;
    }
  self->has_length = TRUE;
  self->content_length = (guint64) length;
  if (length <= PGM_BODY_MAX_SIZE)
    return TRUE;
  pgm_refusal_set (refusal, 413, "the body is larger than 1 MiB");
  return FALSE;
}

static gboolean
take_expect (PgmHttpHead *self, const char *value, PgmRefusal *refusal)
{
  if (g_ascii_strcasecmp (value, "100-continue") != 0)
    {
      pgm_refusal_set (refusal, 417, "what the header Expect asks for is not known");
      return FALSE;
    }
  self->expect_continue = TRUE;
  return TRUE;
}

static void
take_connection (PgmHttpHead *self, const char *value)
{
  g_auto (GStrv) options = g_strsplit (value, ",", -1);

  for (guint i = 0; options[i] != NULL; i++)
    self->close |= g_ascii_strcasecmp (g_strstrip (options[i]), "close") == 0;
}

/* Is @wanted among the subprotocols that are offered? */
static gboolean
is_offered (const PgmHttpHead *self, const char *wanted)
{
  g_auto (GStrv) offered = NULL;

  if (self->websocket_protocol == NULL)
    return FALSE;
  offered = g_strsplit (self->websocket_protocol, ",", -1);
  for (guint i = 0; offered[i] != NULL; i++)
    if (g_str_equal (g_strstrip (offered[i]), wanted))
      return TRUE;
  return FALSE;
}

static gboolean
take_header (PgmHttpHead *self, const char *name, const char *value, PgmRefusal *refusal)
{
  const struct
  {
    const char *name;
    char **field;
  } once[] = {
    { "Host", &self->host },
    { "Origin", &self->origin },
    { "Content-Type", &self->content_type },
    { "Authorization", &self->authorization },
    { "Sec-WebSocket-Key", &self->websocket_key },
    { "Sec-WebSocket-Version", &self->websocket_version },
    { "Sec-WebSocket-Protocol", &self->websocket_protocol },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (once); i++)
    if (g_ascii_strcasecmp (name, once[i].name) == 0)
      return take_once (once[i].field, once[i].name, value, refusal);
  if (g_ascii_strcasecmp (name, "Content-Length") == 0)
    return take_length (self, value, refusal);
  if (g_ascii_strcasecmp (name, "Expect") == 0)
    return take_expect (self, value, refusal);
  if (g_ascii_strcasecmp (name, "Connection") == 0)
    take_connection (self, value);
  if (g_ascii_strcasecmp (name, "Upgrade") == 0)
    self->upgrade = g_ascii_strcasecmp (value, "websocket") == 0;
  /* Its length is not known before it has all come, and two readers may find
   * different ends. */
  if (g_ascii_strcasecmp (name, "Transfer-Encoding") == 0)
    {
      pgm_refusal_set (refusal, 411, "a body needs a Content-Length; chunks are not taken");
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_header_line (PgmHttpHead *self, char *line, PgmRefusal *refusal)
{
  char *colon = strchr (line, ':');

  /* A line that goes on is obsolete, and a trap (RFC 9112, 5.2). */
  if (colon == NULL || !is_token (line, (gsize) (colon - line)))
    {
      pgm_refusal_set (refusal, 400, "a header can't be understood");
      return FALSE;
    }
  *colon = '\0';
  return take_header (self, line, g_strstrip (colon + 1), refusal);
}

static gboolean
take_lines (PgmHttpHead *self, GStrv lines, PgmRefusal *refusal)
{
  guint count = g_strv_length (lines);

  if (count > PGM_HEAD_MAX_HEADERS + 1)
    {
      pgm_refusal_set (refusal, 431, "there are more than %d headers", PGM_HEAD_MAX_HEADERS);
      return FALSE;
    }
  for (guint i = 0; i < count; i++)
    if (!is_field_value (lines[i], strlen (lines[i])))
      {
        pgm_refusal_set (refusal, 400, "the request has characters that don't belong there");
        return FALSE;
      }
  if (!take_request_line (self, lines[0], refusal))
    return FALSE;
  for (guint i = 1; i < count; i++)
    if (!take_header_line (self, lines[i], refusal))
      return FALSE;
  return TRUE;
}

PgmHttpHead *
pgm_http_head_parse (const char *data, gsize length, PgmRefusal *refusal)
{
  g_autoptr (PgmHttpHead) self = g_new0 (PgmHttpHead, 1);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (length < 4 || memchr (data, '\0', length) != NULL)
    {
      pgm_refusal_set (refusal, 400, "the request has characters that don't belong there");
      return NULL;
    }
  text = g_strndup (data, length - 4);
  lines = g_strsplit (text, "\r\n", -1);
  if (lines[0] == NULL)
    {
      pgm_refusal_set (refusal, 400, "the request line can't be understood");
      return NULL;
    }
  return take_lines (self, lines, refusal) ? g_steal_pointer (&self) : NULL;
}

void
pgm_http_head_free (PgmHttpHead *self)
{
  if (self == NULL)
    return;
  g_free (self->method);
  g_free (self->path);
  g_free (self->query);
  g_free (self->host);
  g_free (self->authority);
  g_free (self->origin);
  g_free (self->content_type);
  pgm_secret_free_text (self->authorization);
  g_free (self->websocket_key);
  g_free (self->websocket_version);
  g_free (self->websocket_protocol);
  g_free (self);
}

static void
write_header (GString *out, const char *name, const char *value)
{
  if (value != NULL)
    g_string_append_printf (out, "%s: %s\r\n", name, value);
}

GString *
pgm_http_head_write (const PgmHttpHead *self)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s %s HTTP/1.1\r\n", self->method,
                          self->upgrade ? PGM_HEAD_WEBSOCKET_PATH : PGM_HEAD_REQUEST_PATH);
  write_header (out, "Host", "localhost");
  write_header (out, "Connection",
                self->upgrade ? "Upgrade"
                : self->close ? "close"
                              : "keep-alive");
  if (self->upgrade)
    {
      write_header (out, "Upgrade", "websocket");
      write_header (out, "Sec-WebSocket-Key", self->websocket_key);
      write_header (out, "Sec-WebSocket-Version", self->websocket_version);
      if (is_offered (self, PGM_WEBSOCKET_PROTOCOL))
        write_header (out, "Sec-WebSocket-Protocol", PGM_WEBSOCKET_PROTOCOL);
    }
  else if (self->has_length)
    {
      g_string_append_printf (out, "Content-Length: %" G_GUINT64_FORMAT "\r\n",
                              self->content_length);
      write_header (out, "Expect", self->expect_continue ? "100-continue" : NULL);
    }
  g_string_append (out, "\r\n");
  return out;
}
