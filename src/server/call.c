#include "server/call.h"

#include "model/migration.h"

static void
unref_call (gpointer call)
{
  pgm_call_unref (call);
}

PgmHouse *
pgm_house_new (PgmEngine *engine, GMainContext *context)
{
  PgmHouse *self = g_new0 (PgmHouse, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->engine = g_object_ref (engine);
  self->engine_context = g_main_context_ref_thread_default ();
  self->context = g_main_context_ref (context);
  self->hub = pgm_hub_new (context);
  self->calls = g_ptr_array_new_with_free_func (unref_call);
  return self;
}

PgmHouse *
pgm_house_ref (PgmHouse *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_house_unref (PgmHouse *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_object_unref (self->engine);
  pgm_hub_free (self->hub);
  g_main_context_unref (self->engine_context);
  g_main_context_unref (self->context);
  g_ptr_array_unref (self->calls);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Never g_main_context_invoke(): that would run @func here and now whenever the
 * other thread isn't in its loop just then. */
static void
attach (GMainContext *context, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_set_static_name (source, "[pgmanager] server");
  g_source_attach (source, context);
}

gboolean
pgm_house_post (PgmHouse *self, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->ended;
  if (!ended)
    attach (self->context, func, data, destroy);
  g_mutex_unlock (&self->lock);
  if (ended)
    destroy (data);
  return !ended;
}

void
pgm_house_end (PgmHouse *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_mutex_unlock (&self->lock);
}

PgmCall *
pgm_call_ref (PgmCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_call_unref (PgmCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  pgm_record_unref (self->body);
  pgm_record_unref (self->record);
  g_clear_pointer (&self->records, g_ptr_array_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->id);
  g_free (self->text);
  pgm_house_unref (self->house);
  g_free (self);
}

static GBytes *
encode (PgmCall *self)
{
  char *json;

  if (self->bytes != NULL)
    return g_bytes_ref (self->bytes);
  json = self->records != NULL ? pgm_records_to_json (self->records, FALSE)
                               : pgm_record_to_json (self->record, FALSE);
  return g_bytes_new_take (json, strlen (json));
}

/* Lets go of the message: it lives on with its connection. */
static SoupServerMessage *
take_message (PgmCall *self)
{
  SoupServerMessage *message = g_steal_pointer (&self->message);

  g_ptr_array_remove_fast (self->house->calls, self);
  return message;
}

static gboolean
write_answer (gpointer data)
{
  PgmCall *self = data;
  g_autoptr (SoupServerMessage) message = NULL;
  g_autoptr (GBytes) bytes = NULL;
  SoupMessageHeaders *headers;

  if (self->message == NULL)
    return G_SOURCE_REMOVE;
  message = take_message (self);
  bytes = encode (self);
  headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "Content-Type",
                                self->status >= 400 ? PGM_MEDIA_JSON
                                                    : pgm_route_get_media (self->route));
  soup_message_headers_replace (headers, "Connection", self->close ? "close" : "keep-alive");
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  if (g_bytes_get_size (bytes) > 0)
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), bytes);
  soup_server_message_set_status (message, self->status, NULL);
  soup_server_message_unpause (message);
  return G_SOURCE_REMOVE;
}

static void
finish (PgmCall *self, guint status)
{
  self->status = status;
  pgm_house_post (self->house, write_answer, pgm_call_ref (self), unref_call);
}

void
pgm_call_answer (PgmCall *self, gpointer record)
{
  self->record = record;
  finish (self, self->route->status);
}

void
pgm_call_answer_many (PgmCall *self, GPtrArray *records)
{
  self->records = records;
  finish (self, self->route->status);
}

void
pgm_call_answer_nothing (PgmCall *self)
{
  self->bytes = g_bytes_new_static ("", 0);
  finish (self, self->route->status);
}

void
pgm_call_answer_bytes (PgmCall *self, GBytes *bytes)
{
  self->bytes = g_bytes_ref (bytes);
  finish (self, self->route->status);
}

void
pgm_call_answer_ok (PgmCall *self, const char *job_id, const char *format, ...)
{
  PgmAnswer *answer = pgm_record_new (&pgm_answer_type);
  va_list arguments;

  va_start (arguments, format);
  answer->ok = TRUE;
  answer->job_id = g_strdup (job_id);
  answer->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pgm_call_answer (self, answer);
}

void
pgm_call_fail (PgmCall *self, GError *error)
{
  self->record = pgm_api_error_new (error);
  finish (self, pgm_api_error_to_status (error));
  g_error_free (error);
}

static gboolean
run_route (gpointer data)
{
  PgmCall *self = data;

  self->route->run (self);
  return G_SOURCE_REMOVE;
}

/* What has no body asks for what is said by nothing. */
static gboolean
read_body (PgmCall *self, const char *query, GError **error)
{
  SoupMessageBody *body = soup_server_message_get_request_body (self->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  if (self->route->request == NULL)
    return TRUE;
  if (pgm_route_takes_query (self->route))
    {
      self->body = pgm_record_from_query (self->route->request, query, error);
      return self->body != NULL;
    }
  if (size == 0)
    {
      text = "{}";
      size = 2;
    }
  self->body = pgm_record_from_json (self->route->request, text, (gssize) size, error);
  return self->body != NULL;
}

void
pgm_call_begin (PgmHouse *house, const PgmPass *pass, SoupServerMessage *message)
{
  PgmCall *self = g_new0 (PgmCall, 1);
  GError *error = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->house = pgm_house_ref (house);
  self->route = pass->route;
  self->id = g_strdup (pass->id);
  self->close = pass->head->close;
  self->foreign = pass->foreign;
  self->message = g_object_ref (message);
  g_ptr_array_add (house->calls, pgm_call_ref (self));
  soup_server_message_pause (message);

  if (!read_body (self, pass->head->query, &error))
    pgm_call_fail (self, error);
  else if ((self->route->flags & PGM_ROUTE_QUICK) != 0)
    self->route->run (self);
  else
    attach (house->engine_context, run_route, pgm_call_ref (self), unref_call);
  pgm_call_unref (self);
}

void
pgm_house_give_up (PgmHouse *self)
{
  while (self->calls->len > 0)
    {
      PgmCall *call = g_ptr_array_index (self->calls, 0);
      g_autoptr (SoupServerMessage) message = take_message (call);

      soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                    "Connection", "close");
      soup_server_message_set_status (message, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
      soup_server_message_unpause (message);
    }
}
