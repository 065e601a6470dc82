#include "config.h"

#include "migration/assembler.h"

#include <string.h>

#include "migration/spill.h"

/* What a batch weighs besides its contents: most of all the block that it has begun. A
 * stream that comes in small pieces makes many small batches. */
#define BATCH_WEIGHT (PGM_CHANGE_BATCH_BLOCK + 512)

/* A transaction that is being streamed. */
typedef struct
{
  PgmSpill *spill; /* NULL: it has an origin and is left out */
} Streamed;

struct _PgmAssembler
{
  PgmDecoder *decoder;
  char *directory;
  gsize spill_memory;
  gboolean local_only;
  PgmArena *scratch; /* of the present message */
  PgmChangeBatch *batch;
  PgmLsn last_commit;

  gboolean in_transaction;
  gboolean skipped; /* the present transaction is left out */
  gboolean begun;   /* its BEGIN is in a batch */
  PgmChange begin;

  GHashTable *streamed; /* xid -> Streamed */
  guint32 stream_xid;   /* of the present block; 0: none */
  PgmSpill *reading;    /* read back */
  PgmChange reading_commit;
};

static void
streamed_free (gpointer data)
{
  Streamed *self = data;

  pgm_spill_free (self->spill);
  g_free (self);
}

PgmAssembler *
pgm_assembler_new (const PgmAssemblerOptions *options)
{
  PgmAssembler *self = g_new0 (PgmAssembler, 1);

  self->decoder = pgm_decoder_new (options->protocol);
  self->directory = g_strdup (options->directory);
  self->spill_memory = options->spill_memory;
  self->local_only = options->local_only;
  self->scratch = pgm_arena_new (0);
  self->streamed = g_hash_table_new_full (NULL, NULL, NULL, streamed_free);
  return self;
}

void
pgm_assembler_free (PgmAssembler *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->batch, pgm_change_batch_free);
  g_clear_pointer (&self->reading, pgm_spill_free);
  g_hash_table_unref (self->streamed);
  pgm_decoder_free (self->decoder);
  pgm_arena_free (self->scratch);
  g_free (self->directory);
  g_free (self);
}

static PgmChangeBatch *
ensure_batch (PgmAssembler *self)
{
  if (self->batch == NULL)
    self->batch = pgm_change_batch_new ();
  return self->batch;
}

static void
append (PgmAssembler *self, const PgmChange *change)
{
  PgmChangeBatch *batch = ensure_batch (self);

  if (!self->begun && change->kind != PGM_CHANGE_POSITION)
    {
      g_array_append_vals (batch->changes, &self->begin, 1);
      self->begun = TRUE;
    }
  g_array_append_vals (batch->changes, change, 1);
}

static void
append_position (PgmAssembler *self, PgmLsn position)
{
  PgmChangeBatch *batch = ensure_batch (self);
  PgmChange change = { .kind = PGM_CHANGE_POSITION, .position = position };

  if (batch->changes->len > 0)
    {
      PgmChange *last = &g_array_index (batch->changes, PgmChange, batch->changes->len - 1);

      if (last->kind == PGM_CHANGE_POSITION)
        {
          last->position = MAX (last->position, position);
          return;
        }
    }
  g_array_append_val (batch->changes, change);
}

void
pgm_assembler_position (PgmAssembler *self, PgmLsn position)
{
  if (!pgm_assembler_is_in_transaction (self))
    append_position (self, position);
}

static void
begin_transaction (PgmAssembler *self, guint32 xid, PgmLsn final_lsn, gint64 commit_time)
{
  self->in_transaction = TRUE;
  self->skipped = FALSE;
  self->begun = FALSE;
  self->begin =
      (PgmChange){ .kind = PGM_CHANGE_BEGIN,
                   .begin = { .xid = xid, .final_lsn = final_lsn, .commit_time = commit_time } };
}

/* One without anything for us is only a place that has been passed. */
static void
end_transaction (PgmAssembler *self, const PgmChange *commit)
{
  if (self->begun)
    {
      append (self, commit);
      self->last_commit = commit->commit.end_lsn;
    }
  else
    append_position (self, commit->commit.end_lsn);
  self->in_transaction = FALSE;
  self->begun = FALSE;
}

static gboolean
fail_protocol (GError **error, guint8 type, const char *why)
{
  pgm_error_set_full (error, PGM_ERROR_PROTOCOL, NULL, why, NULL,
                      "the source sent a message that has no place here (%s)",
                      pgm_message_type_to_string (type));
  return FALSE;
}

