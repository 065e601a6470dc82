#include "config.h"

#include "postgres/stream.h"

#include <string.h>

#include "core/reader.h"
#include "postgres/connection-private.h"
#include "postgres/copy.h"
#include "postgres/backlog-private.h"
#include "postgres/quote.h"
#include "postgres/replication-private.h"

/* How long the end of a stream may take in both directions. */
#define END_SECONDS 5

/* 'w', two positions, a time. */
#define DATA_HEADER 25

/* 'r', three positions, a time, a flag. */
#define STATUS_SIZE 34

/* Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01. */
#define POSTGRES_EPOCH G_GUINT64_CONSTANT (946684800000000)

typedef struct
{
  PgmLsn received, flushed, applied;
  gboolean reply;
  gboolean due; /* not yet handed to libpq */
} Status;

struct _PgmStream
{
  PgmConnection *connection;
  PgmWait wait; /* its cancellable is referenced */
  PgmBacklog backlog;
  char *buffer; /* the message that is being looked at */
  Status status;
  gboolean output_pending; /* libpq has bytes that the socket did not take */
  gboolean input_ended;    /* what is in libpq's buffer is all there will be */
  gboolean encrypted;
};

/* ---- starting ---------------------------------------------------------------- */

/* Strings of the replication grammar know no escapes but the doubled quote. */
static void
append_string (GString *sql, const char *text)
{
  g_string_append_c (sql, '\'');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\'')
        g_string_append_c (sql, '\'');
      g_string_append_c (sql, *p);
    }
  g_string_append_c (sql, '\'');
}

static void
append_option (GString *sql, const char *name, const char *value)
{
  g_string_append_printf (sql, ", \"%s\" ", name);
  append_string (sql, value);
}

static void
append_publications (GString *sql, const char *const *publications)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; publications[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (names, ',');
      pgm_quote_append_identifier (names, publications[i]);
    }
  append_option (sql, "publication_names", names->str);
}

/* The oldest servers refuse options that they don't know. */
static char *
build_command (PgmConnection *connection, const PgmStreamOptions *options)
{
  int major = pgm_connection_get_major (connection);
  char lsn[PGM_LSN_TEXT_SIZE];
  GString *sql = g_string_new ("START_REPLICATION SLOT ");

  pgm_quote_append_identifier (sql, options->slot);
  g_string_append_printf (sql, " LOGICAL %s (\"proto_version\" '%d'",
                          pgm_lsn_format (options->start, lsn), options->protocol);
  append_publications (sql, options->publications);
  if (options->messages && major >= 14)
    append_option (sql, "messages", "true");
  if (options->binary && major >= 14)
    append_option (sql, "binary", "true");
  /* "parallel" also tells where a transaction was aborted. */
  if (options->streaming && options->protocol >= 2)
    append_option (sql, "streaming", options->protocol >= 4 ? "parallel" : "on");
  if (options->origin_none && major >= 16)
    append_option (sql, "origin", "none");
  g_string_append_c (sql, ')');
  return g_string_free (sql, FALSE);
}

static void
set_start_error (PgmConnection *connection, const PGresult *result, const char *sql, GError **error)
{
  static const char *const refused[] = { PGM_SQLSTATE_UNDEFINED, PGM_SQLSTATE_IN_USE,
                                         PGM_SQLSTATE_NOT_IN_STATE, NULL };
  GError *local = NULL;

  pgm_connection_set_result_error (connection, result, sql, &local);
  if (!pgm_connection_is_lost (connection))
    pgm_replication_recode (local, refused, PGM_ERROR_REFUSED, NULL);
  g_propagate_error (error, local);
}

