#include "server/entrances.h"

#include "server/local-socket.h"
#include "server/tcp-socket.h"
#include "server/tls-files.h"
#include "server/token.h"

struct _PgmEntrances
{
  PgmLocalSocket *local;
  PgmEntrance *local_entrance;
  PgmSecret *token;
  PgmTickets *tickets;
  GTlsCertificate *tls;
  GPtrArray *sockets;   /* PgmTcpSocket */
  GPtrArray *entrances; /* of each of them */
  GStrv urls;
};

static void
free_socket (gpointer data)
{
  pgm_tcp_socket_close (data);
}

static void
free_entrance (gpointer data)
{
  pgm_entrance_free (data);
}

/* What a Host may say at @socket. The port of HTTP or TLS is left out by clients. */
static GStrv
list_hosts (const PgmTcpSocket *socket, gboolean tls, const char *const *allowed)
{
  const char *const ours[] = { "localhost", "127.0.0.1", "[::1]",
                               socket->wildcard ? NULL : socket->host, NULL };
  g_autoptr (GStrvBuilder) hosts = g_strv_builder_new ();

  for (guint i = 0; ours[i] != NULL; i++)
    {
      g_autofree char *whole = g_strdup_printf ("%s:%u", ours[i], socket->port);

      g_strv_builder_add (hosts, whole);
      if (socket->port == (tls ? 443 : 80))
        g_strv_builder_add (hosts, ours[i]);
    }
  for (guint i = 0; allowed != NULL && allowed[i] != NULL; i++)
    {
      g_autofree char *whole = g_strdup_printf ("%s:%u", allowed[i], socket->port);

      /* As it is: what stands in front of us may have another port, or none. */
      g_strv_builder_add (hosts, allowed[i]);
      g_strv_builder_add (hosts, whole);
    }
  return g_strv_builder_end (hosts);
}

static gboolean
check_address (const PgmServerOptions *options, const char *where, GError **error)
{
  gboolean loopback;

  if (!pgm_tcp_socket_is_loopback (where, &loopback, error))
    return FALSE;
  if (options->token_file == NULL)
    pgm_error_set (error, PGM_ERROR_REFUSED, "\"%s\" is not served without a token", where);
  else if (!loopback && options->tls_certificate == NULL)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                        "Others could read the token and whatever is sent.",
                        "Give a certificate and its key (pgmanager daemon init-tls makes "
                        "them), or listen on 127.0.0.1 only.",
                        "\"%s\" is not served without TLS", where);
  else
    return TRUE;
  return FALSE;
}

static gboolean
is_host (const char *text)
{
  return *text != '\0' && text[strcspn (text, "/@\\ \t")] == '\0';
}

static gboolean
check_options (const PgmServerOptions *options, GError **error)
{
  for (guint i = 0; options->allowed_hosts != NULL && options->allowed_hosts[i] != NULL; i++)
    if (!is_host (options->allowed_hosts[i]))
      {
        pgm_error_set (error, PGM_ERROR_USAGE, "\"%s\" is no name of a host",
                       options->allowed_hosts[i]);
        return FALSE;
      }
  if ((options->tls_certificate == NULL) != (options->tls_key == NULL))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "a certificate and its key belong together");
      return FALSE;
    }
  for (guint i = 0; options->listen != NULL && options->listen[i] != NULL; i++)
    if (!check_address (options, options->listen[i], error))
      return FALSE;
  return TRUE;
}

gboolean
pgm_entrances_check (const PgmServerOptions *options, GError **error)
{
  g_autoptr (GTlsCertificate) tls = NULL;

  if (!check_options (options, error))
    return FALSE;
  if (options->tls_certificate == NULL)
    return TRUE;
  tls = pgm_tls_files_load (options->tls_certificate, options->tls_key, error);
  return tls != NULL;
}

