/* The decoder of pgoutput, the output plugin of logical replication.
 *
 * A message is decoded where it lies: a value is a pointer into the message and
 * a length. Tuples are laid into the caller's arena, with one allocation for a
 * tuple and none for a column. What a server must not send (an unknown type, a
 * length beyond the message, a tuple whose number of columns isn't the
 * relation's, a relation that was never described) is an error of
 * PGM_ERROR_PROTOCOL with the position and a hex excerpt, never skipped.
 *
 * Source: PostgreSQL documentation, "Logical Replication Message Formats";
 * protocol 1 (10 and later), 2 (14: streamed transactions, messages), 3 (15:
 * two-phase commit), 4 (16: abort LSN and time for parallel apply).
 */
#pragma once

#include "core/arena.h"
#include "core/error.h"
#include "core/lsn.h"

G_BEGIN_DECLS

/* The wire's own letters. NULL, '' and an unchanged TOAST value are three
 * things (F1). */
typedef enum
{
  PGM_VALUE_NULL = 'n',
  PGM_VALUE_UNCHANGED = 'u', /* stored out of line and not part of the change */
  PGM_VALUE_TEXT = 't',
  PGM_VALUE_BINARY = 'b',
} PgmValueKind;

typedef struct
{
  const char *data; /* not NUL-terminated; NULL for NULL and UNCHANGED */
  guint32 size;
  guint8 kind; /* PgmValueKind */
} PgmValue;

typedef struct
{
  guint n_values; /* as many as the relation has columns */
  PgmValue values[];
} PgmTuple;

typedef struct
{
  char *name;
  guint32 type_oid; /* of the source */
  gint32 type_modifier;
  gboolean key; /* part of the replica identity */
} PgmRelationColumn;

/* What the source says of a table, as of the moment of a change. Immutable and
 * refcounted; a new description is a new object. */
typedef struct
{
  gatomicrefcount ref_count;
  guint32 oid; /* of the source */
  char *schema;
  char *name;
  char replica_identity; /* d n f i, as in pg_class.relreplident */
  guint n_columns;
  PgmRelationColumn *columns;
} PgmRelation;

PgmRelation *pgm_relation_ref (PgmRelation *self);
void pgm_relation_unref (PgmRelation *self);

/* Same names, types, keys and identity? */
gboolean pgm_relation_equal (const PgmRelation *a, const PgmRelation *b);

/* The wire's letters. */
typedef enum
{
  PGM_MESSAGE_BEGIN = 'B',
  PGM_MESSAGE_LOGICAL = 'M', /* pg_logical_emit_message() */
  PGM_MESSAGE_COMMIT = 'C',
  PGM_MESSAGE_ORIGIN = 'O',
  PGM_MESSAGE_RELATION = 'R',
  PGM_MESSAGE_TYPE = 'Y',
  PGM_MESSAGE_INSERT = 'I',
  PGM_MESSAGE_UPDATE = 'U',
  PGM_MESSAGE_DELETE = 'D',
  PGM_MESSAGE_TRUNCATE = 'T',
  PGM_MESSAGE_STREAM_START = 'S',
  PGM_MESSAGE_STREAM_STOP = 'E',
  PGM_MESSAGE_STREAM_COMMIT = 'c',
  PGM_MESSAGE_STREAM_ABORT = 'A',
  PGM_MESSAGE_BEGIN_PREPARE = 'b',
  PGM_MESSAGE_PREPARE = 'P',
  PGM_MESSAGE_COMMIT_PREPARED = 'K',
  PGM_MESSAGE_ROLLBACK_PREPARED = 'r',
  PGM_MESSAGE_STREAM_PREPARE = 'p',
} PgmMessageType;

/* "INSERT", "STREAM START"; "unknown" for no type of these. */
const char *pgm_message_type_to_string (guint8 type);

/* Times are microseconds since the Unix epoch (the wire counts from 2000). */
typedef struct
{
  guint8 type;        /* PgmMessageType */
  guint32 stream_xid; /* the (sub)transaction, for what comes inside a streamed block; else 0 */
  union
  {
    struct
    {
      PgmLsn final_lsn; /* of the commit record */
      gint64 commit_time;
      guint32 xid;
    } begin;
    struct
    {
      guint32 xid; /* STREAM_COMMIT only */
      PgmLsn commit_lsn;
      PgmLsn end_lsn; /* what an origin and a slot are set to */
      gint64 commit_time;
    } commit; /* COMMIT, STREAM_COMMIT */
    struct
    {
      PgmLsn lsn;
      const char *name;
    } origin;
    PgmRelation *relation; /* RELATION; owned by the decoder */
    struct
    {
      PgmRelation *relation; /* owned by the decoder until replaced: take a reference to keep it */
      PgmTuple *old;         /* UPDATE and DELETE: key or whole old row; may be NULL for UPDATE */
      gboolean old_is_key;   /* 'K': columns outside the key are 'n' and mean absent (F39) */
      PgmTuple *new;         /* INSERT, UPDATE */
    } row;
    struct
    {
      guint n_relations;
      PgmRelation **relations; /* in the arena; owned by the decoder */
      gboolean cascade;
      gboolean restart_identity;
    } truncate;
    struct
    {
      gboolean transactional;
      PgmLsn lsn;
      const char *prefix;
      const guint8 *content;
      guint32 size;
    } logical;
    struct
    {
      guint32 xid;
      gboolean first;
    } stream_start;
    struct
    {
      guint32 xid;
      guint32 subxid; /* the same as xid: the whole transaction */
      PgmLsn lsn;     /* 0 below protocol 4 */
      gint64 time;
    } stream_abort;
    struct
    {
      guint32 xid;
      const char *gid;
    } prepared; /* the five of two-phase commit: only what is needed to refuse by name */
  };
} PgmMessage;

typedef struct _PgmDecoder PgmDecoder;

/* @protocol: 1 to 4, as asked for in START_REPLICATION. */
PgmDecoder *pgm_decoder_new (int protocol);
void pgm_decoder_free (PgmDecoder *self);

/* Decodes one message. @in_stream: it comes between STREAM_START and
 * STREAM_STOP, so that most types carry a transaction id. What @message points
 * to lives in @data and @arena. RELATION replaces what is known of its table, so
 * what is streamed must be decoded (again) in the order in which it commits. What a
 * streamed transaction has described is described again after each abort of one of
 * its parts, so it may go with the part (pgoutput_stream_abort()). */
gboolean pgm_decoder_decode (PgmDecoder *self,
                             gconstpointer data,
                             gsize size,
                             gboolean in_stream,
                             PgmArena *arena,
                             PgmMessage *message,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is known of a table; NULL when it was never described. */
PgmRelation *pgm_decoder_find_relation (PgmDecoder *self, guint32 oid);

/* The highest protocol that a server of this major speaks and we use. */
int pgm_decoder_protocol_for (int major);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmRelation, pgm_relation_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDecoder, pgm_decoder_free)

G_END_DECLS
