#include "config.h"

#include "postgres/backlog-private.h"

#include <linux/tcp.h>
#include <netinet/in.h>
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

/* No network has packets as large as the loopback's. Its senders have buffers for
 * more than a megabyte: what a pause should bring is well below that, and well above
 * the window. A window below the size of a packet makes both sides wait for timers. */
#define NEAR_SEGMENT        (32 * 1024)
#define NEAR_WINDOW         (256 * 1024)
#define NEAR_BYTES          ((gsize) 640 * 1024)
#define NEAR_FIRST_PAUSE    (10 * 1000)
#define NEAR_SHORTEST_PAUSE 1000
#define NEAR_LONGEST_PAUSE  (40 * 1000)

/* What the protocols add to a message of the plugin: CopyData's type and length, and
 * the head of XLogData. */
#define MESSAGE_OVERHEAD 30

/* Offset of the commit time in BEGIN: type, LSN. */
#define BEGIN_TIME_OFFSET 9
#define POSTGRES_EPOCH    G_GUINT64_CONSTANT (946684800000000)

static gboolean
is_near (int socket)
{
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  return getsockopt (socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_snd_mss >= NEAR_SEGMENT;
}

static PgmBacklogWay
find_way (int socket, gboolean encrypted)
{
  struct sockaddr_storage address = { 0 };
  socklen_t size = sizeof address;

  if (is_near (socket))
    return PGM_BACKLOG_NEAR;
  if (encrypted || getsockname (socket, (struct sockaddr *) &address, &size) != 0 ||
      address.ss_family == AF_UNIX)
    return PGM_BACKLOG_BLIND;
  return PGM_BACKLOG_LOW_WATER;
}

void
pgm_backlog_init (PgmBacklog *self, int socket, gboolean encrypted)
{
  static const int window = NEAR_WINDOW;

  *self = (PgmBacklog){ .socket = socket, .low_water = 1, .pause = FIRST_PAUSE };
  self->way = find_way (socket, encrypted);
  if (self->way != PGM_BACKLOG_NEAR)
    return;
  self->pause = NEAR_FIRST_PAUSE;
  /* Where this fails, reads are only gathered less well. */
  (void) setsockopt (socket, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
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
  self->bytes += size + MESSAGE_OVERHEAD;
  self->dry = FALSE;
  if (data[0] == PGM_MESSAGE_BEGIN && size > BEGIN_TIME_OFFSET + sizeof (guint64))
    self->commit_time = begin_time (data);
  /* What is sent before its commit is a large transaction: no hurry there. */
  else if (data[0] == PGM_MESSAGE_STREAM_START)
    self->commit_time = 0;
  self->behind = sent - self->commit_time > BEHIND_MICROSECONDS;
}

static void
adapt_near (PgmBacklog *self)
{
  if (self->bytes > NEAR_BYTES)
    self->pause -= self->pause / 4;
  else
    self->pause += self->pause / 8;
  self->pause = CLAMP (self->pause, NEAR_SHORTEST_PAUSE, NEAR_LONGEST_PAUSE);
}

/* Longer while little comes, shorter when the buffer seems to have been full:
 * then the server had to wait. */
static void
adapt_blind (PgmBacklog *self)
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

gboolean
pgm_backlog_wants_pause (const PgmBacklog *self)
{
  return self->behind && !self->dry;
}

guint
pgm_backlog_next_pause (PgmBacklog *self, gboolean *sleep)
{
  gboolean pause = pgm_backlog_wants_pause (self);

  /* Only a message makes it wet again: one pause, then a wait without end. */
  self->dry = TRUE;
  *sleep = self->way != PGM_BACKLOG_LOW_WATER;
  if (self->way == PGM_BACKLOG_LOW_WATER)
    set_low_water (self, pause ? LOW_WATER : 1);
  else if (pause && self->way == PGM_BACKLOG_NEAR)
    adapt_near (self);
  else if (pause)
    adapt_blind (self);
  self->bytes = 0;
  if (!pause)
    return 0;
  return *sleep ? self->pause : POLL_MICROSECONDS;
}