/* FALSE leaves the session at rest, or lost. */
static gboolean
enter_stream (PgmConnection *connection, const char *sql, PgmWait *wait, GError **error)
{
  PGresult *result = NULL;

  if (!pgm_connection_send (connection, sql, 0, NULL, TRUE, error))
    return FALSE;
  if (!pgm_connection_next_result (connection, wait, 0, &result, error))
    {
      pgm_connection_interrupt (connection);
      return FALSE;
    }
  gboolean ok = PQresultStatus (result) == PGRES_COPY_BOTH;
  if (!ok)
    {
      if (PQresultErrorField (result, PG_DIAG_SQLSTATE) != NULL)
        set_start_error (connection, result, sql, error);
      else
        pgm_error_set (error, PGM_ERROR_PROTOCOL, "%s: the server did not begin to stream",
                       connection->label);
      if (!pgm_connection_drain (connection, pgm_wait_deadline (END_SECONDS)))
        connection->lost = TRUE;
    }
  PQclear (result);
  return ok;
}

PgmStream *
pgm_stream_start (PgmConnection *connection,
                  const PgmStreamOptions *options,
                  GCancellable *cancellable,
                  GError **error)
{
  g_auto (PgmWait) wait = { NULL, -1 };

  g_return_val_if_fail (connection->replication, NULL);
  /* A large input buffer, while ordinary results are still possible. */
  if (!pgm_copy_prepare_session (connection, cancellable, error))
    return NULL;
  pgm_wait_init (&wait, cancellable);
  g_autofree char *sql = build_command (connection, options);
  if (!enter_stream (connection, sql, &wait, error))
    return NULL;

  PgmStream *self = g_new0 (PgmStream, 1);
  self->connection = connection;
  self->wait = (PgmWait){ NULL, -1 };
  self->encrypted = PQsslInUse (connection->pg) != 0;
  pgm_backlog_init (&self->backlog, PQsocket (connection->pg), self->encrypted);
  return self;
}

static void
forget_cancellable (PgmStream *self)
{
  GCancellable *cancellable = self->wait.cancellable;

  pgm_wait_clear (&self->wait);
  g_clear_object (&cancellable);
}

void
pgm_stream_free (PgmStream *self)
{
  if (self == NULL)
    return;
  forget_cancellable (self);
  PQfreemem (self->buffer);
  g_free (self);
}

/* The descriptor is kept from one read to the next. */
static PgmWait *
wait_for (PgmStream *self, GCancellable *cancellable)
{
  if (self->wait.cancellable != cancellable)
    {
      forget_cancellable (self);
      if (cancellable != NULL)
        pgm_wait_init (&self->wait, g_object_ref (cancellable));
    }
  return &self->wait;
}

/* ---- status ------------------------------------------------------------------ */

static guint8 *
put_u64 (guint8 *to, guint64 value)
{
  value = GUINT64_TO_BE (value);
  memcpy (to, &value, sizeof value);
  return to + sizeof value;
}

/* Hands the status to libpq, and what libpq has to the socket, as far as they
 * take it. */
static gboolean
push_output (PgmStream *self, GError **error)
{
  PGconn *pg = self->connection->pg;
  Status *status = &self->status;
  int left = self->output_pending ? PQflush (pg) : 0;

  /* One status in libpq's buffer is enough: a later one says more. */
  if (left == 0 && status->due)
    {
      guint8 message[STATUS_SIZE] = { 'r' };
      guint8 *end = put_u64 (message + 1, status->received);
      end = put_u64 (end, status->flushed);
      end = put_u64 (end, status->applied);
      end = put_u64 (end, (guint64) g_get_real_time () - POSTGRES_EPOCH);
      *end = status->reply ? 1 : 0;
      int put = PQputCopyData (pg, (const char *) message, STATUS_SIZE);
      if (put > 0)
        {
          status->due = status->reply = FALSE;
          left = PQflush (pg);
        }
      else if (put < 0)
        left = -1;
    }
  self->output_pending = left > 0;
  if (left >= 0)
    return TRUE;
  pgm_connection_set_lost (self->connection, error);
  return FALSE;
}