static gboolean
refuse_two_phase (GError **error, const PgmMessage *message)
{
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL,
      "Prepared transactions are followed when they are committed, from a slot without two_phase.",
      "Use a slot that was created without two_phase.",
      "the slot sends prepared transactions by themselves (%s of \"%s\")",
      pgm_message_type_to_string (message->type),
      message->prepared.gid != NULL ? message->prepared.gid : "");
  return FALSE;
}

static void
emit_row (PgmAssembler *self, const PgmMessage *message)
{
  PgmChange change = { .row = { .relation = message->row.relation,
                                .old = message->row.old,
                                .new = message->row.new,
                                .old_is_key = message->row.old_is_key } };

  change.kind = message->type == PGM_MESSAGE_INSERT   ? PGM_CHANGE_INSERT
                : message->type == PGM_MESSAGE_UPDATE ? PGM_CHANGE_UPDATE
                                                      : PGM_CHANGE_DELETE;
  pgm_change_batch_hold (ensure_batch (self), message->row.relation);
  append (self, &change);
}

static void
emit_truncate (PgmAssembler *self, const PgmMessage *message)
{
  PgmChange change = { .kind = PGM_CHANGE_TRUNCATE,
                       .truncate = { .relations = message->truncate.relations,
                                     .n_relations = message->truncate.n_relations,
                                     .cascade = message->truncate.cascade,
                                     .restart_identity = message->truncate.restart_identity } };

  for (guint i = 0; i < message->truncate.n_relations; i++)
    pgm_change_batch_hold (ensure_batch (self), message->truncate.relations[i]);
  append (self, &change);
}

/* Only our own, and only those that are part of a transaction: the others are
 * bound to nothing that could be waited for. */
static void
emit_logical (PgmAssembler *self, const PgmMessage *message)
{
  PgmChange change = { .kind = PGM_CHANGE_MESSAGE, .message = { .lsn = message->logical.lsn } };
  char *content = NULL;

  if (!message->logical.transactional ||
      g_strcmp0 (message->logical.prefix, PGM_MESSAGE_PREFIX) != 0)
    return;
  content = pgm_arena_alloc (ensure_batch (self)->arena, (gsize) message->logical.size + 1);
  if (message->logical.size > 0)
    memcpy (content, message->logical.content, message->logical.size);
  content[message->logical.size] = '\0';
  change.message.content = content;
  append (self, &change);
}

static gboolean
is_row_type (guint8 type)
{
  return type == PGM_MESSAGE_INSERT || type == PGM_MESSAGE_UPDATE || type == PGM_MESSAGE_DELETE ||
         type == PGM_MESSAGE_TRUNCATE;
}

/* What may stand within a transaction. Rows are decoded where they will stay. */
static gboolean
take_content (PgmAssembler *self,
              const guint8 *data,
              gsize size,
              gboolean in_stream,
              GError **error)
{
  gboolean row = is_row_type (data[0]);
  PgmArena *arena = row ? ensure_batch (self)->arena : self->scratch;
  PgmMessage message;

  if (row)
    data = pgm_arena_memdup (arena, data, size);
  if (!pgm_decoder_decode (self->decoder, data, size, in_stream, arena, &message, error))
    return FALSE;
  if (message.type == PGM_MESSAGE_TRUNCATE)
    emit_truncate (self, &message);
  else if (row)
    emit_row (self, &message);
  else if (message.type == PGM_MESSAGE_LOGICAL)
    emit_logical (self, &message);
  return TRUE;
}

static gboolean
commit_transaction (PgmAssembler *self, const PgmMessage *message, GError **error)
{
  PgmChange commit = { .kind = PGM_CHANGE_COMMIT,
                       .commit = { .commit_lsn = message->commit.commit_lsn,
                                   .end_lsn = message->commit.end_lsn,
                                   .commit_time = message->commit.commit_time } };

  if (!self->in_transaction)
    return fail_protocol (error, message->type, "No transaction had begun.");
  if (message->commit.commit_lsn != self->begin.begin.final_lsn)
    return fail_protocol (error, message->type,
                          "Its position is not the one that was told at the beginning.");
  end_transaction (self, &commit);
  return TRUE;
}

