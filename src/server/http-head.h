/* The head of one HTTP/1.1 request, read by ourselves before libsoup sees a byte.
 *
 * Everything that a request of this API needs is here in typed form; everything
 * else is refused (chunked bodies, a second Host, other versions) or left out
 * (Range, compression offers, multipart, Authorization to be judged by us).
 * What libsoup gets is a head that we wrote, never the bytes of the peer.
 * Sources: RFC 9110, RFC 9112, RFC 6455. Not for other rooms.
 */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

/* Bounds of a head, in bytes and lines. */
#define PGM_HEAD_MAX_SIZE    (16 * 1024)
#define PGM_HEAD_MAX_HEADERS 64
#define PGM_HEAD_MAX_TARGET  2048
/* Bound of a body. */
#define PGM_BODY_MAX_SIZE (1024 * 1024)

typedef struct
{
  char *method;
  char *path;      /* absolute, without query, percent-encoding undone */
  char *query;     /* as it came, or NULL */
  char *host;      /* with its port, as it came */
  char *authority; /* of an absolute target, or NULL */
  char *origin;
  char *content_type;
  char *authorization;
  guint64 content_length;
  gboolean has_length;
  gboolean expect_continue;
  gboolean close;   /* asked for: no other request after this one */
  gboolean upgrade; /* to a WebSocket */
  char *websocket_key;
  char *websocket_version;
  char *websocket_protocol;
} PgmHttpHead;

/* The status to refuse with, and why. */
typedef struct
{
  guint status;
  char *reason; /* one short sentence part, for the answer */
} PgmRefusal;

void pgm_refusal_set (PgmRefusal *self, guint status, const char *format, ...) G_GNUC_PRINTF (3, 4);
void pgm_refusal_clear (PgmRefusal *self);

/* Where the head in @data ends: the number of bytes up to and with its empty line,
 * or 0 while it isn't complete. */
gsize pgm_http_head_find_end (const char *data, gsize length);

/* @data: up to and with the empty line. NULL with @refusal set. */
PgmHttpHead *
pgm_http_head_parse (const char *data, gsize length, PgmRefusal *refusal) G_GNUC_WARN_UNUSED_RESULT;
void pgm_http_head_free (PgmHttpHead *self);

/* The head as libsoup gets it: a fixed path, for what was asked is in the record.
 * Transfer full. */
#define PGM_HEAD_REQUEST_PATH   "/request"
#define PGM_HEAD_WEBSOCKET_PATH "/websocket"
GString *pgm_http_head_write (const PgmHttpHead *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmHttpHead, pgm_http_head_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmRefusal, pgm_refusal_clear)

G_END_DECLS
