#include "config.h"

#include "postgres/connection-private.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <sys/socket.h>

/* How long a cancelled statement may take to come to rest. */
#define INTERRUPT_SECONDS 5

/* A server can raise notices without end (RAISE NOTICE in a loop). */
#define MAX_NOTICES 1000

static void
receive_notice (void *data, const PGresult *result)
{
  PgmConnection *self = data;
  const char *text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  self->notices_seen++;
  if (text != NULL && self->notices->len < MAX_NOTICES)
    g_ptr_array_add (self->notices,
                     pgm_connection_text (text, PQparameterStatus (self->pg, "client_encoding")));
}

PgmConnection *
pgm_connection_open (PgmConninfo *conninfo,
                     const PgmSessionOptions *options,
                     GCancellable *cancellable,
                     GError **error)
{
  PGconn *pg = pgm_login (conninfo, options, cancellable, error);
  if (pg == NULL)
    return NULL;

  g_autoptr (PgmConnection) self = g_new0 (PgmConnection, 1);
  self->pg = pg;
  self->label = g_strdup (options->label != NULL ? options->label : "server");
  self->simple = options->replication || options->console;
  self->replication = options->replication;
  self->notices = g_ptr_array_new_with_free_func (g_free);
  PQsetNoticeReceiver (pg, receive_notice, self);
  if (PQsetnonblocking (pg, 1) != 0)
    {
      pgm_connection_set_lost (self, error);
      return NULL;
    }
  if (!options->console && !pgm_session_begin (self, options, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_connection_free (PgmConnection *self)
{
  if (self == NULL)
    return;
  PQfinish (self->pg);
  g_ptr_array_unref (self->notices);
  g_free (self->label);
  g_free (self->chunk);
  g_free (self);
}

const char *
pgm_connection_get_label (PgmConnection *self)
{
  return self->label;
}

int
pgm_connection_get_version (PgmConnection *self)
{
  return PQserverVersion (self->pg);
}

int
pgm_connection_get_major (PgmConnection *self)
{
  return PQserverVersion (self->pg) / 10000;
}

int
pgm_connection_get_backend_pid (PgmConnection *self)
{
  return PQbackendPID (self->pg);
}

gboolean
pgm_connection_is_lost (PgmConnection *self)
{
  return self->lost || PQstatus (self->pg) == CONNECTION_BAD;
}

gboolean
pgm_connection_is_local (PgmConnection *self)
{
  struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
  socklen_t size = sizeof peer;

  if (getpeername (PQsocket (self->pg), (struct sockaddr *) &peer, &size) != 0)
    return FALSE;
  if (peer.ss_family == AF_INET)
    return ntohl (((struct sockaddr_in *) &peer)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  if (peer.ss_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK (&((struct sockaddr_in6 *) &peer)->sin6_addr);
  return peer.ss_family == AF_UNIX;
}

const PgmServerIdentity *
pgm_connection_get_identity (PgmConnection *self)
{
  return &self->identity;
}

GStrv
pgm_connection_steal_notices (PgmConnection *self)
{
  if (self->notices->len == 0)
    return NULL;
  GPtrArray *notices = self->notices;
  self->notices = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (notices, NULL);
  return (GStrv) g_ptr_array_free (notices, FALSE);
}

gboolean
pgm_connection_send (PgmConnection *self,
                     const char *sql,
                     guint n_params,
                     const char *const *params,
                     gboolean simple,
                     GError **error)
{
  if (pgm_connection_is_lost (self))
    {
      pgm_error_set (error, PGM_ERROR_LOST, "%s: the connection is lost", self->label);
      return FALSE;
    }

  int sent = simple
                 ? PQsendQuery (self->pg, sql)
                 : PQsendQueryParams (self->pg, sql, (int) n_params, NULL, params, NULL, NULL, 0);
  if (sent)
    return TRUE;
  pgm_connection_set_lost (self, error);
  return FALSE;
}

gboolean
pgm_connection_consume (PgmConnection *self, GError **error)
{
  if (PQconsumeInput (self->pg))
    return TRUE;
  /* The reason may have come before the end: "terminating connection …". */
  PGresult *result = PQisBusy (self->pg) ? NULL : PQgetResult (self->pg);
  if (result != NULL && PQresultErrorField (result, PG_DIAG_SQLSTATE) != NULL)
    {
      pgm_connection_set_result_error (self, result, NULL, error);
      self->lost = TRUE;
    }
  else
    pgm_connection_set_lost (self, error);
  PQclear (result);
  return FALSE;
}

gboolean
pgm_connection_flush (PgmConnection *self, PgmWait *wait, gint64 deadline, GError **error)
{
  int left;

  while ((left = PQflush (self->pg)) > 0)
    {
      struct pollfd fd = { .fd = PQsocket (self->pg), .events = POLLIN | POLLOUT };
      if (!pgm_wait_poll (wait, &fd, 1, deadline, error))
        return FALSE;
      if ((fd.revents & ~POLLOUT) != 0 && !pgm_connection_consume (self, error))
        return FALSE;
    }
  if (left == 0)
    return TRUE;
  if (pgm_connection_consume (self, error))
    pgm_connection_set_lost (self, error);
  return FALSE;
}

gboolean
pgm_connection_next_result (PgmConnection *self,
                            PgmWait *wait,
                            gint64 deadline,
                            PGresult **result,
                            GError **error)
{
  *result = NULL;
  if (!pgm_connection_flush (self, wait, deadline, error))
    return FALSE;
  while (PQisBusy (self->pg))
    {
      struct pollfd fd = { .fd = PQsocket (self->pg), .events = POLLIN };
      if (!pgm_wait_poll (wait, &fd, 1, deadline, error))
        return FALSE;
      if (!pgm_connection_consume (self, error))
        return FALSE;
    }
  *result = PQgetResult (self->pg);
  return TRUE;
}

/* Throws the rest of a COPY … TO STDOUT away. */
static gboolean
drain_rows (PgmConnection *self, gint64 deadline)
{
  g_auto (PgmWait) wait = { NULL, -1 };

  for (;;)
    {
      char *row = NULL;
      int size = PQgetCopyData (self->pg, &row, 1);
      if (size < 0)
        return TRUE;
      if (size > 0)
        {
          PQfreemem (row);
          continue;
        }
      struct pollfd fd = { .fd = PQsocket (self->pg), .events = POLLIN };
      if (!pgm_wait_poll (&wait, &fd, 1, deadline, NULL) || !pgm_connection_consume (self, NULL))
        return FALSE;
    }
}

gboolean
pgm_connection_drain (PgmConnection *self, gint64 deadline)
{
  g_auto (PgmWait) wait = { NULL, -1 };
  ExecStatusType status = PGRES_EMPTY_QUERY;
  PGresult *result;

  /* In a pipeline only its owner knows what is to come: such a session is given up. */
  while (!pgm_connection_is_lost (self) && status != PGRES_COPY_BOTH &&
         PQpipelineStatus (self->pg) == PQ_PIPELINE_OFF)
    {
      if (!pgm_connection_next_result (self, &wait, deadline, &result, NULL))
        break;
      if (result == NULL)
        return TRUE;
      status = PQresultStatus (result);
      PQclear (result);
      if (status == PGRES_COPY_IN && PQputCopyEnd (self->pg, "cancelled by the client") < 0)
        break;
      if (status == PGRES_COPY_OUT && !drain_rows (self, deadline))
        break;
    }
  self->lost = TRUE;
  return FALSE;
}

/* PQcancel() blocks for as long as the network pleases, so it runs apart and is
 * waited for only so long. */
typedef struct
{
  gatomicrefcount references;
  GMutex mutex;
  GCond cond;
  gboolean done;
  PGcancel *request;
} Canceller;

static void
canceller_unref (Canceller *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  PQfreeCancel (self->request);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

static gpointer
canceller_thread (gpointer data)
{
  Canceller *self = data;
  char message[256];

  (void) PQcancel (self->request, message, sizeof message);
  g_mutex_lock (&self->mutex);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  canceller_unref (self);
  return NULL;
}

static gboolean
canceller_await (Canceller *self, gint64 deadline)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  while (!self->done)
    if (!g_cond_wait_until (&self->cond, &self->mutex, deadline))
      break;
  return self->done;
}

void
pgm_connection_interrupt (PgmConnection *self)
{
  gint64 deadline = pgm_wait_deadline (INTERRUPT_SECONDS);
  /* pgbouncer's console knows no cancelling: it is left alone. */
  gboolean deaf = self->simple && !self->replication;
  PGcancel *request = deaf || pgm_connection_is_lost (self) ? NULL : PQgetCancel (self->pg);

  if (request == NULL)
    {
      self->lost = TRUE;
      return;
    }
  Canceller *canceller = g_new0 (Canceller, 1);
  g_atomic_ref_count_init (&canceller->references);
  g_atomic_ref_count_inc (&canceller->references);
  g_mutex_init (&canceller->mutex);
  g_cond_init (&canceller->cond);
  canceller->request = request;
  g_thread_unref (g_thread_new ("pgm-cancel", canceller_thread, canceller));

  /* A request that arrives late would hit the session's next statement: only
   * when it is known to be over may the session be used again. */
  if (!pgm_connection_drain (self, deadline) || !canceller_await (canceller, deadline))
    self->lost = TRUE;
  canceller_unref (canceller);
}

static gboolean
is_copy (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static gboolean
is_failure (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* The last result; the first error. After an error the server skips the rest of
 * the string, so there is nothing to stop. */
static PGresult *
collect (PgmConnection *self, PgmWait *wait, const char *sql, GError **error)
{
  PGresult *kept = NULL;
  GError *first = NULL;

  for (;;)
    {
      PGresult *result = NULL;
      GError *local = NULL;
      gboolean ok = pgm_connection_next_result (self, wait, 0, &result, &local);
      if (ok && result == NULL)
        break;
      if (ok && is_copy (result))
        pgm_error_set (&local, PGM_ERROR_FAILED, "%s: a COPY can't run as an ordinary statement",
                       self->label);
      if (local != NULL)
        {
          PQclear (result);
          pgm_connection_interrupt (self);
          /* After a FATAL error the end of the connection is no news. */
          if (first == NULL)
            first = g_steal_pointer (&local);
          g_clear_error (&local);
          break;
        }
      if (is_failure (result) && first == NULL)
        pgm_connection_set_result_error (self, result, sql, &first);
      PQclear (kept);
      kept = result;
    }

  if (first == NULL)
    return kept;
  PQclear (kept);
  g_propagate_error (error, first);
  return NULL;
}

PgmResult *
pgm_connection_run (PgmConnection *self,
                    const char *sql,
                    guint n_params,
                    const char *const *params,
                    gboolean simple,
                    GCancellable *cancellable,
                    GError **error)
{
  g_auto (PgmWait) wait = { NULL, -1 };

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (!pgm_connection_send (self, sql, n_params, params, simple, error))
    return NULL;
  pgm_wait_init (&wait, cancellable);
  PGresult *result = collect (self, &wait, sql, error);
  return result != NULL ? pgm_result_new_take (result) : NULL;
}

PgmResult *
pgm_connection_query (PgmConnection *self,
                      const char *sql,
                      guint n_params,
                      const char *const *params,
                      GCancellable *cancellable,
                      GError **error)
{
  g_return_val_if_fail (!self->simple || n_params == 0, NULL);
  return pgm_connection_run (self, sql, n_params, params, self->simple, cancellable, error);
}

gboolean
pgm_connection_exec (PgmConnection *self,
                     const char *sql,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_run (self, sql, 0, NULL, TRUE, cancellable, error);
  return result != NULL;
}

gboolean
pgm_connection_execf (PgmConnection *self,
                      GCancellable *cancellable,
                      GError **error,
                      const char *format,
                      ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *sql = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return pgm_connection_exec (self, sql, cancellable, error);
}

char *
pgm_connection_query_value (PgmConnection *self,
                            const char *sql,
                            guint n_params,
                            const char *const *params,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (self, sql, n_params, params, cancellable, error);

  if (result == NULL)
    return NULL;
  if (pgm_result_get_rows (result) == 0 || pgm_result_get_columns (result) == 0)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "%s: the query returned no row", self->label);
      return NULL;
    }
  const char *value = pgm_result_get (result, 0, 0);
  if (value == NULL)
    pgm_error_set (error, PGM_ERROR_FAILED, "%s: the query returned NULL", self->label);
  return g_strdup (value);
}

char *
pgm_connection_get_library_version (void)
{
  int version = PQlibVersion ();

  return g_strdup_printf ("%d.%d", version / 10000, version % 10000);
}
