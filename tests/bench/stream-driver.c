/* Receives what stands behind a slot and decodes it, or decodes what was recorded
 * before: what the budgets and figures of streaming are measured around. Nothing
 * is confirmed, so that a slot can be read again.
 *
 *   stream-driver receive URI SLOT PUBLICATION LSN   up to the commit that ends at
 *                                                    or beyond LSN
 *   stream-driver record FILE URI SLOT PUBLICATION LSN
 *   stream-driver decode FILE TIMES
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "postgres/pgoutput.h"
#include "postgres/stream.h"

#define STATUS_MICROSECONDS (10 * G_USEC_PER_SEC)

typedef struct
{
  PgmDecoder *decoder;
  PgmArena *arena;
  gboolean in_stream;
  PgmLsn end; /* of the last commit */
  guint64 messages, columns, bytes, transactions;
} Sink;

static guint64
count_columns (const PgmTuple *tuple)
{
  return tuple != NULL ? tuple->n_values : 0;
}

static void
count (Sink *self, const PgmMessage *message)
{
  switch (message->type)
    {
    case PGM_MESSAGE_INSERT:
    case PGM_MESSAGE_UPDATE:
    case PGM_MESSAGE_DELETE:
      self->columns += count_columns (message->row.old) + count_columns (message->row.new);
      break;
    case PGM_MESSAGE_STREAM_START:
    case PGM_MESSAGE_STREAM_STOP:
      self->in_stream = message->type == PGM_MESSAGE_STREAM_START;
      break;
    case PGM_MESSAGE_COMMIT:
    case PGM_MESSAGE_STREAM_COMMIT:
      self->end = message->commit.end_lsn;
      self->transactions++;
      break;
    default:
      break;
    }
}

static gboolean
take (Sink *self, const guint8 *data, gsize size, GError **error)
{
  PgmMessage message;

  if (!pgm_decoder_decode (self->decoder, data, size, self->in_stream, self->arena, &message,
                           error))
    return FALSE;
  self->messages++;
  self->bytes += size;
  count (self, &message);
  if (pgm_arena_get_used (self->arena) > 64 * 1024)
    pgm_arena_reset (self->arena);
  return TRUE;
}

static gboolean
write_record (FILE *file, const guint8 *data, gsize size, GError **error)
{
  guint32 length = GUINT32_TO_BE ((guint32) size);

  if (fwrite (&length, sizeof length, 1, file) == 1 && fwrite (data, size, 1, file) == 1)
    return TRUE;
  pgm_error_set (error, PGM_ERROR_FAILED, "the recording can't be written");
  return FALSE;
}

/* @file: NULL to decode instead of recording. */
static gboolean
drain (PgmStream *stream, Sink *sink, PgmLsn until, FILE *file, GError **error)
{
  gint64 next_status = 0;

  while (sink->end < until)
    {
      PgmStreamMessage message;
      PgmStreamResult result =
          pgm_stream_read (stream, &message, g_get_monotonic_time () + G_USEC_PER_SEC, NULL, error);
      if (result == PGM_STREAM_FAILED || result == PGM_STREAM_END)
        return FALSE;
      if (result == PGM_STREAM_DATA)
        {
          if (file != NULL && !write_record (file, message.data, message.size, error))
            return FALSE;
          if (!take (sink, message.data, message.size, error))
            return FALSE;
          continue;
        }
      if (g_get_monotonic_time () < next_status && !message.reply_requested)
        continue;
      if (!pgm_stream_send_status (stream, 0, 0, 0, FALSE, error))
        return FALSE;
      next_status = g_get_monotonic_time () + STATUS_MICROSECONDS;
    }
  return TRUE;
}

static gboolean
receive (Sink *sink, char **arguments, FILE *file, GError **error)
{
  PgmSessionOptions session = { .label = "source", .replication = TRUE };
  const char *const publications[] = { arguments[2], NULL };
  PgmLsn until;

  if (!pgm_lsn_parse (arguments[3], &until, error))
    return FALSE;
  g_autoptr (PgmConninfo) conninfo = pgm_conninfo_new (arguments[0], error);
  g_autoptr (PgmConnection) connection =
      conninfo != NULL ? pgm_connection_open (conninfo, &session, NULL, error) : NULL;
  if (connection == NULL)
    return FALSE;

  int protocol = pgm_decoder_protocol_for (pgm_connection_get_major (connection));
  PgmStreamOptions options = {
    .slot = arguments[1], .publications = publications, .protocol = protocol, .messages = TRUE
  };
  sink->decoder = pgm_decoder_new (protocol);
  g_autoptr (PgmStream) stream = pgm_stream_start (connection, &options, NULL, error);
  if (stream == NULL)
    return FALSE;
  return drain (stream, sink, until, file, error);
}

static gboolean
decode_file (Sink *sink, const char *name, guint times, GError **error)
{
  g_autofree char *content = NULL;
  gsize size = 0;

  if (!g_file_get_contents (name, &content, &size, error))
    return FALSE;
  sink->decoder = pgm_decoder_new (4);
  for (guint i = 0; i < times; i++)
    for (gsize at = 0; at + sizeof (guint32) <= size;)
      {
        guint32 length;
        memcpy (&length, content + at, sizeof length);
        length = GUINT32_FROM_BE (length);
        at += sizeof length;
        if (length > size - at || !take (sink, (const guint8 *) content + at, length, error))
          return FALSE;
        at += length;
      }
  return TRUE;
}

static gboolean
record (Sink *sink, const char *name, char **arguments, GError **error)
{
  FILE *file = fopen (name, "wbe");

  if (file == NULL)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "\"%s\" can't be written", name);
      return FALSE;
    }
  gboolean ok = receive (sink, arguments, file, error);
  return fclose (file) == 0 && ok;
}

static int
run (int argc, char **argv, Sink *sink, GError **error)
{
  if (argc == 6 && strcmp (argv[1], "receive") == 0)
    return receive (sink, argv + 2, NULL, error) ? 0 : 1;
  if (argc == 7 && strcmp (argv[1], "record") == 0)
    return record (sink, argv[2], argv + 3, error) ? 0 : 1;
  if (argc == 4 && strcmp (argv[1], "decode") == 0)
    return decode_file (sink, argv[2], (guint) g_ascii_strtoull (argv[3], NULL, 10), error) ? 0 : 1;
  g_printerr ("usage: %s receive URI SLOT PUBLICATION LSN | record FILE URI SLOT PUBLICATION LSN |"
              " decode FILE TIMES\n",
              argv[0]);
  return 2;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Sink sink = { .arena = pgm_arena_new (0) };
  gint64 began = g_get_monotonic_time ();
  int status = run (argc, argv, &sink, &error);

  if (status == 0)
    g_print ("messages %" G_GUINT64_FORMAT " columns %" G_GUINT64_FORMAT " bytes %" G_GUINT64_FORMAT
             " transactions %" G_GUINT64_FORMAT " microseconds %" G_GINT64_FORMAT "\n",
             sink.messages, sink.columns, sink.bytes, sink.transactions,
             g_get_monotonic_time () - began);
  else if (status == 1)
    g_printerr ("%s\n", error != NULL ? error->message : "the stream ended early");
  pgm_decoder_free (sink.decoder);
  pgm_arena_free (sink.arena);
  return status;
}
