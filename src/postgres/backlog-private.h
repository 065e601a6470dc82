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
 * To a server on the same machine, TCP has another cost: the sender itself takes
 * each packet the whole way into our buffer. It need not when our window is closed;
 * then messages pile up on its side, and go over in few large packets when we read
 * again. So there the window is made small, and the pause long enough to fill it
 * some times over.
 *
 * Whether it is behind is seen in the stream itself: a message says when it was
 * sent and BEGIN when the transaction committed, both by the server's clock.
 * When nothing is behind there is no pause.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  PGM_BACKLOG_LOW_WATER,
  PGM_BACKLOG_BLIND, /* no low-water mark: unix domain, or encrypted */
  PGM_BACKLOG_NEAR,  /* TCP within this machine */
} PgmBacklogWay;

typedef struct
{
  int socket;
  PgmBacklogWay way;
  int low_water;      /* as it is set now */
  gint64 commit_time; /* of the transaction that is being received */
  gboolean behind;
  gboolean dry;     /* the last pause brought nothing */
  guint pause;      /* microseconds, to be slept */
  gsize bytes;      /* of messages since the last wait */
  gsize most_bytes; /* that one read has brought, slowly forgotten; blind */
} PgmBacklog;

void pgm_backlog_init (PgmBacklog *self, int socket, gboolean encrypted);

/* Each message that was received: @sent by the server's clock, @size as it was
 * on the wire, @data the plugin's message. */
void pgm_backlog_note (PgmBacklog *self, gint64 sent, const guint8 *data, gsize size);

/* Whether a pause comes before the next read. Who has something else to do should do
 * it first. */
gboolean pgm_backlog_wants_pause (const PgmBacklog *self);

/* How long the next read should be put off, in microseconds; 0: not at all. Also
 * sets the socket's low-water mark to match. @sleep: to be slept, not polled. */
guint pgm_backlog_next_pause (PgmBacklog *self, gboolean *sleep);

G_END_DECLS
