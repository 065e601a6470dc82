#include "server/hub.h"

/* How often a listener hears something when nothing changes. */
#define TICK_MS 500
/* Ended jobs that can still be looked at here. */
#define MAX_ENDED 16
/* Messages of a listener mean nothing, so there is no need for large ones. */
#define MAX_INCOMING 4096
#define PING_SECONDS 15

typedef struct
{
  char *id;
  guint64 sequence; /* of its beginning */
  PgmSnapshot *snapshot;
  PgmReport *report; /* NULL while it runs */
  GBytes *encoded;   /* of the snapshot; made when it is asked for */
} Job;

typedef struct
{
  PgmHub *hub;
  SoupWebsocketConnection *connection;
  PgmPeer *peer;
  char *job_id;     /* NULL: the current one */
  gboolean all;     /* summaries instead */
  gboolean report;  /* asked for */
  guint64 expected; /* what the peer will have taken with the last message */
  gint64 sent_at;
} Listener;

struct _PgmHub
{
  GMainContext *context;
  GPtrArray *jobs; /* in the order of their beginning */
  GBytes *summary; /* of them all; made when it is asked for */
  GPtrArray *listeners;
  GSource *ticker; /* while somebody listens */

  GMutex lock;         /* the rest */
  GHashTable *arrived; /* id → Job, not looked at yet */
  GSource *look;       /* will look at them */
  guint64 sequence;
  gboolean shut;
};

static void
job_free (gpointer data)
{
  Job *self = data;

  g_free (self->id);
  pgm_record_unref (self->snapshot);
  pgm_record_unref (self->report);
  g_clear_pointer (&self->encoded, g_bytes_unref);
  g_free (self);
}

static void
listener_free (gpointer data)
{
  Listener *self = data;

  g_signal_handlers_disconnect_by_data (self->connection, self);
  if (soup_websocket_connection_get_state (self->connection) != SOUP_WEBSOCKET_STATE_CLOSED)
    pgm_peer_cut (self->peer);
  g_object_unref (self->connection);
  g_object_unref (self->peer);
  g_free (self->job_id);
  g_free (self);
}

PgmHub *
pgm_hub_new (GMainContext *context)
{
  PgmHub *self = g_new0 (PgmHub, 1);

  self->context = g_main_context_ref (context);
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->arrived = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, job_free);
  g_mutex_init (&self->lock);
  return self;
}

static void
stop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
pgm_hub_close (PgmHub *self)
{
  g_mutex_lock (&self->lock);
  self->shut = TRUE;
  stop_source (&self->look);
  g_mutex_unlock (&self->lock);
  stop_source (&self->ticker);
  g_ptr_array_set_size (self->listeners, 0);
}

void
pgm_hub_free (PgmHub *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->listeners);
  g_ptr_array_unref (self->jobs);
  g_hash_table_unref (self->arrived);
  g_clear_pointer (&self->summary, g_bytes_unref);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Job *
find_job (PgmHub *self, const char *job_id)
{
  for (guint i = self->jobs->len; i > 0; i--)
    {
      Job *job = g_ptr_array_index (self->jobs, i - 1);

      if (g_str_equal (job->id, job_id))
        return job;
    }
  return NULL;
}

static Job *
resolve (PgmHub *self, const char *job_id)
{
  if (job_id != NULL)
    return find_job (self, job_id);
  for (guint i = self->jobs->len; i > 0; i--)
    {
      Job *job = g_ptr_array_index (self->jobs, i - 1);

      if (job->report == NULL)
        return job;
    }
  return self->jobs->len > 0 ? g_ptr_array_index (self->jobs, self->jobs->len - 1) : NULL;
}

const char *
pgm_hub_resolve (PgmHub *self, const char *job_id)
{
  Job *job = resolve (self, job_id);

  return job != NULL ? job->id : NULL;
}

gboolean
pgm_hub_is_running (PgmHub *self, const char *job_id)
{
  Job *job = resolve (self, job_id);

  return job != NULL && job->report == NULL;
}

