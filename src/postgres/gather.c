#include "config.h"

#include "postgres/gather.h"

#include <sys/socket.h>

/* Half of libpq's buffer, see pgm_copy_prepare_session(). */
#define MARK_BYTES (512 * 1024)

/* A smaller stream has ended before it pays. */
#define FIRST_BYTES ((guint64) 2 * 1024 * 1024)

/* The end of a stream is late by at most a 64th of its time. */
#define PART_OF_TIME 64
#define WAIT_MIN     (1 * G_TIME_SPAN_MILLISECOND)
#define WAIT_MAX     (10 * G_TIME_SPAN_MILLISECOND)

static gboolean
set_mark (int fd, int bytes)
{
  return setsockopt (fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0;
}

static gboolean
is_plain_tcp (PGconn *connection, int fd)
{
  int domain = AF_UNSPEC;
  socklen_t size = sizeof domain;

  if (fd < 0 || PQsslInUse (connection) || PQgssEncInUse (connection))
    return FALSE;
  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         (domain == AF_INET || domain == AF_INET6);
}

void
pgm_gather_init (PgmGather *self, PGconn *connection)
{
  int fd = PQsocket (connection);

  *self = (PgmGather){ .fd = fd, .after = FIRST_BYTES, .began = g_get_monotonic_time () };
  self->able = is_plain_tcp (connection, fd);
}

gint64
pgm_gather_begin (PgmGather *self, guint64 seen)
{
  if (!self->on && self->able && seen >= self->after)
    self->able = self->on = set_mark (self->fd, MARK_BYTES);
  if (!self->on)
    return 0;
  gint64 now = g_get_monotonic_time ();
  return now + CLAMP ((now - self->began) / PART_OF_TIME, WAIT_MIN, WAIT_MAX);
}

void
pgm_gather_missed (PgmGather *self, guint64 seen)
{
  if (seen == self->missed) /* twice, and nothing in between: it stands still */
    {
      pgm_gather_clear (self);
      self->after = seen + 1;
    }
  self->missed = seen;
}

void
pgm_gather_clear (PgmGather *self)
{
  if (self->on)
    (void) set_mark (self->fd, 1);
  self->on = FALSE;
}
