#include "client/rest.h"

#include <gio/gunixsocketaddress.h>

#include "core/fingerprint.h"
#include "model/migration.h"

#define API "/api/v1"
/* A server whose thread hangs must not hang us: of silence, in seconds. */
#define TIMEOUT_SECONDS 30

struct _PgmRest
{
  GObject parent_instance;
  SoupSession *session;
  char *name;
  char *base;     /* of every URI */
  gboolean local; /* a unix socket */
  PgmSecret *token;
  char *fingerprint; /* the one to trust, or NULL */
  char *seen;        /* of the last certificate that wasn't trusted */
};

G_DEFINE_FINAL_TYPE (PgmRest, pgm_rest, G_TYPE_OBJECT)

static void
pgm_rest_finalize (GObject *object)
{
  PgmRest *self = PGM_REST (object);

  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_free (self->name);
  g_free (self->base);
  pgm_secret_unref (self->token);
  g_free (self->fingerprint);
  g_free (self->seen);
  G_OBJECT_CLASS (pgm_rest_parent_class)->finalize (object);
}

static void
pgm_rest_class_init (PgmRestClass *class)
{
  G_OBJECT_CLASS (class)->finalize = pgm_rest_finalize;
}

static void
pgm_rest_init (PgmRest *self)
{
}

static PgmRest *
take_session (SoupSession *session, const char *name)
{
  PgmRest *self = g_object_new (PGM_TYPE_REST, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  self->session = session;
  self->name = g_strdup (name);
  return self;
}

PgmRest *
pgm_rest_new (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  PgmRest *self =
      take_session (soup_session_new_with_options ("remote-connectable", address, "proxy-resolver",
                                                   NULL, "timeout", TIMEOUT_SECONDS, NULL),
                    path);

  self->local = TRUE;
  self->base = g_strdup ("http://localhost" API);
  return self;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return g_ascii_strcasecmp (host, "localhost") == 0 ||
         (address != NULL && g_inet_address_get_is_loopback (address));
}

/* "https://host:7654", and nothing more. */
static GUri *
parse_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *path = uri != NULL ? g_uri_get_path (uri) : "";

  if (uri != NULL &&
      (g_str_equal (g_uri_get_scheme (uri), "http") ||
       g_str_equal (g_uri_get_scheme (uri), "https")) &&
      g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
      g_uri_get_userinfo (uri) == NULL && (*path == '\0' || g_str_equal (path, "/")) &&
      g_uri_get_query (uri) == NULL && g_uri_get_fragment (uri) == NULL)
    return g_steal_pointer (&uri);
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      "It looks like http://127.0.0.1:7654 or https://db.example.com:7654.",
                      "\"%s\" is no URL of a server", url);
  return NULL;
}

gboolean
pgm_remote_engine_is_loopback (const char *url)
{
  g_autoptr (GUri) uri = parse_url (url, NULL);

  return uri != NULL && is_loopback (g_uri_get_host (uri));
}

static gboolean
check_target (const PgmRemoteTarget *target, GUri *uri, GError **error)
{
  gboolean tls = g_str_equal (g_uri_get_scheme (uri), "https");

  if (!tls && !is_loopback (g_uri_get_host (uri)))
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                        "Others could read the token and whatever is sent.", "Use https.",
                        "\"%s\" is not spoken to without TLS", target->url);
  else if (!tls && (target->ca != NULL || target->fingerprint != NULL))
    pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" has no certificate to check", target->url);
  else if (target->fingerprint != NULL && !pgm_fingerprint_is_valid (target->fingerprint))
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        "It has 64 hexadecimal digits; `pgmanager daemon init-tls` prints it.",
                        "\"%s\" is no fingerprint", target->fingerprint);
  else
    return TRUE;
  return FALSE;
}

/* What the system trusts; or @ca alone; or nothing, so that the fingerprint is asked
 * for every certificate. */
static gboolean
set_trust (SoupSession *session, const PgmRemoteTarget *target, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) reason = NULL;

  if (target->fingerprint != NULL)
    soup_session_set_tls_database (session, NULL);
  if (target->fingerprint != NULL || target->ca == NULL)
    return TRUE;
  database = g_tls_file_database_new (target->ca, &reason);
  if (database == NULL)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "certificates in \"%s\" can't be read: %s", target->ca,
                     reason->message);
      return FALSE;
    }
  soup_session_set_tls_database (session, database);
  return TRUE;
}

static char *
make_base (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  gboolean six = strchr (host, ':') != NULL;
  int port = g_uri_get_port (uri);

  return g_strdup_printf ("%s://%s%s%s:%d" API, g_uri_get_scheme (uri), six ? "[" : "", host,
                          six ? "]" : "", port > 0 ? port : PGM_REMOTE_PORT);
}

PgmRest *
pgm_rest_new_for_url (const PgmRemoteTarget *target, GError **error)
{
  g_autoptr (GUri) uri = parse_url (target->url, error);
  g_autoptr (SoupSession) session = NULL;
  PgmRest *self;

  if (uri == NULL || !check_target (target, uri, error))
    return NULL;
  /* No proxy: the token is for the server alone. */
  session =
      soup_session_new_with_options ("proxy-resolver", NULL, "timeout", TIMEOUT_SECONDS, NULL);
  if (!set_trust (session, target, error))
    return NULL;
  self = take_session (g_steal_pointer (&session), target->url);
  self->base = make_base (uri);
  self->token = pgm_secret_ref (target->token);
  self->fingerprint = g_strdup (target->fingerprint);
  return self;
}

void
pgm_rest_abort (PgmRest *self)
{
  soup_session_abort (self->session);
}

const char *
pgm_rest_get_name (PgmRest *self)
{
  return self->name;
}

