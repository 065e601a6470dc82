#include "main/background.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/migration.h"

#define READY_SECONDS 10
#define READY         'R'
#define FAILED        'E'

static void
say (int fd, char kind, guint status, gpointer record)
{
  g_autofree char *json = pgm_record_to_json (record, FALSE);
  g_autofree char *text = g_strdup_printf ("%c%u %s", kind, status, json);

  /* The parent may have given up. */
  if (write (fd, text, strlen (text)) < 0)
    g_printerr ("pgmanager: %s\n", g_strerror (errno));
  close (fd);
}

void
pgm_background_ready (int fd, PgmDaemonInfo *info)
{
  if (fd >= 0)
    say (fd, READY, 0, info);
}

void
pgm_background_fail (int fd, const GError *error)
{
  PgmApiError *said = NULL;

  if (fd < 0)
    return;
  said = pgm_api_error_new (error);
  say (fd, FAILED, pgm_api_error_to_status (error), said);
  pgm_record_unref (said);
}

/* Everything until the child closes its end. FALSE: too late. */
static gboolean
hear (int fd, GString *text)
{
  gint64 deadline = g_get_monotonic_time () + READY_SECONDS * G_USEC_PER_SEC;
  char buffer[4096];

  for (;;)
    {
      struct pollfd end = { .fd = fd, .events = POLLIN };
      gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
      gssize got;

      if (left <= 0 || poll (&end, 1, (int) left) == 0)
        return FALSE;
      got = read (fd, buffer, sizeof buffer);
      if (got == 0)
        return TRUE;
      if (got > 0)
        g_string_append_len (text, buffer, got);
      else if (errno != EINTR)
        return TRUE;
    }
}

static void
understand (GString *text, PgmDaemonInfo **info, GError **error)
{
  const char *json = strchr (text->str, ' ');
  PgmApiError *said = NULL;

  if (json != NULL && text->str[0] == READY)
    *info = pgm_record_from_json (&pgm_daemon_info_type, json + 1, -1, error);
  else if (json != NULL &&
           (said = pgm_record_from_json (&pgm_api_error_type, json + 1, -1, NULL)) != NULL)
    pgm_api_error_to_gerror (said, (guint) g_ascii_strtoull (text->str + 1, NULL, 10), error);
  else
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                        "Look into its log, or start it with --foreground.",
                        "the daemon ended before it was ready");
  pgm_record_unref (said);
}

static void
await_child (pid_t child, int fd, PgmDaemonInfo **info, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (!hear (fd, text))
    {
      (void) kill (child, SIGTERM);
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                          "Look into its log, or start it with --foreground.",
                          "the daemon was not ready after %d seconds", READY_SECONDS);
    }
  else
    understand (text, info, error);
  close (fd);
  /* One that failed has ended or is about to; one that lives is init's from our end on. */
  if (*info == NULL)
    (void) waitpid (child, NULL, 0);
}

static void
leave_terminal (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  (void) setsid ();
  if (null >= 0)
    {
      (void) dup2 (null, STDIN_FILENO);
      close (null);
    }
  if (chdir ("/") != 0)
    g_printerr ("pgmanager: %s\n", g_strerror (errno));
}

int
pgm_background_enter (PgmDaemonInfo **info, GError **error)
{
  int ends[2];
  pid_t child;

  *info = NULL;
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return -1;
  child = fork ();
  if (child == 0)
    {
      close (ends[0]);
      leave_terminal ();
      return ends[1];
    }
  close (ends[1]);
  if (child < 0)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "can't start a process: %s", g_strerror (errno));
      close (ends[0]);
      return -1;
    }
  await_child (child, ends[0], info, error);
  return -1;
}
