#include "config.h"

#include "postgres/pgoutput.h"

#include <stdarg.h>
#include <string.h>

#include "core/reader.h"

/* Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01. */
#define POSTGRES_EPOCH G_GUINT64_CONSTANT (946684800000000)

/* The smallest description of a column: flags, an empty name, type, modifier. */
#define MIN_COLUMN_SIZE 10

/* Transactions come back to the same few tables. */
#define RECENT 16

struct _PgmDecoder
{
  int protocol;
  GHashTable *relations;       /* oid: PgmRelation */
  PgmRelation *recent[RECENT]; /* by the low bits of the oid; borrowed from @relations */
};

/* One message under way. */
typedef struct
{
  PgmReader reader;
  PgmDecoder *decoder;
  PgmArena *arena;
  PgmMessage *message;
  char reason[128]; /* what is wrong with the message, besides being cut */
} Parse;

PgmRelation *
pgm_relation_ref (PgmRelation *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
pgm_relation_unref (PgmRelation *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_columns; i++)
    g_free (self->columns[i].name);
  g_free (self->columns);
  g_free (self->schema);
  g_free (self->name);
  g_free (self);
}

static gboolean
column_equal (const PgmRelationColumn *a, const PgmRelationColumn *b)
{
  return a->type_oid == b->type_oid && a->type_modifier == b->type_modifier && a->key == b->key &&
         strcmp (a->name, b->name) == 0;
}

gboolean
pgm_relation_equal (const PgmRelation *a, const PgmRelation *b)
{
  if (a == b)
    return TRUE;
  if (a->n_columns != b->n_columns || a->replica_identity != b->replica_identity ||
      strcmp (a->schema, b->schema) != 0 || strcmp (a->name, b->name) != 0)
    return FALSE;
  for (guint i = 0; i < a->n_columns; i++)
    if (!column_equal (&a->columns[i], &b->columns[i]))
      return FALSE;
  return TRUE;
}

static void
relation_destroy (gpointer relation)
{
  pgm_relation_unref (relation);
}

PgmDecoder *
pgm_decoder_new (int protocol)
{
  PgmDecoder *self = g_new0 (PgmDecoder, 1);

  self->protocol = protocol;
  self->relations = g_hash_table_new_full (NULL, NULL, NULL, relation_destroy);
  return self;
}

void
pgm_decoder_free (PgmDecoder *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->relations);
  g_free (self);
}

int
pgm_decoder_protocol_for (int major)
{
  if (major >= 16)
    return 4;
  if (major == 15)
    return 3;
  return major == 14 ? 2 : 1;
}

PgmRelation *
pgm_decoder_find_relation (PgmDecoder *self, guint32 oid)
{
  PgmRelation **recent = &self->recent[oid % RECENT];

  if (*recent != NULL && (*recent)->oid == oid)
    return *recent;
  PgmRelation *found = g_hash_table_lookup (self->relations, GUINT_TO_POINTER (oid));
  if (found != NULL)
    *recent = found;
  return found;
}

/* Marks the message as one that no server may send, for a reason of its own
 * instead of a read beyond the end. @at: the first byte that is wrong. */
static void G_GNUC_PRINTF (3, 4) refuse (Parse *self, gsize at, const char *format, ...)
{
  va_list arguments;

  if (self->reader.failed)
    return;
  va_start (arguments, format);
  g_vsnprintf (self->reason, sizeof self->reason, format, arguments);
  va_end (arguments);
  pgm_reader_fail (&self->reader);
  self->reader.failed_at = at;
}

/* ---- parts of messages ------------------------------------------------------- */

static gint64
read_time (Parse *self)
{
  return (gint64) (pgm_reader_u64 (&self->reader) + POSTGRES_EPOCH);
}

static guint32
read_xid (Parse *self)
{
  gsize at = self->reader.position;
  guint32 xid = pgm_reader_u32 (&self->reader);

  if (xid == 0)
    refuse (self, at, "a transaction id of 0");
  return xid;
}