PgmSnapshot *
pgm_hub_ref_snapshot (PgmHub *self, const char *job_id)
{
  Job *job = resolve (self, job_id);

  return job != NULL ? pgm_record_ref (job->snapshot) : NULL;
}

static GBytes *
record_to_bytes (gconstpointer record)
{
  char *json = pgm_record_to_json (record, FALSE);

  return g_bytes_new_take (json, strlen (json));
}

GBytes *
pgm_hub_ref_encoded (PgmHub *self, const char *job_id)
{
  Job *job = resolve (self, job_id);

  if (job == NULL)
    return NULL;
  if (job->encoded == NULL)
    job->encoded = record_to_bytes (job->snapshot);
  return g_bytes_ref (job->encoded);
}

gboolean
pgm_hub_get_job (PgmHub *self, guint index, PgmHubJob *job)
{
  const Job *found;

  if (index >= self->jobs->len)
    return FALSE;
  found = g_ptr_array_index (self->jobs, index);
  job->id = found->id;
  job->snapshot = found->snapshot;
  job->report = found->report;
  return TRUE;
}

static GBytes *
ref_summary (PgmHub *self)
{
  PgmSummary *summary;

  if (self->summary != NULL)
    return g_bytes_ref (self->summary);
  summary = pgm_record_new (&pgm_summary_type);
  summary->timestamp = g_get_real_time ();
  for (guint i = 0; i < self->jobs->len; i++)
    {
      const Job *job = g_ptr_array_index (self->jobs, i);

      g_ptr_array_add (summary->jobs, pgm_job_summary_new (job->id, job->snapshot, job->report));
    }
  self->summary = record_to_bytes (summary);
  pgm_record_unref (summary);
  return g_bytes_ref (self->summary);
}

/* Nothing has ever run here. */
static GBytes *
encode_idle (void)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  GBytes *bytes;

  snapshot->timestamp = g_get_real_time ();
  snapshot->phase = PGM_PHASE_IDLE;
  bytes = record_to_bytes (snapshot);
  pgm_record_unref (snapshot);
  return bytes;
}

/* Two to ten bytes stand before what a server sends (RFC 6455, 5.2). */
static void
send_bytes (Listener *self, GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  self->expected = MAX (self->expected, pgm_peer_get_written (self->peer)) + size +
                   (size < 126     ? 2
                    : size < 65536 ? 4
                                   : 10);
  self->sent_at = g_get_monotonic_time ();
  soup_websocket_connection_send_message (self->connection, SOUP_WEBSOCKET_DATA_TEXT, bytes);
}

