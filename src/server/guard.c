#include "server/guard.h"

#include <string.h>

#include "model/migration.h"
#include "server/token.h"

/* "localhost", "127.0.0.1" and "[::1]", with any port: whatever name a client gives
 * to a socket that only we can open. */
static gboolean
is_local_host (const char *host)
{
  static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length = strlen (names[i]);

      if (g_ascii_strncasecmp (host, names[i], length) != 0)
        continue;
      if (host[length] == '\0')
        return TRUE;
      return host[length] == ':' && host[length + 1] != '\0' &&
             host[length + 1 + strspn (host + length + 1, "0123456789")] == '\0';
    }
  return FALSE;
}

/* A name of somebody else is DNS rebinding. */
static gboolean
is_our_host (const PgmEntrance *entrance, const char *host)
{
  if (entrance->hosts == NULL)
    return is_local_host (host);
  for (guint i = 0; entrance->hosts[i] != NULL; i++)
    if (g_ascii_strcasecmp (host, entrance->hosts[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_our_origin (const PgmEntrance *entrance, const PgmHttpHead *head)
{
  const char *scheme = entrance->tls ? "https://" : "http://";

  return g_str_has_prefix (head->origin, scheme) &&
         g_ascii_strcasecmp (head->origin + strlen (scheme), head->host) == 0;
}

static gboolean
check_host (const PgmEntrance *entrance, const PgmHttpHead *head, PgmRefusal *refusal)
{
  if (head->host == NULL)
    pgm_refusal_set (refusal, 400, "the header Host is missing");
  else if (!is_our_host (entrance, head->host) ||
           (head->authority != NULL && !is_our_host (entrance, head->authority)))
    pgm_refusal_set (refusal, 403, "this host is not known here; allowed_hosts of the configuration names others");
  else if (head->origin != NULL && !is_our_origin (entrance, head))
    pgm_refusal_set (refusal, 403, "pages from elsewhere may not ask here");
  else
    return TRUE;
  return FALSE;
}

/* "Bearer TOKEN" (RFC 6750, 2.1). */
static gboolean
has_token (const PgmEntrance *entrance, const PgmHttpHead *head)
{
  const char *offered = head->authorization;

  if (offered == NULL || g_ascii_strncasecmp (offered, "Bearer ", 7) != 0)
    return FALSE;
  offered += 7;
  return pgm_token_matches (pgm_secret_reveal (entrance->token), offered + strspn (offered, " "));
}

static gboolean
has_ticket (const PgmEntrance *entrance, const PgmHttpHead *head)
{
  g_auto (GStrv) offered = NULL;

  if (head->websocket_protocol == NULL)
    return FALSE;
  offered = g_strsplit (head->websocket_protocol, ",", 8);
  for (guint i = 0; offered[i] != NULL; i++)
    if (g_str_has_prefix (g_strstrip (offered[i]), PGM_TICKET_PREFIX))
      return pgm_tickets_take (entrance->tickets, offered[i], g_get_monotonic_time ());
  return FALSE;
}

/* @route may be NULL: who has no token isn't told what there is, either. */
static gboolean
check_credentials (const PgmEntrance *entrance,
                   const PgmRoute *route,
                   PgmPass *pass,
                   PgmRefusal *refusal)
{
  PgmRouteFlags flags = route != NULL ? route->flags : 0;

  pass->identified = entrance->local || has_token (entrance, pass->head) ||
                     ((flags & PGM_ROUTE_WEBSOCKET) != 0 && has_ticket (entrance, pass->head));
  if (pass->identified || (flags & PGM_ROUTE_OPEN) != 0)
    return TRUE;
  pgm_refusal_set (refusal, 401, "this needs the token of the server");
  return FALSE;
}

/* "application/json", with a charset of UTF-8 at most. */
static gboolean
is_json (const char *content_type)
{
  g_auto (GStrv) parts = g_strsplit (content_type, ";", 3);

  if (g_ascii_strcasecmp (g_strstrip (parts[0]), "application/json") != 0)
    return FALSE;
  return parts[1] == NULL ||
         (parts[2] == NULL && (g_ascii_strcasecmp (g_strstrip (parts[1]), "charset=utf-8") == 0 ||
                               g_ascii_strcasecmp (parts[1], "charset=\"utf-8\"") == 0));
}

/* GET and DELETE have parameters instead, and no page can send a DELETE. */
static gboolean
has_body (const PgmRoute *route)
{
  return route->request != NULL && !pgm_route_takes_query (route);
}

/* Whatever changes something says that it is JSON, even without a body: a page in
 * a browser can't say that about somebody else's form. */
static gboolean
check_body (const PgmHttpHead *head, const PgmRoute *route, PgmRefusal *refusal)
{
  if (!has_body (route))
    {
      if (head->content_length == 0)
        return TRUE;
      pgm_refusal_set (refusal, 400, "this request has no body");
      return FALSE;
    }
  if (head->content_type != NULL && is_json (head->content_type))
    return TRUE;
  pgm_refusal_set (refusal, 415, "the header Content-Type must be application/json");
  return FALSE;
}

static gboolean
check_query (const PgmHttpHead *head, const PgmRoute *route, PgmRefusal *refusal)
{
  if (head->query == NULL || (route->flags & PGM_ROUTE_WEBSOCKET) != 0 ||
      pgm_route_takes_query (route))
    return TRUE;
  pgm_refusal_set (refusal, 400, "this request takes no parameters");
  return FALSE;
}

static gboolean
is_websocket_key (const char *key)
{
  gsize length = 0;
  g_autofree guchar *bytes = NULL;

  if (strlen (key) != 24)
    return FALSE;
  bytes = g_base64_decode (key, &length);
  return length == 16;
}

static gboolean
check_upgrade (PgmHttpHead *head, const PgmRoute *route, PgmRefusal *refusal)
{
  if ((route->flags & PGM_ROUTE_WEBSOCKET) == 0)
    {
      head->upgrade = FALSE; /* may be ignored (RFC 9110, 7.8) */
      return TRUE;
    }
  if (!head->upgrade)
    pgm_refusal_set (refusal, 426, "this is a WebSocket");
  else if (g_strcmp0 (head->websocket_version, "13") != 0)
    pgm_refusal_set (refusal, 426, "the header Sec-WebSocket-Version must be 13");
  else if (head->websocket_key == NULL || !is_websocket_key (head->websocket_key))
    pgm_refusal_set (refusal, 400, "the header Sec-WebSocket-Key can't be understood");
  else
    return TRUE;
  return FALSE;
}

PgmPass *
pgm_guard_judge (const PgmEntrance *entrance, const char *data, gsize length, PgmRefusal *refusal)
{
  g_autoptr (PgmPass) self = g_new0 (PgmPass, 1);
  g_auto (PgmRefusal) lost = { 0 };

  self->head = pgm_http_head_parse (data, length, refusal);
  if (self->head == NULL || !check_host (entrance, self->head, refusal))
    return NULL;
  self->foreign = !entrance->local && !entrance->share_files;
  self->route = pgm_route_find (self->head, &self->id, &lost);
  if (!check_credentials (entrance, self->route, self, refusal))
    return NULL;
  if (self->route == NULL)
    pgm_refusal_set (refusal, lost.status, "%s", lost.reason);
  if (self->route == NULL || !check_query (self->head, self->route, refusal) ||
      !check_body (self->head, self->route, refusal) ||
      !check_upgrade (self->head, self->route, refusal))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_pass_free (PgmPass *self)
{
  if (self == NULL)
    return;
  pgm_http_head_free (self->head);
  g_free (self->id);
  g_free (self);
}

void
pgm_entrance_free (PgmEntrance *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->hosts);
  pgm_secret_unref (self->token);
  g_free (self);
}

static const char *
phrase (guint status)
{
  static const struct
  {
    guint status;
    const char *phrase;
  } phrases[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 411, "Length Required" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 426, "Upgrade Required" },
    { 431, "Request Header Fields Too Large" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].phrase;
  return "Refused";
}

GString *
pgm_guard_write_refusal (const PgmRefusal *refusal)
{
  GString *out = g_string_new (NULL);
  PgmApiError *answer = pgm_record_new (&pgm_api_error_type);
  g_autofree char *json = NULL;

  answer->error = g_strdup (refusal->reason);
  json = pgm_record_to_json (answer, FALSE);
  pgm_record_unref (answer);
  g_string_append_printf (out,
                          "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n",
                          refusal->status, phrase (refusal->status), strlen (json));
  if (refusal->status == 401)
    g_string_append (out, "WWW-Authenticate: Bearer realm=\"pgmanager\"\r\n");
  if (refusal->status == 426)
    g_string_append (out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  g_string_append_printf (out, "\r\n%s", json);
  return out;
}
