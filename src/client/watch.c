#include "client/watch.h"

#include "model/migration.h"

/* A picture of ten thousand tables has about two MiB. */
#define MAX_MESSAGE (64 * 1024 * 1024)
/* Between two tries, doubled each time. */
#define FIRST_PAUSE_MS 200
#define MAX_PAUSE_MS   5000
#define PATIENCE_USEC  (60 * G_USEC_PER_SEC)
/* A daemon that has just been started again needs a moment to know its jobs. */
#define UNKNOWN_USEC (5 * G_USEC_PER_SEC)

struct _PgmWatch
{
  PgmRest *rest;
  char *job_id;
  const PgmWatchFuncs *funcs; /* NULL: no more calls */
  gpointer user_data;
  GCancellable *cancellable;
  SoupWebsocketConnection *connection;
  GSource *again;   /* will connect once more */
  guint pause_ms;   /* before that */
  gint64 heard_at;  /* monotonic: something came */
  gboolean refused; /* the last try led nowhere, and not because nobody was there */
};

/* Asynchronous calls hold the cancellable, and @self only while it isn't cancelled. */
typedef struct
{
  PgmWatch *watch;
  GCancellable *cancellable;
} Pending;

static Pending *
pending_new (PgmWatch *self)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->watch = self;
  pending->cancellable = g_object_ref (self->cancellable);
  return pending;
}

/* NULL when the watch has been freed. */
static PgmWatch *
pending_take (Pending *pending)
{
  PgmWatch *self = g_cancellable_is_cancelled (pending->cancellable) ? NULL : pending->watch;

  g_object_unref (pending->cancellable);
  g_free (pending);
  return self;
}

static void
finish (PgmWatch *self, PgmReport *report, gboolean lost)
{
  self->funcs->finished (self, report, lost, self->user_data);
}

/* Nobody is there who could say what came of it. */
static void
finish_lost (PgmWatch *self)
{
  PgmReport *report = pgm_record_new (&pgm_report_type);

  report->job_id = g_strdup (self->job_id);
  report->outcome = PGM_OUTCOME_FAILED;
  report->exit_status = PGM_EXIT_FAILED;
  report->finished_at = g_get_real_time ();
  report->error = g_strdup ("the process that ran the job has gone away");
  report->hint =
      g_strdup ("A job of the daemon goes on when that starts again; another one with --resume.");
  finish (self, report, TRUE);
  pgm_record_unref (report);
}

static void connect_again (PgmWatch *self);

/* Nobody has a report. Of a process that is there and says so, the job still runs, unless
 * it doesn't know that at all. */
static void
go_on_or_lose (PgmWatch *self, const GError *reason)
{
  gboolean there = !g_error_matches (reason, PGM_ERROR, PGM_ERROR_CONNECT) &&
                   !g_error_matches (reason, PGM_ERROR, PGM_ERROR_LOST);
  gint64 silence = g_get_monotonic_time () - self->heard_at;
  gboolean gone = there ? self->refused && silence > UNKNOWN_USEC : pgm_rest_is_local (self->rest);

  if (gone || silence > PATIENCE_USEC)
    finish_lost (self);
  else
    connect_again (self);
}

static void
on_report (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = pgm_rest_call_finish (PGM_REST (source), result, &error);
  PgmWatch *self = pending_take (user_data);
  PgmReport *report = NULL;
  gsize size;
  const char *text;

  if (self == NULL)
    return;
  if (bytes == NULL)
    {
      go_on_or_lose (self, error);
      return;
    }
  text = g_bytes_get_data (bytes, &size);
  report = pgm_record_from_json (&pgm_report_type, text, (gssize) size, NULL);
  if (report != NULL)
    finish (self, report, FALSE);
  else
    finish_lost (self);
  pgm_record_unref (report);
}

/* The pictures have ended without a report: the job may be long over. */
static void
ask_for_report (PgmWatch *self)
{
  g_autofree char *path = g_strdup_printf ("/migrations/%s/report", self->job_id);

  pgm_rest_call_async (self->rest, "GET", path, NULL, self->cancellable, on_report,
                       pending_new (self));
}

static void
drop_connection (PgmWatch *self)
{
  if (self->connection == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->connection, self);
  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  g_clear_object (&self->connection);
}

static void
take_report (PgmWatch *self, const char *text, gsize size)
{
  PgmReportMessage *message =
      pgm_record_from_json (&pgm_report_message_type, text, (gssize) size, NULL);

  drop_connection (self);
  if (message != NULL)
    finish (self, message->report, FALSE);
  else
    finish_lost (self);
  pgm_record_unref (message);
}

static void
on_message (SoupWebsocketConnection *connection, int type, GBytes *bytes, PgmWatch *self)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  PgmSnapshot *snapshot;

  self->heard_at = g_get_monotonic_time ();
  self->pause_ms = FIRST_PAUSE_MS;
  if (g_str_has_prefix (text, "{\"report\":"))
    {
      take_report (self, text, size);
      return;
    }
  snapshot = pgm_record_from_json (&pgm_snapshot_type, text, (gssize) size, NULL);
  if (snapshot == NULL)
    return;
  self->funcs->snapshot (self, snapshot, self->user_data);
  pgm_record_unref (snapshot);
}

static void
on_closed (SoupWebsocketConnection *connection, PgmWatch *self)
{
  drop_connection (self);
  self->refused = FALSE;
  ask_for_report (self);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupWebsocketConnection *connection = pgm_rest_listen_finish (PGM_REST (source), result, NULL);
  PgmWatch *self = pending_take (user_data);

  if (self == NULL)
    {
      g_clear_object (&connection);
      return;
    }
  self->connection = connection;
  if (connection == NULL)
    {
      self->refused = TRUE;
      ask_for_report (self);
      return;
    }
  soup_websocket_connection_set_max_incoming_payload_size (connection, MAX_MESSAGE);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
}

static void
begin (PgmWatch *self)
{
  g_autofree char *path = g_strdup_printf ("/ws?migration=%s&report=true", self->job_id);

  pgm_rest_listen_async (self->rest, path, self->cancellable, on_connected, pending_new (self));
}

static gboolean
on_again (gpointer user_data)
{
  PgmWatch *self = user_data;

  g_clear_pointer (&self->again, g_source_unref);
  begin (self);
  return G_SOURCE_REMOVE;
}

static void
connect_again (PgmWatch *self)
{
  self->again = g_timeout_source_new (self->pause_ms);
  self->pause_ms = MIN (2 * self->pause_ms, MAX_PAUSE_MS);
  g_source_set_callback (self->again, on_again, self, NULL);
  g_source_attach (self->again, g_main_context_get_thread_default ());
}

PgmWatch *
pgm_watch_new (PgmRest *rest, const char *job_id, const PgmWatchFuncs *funcs, gpointer user_data)
{
  PgmWatch *self = g_new0 (PgmWatch, 1);

  self->rest = g_object_ref (rest);
  self->job_id = g_strdup (job_id);
  self->funcs = funcs;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->pause_ms = FIRST_PAUSE_MS;
  self->heard_at = g_get_monotonic_time ();
  begin (self);
  return self;
}

void
pgm_watch_free (PgmWatch *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  if (self->again != NULL)
    {
      g_source_destroy (self->again);
      g_source_unref (self->again);
    }
  drop_connection (self);
  g_object_unref (self->cancellable);
  g_object_unref (self->rest);
  g_free (self->job_id);
  g_free (self);
}

const char *
pgm_watch_get_job_id (PgmWatch *self)
{
  return self->job_id;
}
