#include "main/notify.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _PgmNotify
{
  int fd; /* -1: nobody listens */
  struct sockaddr_un address;
  socklen_t length;
  guint interval_ms;
};

/* "@name" stands for a name that is not in the file system. */
static void
open_socket (PgmNotify *self, const char *path)
{
  gsize length = strlen (path);

  if ((path[0] != '/' && path[0] != '@') || path[1] == '\0' ||
      length >= sizeof self->address.sun_path)
    return;
  self->address.sun_family = AF_UNIX;
  memcpy (self->address.sun_path, path, length);
  if (path[0] == '@')
    self->address.sun_path[0] = '\0';
  self->length = (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + length);
  self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* Half of what is allowed, as sd_watchdog_enabled(3) advises. */
static guint
read_interval (void)
{
  const char *usec = g_getenv ("WATCHDOG_USEC");
  const char *pid = g_getenv ("WATCHDOG_PID");
  guint64 allowed = usec != NULL ? g_ascii_strtoull (usec, NULL, 10) : 0;

  if (pid != NULL && g_ascii_strtoll (pid, NULL, 10) != (gint64) getpid ())
    return 0;
  return (guint) MIN (allowed / 2000, G_MAXUINT / 2);
}

PgmNotify *
pgm_notify_new (void)
{
  PgmNotify *self = g_new0 (PgmNotify, 1);
  const char *path = g_getenv ("NOTIFY_SOCKET");

  self->fd = -1;
  if (path != NULL)
    open_socket (self, path);
  self->interval_ms = self->fd >= 0 ? read_interval () : 0;
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
  g_unsetenv ("WATCHDOG_PID");
  return self;
}

void
pgm_notify_free (PgmNotify *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

/* A manager that doesn't read must not hold us up. */
void
pgm_notify_send (PgmNotify *self, const char *text)
{
  if (self->fd >= 0)
    (void) sendto (self->fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT,
                   (const struct sockaddr *) &self->address, self->length);
}

guint
pgm_notify_get_interval (const PgmNotify *self)
{
  return self->interval_ms;
}