static gboolean
start_block (PgmAssembler *self, const PgmMessage *message, GError **error)
{
  guint32 xid = message->stream_start.xid;
  Streamed *streamed = g_hash_table_lookup (self->streamed, GUINT_TO_POINTER (xid));

  if (message->stream_start.first != (streamed == NULL))
    return fail_protocol (error, message->type,
                          streamed == NULL ? "The beginning of that transaction was never sent."
                                           : "That transaction has begun already.");
  if (streamed == NULL)
    {
      streamed = g_new0 (Streamed, 1);
      streamed->spill = pgm_spill_new (self->directory, xid, self->spill_memory);
      g_hash_table_insert (self->streamed, GUINT_TO_POINTER (xid), streamed);
    }
  self->stream_xid = xid;
  return TRUE;
}

static gboolean
commit_streamed (PgmAssembler *self, const PgmMessage *message, GError **error)
{
  guint32 xid = message->commit.xid;
  Streamed *streamed = g_hash_table_lookup (self->streamed, GUINT_TO_POINTER (xid));

  if (streamed == NULL)
    return fail_protocol (error, message->type, "That transaction was never streamed.");
  begin_transaction (self, xid, message->commit.commit_lsn, message->commit.commit_time);
  self->reading_commit = (PgmChange){ .kind = PGM_CHANGE_COMMIT,
                                      .commit = { .commit_lsn = message->commit.commit_lsn,
                                                  .end_lsn = message->commit.end_lsn,
                                                  .commit_time = message->commit.commit_time } };
  self->reading = g_steal_pointer (&streamed->spill);
  g_hash_table_remove (self->streamed, GUINT_TO_POINTER (xid));
  if (self->reading != NULL)
    return pgm_spill_rewind (self->reading, error);
  end_transaction (self, &self->reading_commit);
  return TRUE;
}

static gboolean
abort_streamed (PgmAssembler *self, const PgmMessage *message, GError **error)
{
  guint32 xid = message->stream_abort.xid;
  guint32 subxid = message->stream_abort.subxid;
  Streamed *streamed = g_hash_table_lookup (self->streamed, GUINT_TO_POINTER (xid));

  if (streamed == NULL)
    return fail_protocol (error, message->type, "That transaction was never streamed.");
  if (xid == subxid)
    {
      g_hash_table_remove (self->streamed, GUINT_TO_POINTER (xid));
      return TRUE;
    }
  return streamed->spill == NULL || pgm_spill_abort (streamed->spill, subxid, error);
}

/* Within a block: kept as it came, to be decoded when it is known to count. */
static gboolean
keep (PgmAssembler *self, const guint8 *data, gsize size, GError **error)
{
  Streamed *streamed = g_hash_table_lookup (self->streamed, GUINT_TO_POINTER (self->stream_xid));
  guint32 xid = 0;

  if (data[0] == PGM_MESSAGE_ORIGIN)
    {
      if (self->local_only)
        g_clear_pointer (&streamed->spill, pgm_spill_free);
      return TRUE;
    }
  if (!is_row_type (data[0]) && data[0] != PGM_MESSAGE_RELATION && data[0] != PGM_MESSAGE_TYPE &&
      data[0] != PGM_MESSAGE_LOGICAL)
    return fail_protocol (error, data[0], "It came inside a streamed block.");
  if (size < 1 + sizeof xid)
    return fail_protocol (error, data[0], "It is cut off.");
  memcpy (&xid, data + 1, sizeof xid);
  return streamed->spill == NULL ||
         pgm_spill_append (streamed->spill, GUINT32_FROM_BE (xid), data, size, error);
}

static gboolean
take_control (PgmAssembler *self, const PgmMessage *message, GError **error)
{
  switch ((PgmMessageType) message->type)
    {
    case PGM_MESSAGE_BEGIN:
      if (self->in_transaction)
        return fail_protocol (error, message->type, "A transaction had begun already.");
      begin_transaction (self, message->begin.xid, message->begin.final_lsn,
                         message->begin.commit_time);
      return TRUE;
    case PGM_MESSAGE_COMMIT:
      return commit_transaction (self, message, error);
    case PGM_MESSAGE_ORIGIN:
      self->skipped = self->local_only;
      return TRUE;
    case PGM_MESSAGE_STREAM_START:
      return start_block (self, message, error);
    case PGM_MESSAGE_STREAM_COMMIT:
      return commit_streamed (self, message, error);
    case PGM_MESSAGE_STREAM_ABORT:
      return abort_streamed (self, message, error);
    case PGM_MESSAGE_BEGIN_PREPARE:
    case PGM_MESSAGE_PREPARE:
    case PGM_MESSAGE_COMMIT_PREPARED:
    case PGM_MESSAGE_ROLLBACK_PREPARED:
    case PGM_MESSAGE_STREAM_PREPARE:
      return refuse_two_phase (error, message);
    case PGM_MESSAGE_STREAM_STOP:
    case PGM_MESSAGE_LOGICAL:
    case PGM_MESSAGE_RELATION:
    case PGM_MESSAGE_TYPE:
    case PGM_MESSAGE_INSERT:
    case PGM_MESSAGE_UPDATE:
    case PGM_MESSAGE_DELETE:
    case PGM_MESSAGE_TRUNCATE:
    default:
      return fail_protocol (error, message->type, NULL);
    }
}

