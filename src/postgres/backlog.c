#include "config.h"

#include "postgres/backlog-private.h"

#include <string.h>
#include <sys/socket.h>

#include "postgres/pgoutput.h"

/* Later than this after its commit, a change was sent by a server that is behind.
 * One that keeps up needs a millisecond or two. */
#define BEHIND_MICROSECONDS (20 * 1000)

/* TCP: enough to be worth a wake-up, and how long that may take. */
#define LOW_WATER         (256 * 1024)
#define POLL_MICROSECONDS (5 * 1000)

/* Unix domain: the bounds of the adaptive pause. */
#define FIRST_PAUSE    100
#define SHORTEST_PAUSE 20
#define LONGEST_PAUSE  1000

/* Offset of the commit time in BEGIN: type, LSN. */
#define BEGIN_TIME_OFFSET 9
#define POSTGRES_EPOCH    G_GUINT64_CONSTANT (946684800000000)

void
pgm_backlog_init (PgmBacklog *self, int socket, gboolean encrypted)
{
  struct sockaddr_storage address = { 0 };
  socklen_t size = sizeof address;

  *self = (PgmBacklog){ .socket = socket, .low_water = 1, .pause = FIRST_PAUSE };
  self->sleeps = encrypted || getsockname (socket, (struct sockaddr *) &address, &size) != 0 ||
                 address.ss_family == AF_UNIX;
}

static gint64
begin_time (const guint8 *data)
{
  guint64 time;

  memcpy (&time, data + BEGIN_TIME_OFFSET, sizeof time);
  return (gint64) (GUINT64_FROM_BE (time) + POSTGRES_EPOCH);
}

void
pgm_backlog_note (PgmBacklog *self, gint64 sent, const guint8 *data, gsize size)
{
  self->bytes += size;
  self->dry = FALSE;
  if (data[0] == PGM_MESSAGE_BEGIN && size > BEGIN_TIME_OFFSET + sizeof (guint64))
    self->commit_time = begin_time (data);
  /* What is sent before its commit is a large transaction: no hurry there. */
  else if (data[0] == PGM_MESSAGE_STREAM_START)
    self->commit_time = 0;
  self->behind = sent - self->commit_time > BEHIND_MICROSECONDS;
}

/* Longer while little comes, shorter when the buffer seems to have been full:
 * then the server had to wait. */
static void
adapt (PgmBacklog *self)
{
  if (self->bytes > self->most_bytes)
    self->most_bytes = self->bytes;
  else
    self->most_bytes -= self->most_bytes / 1024;
  if (self->bytes > self->most_bytes / 4 * 3)
    self->pause -= self->pause / 8;
  else if (self->bytes < self->most_bytes / 2)
    self->pause += self->pause / 8 + 1;
  self->pause = CLAMP (self->pause, SHORTEST_PAUSE, LONGEST_PAUSE);
}

static void
set_low_water (PgmBacklog *self, int bytes)
{
  if (self->low_water == bytes)
    return;
  /* Where this fails, reads are only gathered less well. */
  (void) setsockopt (self->socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
  self->low_water = bytes;
}

guint
pgm_backlog_next_pause (PgmBacklog *self, gboolean *sleep)
{
  gboolean pause = self->behind && !self->dry;

  /* Only a message makes it wet again: one pause, then a wait without end. */
  self->dry = TRUE;
  *sleep = self->sleeps;
  if (!self->sleeps)
    set_low_water (self, pause ? LOW_WATER : 1);
  else if (pause)
    adapt (self);
  self->bytes = 0;
  if (!pause)
    return 0;
  return self->sleeps ? self->pause : POLL_MICROSECONDS;
}
