/* The decoder of pgoutput over a recorded stream: one byte for the protocol, then
 * messages with a length of two bytes before each. What was decoded is read to its
 * last byte. */
#include "config.h"

#include <string.h>

#include "core/reader.h"
#include "fuzz.h"
#include "postgres/pgoutput.h"

static guint
touch_tuple (const PgmTuple *tuple)
{
  guint sum = 0;

  for (guint i = 0; tuple != NULL && i < tuple->n_values; i++)
    {
      const PgmValue *value = &tuple->values[i];
      g_assert (value->data != NULL || value->size == 0);
      for (guint j = 0; j < value->size; j++)
        sum += (guint8) value->data[j];
    }
  return sum;
}

static guint
touch_relation (const PgmRelation *relation)
{
  guint sum = (guint) (strlen (relation->schema) + strlen (relation->name));

  for (guint i = 0; i < relation->n_columns; i++)
    sum += (guint) strlen (relation->columns[i].name);
  g_assert (pgm_relation_equal (relation, relation));
  return sum;
}

static guint
touch (const PgmMessage *message)
{
  guint sum = 0;

  switch (message->type)
    {
    case PGM_MESSAGE_INSERT:
    case PGM_MESSAGE_UPDATE:
    case PGM_MESSAGE_DELETE:
      return touch_tuple (message->row.old) + touch_tuple (message->row.new) +
             touch_relation (message->row.relation);
    case PGM_MESSAGE_RELATION:
      return touch_relation (message->relation);
    case PGM_MESSAGE_TRUNCATE:
      for (guint i = 0; i < message->truncate.n_relations; i++)
        sum += touch_relation (message->truncate.relations[i]);
      return sum;
    case PGM_MESSAGE_LOGICAL:
      for (guint i = 0; i < message->logical.size; i++)
        sum += message->logical.content[i];
      return sum + (guint) strlen (message->logical.prefix);
    case PGM_MESSAGE_ORIGIN:
      return (guint) strlen (message->origin.name);
    case PGM_MESSAGE_BEGIN_PREPARE:
    case PGM_MESSAGE_PREPARE:
    case PGM_MESSAGE_COMMIT_PREPARED:
    case PGM_MESSAGE_ROLLBACK_PREPARED:
    case PGM_MESSAGE_STREAM_PREPARE:
      return (guint) strlen (message->prepared.gid);
    default:
      return 0;
    }
}

/* A message on the heap by itself, so that ASan sees one byte too far. */
static void
decode (PgmDecoder *decoder, PgmArena *arena, const guint8 *data, gsize size, gboolean *in_stream)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = size > 0 ? g_memdup2 (data, size) : g_malloc (1);
  PgmMessage message;

  if (!pgm_decoder_decode (decoder, copy, size, *in_stream, arena, &message, &error))
    {
      g_assert (g_error_matches (error, PGM_ERROR, PGM_ERROR_PROTOCOL));
      return;
    }
  g_assert_no_error (error);
  (void) touch (&message);
  if (message.type == PGM_MESSAGE_STREAM_START)
    *in_stream = TRUE;
  else if (message.type == PGM_MESSAGE_STREAM_STOP)
    *in_stream = FALSE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (PgmArena) arena = pgm_arena_new (1024);
  gboolean in_stream = FALSE;
  PgmReader reader;

  pgm_reader_init (&reader, data, size);
  g_autoptr (PgmDecoder) decoder = pgm_decoder_new (1 + (pgm_reader_u8 (&reader) & 3));
  while (pgm_reader_left (&reader) > 0)
    {
      gsize length = pgm_reader_u16 (&reader);
      length = MIN (length, pgm_reader_left (&reader));
      const guint8 *message = pgm_reader_bytes (&reader, length);
      if (message != NULL)
        decode (decoder, arena, message, length, &in_stream);
      pgm_arena_reset (arena);
    }
  return 0;
}
