/* When a receiver should let the socket fill before it reads (B5). Inside this
 * room only.
 *
 * The walsender sends each message by itself. Who sleeps in poll() for each of
 * them costs the source a wake-up each: more than decoding does. So while the
 * server is behind its own commits, reading is put off: over TCP until enough
 * bytes have come (SO_RCVLOWAT: the kernel wakes nobody earlier) or a short time
 * has passed; over sockets of the unix domain, which know no low-water mark and
 * hold little, for a time that adapts to how fast they fill.
 *
 * Whether it is behind is seen in the stream itself: a message says when it was
 * sent and BEGIN when the transaction committed, both by the server's clock.
 * When nothing is behind there is no pause.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int socket;
  gboolean sleeps;    /* no low-water mark: unix domain, or encrypted */
  int low_water;      /* as it is set now */
  gint64 commit_time; /* of the transaction that is being received */
  gboolean behind;
  gboolean dry;     /* the last pause brought nothing */
  guint pause;      /* microseconds, unix domain */
  gsize bytes;      /* of messages since the last wait */
  gsize most_bytes; /* that one read has brought, slowly forgotten */
} PgmBacklog;

void pgm_backlog_init (PgmBacklog *self, int socket, gboolean encrypted);

/* Each message that was received: @sent by the server's clock, @size as it was
 * on the wire, @data the plugin's message. */
void pgm_backlog_note (PgmBacklog *self, gint64 sent, const guint8 *data, gsize size);

/* How long the next read should be put off, in microseconds; 0: not at all. Also
 * sets the socket's low-water mark to match. @sleep: to be slept, not polled. */
guint pgm_backlog_next_pause (PgmBacklog *self, gboolean *sleep);

G_END_DECLS