/* The byte that announces a tuple, or whose bits are all reserved. */
static void
read_no_flags (Parse *self)
{
  gsize at = self->reader.position;
  guint8 flags = pgm_reader_u8 (&self->reader);

  if (flags != 0)
    refuse (self, at, "unknown flags 0x%02x", flags);
}

static PgmRelation *
read_known_relation (Parse *self)
{
  gsize at = self->reader.position;
  guint32 oid = pgm_reader_u32 (&self->reader);
  PgmRelation *relation = pgm_decoder_find_relation (self->decoder, oid);

  if (relation == NULL)
    refuse (self, at, "relation %u was never described", oid);
  return relation;
}

static void
read_value (Parse *self, PgmValue *value)
{
  gsize at = self->reader.position;

  value->kind = pgm_reader_u8 (&self->reader);
  switch (value->kind)
    {
    case PGM_VALUE_TEXT:
    case PGM_VALUE_BINARY:
      value->size = pgm_reader_u32 (&self->reader);
      value->data = (const char *) pgm_reader_bytes (&self->reader, value->size);
      break;
    case PGM_VALUE_NULL:
    case PGM_VALUE_UNCHANGED:
      value->size = 0;
      value->data = NULL;
      break;
    default:
      refuse (self, at, "unknown kind of value 0x%02x", value->kind);
    }
}

/* The count must be the relation's before anything is allocated for it. NULL
 * when the message is bad. */
static PgmTuple *
read_tuple (Parse *self, const PgmRelation *relation)
{
  gsize at = self->reader.position;
  guint n_values = pgm_reader_u16 (&self->reader);

  if (self->reader.failed)
    return NULL;
  if (n_values != relation->n_columns)
    {
      refuse (self, at, "%u values for the %u columns of relation %u", n_values,
              relation->n_columns, relation->oid);
      return NULL;
    }

  PgmTuple *tuple = pgm_arena_alloc (self->arena, sizeof (PgmTuple) + n_values * sizeof (PgmValue));
  tuple->n_values = n_values;
  for (guint i = 0; i < n_values && !self->reader.failed; i++)
    read_value (self, &tuple->values[i]);
  return tuple;
}

/* ---- messages ---------------------------------------------------------------- */

static void
parse_begin (Parse *self)
{
  self->message->begin.final_lsn = pgm_reader_u64 (&self->reader);
  self->message->begin.commit_time = read_time (self);
  self->message->begin.xid = pgm_reader_u32 (&self->reader);
}

static void
parse_commit (Parse *self)
{
  read_no_flags (self);
  self->message->commit.commit_lsn = pgm_reader_u64 (&self->reader);
  self->message->commit.end_lsn = pgm_reader_u64 (&self->reader);
  self->message->commit.commit_time = read_time (self);
}

static void
parse_stream_commit (Parse *self)
{
  self->message->commit.xid = read_xid (self);
  parse_commit (self);
}

static void
parse_origin (Parse *self)
{
  self->message->origin.lsn = pgm_reader_u64 (&self->reader);
  self->message->origin.name = pgm_reader_string (&self->reader);
}

static void
parse_logical (Parse *self)
{
  gsize at = self->reader.position;
  guint8 flags = pgm_reader_u8 (&self->reader);

  if (flags > 1)
    refuse (self, at, "unknown flags 0x%02x", flags);
  self->message->logical.transactional = flags == 1;
  self->message->logical.lsn = pgm_reader_u64 (&self->reader);
  self->message->logical.prefix = pgm_reader_string (&self->reader);
  self->message->logical.size = pgm_reader_u32 (&self->reader);
  self->message->logical.content = pgm_reader_bytes (&self->reader, self->message->logical.size);
}