static gboolean
is_content (guint8 type)
{
  return is_row_type (type) || type == PGM_MESSAGE_RELATION || type == PGM_MESSAGE_TYPE ||
         type == PGM_MESSAGE_LOGICAL;
}

gboolean
pgm_assembler_feed (PgmAssembler *self, const guint8 *data, gsize size, GError **error)
{
  PgmMessage message;

  g_return_val_if_fail (self->reading == NULL, FALSE);
  if (size == 0)
    return fail_protocol (error, 0, "It is empty.");
  if (self->stream_xid != 0 && data[0] == PGM_MESSAGE_STREAM_STOP)
    {
      self->stream_xid = 0;
      return TRUE;
    }
  if (self->stream_xid != 0)
    return keep (self, data, size, error);
  pgm_arena_reset (self->scratch);
  if (is_content (data[0]))
    {
      /* Tables are described, and messages sent, outside of transactions, too. */
      if (is_row_type (data[0]) && !self->in_transaction)
        return fail_protocol (error, data[0], "No transaction had begun.");
      if ((self->skipped && is_row_type (data[0])) ||
          (data[0] == PGM_MESSAGE_LOGICAL && (self->skipped || !self->in_transaction)))
        return TRUE;
      return take_content (self, data, size, FALSE, error);
    }
  return pgm_decoder_decode (self->decoder, data, size, FALSE, self->scratch, &message, error) &&
         take_control (self, &message, error);
}

gboolean
pgm_assembler_is_reading_back (PgmAssembler *self)
{
  return self->reading != NULL;
}

gboolean
pgm_assembler_read_back (PgmAssembler *self, gsize max_bytes, GError **error)
{
  const guint8 *data = NULL;
  gsize size = 0;

  while (self->reading != NULL && pgm_assembler_get_bytes (self) < max_bytes)
    switch (pgm_spill_next (self->reading, &data, &size, error))
      {
      case PGM_SPILL_RECORD:
        pgm_arena_reset (self->scratch);
        if (!take_content (self, data, size, TRUE, error))
          return FALSE;
        break;
      case PGM_SPILL_END:
        g_clear_pointer (&self->reading, pgm_spill_free);
        end_transaction (self, &self->reading_commit);
        break;
      case PGM_SPILL_FAILED:
      default:
        return FALSE;
      }
  return TRUE;
}

gboolean
pgm_assembler_is_in_transaction (PgmAssembler *self)
{
  return self->in_transaction;
}

gsize
pgm_assembler_get_bytes (PgmAssembler *self)
{
  if (self->batch == NULL)
    return 0;
  return pgm_arena_get_used (self->batch->arena) + self->batch->changes->len * sizeof (PgmChange) +
         BATCH_WEIGHT;
}

PgmChangeBatch *
pgm_assembler_take (PgmAssembler *self)
{
  gsize bytes = pgm_assembler_get_bytes (self);

  if (self->batch == NULL || self->batch->changes->len == 0)
    return NULL;
  self->batch->bytes = bytes;
  return g_steal_pointer (&self->batch);
}

PgmLsn
pgm_assembler_get_last_commit (PgmAssembler *self)
{
  return self->reading != NULL ? self->reading_commit.commit.end_lsn : self->last_commit;
}

guint64
pgm_assembler_get_spilled (PgmAssembler *self)
{
  GHashTableIter iter;
  gpointer streamed = NULL;
  guint64 bytes = 0;

  g_hash_table_iter_init (&iter, self->streamed);
  while (g_hash_table_iter_next (&iter, NULL, &streamed))
    if (((Streamed *) streamed)->spill != NULL)
      bytes += pgm_spill_get_bytes (((Streamed *) streamed)->spill);
  return bytes;
}
