#include "main/daemon-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

/* Beyond this it is kept aside at the next start, once. */
#define MAX_SIZE (16 * 1024 * 1024)

struct _PgmDaemonLog
{
  char *path;       /* NULL: not ours to open */
  gboolean journal; /* it knows the time, and takes a level in front */
  PgmEngine *engine;
  GHashTable *told; /* job id → time of the last event that was written */
};

static const char *const level_names[] = { "ERROR", "WARNING", "INFO" };
/* Of syslog(3). */
static const int priorities[] = { 3, 4, 6 };

static gboolean
open_file (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_strerror (errno), NULL,
                          "log file \"%s\" can't be opened", path);
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  fflush (stdout);
  fflush (stderr);
  (void) dup2 (fd, STDOUT_FILENO);
  (void) dup2 (fd, STDERR_FILENO);
  close (fd);
  return TRUE;
}

static void
put_aside (const char *path)
{
  g_autofree char *aside = g_strconcat (path, ".1", NULL);
  struct stat status;

  if (g_stat (path, &status) == 0 && status.st_size > MAX_SIZE)
    (void) g_rename (path, aside);
}

PgmDaemonLog *
pgm_daemon_log_new (const char *path, GError **error)
{
  PgmDaemonLog *self;

  if (path != NULL)
    {
      put_aside (path);
      if (!open_file (path, error))
        return NULL;
    }
  self = g_new0 (PgmDaemonLog, 1);
  self->path = g_strdup (path);
  self->journal = path == NULL && g_getenv ("JOURNAL_STREAM") != NULL;
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
pgm_daemon_log_free (PgmDaemonLog *self)
{
  if (self == NULL)
    return;
  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  g_clear_object (&self->engine);
  g_hash_table_unref (self->told);
  g_free (self->path);
  g_free (self);
}

void
pgm_daemon_log_reopen (PgmDaemonLog *self)
{
  g_autoptr (GError) error = NULL;

  if (self->path != NULL && !open_file (self->path, &error))
    pgm_daemon_log_line (self, PGM_LOG_WARNING, "daemon", "%s", error->message);
}

void
pgm_daemon_log_line (PgmDaemonLog *self,
                     PgmLogLevel level,
                     const char *subject,
                     const char *format,
                     ...)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  shown = pgm_display_text (g_strdelimit (text, "\n", ' '));
  if (self->journal)
    {
      (void) fprintf (stderr, "<%d>%s: %s\n", priorities[level], subject, shown);
      return;
    }
  time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S%:z");
  (void) fprintf (stderr, "%s %s %s: %s\n", time, level_names[level], subject, shown);
}

static void
tell_event (PgmDaemonLog *self, const char *job_id, const PgmEvent *event)
{
  if (g_str_equal (event->type, "error"))
    pgm_daemon_log_line (self, PGM_LOG_ERROR, job_id, "%s", event->message);
  else if (g_str_equal (event->type, "warning"))
    pgm_daemon_log_line (self, PGM_LOG_WARNING, job_id, "%s", event->message);
  else if (!g_str_equal (event->type, "table"))
    pgm_daemon_log_line (self, PGM_LOG_INFO, job_id, "%s", event->message);
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmDaemonLog *self)
{
  gint64 *last = g_hash_table_lookup (self->told, job_id);

  if (last == NULL)
    {
      last = g_new0 (gint64, 1);
      g_hash_table_insert (self->told, g_strdup (job_id), last);
    }
  for (guint i = 0; i < snapshot->events->len; i++)
    {
      const PgmEvent *event = g_ptr_array_index (snapshot->events, i);

      if (event->time <= *last)
        continue;
      *last = event->time;
      tell_event (self, job_id, event);
    }
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmDaemonLog *self)
{
  g_hash_table_remove (self->told, job_id);
  if (report->error != NULL)
    pgm_daemon_log_line (self, PGM_LOG_WARNING, job_id, "ended, %s: %s",
                         pgm_outcome_names[report->outcome], report->error);
  else
    pgm_daemon_log_line (self, PGM_LOG_INFO, job_id, "ended, %s",
                         pgm_outcome_names[report->outcome]);
}

void
pgm_daemon_log_follow (PgmDaemonLog *self, PgmEngine *engine)
{
  self->engine = g_object_ref (engine);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
}