static void
read_columns (Parse *self, PgmRelation *relation)
{
  gsize at = self->reader.position;
  guint n_columns = pgm_reader_u16 (&self->reader);

  if (n_columns > pgm_reader_left (&self->reader) / MIN_COLUMN_SIZE)
    {
      refuse (self, at, "%u columns don't fit into it", n_columns);
      return;
    }
  relation->columns = g_new0 (PgmRelationColumn, n_columns);
  relation->n_columns = n_columns;
  for (guint i = 0; i < n_columns && !self->reader.failed; i++)
    {
      PgmRelationColumn *column = &relation->columns[i];
      column->key = (pgm_reader_u8 (&self->reader) & 1) != 0;
      column->name = g_strdup (pgm_reader_string (&self->reader));
      column->type_oid = pgm_reader_u32 (&self->reader);
      column->type_modifier = pgm_reader_i32 (&self->reader);
    }
}

static PgmRelation *
read_relation (Parse *self)
{
  PgmRelation *relation = g_new0 (PgmRelation, 1);
  const char *schema;

  g_atomic_ref_count_init (&relation->ref_count);
  relation->oid = pgm_reader_u32 (&self->reader);
  schema = pgm_reader_string (&self->reader);
  /* The server sends pg_catalog as nothing. */
  relation->schema = g_strdup (schema != NULL && *schema == '\0' ? "pg_catalog" : schema);
  relation->name = g_strdup (pgm_reader_string (&self->reader));

  gsize at = self->reader.position;
  relation->replica_identity = (char) pgm_reader_u8 (&self->reader);
  if (relation->replica_identity == '\0' || strchr ("dnfi", relation->replica_identity) == NULL)
    refuse (self, at, "unknown replica identity 0x%02x", (guint8) relation->replica_identity);
  read_columns (self, relation);
  return relation;
}

/* What is known is replaced only by a message that is good to its last byte. */
static void
parse_relation (Parse *self)
{
  PgmDecoder *decoder = self->decoder;
  g_autoptr (PgmRelation) relation = read_relation (self);

  self->message->relation = NULL;
  if (self->reader.failed || pgm_reader_left (&self->reader) > 0)
    return;
  guint32 oid = relation->oid;
  self->message->relation = decoder->recent[oid % RECENT] = relation;
  g_hash_table_replace (decoder->relations, GUINT_TO_POINTER (oid), g_steal_pointer (&relation));
}

/* Names of types that are not built in: nothing that a row needs. */
static void
parse_type (Parse *self)
{
  (void) pgm_reader_u32 (&self->reader);
  (void) pgm_reader_string (&self->reader);
  (void) pgm_reader_string (&self->reader);
}

static void
parse_insert (Parse *self)
{
  PgmRelation *relation = read_known_relation (self);
  gsize at = self->reader.position;
  guint8 what = pgm_reader_u8 (&self->reader);

  if (what != 'N')
    refuse (self, at, "a new row was expected, not 0x%02x", what);
  self->message->row.relation = relation;
  self->message->row.old = NULL;
  self->message->row.old_is_key = FALSE;
  self->message->row.new = self->reader.failed ? NULL : read_tuple (self, relation);
}

static void
parse_update (Parse *self)
{
  PgmRelation *relation = read_known_relation (self);
  gsize at = self->reader.position;
  guint8 what = pgm_reader_u8 (&self->reader);
  gboolean has_old = what == 'K' || what == 'O';

  self->message->row.relation = relation;
  self->message->row.old_is_key = what == 'K';
  self->message->row.old = NULL;
  self->message->row.new = NULL;
  if (has_old && !self->reader.failed)
    {
      self->message->row.old = read_tuple (self, relation);
      at = self->reader.position;
      what = pgm_reader_u8 (&self->reader);
    }
  if (what != 'N')
    refuse (self, at, "a new row was expected, not 0x%02x", what);
  if (!self->reader.failed)
    self->message->row.new = read_tuple (self, relation);
}

static void
parse_delete (Parse *self)
{
  PgmRelation *relation = read_known_relation (self);
  gsize at = self->reader.position;
  guint8 what = pgm_reader_u8 (&self->reader);

  if (what != 'K' && what != 'O')
    refuse (self, at, "a key or an old row was expected, not 0x%02x", what);
  self->message->row.relation = relation;
  self->message->row.old_is_key = what == 'K';
  self->message->row.new = NULL;
  self->message->row.old = self->reader.failed ? NULL : read_tuple (self, relation);
}

