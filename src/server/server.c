#include "server/server.h"

#include <libsoup/soup.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/migration.h"
#include "server/call.h"
#include "server/entrances.h"
#include "server/gate.h"

#define DRAIN_STEP_MS 10
#define DRAIN_STEPS   100
/* Of a peer, at the address that libsoup keeps of it. */
#define PEER_KEY "pgm-peer"

struct _PgmServer
{
  PgmEngine *engine;
  gulong snapshot_handler;
  gulong finished_handler;
  PgmHouse *house;
  PgmEntrances *entrances;
  PgmGateLimits limits;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;

  /* The thread's. */
  SoupServer *soup;
  int unused; /* the other end of what libsoup listens on */
  PgmGate *gate;
  guint drain_steps;
};

/* Everything below up to the thread's own function runs in the thread. */

static PgmPeer *
message_to_peer (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (soup_server_message_get_remote_address (message)), PEER_KEY);
}

static void
on_request (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  PgmServer *self = user_data;

  pgm_call_begin (self->house, pgm_peer_get_pass (message_to_peer (message)), message);
}

/* What @pass wants to hear; NULL with @error. */
static PgmListenQuery *
parse_query (const PgmPass *pass, GError **error)
{
  PgmListenQuery *wanted = pgm_record_from_query (&pgm_listen_query_type, pass->head->query, error);

  if (wanted == NULL)
    return NULL;
  if (wanted->all == NULL)
    return wanted;
  if (!g_str_equal (wanted->all, "summary"))
    pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"all\" must be summary");
  else if (wanted->migration != NULL || wanted->report)
    pgm_error_set (error, PGM_ERROR_USAGE, "parameter \"all\" goes with no other one");
  else
    return wanted;
  pgm_record_unref (wanted);
  return NULL;
}

static void
refuse_upgrade (SoupServerMessage *message, const GError *error)
{
  PgmApiError *answer = pgm_api_error_new (error);
  char *json = pgm_record_to_json (answer, FALSE);

  pgm_record_unref (answer);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection",
                                "close");
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, json,
                                    strlen (json));
  soup_server_message_set_status (message, pgm_api_error_to_status (error), NULL);
}

static gboolean
check_upgrade (PgmServer *self, const PgmPass *pass, GError **error)
{
  PgmListenQuery *wanted = parse_query (pass, error);
  gboolean good = FALSE;

  if (wanted == NULL)
    return FALSE;
  if (wanted->migration != NULL && pgm_hub_resolve (self->house->hub, wanted->migration) == NULL)
    pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\" here", wanted->migration);
  else if (!pgm_gate_has_room_for_websocket (self->gate))
    pgm_error_set (error, PGM_ERROR_LOST, "too many listeners");
  else
    good = TRUE;
  pgm_record_unref (wanted);
  return good;
}

/* Before the handshake: an answer here is instead of it. */
static void
on_upgrade (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!check_upgrade (user_data, pgm_peer_get_pass (message_to_peer (message)), &error))
    refuse_upgrade (message, error);
}

static void
on_websocket (SoupServer *soup,
              SoupServerMessage *message,
              const char *path,
              SoupWebsocketConnection *connection,
              gpointer user_data)
{
  PgmServer *self = user_data;
  PgmPeer *peer = message_to_peer (message);
  PgmListenQuery *wanted = parse_query (pgm_peer_get_pass (peer), NULL);

  if (wanted != NULL)
    pgm_hub_add_listener (self->house->hub, connection, peer, wanted);
  pgm_record_unref (wanted);
}

static void
on_peer (PgmPeer *peer, gpointer user_data)
{
  PgmServer *self = user_data;
  /* libsoup wants addresses of the internet in places; ours tells peers apart. */
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("127.0.0.1", 0);

  g_object_set_data_full (G_OBJECT (remote), PEER_KEY, g_object_ref (peer), g_object_unref);
  if (!soup_server_accept_iostream (self->soup, G_IO_STREAM (peer), local, remote, NULL))
    g_io_stream_close (G_IO_STREAM (peer), NULL, NULL);
}

/* libsoup 3.2 only keeps a connection for another request while it listens somewhere
 * itself: on a socket that is connected to one of ours, over which nothing ever comes. */
static void
pretend_to_listen (PgmServer *self)
{
  int ends[2];
  g_autoptr (GSocket) socket = NULL;

  self->unused = -1;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return;
  self->unused = ends[1];
  socket = g_socket_new_from_fd (ends[0], NULL);
  if (socket == NULL)
    close (ends[0]);
  else
    soup_server_listen_socket (self->soup, socket, 0, NULL);
}