static void
send_report (Listener *self, const PgmReport *report)
{
  char *json = pgm_record_to_json (report, FALSE);
  char *message = g_strdup_printf ("{\"report\":%s}", json);
  g_autoptr (GBytes) bytes = g_bytes_new_take (message, strlen (message));

  g_free (json);
  send_bytes (self, bytes);
  soup_websocket_connection_close (self->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static gboolean
is_open (Listener *self)
{
  return soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

static gboolean
has_taken_all (Listener *self)
{
  return pgm_peer_get_written (self->peer) >= self->expected;
}

/* The newest, to who is ready for it. */
static void
send_newest (Listener *self)
{
  g_autoptr (GBytes) bytes = NULL;
  Job *job;

  if (!is_open (self) || !has_taken_all (self))
    return;
  if (self->all)
    {
      bytes = ref_summary (self->hub);
      send_bytes (self, bytes);
      return;
    }
  job = resolve (self->hub, self->job_id);
  bytes = job != NULL ? pgm_hub_ref_encoded (self->hub, job->id) : encode_idle ();
  send_bytes (self, bytes);
  if (self->report && job != NULL && job->report != NULL)
    send_report (self, job->report);
}

static gboolean
on_tick (gpointer data)
{
  PgmHub *self = data;
  gint64 before = g_get_monotonic_time () - TICK_MS * 9 / 10 * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      Listener *listener = g_ptr_array_index (self->listeners, i);

      if (listener->sent_at < before)
        send_newest (listener);
    }
  return G_SOURCE_CONTINUE;
}

static void
forget_ended (PgmHub *self)
{
  guint ended = 0;

  for (guint i = self->jobs->len; i > 0; i--)
    {
      Job *job = g_ptr_array_index (self->jobs, i - 1);

      if (job->report != NULL && ++ended > MAX_ENDED)
        g_ptr_array_remove_index (self->jobs, i - 1);
    }
}

static gint
compare_jobs (gconstpointer a, gconstpointer b)
{
  const Job *first = *(Job *const *) a;
  const Job *second = *(Job *const *) b;

  return first->sequence < second->sequence ? -1 : first->sequence > second->sequence;
}

/* Takes @news. The same id may come again after its end: it was started anew. */
static void
merge (PgmHub *self, Job *news)
{
  Job *job = find_job (self, news->id);

  if (job != NULL && (job->report == NULL || news->report != NULL))
    news->sequence = job->sequence;
  if (job != NULL)
    g_ptr_array_remove (self->jobs, job);
  g_ptr_array_add (self->jobs, news);
  g_ptr_array_sort (self->jobs, compare_jobs);
}

static gboolean
on_look (gpointer data)
{
  PgmHub *self = data;
  g_autoptr (GHashTable) arrived = NULL;
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&self->lock);
  arrived = g_steal_pointer (&self->arrived);
  self->arrived = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, job_free);
  g_clear_pointer (&self->look, g_source_unref);
  g_mutex_unlock (&self->lock);

  g_hash_table_iter_init (&iter, arrived);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_hash_table_iter_steal (&iter);
      merge (self, value);
    }
  forget_ended (self);
  g_clear_pointer (&self->summary, g_bytes_unref);
  for (guint i = 0; i < self->listeners->len; i++)
    send_newest (g_ptr_array_index (self->listeners, i));
  return G_SOURCE_REMOVE;
}

static GSource *
attach (PgmHub *self, GSource *source, GSourceFunc func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[pgmanager] hub");
  g_source_attach (source, self->context);
  return source;
}

void
pgm_hub_put (PgmHub *self, const char *job_id, PgmSnapshot *snapshot, PgmReport *report)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Job *news;

  if (self->shut)
    return;
  news = g_new0 (Job, 1);
  news->id = g_strdup (job_id);
  news->sequence = ++self->sequence;
  news->snapshot = pgm_record_ref (snapshot);
  if (report != NULL)
    news->report = pgm_record_ref (report);
  g_hash_table_replace (self->arrived, news->id, news);
  if (self->look == NULL)
    self->look = attach (self, g_idle_source_new (), on_look);
}

static void
on_closed (SoupWebsocketConnection *connection, Listener *listener)
{
  PgmHub *self = listener->hub;

  g_ptr_array_remove (self->listeners, listener);
  if (self->listeners->len == 0)
    stop_source (&self->ticker);
}

void
pgm_hub_add_listener (PgmHub *self,
                      SoupWebsocketConnection *connection,
                      PgmPeer *peer,
                      const PgmListenQuery *wanted)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->hub = self;
  listener->connection = g_object_ref (connection);
  listener->peer = g_object_ref (peer);
  listener->job_id = g_strdup (wanted->migration);
  listener->all = wanted->all != NULL;
  listener->report = wanted->report;
  soup_websocket_connection_set_max_incoming_payload_size (connection, MAX_INCOMING);
  soup_websocket_connection_set_keepalive_interval (connection, PING_SECONDS);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), listener);
  g_ptr_array_add (self->listeners, listener);
  if (self->ticker == NULL)
    self->ticker = attach (self, g_timeout_source_new (TICK_MS), on_tick);
  send_newest (listener);
}

guint
pgm_hub_count_listeners (PgmHub *self)
{
  return self->listeners->len;
}

gboolean
pgm_hub_is_drained (PgmHub *self)
{
  g_mutex_lock (&self->lock);
  if (self->look != NULL)
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->listeners->len; i++)
    {
      Listener *listener = g_ptr_array_index (self->listeners, i);
      Job *job = resolve (self, listener->job_id);

      if (!has_taken_all (listener) || (listener->report && job != NULL && job->report != NULL))
        return FALSE;
    }
  return TRUE;
}