static void
parse_truncate (Parse *self)
{
  gsize at = self->reader.position;
  guint32 n_relations = pgm_reader_u32 (&self->reader);
  guint8 flags = pgm_reader_u8 (&self->reader);

  self->message->truncate.n_relations = 0;
  self->message->truncate.relations = NULL;
  self->message->truncate.cascade = (flags & 1) != 0;
  self->message->truncate.restart_identity = (flags & 2) != 0;
  if (n_relations > pgm_reader_left (&self->reader) / sizeof (guint32))
    {
      refuse (self, at, "%u relations don't fit into it", n_relations);
      return;
    }
  PgmRelation **relations = pgm_arena_alloc (self->arena, n_relations * sizeof *relations);
  for (guint i = 0; i < n_relations; i++)
    relations[i] = read_known_relation (self);
  self->message->truncate.n_relations = n_relations;
  self->message->truncate.relations = relations;
}

static void
parse_stream_start (Parse *self)
{
  self->message->stream_start.xid = read_xid (self);
  self->message->stream_start.first = pgm_reader_u8 (&self->reader) == 1;
}

static void
parse_nothing (Parse *self)
{
}

/* Position and time come with protocol 4 and only when streaming is "parallel". */
static void
parse_stream_abort (Parse *self)
{
  self->message->stream_abort.xid = read_xid (self);
  self->message->stream_abort.subxid = read_xid (self);
  self->message->stream_abort.lsn = PGM_LSN_INVALID;
  self->message->stream_abort.time = 0;
  if (self->decoder->protocol < 4 || pgm_reader_left (&self->reader) == 0)
    return;
  self->message->stream_abort.lsn = pgm_reader_u64 (&self->reader);
  self->message->stream_abort.time = read_time (self);
}

static void
read_prepared (Parse *self, guint n_positions)
{
  for (guint i = 0; i < n_positions; i++)
    (void) pgm_reader_u64 (&self->reader);
  self->message->prepared.xid = read_xid (self);
  self->message->prepared.gid = pgm_reader_string (&self->reader);
}

/* Two positions and a time. */
static void
parse_begin_prepare (Parse *self)
{
  read_prepared (self, 3);
}

static void
parse_prepare (Parse *self)
{
  read_no_flags (self);
  read_prepared (self, 3);
}

/* Two positions and two times. */
static void
parse_rollback_prepared (Parse *self)
{
  read_no_flags (self);
  read_prepared (self, 4);
}

/* ---- which message is which -------------------------------------------------- */

/* Where a message may stand. STREAMED ones carry a transaction id inside. */
typedef enum
{
  OUTSIDE = 1 << 0,
  INSIDE = 1 << 1,
  STREAMED = OUTSIDE | INSIDE | 1 << 2,
} Place;

typedef struct
{
  const char *name;
  void (*parse) (Parse *self);
  guint8 place;
  guint8 protocol; /* the first that has it */
} Kind;