static gboolean
open_local (PgmEntrances *self, const PgmServerOptions *options, GError **error)
{
  if (options->directory == NULL)
    return TRUE;
  self->local = pgm_local_socket_open (options->directory, options->job_id, error);
  if (self->local == NULL)
    return FALSE;
  self->local_entrance = g_new0 (PgmEntrance, 1);
  self->local_entrance->local = TRUE;
  self->local_entrance->tickets = self->tickets;
  return TRUE;
}

static gboolean
open_tcp (PgmEntrances *self, const PgmServerOptions *options, const char *where, GError **error)
{
  PgmTcpSocket *socket = pgm_tcp_socket_open (where, error);
  PgmEntrance *entrance;

  if (socket == NULL)
    return FALSE;
  entrance = g_new0 (PgmEntrance, 1);
  entrance->tls = self->tls != NULL;
  entrance->share_files = options->share_files;
  entrance->hosts = list_hosts (socket, entrance->tls, options->allowed_hosts);
  entrance->token = pgm_secret_ref (self->token);
  entrance->tickets = self->tickets;
  g_ptr_array_add (self->sockets, socket);
  g_ptr_array_add (self->entrances, entrance);
  return TRUE;
}

static gboolean
open_all_tcp (PgmEntrances *self, const PgmServerOptions *options, GError **error)
{
  g_autoptr (GStrvBuilder) urls = g_strv_builder_new ();

  if (options->listen != NULL && *options->listen != NULL)
    {
      self->token = pgm_token_open (options->token_file, error);
      if (self->token == NULL)
        return FALSE;
      if (options->tls_certificate != NULL &&
          (self->tls = pgm_tls_files_load (options->tls_certificate, options->tls_key, error)) ==
              NULL)
        return FALSE;
    }
  for (guint i = 0; options->listen != NULL && options->listen[i] != NULL; i++)
    {
      g_autofree char *url = NULL;
      PgmTcpSocket *socket;

      if (!open_tcp (self, options, options->listen[i], error))
        return FALSE;
      socket = g_ptr_array_index (self->sockets, i);
      url = g_strdup_printf ("%s://%s:%u", self->tls != NULL ? "https" : "http", socket->host,
                             socket->port);
      g_strv_builder_add (urls, url);
    }
  self->urls = g_strv_builder_end (urls);
  return TRUE;
}

PgmEntrances *
pgm_entrances_open (const PgmServerOptions *options, GError **error)
{
  PgmEntrances *self;

  if (!check_options (options, error))
    return NULL;
  self = g_new0 (PgmEntrances, 1);
  self->tickets = pgm_tickets_new ();
  self->sockets = g_ptr_array_new_with_free_func (free_socket);
  self->entrances = g_ptr_array_new_with_free_func (free_entrance);
  if (!open_all_tcp (self, options, error) || !open_local (self, options, error))
    {
      pgm_entrances_close (self);
      return NULL;
    }
  return self;
}

void
pgm_entrances_close (PgmEntrances *self)
{
  if (self == NULL)
    return;
  pgm_local_socket_close (self->local);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->entrances);
  pgm_entrance_free (self->local_entrance);
  pgm_secret_unref (self->token);
  pgm_tickets_free (self->tickets);
  g_clear_object (&self->tls);
  g_strfreev (self->urls);
  g_free (self);
}

void
pgm_entrances_listen (PgmEntrances *self, PgmGate *gate)
{
  if (self->local != NULL)
    pgm_gate_listen (gate, self->local->socket, self->local_entrance, NULL);
  for (guint i = 0; i < self->sockets->len; i++)
    pgm_gate_listen (gate, ((PgmTcpSocket *) g_ptr_array_index (self->sockets, i))->socket,
                     g_ptr_array_index (self->entrances, i), self->tls);
}

const char *
pgm_entrances_get_path (PgmEntrances *self)
{
  return self->local != NULL ? self->local->path : NULL;
}

const char *const *
pgm_entrances_get_urls (PgmEntrances *self)
{
  return (const char *const *) self->urls;
}

PgmTickets *
pgm_entrances_get_tickets (PgmEntrances *self)
{
  return self->tickets;
}