gboolean
pgm_rest_is_local (PgmRest *self)
{
  return self->local;
}

static gboolean
on_certificate (SoupMessage *message,
                GTlsCertificate *certificate,
                GTlsCertificateFlags flags,
                PgmRest *self)
{
  g_free (self->seen);
  self->seen = pgm_fingerprint_new (certificate);
  return self->fingerprint != NULL && pgm_fingerprint_matches (self->fingerprint, certificate);
}

static SoupMessage *
make_message (PgmRest *self, const char *method, const char *path)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  SoupMessage *message = soup_message_new (method, uri);

  if (self->token != NULL)
    {
      char *value = g_strconcat ("Bearer ", pgm_secret_reveal (self->token), NULL);

      soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                    value);
      pgm_secret_free_text (value);
    }
  if (!self->local)
    g_signal_connect_object (message, "accept-certificate", G_CALLBACK (on_certificate), self, 0);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  return message;
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

static gboolean
is_unreachable (const GError *reason)
{
  static const int codes[] = {
    G_IO_ERROR_CONNECTION_REFUSED, G_IO_ERROR_NOT_FOUND,           G_IO_ERROR_PERMISSION_DENIED,
    G_IO_ERROR_HOST_UNREACHABLE,   G_IO_ERROR_NETWORK_UNREACHABLE, G_IO_ERROR_HOST_NOT_FOUND,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (reason, G_IO_ERROR, codes[i]))
      return TRUE;
  return reason->domain == G_RESOLVER_ERROR || reason->domain == G_TLS_ERROR;
}

/* With what somebody needs who compares it, as with a host's key of ssh. */
static void
set_trust_error (GError **error, PgmRest *self)
{
  g_autofree char *detail = g_strdup_printf ("Its SHA-256 fingerprint is %s.",
                                             self->seen != NULL ? self->seen : "unknown");

  pgm_error_set_full (error, PGM_ERROR_CONNECT, NULL, detail,
                      self->fingerprint != NULL
                          ? "This is another server than the one that was meant, or it has a new "
                            "certificate."
                          : "If `pgmanager daemon init-tls` printed the same there, give it with "
                            "--fingerprint; or the certificate's file with --ca.",
                      "the certificate of \"%s\" is not trusted", self->name);
}

static void
set_io_error (GError **error, PgmRest *self, const GError *reason)
{
  if (pgm_error_is_cancelled (reason))
    g_propagate_error (error, g_error_copy (reason));
  else if (g_error_matches (reason, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    set_trust_error (error, self);
  else if (is_unreachable (reason) && !self->local)
    pgm_error_set_full (error, PGM_ERROR_CONNECT, NULL, reason->message, NULL,
                        "\"%s\" can't be reached", self->name);
  else if (is_unreachable (reason))
    pgm_error_set_full (error, PGM_ERROR_CONNECT, NULL, reason->message, NULL,
                        "the process that runs the job can't be reached");
  else
    pgm_error_set_full (error, PGM_ERROR_LOST, NULL, reason->message, NULL,
                        "the connection to the process that runs the job broke");
}

static GError *
answer_to_error (PgmRest *self, guint status, GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  PgmApiError *answer =
      size > 0 ? pgm_record_from_json (&pgm_api_error_type, text, (gssize) size, NULL) : NULL;
  GError *error = NULL;

  if (status == 401)
    pgm_error_set_full (
        &error, PGM_ERROR_CONNECT, NULL, NULL, "Give the file that holds it with --token-file.",
        self->token != NULL ? "\"%s\" doesn't take this token" : "\"%s\" needs a token",
        self->name);
  else if (answer != NULL)
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
  PgmRest *self = g_task_get_source_object (task);
  SoupSession *session = SOUP_SESSION (source);
  SoupMessage *message = soup_session_get_async_result_message (session, result);
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read_finish (session, result, &reason);
  GError *error = NULL;

  if (bytes == NULL)
    {
      set_io_error (&error, self, reason);
      g_task_return_error (task, error);
    }
  else if (!SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message)))
    g_task_return_error (task, answer_to_error (self, soup_message_get_status (message), bytes));
  else
    g_task_return_pointer (task, g_steal_pointer (&bytes), (GDestroyNotify) g_bytes_unref);
}

void
pgm_rest_call_async (PgmRest *self,
                     const char *method,
                     const char *path,
                     PgmSecret *body,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (SoupMessage) message = make_message (self, method, path);

  g_task_set_source_tag (task, pgm_rest_call_async);
  if (g_str_equal (method, "POST") || g_str_equal (method, "PUT"))
    set_body (message, body);
  /* A connection that has been idle may be gone by the time we write to it; what changes
   * something is not sent twice. */
  if (!g_str_equal (method, "GET"))
    soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  soup_session_send_and_read_async (self->session, message, G_PRIORITY_DEFAULT, cancellable,
                                    on_answer, task);
}

GBytes *
pgm_rest_call_finish (PgmRest *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_listening (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) reason = NULL;
  SoupWebsocketConnection *connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &reason);
  GError *error = NULL;

  if (connection != NULL)
    {
      g_task_return_pointer (task, connection, g_object_unref);
      return;
    }
  set_io_error (&error, g_task_get_source_object (task), reason);
  g_task_return_error (task, error);
}

void
pgm_rest_listen_async (PgmRest *self,
                       const char *path,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (SoupMessage) message = make_message (self, "GET", path);

  g_task_set_source_tag (task, pgm_rest_listen_async);
  soup_session_websocket_connect_async (self->session, message, NULL, NULL, G_PRIORITY_DEFAULT,
                                        cancellable, on_listening, task);
}

SoupWebsocketConnection *
pgm_rest_listen_finish (PgmRest *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
