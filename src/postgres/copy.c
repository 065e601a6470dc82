#include "config.h"

#include "postgres/copy.h"

#include <string.h>

#include "postgres/connection-private.h"
#include "postgres/gather.h"

#define CHUNK_SIZE (256 * 1024)

/* How long a side that failed may take to say why. */
#define REASON_SECONDS 5

/* How long a message that the destination sends in mid-copy may take to arrive
 * whole, before it is taken for an error. */
#define NOTICE_SECONDS 1

/* The writing end: a destination in COPY … FROM STDIN. At most one chunk is in
 * libpq's buffer and one is being gathered. */
typedef struct
{
  PgmConnection *connection;
  PgmWait *wait;
  const char *sql;
  gsize used;       /* bytes gathered in connection->chunk */
  gboolean waiting; /* libpq has bytes that the socket did not take */
  gboolean at_rest; /* the statement is over, its error has been reported */
} Sink;

static gboolean
is_failure (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* Sends the statement; its answer is awaited apart, so that the two servers
 * begin at the same time. */
static gboolean
send_copy (PgmConnection *connection, const char *sql, PgmWait *wait, GError **error)
{
  return pgm_connection_send (connection, sql, 0, NULL, TRUE, error) &&
         pgm_connection_flush (connection, wait, 0, error);
}

static gboolean
await_copy (PgmConnection *connection,
            const char *sql,
            ExecStatusType expected,
            PgmWait *wait,
            GError **error)
{
  PGresult *result = NULL;

  if (!pgm_connection_next_result (connection, wait, 0, &result, error))
    return FALSE;
  gboolean ok = PQresultStatus (result) == expected;
  if (!ok && result != NULL && is_failure (result))
    {
      pgm_connection_set_result_error (connection, result, sql, error);
      /* What is left is the end of the statement; settle() sees to it if not. */
      if (!pgm_connection_drain (connection, pgm_wait_deadline (REASON_SECONDS)))
        connection->lost = TRUE;
    }
  else if (!ok)
    pgm_error_set (error, PGM_ERROR_FAILED, "%s: the statement is not the expected COPY",
                   connection->label);
  PQclear (result);
  return ok;
}

/* One of the final results of a COPY. FALSE when nothing more can be read. */
static gboolean
judge_final (PgmConnection *connection,
             const char *sql,
             PGresult *result,
             guint64 *rows,
             gboolean *done,
             GError **first)
{
  if (is_failure (result))
    {
      if (*first == NULL)
        pgm_connection_set_result_error (connection, result, sql, first);
      return TRUE;
    }
  if (PQresultStatus (result) == PGRES_COMMAND_OK)
    {
      *done = TRUE;
      if (rows != NULL)
        *rows = g_ascii_strtoull (PQcmdTuples (result), NULL, 10);
      return TRUE;
    }
  /* Still copying: libpq had no memory for a row, and would say so for ever. */
  if (*first == NULL)
    {
      g_autofree char *why = pgm_connection_text (PQerrorMessage (connection->pg), NULL);

      pgm_error_set (first, PGM_ERROR_LOST, "%s: a COPY could not be read to its end: %s",
                     connection->label, why);
    }
  connection->lost = TRUE;
  return FALSE;
}

/* Reads the final results of a COPY; its command tag's number into @rows. */
static gboolean
finish_copy (PgmConnection *connection,
             const char *sql,
             PgmWait *wait,
             guint64 *rows,
             GError **error)
{
  GError *first = NULL;
  PGresult *result = NULL;
  gboolean done = FALSE;

  for (gboolean more = TRUE; more;)
    {
      GError *local = NULL;
      if (!pgm_connection_next_result (connection, wait, 0, &result, &local))
        {
          /* After a FATAL error the end of the connection is no news. */
          if (first == NULL)
            first = g_steal_pointer (&local);
          g_clear_error (&local);
          break;
        }
      more = result != NULL && judge_final (connection, sql, result, rows, &done, &first);
      PQclear (result);
    }
  if (first == NULL && !done)
    pgm_error_set (&first, PGM_ERROR_PROTOCOL, "%s: the server ended a COPY without a result",
                   connection->label);
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

/* The destination has said something in mid-copy that ends it. libpq looks at
 * it only after the end of the data. */
static gboolean
sink_report_failure (Sink *self, GError **error)
{
  PgmConnection *connection = self->connection;
  gint64 deadline = pgm_wait_deadline (REASON_SECONDS);
  GError *first = NULL;
  PGresult *result = NULL;

  if (PQputCopyEnd (connection->pg, "the copy was given up") < 0)
    {
      pgm_connection_set_lost (connection, error);
      return FALSE;
    }
  while (first == NULL &&
         pgm_connection_next_result (connection, self->wait, deadline, &result, &first) &&
         result != NULL)
    {
      if (is_failure (result))
        pgm_connection_set_result_error (connection, result, self->sql, &first);
      PQclear (result);
    }
  if (first == NULL)
    pgm_error_set (&first, PGM_ERROR_PROTOCOL, "%s: the server ended a COPY without a reason",
                   connection->label);
  g_propagate_error (error, first);
  self->at_rest =
      pgm_connection_is_lost (connection) || pgm_connection_drain (connection, deadline);
  return FALSE;
}

/* A server that takes rows only speaks to raise a notice or an error. libpq
 * takes notices in and leaves an error lying until the data have ended, while
 * the server throws everything away that is still sent: so what is no notice is
 * taken for an error, at once. */
static gboolean
sink_listen (Sink *self, GError **error)
{
  PgmConnection *connection = self->connection;
  guint64 before = connection->notices_seen;
  gint64 deadline = pgm_wait_deadline (NOTICE_SECONDS);

  for (;;)
    {
      if (!pgm_connection_consume (connection, error))
        return FALSE;
      (void) PQisBusy (connection->pg); /* parses */
      if (connection->notices_seen != before)
        return TRUE;
      /* The rest of a notice may be on its way. */
      struct pollfd fd = { .fd = PQsocket (connection->pg), .events = POLLIN };
      g_autoptr (GError) local = NULL;
      if (pgm_wait_poll (self->wait, &fd, 1, MIN (deadline, g_get_monotonic_time () + 20 * 1000),
                         &local))
        continue;
      if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return sink_report_failure (self, error);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
}

static gboolean
sink_flush (Sink *self, GError **error)
{
  int left;

  while ((left = PQflush (self->connection->pg)) > 0)
    {
      struct pollfd fd = { .fd = PQsocket (self->connection->pg), .events = POLLIN | POLLOUT };
      if (!pgm_wait_poll (self->wait, &fd, 1, 0, error))
        return FALSE;
      if ((fd.revents & ~POLLOUT) != 0 && !sink_listen (self, error))
        return FALSE;
    }
  self->waiting = FALSE;
  if (left < 0)
    pgm_connection_set_lost (self->connection, error);
  return left == 0;
}

/* One CopyData of at most CHUNK_SIZE. What the socket does not take at once goes
 * out while the next chunk is being gathered. */
static gboolean
sink_put (Sink *self, const void *data, gsize size, GError **error)
{
  int put;

  g_assert (size <= CHUNK_SIZE);
  if (self->waiting && !sink_flush (self, error))
    return FALSE;
  while ((put = PQputCopyData (self->connection->pg, data, (int) size)) == 0)
    if (!sink_flush (self, error))
      return FALSE;
  if (put < 0)
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  self->waiting = TRUE;
  return TRUE;
}

static gboolean
sink_put_gathered (Sink *self, GError **error)
{
  gsize size = self->used;

  self->used = 0;
  return size == 0 || sink_put (self, self->connection->chunk, size, error);
}

/* For rows that do not fit into what is left of the chunk. */
static gboolean
sink_append_slowly (Sink *self, const char *data, gsize size, GError **error)
{
  while (size > 0)
    {
      gsize part = MIN (size, CHUNK_SIZE - self->used);
      if (self->used == 0 && part == CHUNK_SIZE)
        {
          if (!sink_put (self, data, part, error))
            return FALSE;
        }
      else
        {
          memcpy (self->connection->chunk + self->used, data, part);
          self->used += part;
          if (self->used == CHUNK_SIZE && !sink_put_gathered (self, error))
            return FALSE;
        }
      data += part;
      size -= part;
    }
  return TRUE;
}

static gboolean
sink_finish (Sink *self, guint64 *rows, GError **error)
{
  int ended;

  if (!sink_put_gathered (self, error) || !sink_flush (self, error))
    return FALSE;
  while ((ended = PQputCopyEnd (self->connection->pg, NULL)) == 0)
    if (!sink_flush (self, error))
      return FALSE;
  if (ended < 0)
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  return finish_copy (self->connection, self->sql, self->wait, rows, error);
}

static void
sink_init (Sink *self, PgmConnection *connection, const char *sql, PgmWait *wait)
{
  *self = (Sink){ .connection = connection, .sql = sql, .wait = wait };
  if (connection->chunk == NULL)
    connection->chunk = g_malloc (CHUNK_SIZE);
}

/* Brings a session to rest after its error, or after the other side's. */
static void
settle (PgmConnection *connection)
{
  if (!pgm_connection_is_lost (connection) &&
      PQtransactionStatus (connection->pg) == PQTRANS_ACTIVE)
    pgm_connection_interrupt (connection);
}

/* What a pump has counted but not yet told. */
typedef struct
{
  PgmCopyCounters *counters; /* may be NULL */
  guint64 rows, bytes;       /* told so far */
  guint64 new_rows, new_bytes;
} Tally;

static void
tally_publish (Tally *self)
{
  self->rows += self->new_rows;
  self->bytes += self->new_bytes;
  if (self->counters != NULL)
    {
      __atomic_fetch_add (&self->counters->rows, self->new_rows, __ATOMIC_RELAXED);
      __atomic_fetch_add (&self->counters->bytes, self->new_bytes, __ATOMIC_RELAXED);
    }
  self->new_rows = self->new_bytes = 0;
}

/* Replaces what was told by what is true: nothing after a failure, and the
 * destination's own count after success (binary COPY has one message more than
 * rows). Unsigned arithmetic wraps to the right sum. */
static void
tally_settle (Tally *self, guint64 rows, guint64 bytes)
{
  self->new_rows = rows - self->rows;
  self->new_bytes = bytes - self->bytes;
  tally_publish (self);
}

/* The reading end: a source in COPY … TO STDOUT. */
typedef struct
{
  PgmConnection *connection;
  PgmGather gather;
} Spring;

/* TRUE in @ready when the source has something to read. */
static gboolean
poll_ends (Spring *source, Sink *sink, guint64 seen, gboolean *ready, GError **error)
{
  struct pollfd fds[2] = {
    { .fd = PQsocket (source->connection->pg), .events = POLLIN },
    { .fd = PQsocket (sink->connection->pg), .events = POLLIN },
  };
  gint64 deadline = pgm_gather_begin (&source->gather, seen);
  g_autoptr (GError) local = NULL;

  if (sink->waiting)
    fds[1].events |= POLLOUT;
  if (!pgm_wait_poll (sink->wait, fds, 2, deadline, &local))
    {
      *ready = deadline != 0 && g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      if (*ready)
        pgm_gather_missed (&source->gather, seen);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return *ready;
    }
  *ready = fds[0].revents != 0;
  return (fds[1].revents & ~POLLOUT) == 0 || sink_listen (sink, error);
}

/* Waits for the source, while the rest of the last chunk goes out and the
 * destination is listened to. */
static gboolean
await_rows (Spring *source, Sink *sink, guint64 seen, GError **error)
{
  gboolean ready = FALSE;

  if (sink->waiting)
    {
      int left = PQflush (sink->connection->pg);
      if (left < 0)
        {
          pgm_connection_set_lost (sink->connection, error);
          return FALSE;
        }
      sink->waiting = left > 0;
    }
  if (!poll_ends (source, sink, seen, &ready, error))
    return FALSE;
  return !ready || pgm_connection_consume (source->connection, error);
}

/* Row by row out of libpq's buffer, chunk by chunk on. */
static gboolean
move_rows (Spring *source, Sink *sink, Tally *tally, GError **error)
{
  for (;;)
    {
      char *row = NULL;
      int size = PQgetCopyData (source->connection->pg, &row, 1);
      if (size > 0)
        {
          gboolean ok = TRUE;
          tally->new_rows++;
          tally->new_bytes += (guint) size;
          if ((gsize) size < CHUNK_SIZE - sink->used)
            {
              memcpy (sink->connection->chunk + sink->used, row, (gsize) size);
              sink->used += (gsize) size;
            }
          else
            {
              ok = sink_append_slowly (sink, row, (gsize) size, error);
              tally_publish (tally);
            }
          PQfreemem (row);
          if (!ok)
            return FALSE;
        }
      else if (size == 0)
        {
          if (!await_rows (source, sink, tally->bytes + tally->new_bytes, error))
            return FALSE;
        }
      else
        return TRUE;
    }
}

/* Nothing lost, nothing doubled: a trigger may leave rows out without a word. */
static gboolean
check_rows (const Sink *sink, guint64 sent, guint64 taken, GError **error)
{
  if (sent == taken)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, sink->sql,
                      "Look for triggers on the table there, and disable them for the copy.",
                      "%s: of %" G_GUINT64_FORMAT " rows that were sent %" G_GUINT64_FORMAT
                      " were taken",
                      sink->connection->label, sent, taken);
  return FALSE;
}

static gboolean
run_pump (Spring *source,
          const char *copy_to,
          Sink *sink,
          Tally *tally,
          guint64 *rows,
          GError **error)
{
  PgmConnection *destination = sink->connection;
  guint64 sent = 0;

  if (!send_copy (source->connection, copy_to, sink->wait, error) ||
      !send_copy (destination, sink->sql, sink->wait, error))
    return FALSE;
  if (!await_copy (destination, sink->sql, PGRES_COPY_IN, sink->wait, error) ||
      !await_copy (source->connection, copy_to, PGRES_COPY_OUT, sink->wait, error))
    return FALSE;
  pgm_gather_init (&source->gather, source->connection->pg);
  gboolean moved = move_rows (source, sink, tally, error);
  pgm_gather_clear (&source->gather);
  /* Only a source that ended well may end the destination's COPY well. */
  return moved && finish_copy (source->connection, copy_to, sink->wait, &sent, error) &&
         sink_finish (sink, rows, error) && check_rows (sink, sent, *rows, error);
}

gboolean
pgm_copy_pump (PgmConnection *source,
               const char *copy_to,
               PgmConnection *destination,
               const char *copy_from,
               PgmCopyCounters *counters,
               guint64 *rows,
               GCancellable *cancellable,
               GError **error)
{
  g_auto (PgmWait) wait = { NULL, -1 };
  Tally tally = { .counters = counters };
  Spring spring = { .connection = source };
  guint64 copied = 0;
  Sink sink;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  pgm_wait_init (&wait, cancellable);
  sink_init (&sink, destination, copy_from, &wait);
  gboolean ok = run_pump (&spring, copy_to, &sink, &tally, &copied, error);
  if (ok)
    {
      tally_publish (&tally);
      tally_settle (&tally, copied, tally.bytes);
    }
  else
    {
      settle (source);
      settle (destination);
      tally_settle (&tally, 0, 0);
    }
  if (rows != NULL)
    *rows = copied;
  return ok;
}

static gboolean
run_put (Sink *sink, const char *data, gsize size, guint64 *rows, GError **error)
{
  return send_copy (sink->connection, sink->sql, sink->wait, error) &&
         await_copy (sink->connection, sink->sql, PGRES_COPY_IN, sink->wait, error) &&
         sink_append_slowly (sink, data, size, error) && sink_finish (sink, rows, error);
}

gboolean
pgm_copy_put (PgmConnection *destination,
              const char *copy_from,
              const void *data,
              gsize size,
              guint64 *rows,
              GCancellable *cancellable,
              GError **error)
{
  g_auto (PgmWait) wait = { NULL, -1 };
  Sink sink;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  pgm_wait_init (&wait, cancellable);
  sink_init (&sink, destination, copy_from, &wait);
  if (run_put (&sink, data, size, rows, error))
    return TRUE;
  settle (destination);
  return FALSE;
}

gboolean
pgm_copy_prepare_session (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  /* libpq doubles its buffer until a message fits: just below 1 MiB gives 1 MiB. */
  return pgm_connection_exec (connection, "SELECT pg_catalog.repeat('x', 1000000)", cancellable,
                              error);
}
