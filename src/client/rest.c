#include "client/rest.h"

#include <gio/gunixsocketaddress.h>

#include "model/migration.h"

#define BASE "http://localhost/api/v1"
/* A server whose thread hangs must not hang us: of silence, in seconds. */
#define TIMEOUT_SECONDS 30

SoupSession *
pgm_rest_session_new (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  SoupSession *session = soup_session_new_with_options (
      "remote-connectable", address, "proxy-resolver", NULL, "timeout", TIMEOUT_SECONDS, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

SoupMessage *
pgm_rest_message_new (const char *method, const char *path)
{
  g_autofree char *uri = g_strconcat (BASE, path, NULL);

  return soup_message_new (method, uri);
}

static void
unref_secret (gpointer secret)
{
  pgm_secret_unref (secret);
}

/* The text stays in the secret, which wipes it. */
static void
set_body (SoupMessage *message, PgmSecret *body)
{
  const char *text = body != NULL ? pgm_secret_reveal (body) : "{}";
  g_autoptr (GBytes) bytes =
      body != NULL
          ? g_bytes_new_with_free_func (text, strlen (text), unref_secret, pgm_secret_ref (body))
          : g_bytes_new_static (text, 2);

  soup_message_set_request_body_from_bytes (message, "application/json", bytes);
}

static void
set_io_error (GError **error, const GError *reason)
{
  if (pgm_error_is_cancelled (reason))
    g_propagate_error (error, g_error_copy (reason));
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
           g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
           g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    pgm_error_set_full (error, PGM_ERROR_CONNECT, NULL, reason->message, NULL,
                        "the process that runs the job can't be reached");
  else
    pgm_error_set_full (error, PGM_ERROR_LOST, NULL, reason->message, NULL,
                        "the connection to the process that runs the job broke");
}

static GError *
answer_to_error (guint status, GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  PgmApiError *answer =
      size > 0 ? pgm_record_from_json (&pgm_api_error_type, text, (gssize) size, NULL) : NULL;
  GError *error = NULL;

  if (answer != NULL)
    pgm_api_error_to_gerror (answer, status, &error);
  else
    pgm_error_set (&error, status == 503 ? PGM_ERROR_LOST : PGM_ERROR_FAILED,
                   "the process that runs the job answers with status %u", status);
  pgm_record_unref (answer);
  return error;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SoupSession *session = SOUP_SESSION (source);
  SoupMessage *message = soup_session_get_async_result_message (session, result);
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read_finish (session, result, &reason);
  GError *error = NULL;

  if (bytes == NULL)
    {
      set_io_error (&error, reason);
      g_task_return_error (task, error);
    }
  else if (!SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message)))
    g_task_return_error (task, answer_to_error (soup_message_get_status (message), bytes));
  else
    g_task_return_pointer (task, g_steal_pointer (&bytes), (GDestroyNotify) g_bytes_unref);
}

void
pgm_rest_call_async (SoupSession *session,
                     const char *method,
                     const char *path,
                     PgmSecret *body,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (session, cancellable, callback, user_data);
  g_autoptr (SoupMessage) message = pgm_rest_message_new (method, path);

  g_task_set_source_tag (task, pgm_rest_call_async);
  if (g_str_equal (method, "POST") || g_str_equal (method, "PUT"))
    set_body (message, body);
  /* One request a connection is all that the other side gives. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, cancellable, on_answer,
                                    task);
}

GBytes *
pgm_rest_call_finish (SoupSession *session, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
