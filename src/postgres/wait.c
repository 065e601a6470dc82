#include "config.h"

#include "postgres/connection-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* How often a wait looks whether the other side still acknowledges what it was sent. */
#define LOOK_INTERVAL_MS 5000
/* As many retransmissions without an answer, some 13 s on a usual network, and so much
 * silence: a black hole. */
#define SILENT_RETRANSMITS 6
#define SILENT_MS          12000

/* Where no descriptor for the cancellable can be had, it is looked at this often. */
#define FALLBACK_INTERVAL_MS 100

void
pgm_wait_init (PgmWait *self, GCancellable *cancellable)
{
  self->cancellable = cancellable;
  self->fd = g_cancellable_get_fd (cancellable);
}

void
pgm_wait_clear (PgmWait *self)
{
  if (self->fd >= 0)
    g_cancellable_release_fd (self->cancellable);
  self->fd = -1;
  self->cancellable = NULL;
}

gint64
pgm_wait_deadline (guint seconds)
{
  return g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

static int
milliseconds_until (gint64 deadline)
{
  if (deadline == 0)
    return -1;
  gint64 left = (deadline - g_get_monotonic_time () + 999) / 1000;
  return (int) CLAMP (left, 0, G_MAXINT);
}

/* A peer that lives but doesn't read (a COPY waiting for a lock or a disk) acknowledges
 * each probe of its closed window; TCP's own time limit can't tell it from one that is
 * gone, and has to be long for its sake. */
static gboolean
is_silent (int fd)
{
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_retransmits >= SILENT_RETRANSMITS && info.tcpi_last_ack_recv >= SILENT_MS;
}

/* libpq then finds the connection closed, and says so. */
static void
close_silent (const struct pollfd *sockets, guint n_sockets)
{
  for (guint i = 0; i < n_sockets; i++)
    if (is_silent (sockets[i].fd))
      shutdown (sockets[i].fd, SHUT_RDWR);
}

gboolean
pgm_wait_poll (PgmWait *self,
               struct pollfd *sockets,
               guint n_sockets,
               gint64 deadline,
               GError **error)
{
  struct pollfd fds[PGM_WAIT_SOCKETS + 1];
  gboolean blind = self->cancellable != NULL && self->fd < 0;

  g_assert (n_sockets <= PGM_WAIT_SOCKETS);
  for (guint i = 0; i < n_sockets; i++)
    fds[i] = sockets[i];
  fds[n_sockets] = (struct pollfd){ .fd = self->fd, .events = POLLIN };

  for (;;)
    {
      int timeout = milliseconds_until (deadline);
      int limit = blind ? FALLBACK_INTERVAL_MS : LOOK_INTERVAL_MS;

      if (timeout < 0 || timeout > limit)
        timeout = limit;
      int n_ready = poll (fds, n_sockets + 1, timeout);
      int poll_errno = errno;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      if (n_ready < 0 && poll_errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (poll_errno), "poll: %s",
                       g_strerror (poll_errno));
          return FALSE;
        }
      if (n_ready > 0)
        break;
      if (deadline != 0 && g_get_monotonic_time () >= deadline)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "timed out");
          return FALSE;
        }
      if (n_ready == 0)
        close_silent (fds, n_sockets);
    }

  for (guint i = 0; i < n_sockets; i++)
    sockets[i].revents = fds[i].revents;
  return TRUE;
}