static void
open_house (PgmServer *self)
{
  char protocol[] = PGM_WEBSOCKET_PROTOCOL;
  char *protocols[] = { protocol, NULL };

  self->soup = soup_server_new (NULL, NULL);
  soup_server_remove_websocket_extension (self->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_handler (self->soup, PGM_HEAD_REQUEST_PATH, on_request, self, NULL);
  soup_server_add_handler (self->soup, PGM_HEAD_WEBSOCKET_PATH, on_upgrade, self, NULL);
  soup_server_add_websocket_handler (self->soup, PGM_HEAD_WEBSOCKET_PATH, NULL, protocols,
                                     on_websocket, self, NULL);
  pretend_to_listen (self);
  self->gate = pgm_gate_new (&self->limits, self->context, on_peer, self);
  pgm_entrances_listen (self->entrances, self->gate);
}

static void
close_house (PgmServer *self)
{
  pgm_hub_close (self->house->hub);
  pgm_gate_free (self->gate);
  soup_server_disconnect (self->soup);
  pgm_house_end (self->house);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  pgm_house_give_up (self->house);
  g_clear_object (&self->soup);
  if (self->unused >= 0)
    close (self->unused);
}

static gpointer
serve (gpointer data)
{
  PgmServer *self = data;

  g_main_context_push_thread_default (self->context);
  open_house (self);
  g_main_loop_run (self->loop);
  close_house (self);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
on_drain_step (gpointer data)
{
  PgmServer *self = data;

  if (++self->drain_steps < DRAIN_STEPS &&
      (pgm_gate_count_busy (self->gate) > 0 || !pgm_hub_is_drained (self->house->hub)))
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_drain (gpointer data)
{
  PgmServer *self = data;
  g_autoptr (GSource) source = g_timeout_source_new (DRAIN_STEP_MS);

  pgm_gate_shut (self->gate);
  pgm_house_give_up (self->house);
  g_source_set_callback (source, on_drain_step, self, NULL);
  g_source_attach (source, self->context);
  return G_SOURCE_REMOVE;
}

/* From here on: the engine's context. */

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmServer *self)
{
  pgm_hub_put (self->house->hub, job_id, snapshot, NULL);
}

static void
put_job (PgmHouse *house, const char *job_id, PgmReport *report)
{
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (house->engine, job_id);

  if (snapshot != NULL)
    pgm_hub_put (house->hub, job_id, snapshot, report);
  pgm_record_unref (snapshot);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmServer *self)
{
  put_job (self->house, job_id, report);
}

/* What ran before we began, the oldest first. */
static void
on_jobs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmHouse *house = user_data;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, NULL);

  for (guint i = jobs != NULL ? jobs->len : 0; i > 0; i--)
    {
      PgmJobInfo *job = g_ptr_array_index (jobs, i - 1);
      PgmReport *report = job->here ? pgm_engine_ref_report (house->engine, job->id) : NULL;

      if (job->here)
        put_job (house, job->id, report);
      pgm_record_unref (report);
    }
  g_atomic_int_set (&house->ready, TRUE);
  pgm_house_unref (house);
}

static void
ignore (gpointer data)
{
}

PgmServer *
pgm_server_new (PgmEngine *engine, const PgmServerOptions *options, GError **error)
{
  PgmEntrances *entrances = pgm_entrances_open (options, error);
  PgmServer *self;

  if (entrances == NULL)
    return NULL;
  self = g_new0 (PgmServer, 1);
  self->entrances = entrances;
  self->limits.connections =
      options->max_connections > 0 ? options->max_connections : PGM_GATE_CONNECTIONS;
  self->limits.strangers = PGM_GATE_STRANGERS;
  self->limits.websockets =
      options->max_websockets > 0 ? options->max_websockets : PGM_GATE_WEBSOCKETS;
  self->engine = g_object_ref (engine);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->house = pgm_house_new (engine, self->context);
  self->house->tickets = pgm_entrances_get_tickets (entrances);
  self->snapshot_handler = g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  self->finished_handler = g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  pgm_engine_list_jobs_async (engine, NULL, on_jobs, pgm_house_ref (self->house));
  self->thread = g_thread_new ("pgm-server", serve, self);
  return self;
}

gboolean
pgm_server_check (const PgmServerOptions *options, GError **error)
{
  return pgm_entrances_check (options, error);
}

const char *
pgm_server_get_path (PgmServer *self)
{
  return pgm_entrances_get_path (self->entrances);
}

const char *const *
pgm_server_get_urls (PgmServer *self)
{
  return pgm_entrances_get_urls (self->entrances);
}

void
pgm_server_free (PgmServer *self)
{
  if (self == NULL)
    return;
  g_signal_handler_disconnect (self->engine, self->snapshot_handler);
  g_signal_handler_disconnect (self->engine, self->finished_handler);
  pgm_house_post (self->house, on_drain, self, ignore);
  g_thread_join (self->thread);
  pgm_entrances_close (self->entrances);
  pgm_house_unref (self->house);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->engine);
  g_free (self);
}