/* By letter; what is empty is unknown. */
static const Kind kinds['z' - 'A' + 1] = {
  [PGM_MESSAGE_BEGIN - 'A'] = { "BEGIN", parse_begin, OUTSIDE, 1 },
  [PGM_MESSAGE_LOGICAL - 'A'] = { "MESSAGE", parse_logical, STREAMED, 1 },
  [PGM_MESSAGE_COMMIT - 'A'] = { "COMMIT", parse_commit, OUTSIDE, 1 },
  [PGM_MESSAGE_ORIGIN - 'A'] = { "ORIGIN", parse_origin, OUTSIDE | INSIDE, 1 },
  [PGM_MESSAGE_RELATION - 'A'] = { "RELATION", parse_relation, STREAMED, 1 },
  [PGM_MESSAGE_TYPE - 'A'] = { "TYPE", parse_type, STREAMED, 1 },
  [PGM_MESSAGE_INSERT - 'A'] = { "INSERT", parse_insert, STREAMED, 1 },
  [PGM_MESSAGE_UPDATE - 'A'] = { "UPDATE", parse_update, STREAMED, 1 },
  [PGM_MESSAGE_DELETE - 'A'] = { "DELETE", parse_delete, STREAMED, 1 },
  [PGM_MESSAGE_TRUNCATE - 'A'] = { "TRUNCATE", parse_truncate, STREAMED, 1 },
  [PGM_MESSAGE_STREAM_START - 'A'] = { "STREAM START", parse_stream_start, OUTSIDE, 2 },
  [PGM_MESSAGE_STREAM_STOP - 'A'] = { "STREAM STOP", parse_nothing, INSIDE, 2 },
  [PGM_MESSAGE_STREAM_COMMIT - 'A'] = { "STREAM COMMIT", parse_stream_commit, OUTSIDE, 2 },
  [PGM_MESSAGE_STREAM_ABORT - 'A'] = { "STREAM ABORT", parse_stream_abort, OUTSIDE, 2 },
  [PGM_MESSAGE_BEGIN_PREPARE - 'A'] = { "BEGIN PREPARE", parse_begin_prepare, OUTSIDE, 3 },
  [PGM_MESSAGE_PREPARE - 'A'] = { "PREPARE", parse_prepare, OUTSIDE, 3 },
  [PGM_MESSAGE_COMMIT_PREPARED - 'A'] = { "COMMIT PREPARED", parse_prepare, OUTSIDE, 3 },
  [PGM_MESSAGE_ROLLBACK_PREPARED - 'A'] = { "ROLLBACK PREPARED", parse_rollback_prepared, OUTSIDE,
                                            3 },
  [PGM_MESSAGE_STREAM_PREPARE - 'A'] = { "STREAM PREPARE", parse_prepare, OUTSIDE, 3 },
};

static const Kind *
find_kind (guint8 type)
{
  if (type < 'A' || type > 'z' || kinds[type - 'A'].name == NULL)
    return NULL;
  return &kinds[type - 'A'];
}

const char *
pgm_message_type_to_string (guint8 type)
{
  const Kind *kind = find_kind (type);

  return kind != NULL ? kind->name : "unknown";
}

static void
parse_message (Parse *self, gboolean in_stream)
{
  guint8 type = pgm_reader_u8 (&self->reader);
  const Kind *kind = find_kind (type);

  self->message->type = type;
  self->message->stream_xid = 0;
  if (kind == NULL || kind->protocol > self->decoder->protocol)
    refuse (self, 0, "unknown type in protocol %d", self->decoder->protocol);
  else if ((kind->place & (in_stream ? INSIDE : OUTSIDE)) == 0)
    refuse (self, 0, in_stream ? "inside a streamed block" : "outside a streamed block");
  else if (in_stream && kind->place == STREAMED)
    self->message->stream_xid = read_xid (self);
  if (!self->reader.failed)
    kind->parse (self);
}

static gboolean
report (const Parse *self, gsize size, GError **error)
{
  guint8 type = size > 0 ? self->message->type : 0;
  g_autofree char *letter =
      g_ascii_isgraph (type) ? g_strdup_printf ("'%c'", type) : g_strdup_printf ("0x%02x", type);
  g_autofree char *what =
      g_strdup_printf ("change message %s (%s)%s%s", letter, pgm_message_type_to_string (type),
                       *self->reason != '\0' ? ": " : "", self->reason);

  return pgm_reader_finish (&self->reader, what, TRUE, error);
}

gboolean
pgm_decoder_decode (PgmDecoder *self,
                    gconstpointer data,
                    gsize size,
                    gboolean in_stream,
                    PgmArena *arena,
                    PgmMessage *message,
                    GError **error)
{
  Parse parse;

  pgm_reader_init (&parse.reader, data, size);
  parse.decoder = self;
  parse.arena = arena;
  parse.message = message;
  parse.reason[0] = '\0';
  parse_message (&parse, in_stream);
  if (G_LIKELY (!parse.reader.failed && parse.reader.position == size))
    return TRUE;
  return report (&parse, size, error);
}
