/* Reading much at a time.
 *
 * A server sends rows in pieces of some kilobytes, and a client that is woken for
 * each of them pays two or three system calls a piece. While rows come in bulk the
 * socket is therefore asked to wake its reader only when a good part of a buffer
 * is full (SO_RCVLOWAT, socket(7); poll() heeds it on TCP). What comes slower is
 * waited for only as long as a small part of the time that the stream has taken
 * already, so that its end is delayed by no more than that. A stream that stands
 * still is waited for without a deadline, as if nothing had been asked for.
 *
 * Only for plain TCP: below TLS and GSSAPI the library's own records decide, and
 * sockets of the unix domain wake their reader whatever was asked for.
 */
#pragma once

#include <libpq-fe.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int fd;
  gboolean able;  /* the socket can gather */
  gboolean on;    /* and has been asked to */
  gint64 began;   /* the stream, monotonic microseconds */
  guint64 after;  /* bytes of the stream from which on it is worth it */
  guint64 missed; /* bytes of the stream at the last deadline that passed */
} PgmGather;

/* At the beginning of a stream. Does nothing to the connection yet. */
void pgm_gather_init (PgmGather *self, PGconn *connection);

/* Before a wait for more bytes. @seen: how many of the stream have come so far.
 * Returns the wait's deadline in monotonic microseconds, 0 for none; once it has
 * passed, call pgm_gather_missed() and take what there is. */
gint64 pgm_gather_begin (PgmGather *self, guint64 seen);
void pgm_gather_missed (PgmGather *self, guint64 seen);

/* At the stream's end: the socket wakes its reader for every byte again. */
void pgm_gather_clear (PgmGather *self);

G_END_DECLS