gboolean
pgm_stream_send_status (PgmStream *self,
                        PgmLsn received,
                        PgmLsn flushed,
                        PgmLsn applied,
                        gboolean reply,
                        GError **error)
{
  Status *status = &self->status;

  status->received = received;
  status->flushed = flushed;
  status->applied = applied;
  status->reply |= reply;
  status->due = TRUE;
  return push_output (self, error);
}

/* ---- the end ----------------------------------------------------------------- */

/* The results that follow the data. The server's CopyDone is answered with ours;
 * a server that shuts down ends the command without one. */
static gboolean
read_final_results (PgmStream *self, PgmWait *wait, GError **error)
{
  PgmConnection *connection = self->connection;
  gint64 deadline = pgm_wait_deadline (END_SECONDS);
  PGresult *result = NULL;
  GError *local = NULL;
  gboolean done = FALSE;

  while (local == NULL &&
         pgm_connection_next_result (connection, wait, deadline, &result, &local) && result != NULL)
    {
      ExecStatusType status = PQresultStatus (result);
      if (status == PGRES_COMMAND_OK)
        done = TRUE;
      else if (status == PGRES_COPY_IN && PQputCopyEnd (connection->pg, NULL) < 0)
        pgm_connection_set_lost (connection, &local);
      else if (status != PGRES_COPY_IN)
        pgm_connection_set_result_error (connection, result, NULL, &local);
      PQclear (result);
    }
  if (done)
    {
      /* A server that is shut down closes the connection after that. */
      if (local != NULL)
        connection->lost = TRUE;
      g_clear_error (&local);
      return TRUE;
    }
  if (local == NULL)
    pgm_error_set (&local, PGM_ERROR_PROTOCOL, "%s: the server ended the stream without a result",
                   connection->label);
  connection->lost = TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

/* ---- reading ----------------------------------------------------------------- */

/* Takes in what the socket has. A broken connection may have left messages, and
 * its reason, in libpq's buffer: they are read first. */
static void
take_in (PgmStream *self)
{
  if (!PQconsumeInput (self->connection->pg))
    self->input_ended = TRUE;
}

/* Nothing whole is in the buffer: waits until there may be more, or the deadline
 * has passed. */
static gboolean
wait_for_more (PgmStream *self, gint64 deadline, PgmWait *wait, gboolean *passed, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean sleep = FALSE;
  gint64 now = g_get_monotonic_time ();
  gint64 until = deadline;
  guint pause = 0;

  *passed = now >= deadline;
  /* Else each small packet would be waited for, one after the other. */
  if (*passed && pgm_backlog_wants_pause (&self->backlog))
    return TRUE;
  pause = pgm_backlog_next_pause (&self->backlog, &sleep);
  if (pause > 0 && sleep)
    {
      g_usleep (pause);
      take_in (self);
      return TRUE;
    }
  if (pause > 0)
    until = MIN (deadline, now + pause);
  struct pollfd fd = { .fd = PQsocket (self->connection->pg), .events = POLLIN };
  if (self->output_pending)
    fd.events |= POLLOUT;
  if (!pgm_wait_poll (wait, &fd, 1, MAX (until, 1), &local) &&
      !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* Below the low-water mark poll() sees nothing where there is something. */
  if (local == NULL ? (fd.revents & ~POLLOUT) != 0 : pause > 0)
    take_in (self);
  *passed = local != NULL && g_get_monotonic_time () >= deadline;
  return TRUE;
}

static gboolean
parse_message (PgmStream *self, gsize size, PgmStreamMessage *message, GError **error)
{
  PgmReader reader;

  pgm_reader_init (&reader, self->buffer, size);
  guint8 kind = pgm_reader_u8 (&reader);
  message->start = kind == 'w' ? pgm_reader_u64 (&reader) : PGM_LSN_INVALID;
  message->end = pgm_reader_u64 (&reader);
  message->time = (gint64) (pgm_reader_u64 (&reader) + POSTGRES_EPOCH);
  message->reply_requested = kind == 'k' && pgm_reader_u8 (&reader) != 0;
  message->data = reader.data + reader.position;
  message->size = pgm_reader_left (&reader);
  /* A message of the plugin has a type at least. */
  if (G_LIKELY (kind == 'w' && message->size > 0))
    return TRUE;
  if (kind == 'k')
    return pgm_reader_finish (&reader, "keepalive of the replication stream", TRUE, error);
  pgm_reader_fail (&reader);
  if (kind != 'w')
    reader.failed_at = 0;
  return pgm_reader_finish (&reader, "message of the replication stream", FALSE, error);
}

/* Whether there is a message in libpq's buffer; NONE: not yet. */
typedef enum
{
  TAKEN,
  NONE,
  ENDED,
  BROKEN,
} Taken;

static Taken
take_message (PgmStream *self, gsize *size)
{
  PQfreemem (self->buffer);
  self->buffer = NULL;
  int got = PQgetCopyData (self->connection->pg, &self->buffer, 1);
  if (got > 0)
    {
      *size = (gsize) got;
      return TAKEN;
    }
  if (got == 0)
    return self->input_ended ? BROKEN : NONE;
  return got == -1 ? ENDED : BROKEN;
}

static PgmStreamResult
deliver (PgmStream *self, gsize size, PgmStreamMessage *message, GError **error)
{
  if (!parse_message (self, size, message, error))
    return PGM_STREAM_FAILED;
  if (self->buffer[0] == 'k')
    return PGM_STREAM_KEEPALIVE;
  pgm_backlog_note (&self->backlog, message->time, message->data, message->size);
  return PGM_STREAM_DATA;
}

PgmStreamResult
pgm_stream_read (PgmStream *self,
                 PgmStreamMessage *message,
                 gint64 deadline,
                 GCancellable *cancellable,
                 GError **error)
{
  gboolean passed = FALSE;
  gsize size = 0;

  for (gboolean first = TRUE;; first = FALSE)
    {
      switch (take_message (self, &size))
        {
        case TAKEN:
          return deliver (self, size, message, error);
        case ENDED:
          return read_final_results (self, wait_for (self, cancellable), error) ? PGM_STREAM_END
                                                                                : PGM_STREAM_FAILED;
        case BROKEN:
          pgm_connection_set_lost (self->connection, error);
          return PGM_STREAM_FAILED;
        case NONE:
          break;
        }
      if (passed)
        return PGM_STREAM_IDLE;
      if ((self->output_pending || self->status.due) && !push_output (self, error))
        return PGM_STREAM_FAILED;
      /* OpenSSL may hold what poll() doesn't see. */
      if (first && self->encrypted)
        take_in (self);
      else if (!wait_for_more (self, deadline, wait_for (self, cancellable), &passed, error))
        return PGM_STREAM_FAILED;
    }
}

/* Throws away what still comes. */
static gboolean
skip_to_end (PgmStream *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      PgmStreamMessage message;
      switch (pgm_stream_read (self, &message, deadline, cancellable, error))
        {
        case PGM_STREAM_END:
          return TRUE;
        case PGM_STREAM_FAILED:
          return FALSE;
        case PGM_STREAM_DATA:
        case PGM_STREAM_KEEPALIVE:
          if (g_get_monotonic_time () < deadline)
            break;
          G_GNUC_FALLTHROUGH;
        case PGM_STREAM_IDLE:
        default:
          self->connection->lost = TRUE;
          pgm_error_set (error, PGM_ERROR_FAILED,
                         "%s: the server did not end the stream within %d seconds",
                         self->connection->label, END_SECONDS);
          return FALSE;
        }
    }
}

gboolean
pgm_stream_finish (PgmStream *self, GCancellable *cancellable, GError **error)
{
  gint64 deadline = pgm_wait_deadline (END_SECONDS);

  if (!push_output (self, error))
    return FALSE;
  if (PQputCopyEnd (self->connection->pg, NULL) < 0)
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  self->output_pending = TRUE;
  return skip_to_end (self, deadline, cancellable, error);
}
