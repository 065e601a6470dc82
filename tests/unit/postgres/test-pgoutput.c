/* The decoder of pgoutput over bytes made by hand: every type of message in and
 * out of streamed blocks, and what no server may send. Real streams are decoded
 * in test-stream.c. */
#include "config.h"

#include <string.h>

#include "postgres/pgoutput.h"

#define RELATION_OID 16390u

/* ---- building messages ------------------------------------------------------- */

static void
put_u8 (GByteArray *to, guint8 value)
{
  g_byte_array_append (to, &value, 1);
}

static void
put_u16 (GByteArray *to, guint16 value)
{
  value = GUINT16_TO_BE (value);
  g_byte_array_append (to, (guint8 *) &value, sizeof value);
}

static void
put_u32 (GByteArray *to, guint32 value)
{
  value = GUINT32_TO_BE (value);
  g_byte_array_append (to, (guint8 *) &value, sizeof value);
}

static void
put_u64 (GByteArray *to, guint64 value)
{
  value = GUINT64_TO_BE (value);
  g_byte_array_append (to, (guint8 *) &value, sizeof value);
}

static void
put_string (GByteArray *to, const char *text)
{
  g_byte_array_append (to, (const guint8 *) text, strlen (text) + 1);
}

/* A small language: b, w, l and q take a number of 1, 2, 4 and 8 bytes, s takes a
 * string, and v a text value. */
static GByteArray *
build (const char *format, ...)
{
  GByteArray *message = g_byte_array_new ();
  va_list arguments;

  va_start (arguments, format);
  for (const char *p = format; *p != '\0'; p++)
    switch (*p)
      {
      case 'b':
        put_u8 (message, (guint8) va_arg (arguments, int));
        break;
      case 'w':
        put_u16 (message, (guint16) va_arg (arguments, int));
        break;
      case 'l':
        put_u32 (message, va_arg (arguments, guint32));
        break;
      case 'q':
        put_u64 (message, va_arg (arguments, guint64));
        break;
      case 's':
        put_string (message, va_arg (arguments, const char *));
        break;
      case 'v':
        {
          const char *value = va_arg (arguments, const char *);
          put_u8 (message, 't');
          put_u32 (message, (guint32) strlen (value));
          g_byte_array_append (message, (const guint8 *) value, strlen (value));
          break;
        }
      default:
        g_assert_not_reached ();
      }
  va_end (arguments);
  return message;
}

#define Q(x) ((guint64) (x))
#define L(x) ((guint32) (x))

/* public.t (id int4 key, v text), as two columns. */
static GByteArray *
build_relation (guint32 xid)
{
  if (xid != 0)
    return build ("bllssbwbsllbsll", 'R', xid, RELATION_OID, "public", "t", 'd', 2, 1, "id", L (23),
                  L (-1), 0, "v", L (25), L (-1));
  return build ("blssbwbsllbsll", 'R', RELATION_OID, "public", "t", 'd', 2, 1, "id", L (23), L (-1),
                0, "v", L (25), L (-1));
}

/* ---- decoding ---------------------------------------------------------------- */

typedef struct
{
  PgmDecoder *decoder;
  PgmArena *arena;
  PgmMessage message;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->decoder = pgm_decoder_new (4);
  self->arena = pgm_arena_new (0);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  pgm_decoder_free (self->decoder);
  pgm_arena_free (self->arena);
}

/* Takes @bytes; what was decoded stays valid in a copy of the arena's. */
static PgmMessage *
decode (Fixture *self, GByteArray *bytes, gboolean in_stream)
{
  g_autoptr (GError) error = NULL;
  gconstpointer data = pgm_arena_memdup (self->arena, bytes->data, bytes->len);
  gboolean ok = pgm_decoder_decode (self->decoder, data, bytes->len, in_stream, self->arena,
                                    &self->message, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  g_byte_array_unref (bytes);
  return &self->message;
}

/* Takes @bytes; it must be refused with @text in the message. */
static void
refuse (Fixture *self, GByteArray *bytes, gboolean in_stream, const char *text, const char *detail)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_decoder_decode (self->decoder, bytes->data, bytes->len, in_stream,
                                      self->arena, &self->message, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_nonnull (pgm_error_get_detail (error));
  if (detail != NULL)
    g_assert_nonnull (strstr (pgm_error_get_detail (error), detail));
  g_byte_array_unref (bytes);
}

static void
assert_value (const PgmValue *value, PgmValueKind kind, const char *text)
{
  g_assert_cmpint (value->kind, ==, kind);
  if (text == NULL)
    {
      g_assert_null (value->data);
      g_assert_cmpuint (value->size, ==, 0);
      return;
    }
  g_assert_nonnull (value->data);
  g_assert_cmpmem (value->data, value->size, text, strlen (text));
}

static void
test_transaction (Fixture *self, gconstpointer data)
{
  PgmMessage *message = decode (self, build ("bqql", 'B', Q (0x1234), Q (1000000), L (771)), FALSE);
  g_assert_cmpint (message->type, ==, PGM_MESSAGE_BEGIN);
  g_assert_cmpuint (message->begin.final_lsn, ==, 0x1234);
  g_assert_cmpint (message->begin.commit_time, ==, G_GINT64_CONSTANT (946684801000000));
  g_assert_cmpuint (message->begin.xid, ==, 771);

  message = decode (self, build ("bbqqq", 'C', 0, Q (0x1234), Q (0x1260), Q (0)), FALSE);
  g_assert_cmpuint (message->commit.commit_lsn, ==, 0x1234);
  g_assert_cmpuint (message->commit.end_lsn, ==, 0x1260);
  g_assert_cmpint (message->commit.commit_time, ==, G_GINT64_CONSTANT (946684800000000));

  message = decode (self, build ("bqs", 'O', Q (7), "node a"), FALSE);
  g_assert_cmpuint (message->origin.lsn, ==, 7);
  g_assert_cmpstr (message->origin.name, ==, "node a");

  message = decode (self, build ("bbqslv", 'M', 1, Q (9), "pgmanager", L (7), "ab"), FALSE);
  g_assert_true (message->logical.transactional);
  g_assert_cmpstr (message->logical.prefix, ==, "pgmanager");
  g_assert_cmpuint (message->logical.size, ==, 7);
  message = decode (self, build ("bbqsl", 'M', 0, Q (9), "", L (0)), FALSE);
  g_assert_false (message->logical.transactional);
  g_assert_nonnull (message->logical.content);
}

static void
test_relation (Fixture *self, gconstpointer data)
{
  PgmMessage *message = decode (self, build_relation (0), FALSE);
  PgmRelation *relation = message->relation;

  g_assert_cmpstr (relation->schema, ==, "public");
  g_assert_cmpstr (relation->name, ==, "t");
  g_assert_cmpint (relation->replica_identity, ==, 'd');
  g_assert_cmpuint (relation->n_columns, ==, 2);
  g_assert_true (relation->columns[0].key);
  g_assert_cmpstr (relation->columns[1].name, ==, "v");
  g_assert_cmpint (relation->columns[1].type_modifier, ==, -1);
  g_assert_true (pgm_decoder_find_relation (self->decoder, RELATION_OID) == relation);
  g_assert_null (pgm_decoder_find_relation (self->decoder, 1));

  /* An empty schema on the wire is pg_catalog; no columns are fine (F15). */
  message = decode (self, build ("blssbw", 'R', L (5), "", "pg_x", 'n', 0), FALSE);
  g_assert_cmpstr (message->relation->schema, ==, "pg_catalog");
  message = decode (self, build ("blbw", 'I', L (5), 'N', 0), FALSE);
  g_assert_cmpuint (message->row.new->n_values, ==, 0);
  (void) decode (self, build ("blss", 'Y', L (99), "public", "mood"), FALSE);
}

/* F37: a new description replaces the old one, which lives on for who holds it. */
static void
test_relation_again (Fixture *self, gconstpointer data)
{
  g_autoptr (PgmRelation) old =
      pgm_relation_ref (decode (self, build_relation (0), FALSE)->relation);
  PgmRelation *same = decode (self, build_relation (0), FALSE)->relation;

  g_assert_true (old != same);
  g_assert_true (pgm_relation_equal (old, same));
  PgmRelation *other = decode (self,
                               build ("blssbwbsll", 'R', RELATION_OID, "public", "t2", 'd', 1, 1,
                                      "id", L (23), L (-1)),
                               FALSE)
                           ->relation;
  g_assert_false (pgm_relation_equal (old, other));
  g_assert_cmpstr (old->name, ==, "t");
  g_assert_true (
      decode (self, build ("blbwv", 'I', RELATION_OID, 'N', 1, "5"), FALSE)->row.relation == other);

  /* A bad description replaces nothing. */
  refuse (self, build ("blssbw", 'R', RELATION_OID, "public", "t3", 'd', 60000), FALSE,
          "60000 columns don't fit", NULL);
  g_assert_true (pgm_decoder_find_relation (self->decoder, RELATION_OID) == other);
}

/* F1: NULL, '' and an unchanged value are three things. */
static void
test_rows (Fixture *self, gconstpointer data)
{
  (void) decode (self, build_relation (0), FALSE);
  PgmMessage *message = decode (self, build ("blbwvb", 'I', RELATION_OID, 'N', 2, "1", 'n'), FALSE);
  g_assert_null (message->row.old);
  assert_value (&message->row.new->values[0], PGM_VALUE_TEXT, "1");
  assert_value (&message->row.new->values[1], PGM_VALUE_NULL, NULL);

  message = decode (self, build ("blbwvv", 'I', RELATION_OID, 'N', 2, "", "a\nb"), FALSE);
  assert_value (&message->row.new->values[0], PGM_VALUE_TEXT, "");
  assert_value (&message->row.new->values[1], PGM_VALUE_TEXT, "a\nb");

  /* F38: no old tuple. */
  message = decode (self, build ("blbwvb", 'U', RELATION_OID, 'N', 2, "1", 'u'), FALSE);
  g_assert_null (message->row.old);
  assert_value (&message->row.new->values[1], PGM_VALUE_UNCHANGED, NULL);

  /* F39: a key. */
  message = decode (
      self, build ("blbwvbbwvblb", 'U', RELATION_OID, 'K', 2, "1", 'n', 'N', 2, "2", 'b', L (1), 7),
      FALSE);
  g_assert_true (message->row.old_is_key);
  assert_value (&message->row.old->values[0], PGM_VALUE_TEXT, "1");
  assert_value (&message->row.old->values[1], PGM_VALUE_NULL, NULL);
  assert_value (&message->row.new->values[1], PGM_VALUE_BINARY, "\a");

  /* F40: a whole row. */
  message = decode (self, build ("blbwvv", 'D', RELATION_OID, 'O', 2, "1", "x"), FALSE);
  g_assert_false (message->row.old_is_key);
  g_assert_null (message->row.new);
  assert_value (&message->row.old->values[1], PGM_VALUE_TEXT, "x");
}

static void
test_truncate (Fixture *self, gconstpointer data)
{
  PgmRelation *first = decode (self, build_relation (0), FALSE)->relation;
  PgmRelation *second =
      decode (self, build ("blssbw", 'R', L (7), "public", "u", 'f', 0), FALSE)->relation;
  PgmMessage *message = decode (self, build ("blbll", 'T', L (2), 3, RELATION_OID, L (7)), FALSE);

  g_assert_cmpuint (message->truncate.n_relations, ==, 2);
  g_assert_true (message->truncate.relations[0] == first);
  g_assert_true (message->truncate.relations[1] == second);
  g_assert_true (message->truncate.cascade && message->truncate.restart_identity);
  refuse (self, build ("blbl", 'T', L (0x40000000), 0, RELATION_OID), FALSE, "don't fit", NULL);
  refuse (self, build ("blbl", 'T', L (1), 0, L (8)), FALSE, "never described", "byte 6");
}

/* Protocol 2: transaction ids in front of what is streamed. */
static void
test_streamed (Fixture *self, gconstpointer data)
{
  PgmMessage *message = decode (self, build ("blb", 'S', L (800), 1), FALSE);
  g_assert_true (message->stream_start.first);
  g_assert_cmpuint (message->stream_start.xid, ==, 800);
  g_assert_cmpuint (decode (self, build_relation (801), TRUE)->stream_xid, ==, 801);
  message = decode (self, build ("bllbwvv", 'I', L (801), RELATION_OID, 'N', 2, "1", "2"), TRUE);
  g_assert_cmpuint (message->stream_xid, ==, 801);
  assert_value (&message->row.new->values[1], PGM_VALUE_TEXT, "2");
  message = decode (self, build ("bllbl", 'T', L (801), L (1), 0, RELATION_OID), TRUE);
  g_assert_cmpuint (message->truncate.n_relations, ==, 1);
  message = decode (self, build ("blbqsl", 'M', L (801), 1, Q (5), "p", L (0)), TRUE);
  g_assert_cmpuint (message->stream_xid, ==, 801);
  (void) decode (self, build ("bqs", 'O', Q (7), "o"), TRUE);
  (void) decode (self, build ("bllss", 'Y', L (801), L (9), "", "x"), TRUE);
}

static void
test_stream_ends (Fixture *self, gconstpointer data)
{
  (void) decode (self, build ("b", 'E'), TRUE);
  PgmMessage *message =
      decode (self, build ("blbqqq", 'c', L (800), 0, Q (1), Q (2), Q (3)), FALSE);
  g_assert_cmpuint (message->commit.xid, ==, 800);
  g_assert_cmpuint (message->commit.end_lsn, ==, 2);
  message = decode (self, build ("bll", 'A', L (800), L (801)), FALSE);
  g_assert_cmpuint (message->stream_abort.subxid, ==, 801);
  g_assert_cmpuint (message->stream_abort.lsn, ==, 0);
  message = decode (self, build ("bllqq", 'A', L (800), L (801), Q (77), Q (0)), FALSE);
  g_assert_cmpuint (message->stream_abort.lsn, ==, 77);
  refuse (self, build ("b", 'E'), FALSE, "outside a streamed block", "[45]");
  refuse (self, build ("bqql", 'B', Q (1), Q (1), L (1)), TRUE, "inside a streamed block", NULL);
}

/* F46: told by name, with the identifier. */
static void
test_two_phase (Fixture *self, gconstpointer data)
{
  static const struct
  {
    char type;
    const char *name;
  } types[] = { { 'P', "PREPARE" }, { 'K', "COMMIT PREPARED" }, { 'p', "STREAM PREPARE" } };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      PgmMessage *message = decode (
          self, build ("bbqqqls", types[i].type, 0, Q (1), Q (2), Q (3), L (900), "gid"), FALSE);
      g_assert_cmpstr (pgm_message_type_to_string (message->type), ==, types[i].name);
      g_assert_cmpstr (message->prepared.gid, ==, "gid");
      g_assert_cmpuint (message->prepared.xid, ==, 900);
    }
  PgmMessage *message =
      decode (self, build ("bqqqls", 'b', Q (1), Q (2), Q (3), L (900), "g"), FALSE);
  g_assert_cmpstr (message->prepared.gid, ==, "g");
  message =
      decode (self, build ("bbqqqqls", 'r', 0, Q (1), Q (2), Q (3), Q (4), L (900), "g"), FALSE);
  g_assert_cmpuint (message->prepared.xid, ==, 900);
}

static void
test_bad (Fixture *self, gconstpointer data)
{
  (void) decode (self, build_relation (0), FALSE);
  refuse (self, build (""), FALSE, "malformed", NULL);
  refuse (self, build ("b", 'z'), FALSE, "unknown", "[7a]");
  refuse (self, build ("b", 0xff), FALSE, "0xff", "[ff]");
  refuse (self, build ("blbwvv", 'I', L (4), 'N', 2, "1", "2"), FALSE, "relation 4", "byte 1");
  refuse (self, build ("blbwv", 'I', RELATION_OID, 'N', 1, "1"), FALSE, "1 values for the 2", NULL);
  refuse (self, build ("blbwvb", 'I', RELATION_OID, 'N', 2, "1", 'x'), FALSE, "kind of value",
          "[78]");
  refuse (self, build ("blbwbl", 'I', RELATION_OID, 'N', 2, 't', L (0xffffffff)), FALSE, "INSERT",
          NULL);
  refuse (self, build ("blbwvv", 'I', RELATION_OID, 'K', 2, "1", "2"), FALSE, "a new row", NULL);
  refuse (self, build ("blbwvv", 'D', RELATION_OID, 'N', 2, "1", "2"), FALSE, "a key", NULL);
  refuse (self, build ("blssbw", 'R', L (1), "a", "b", 'x', 0), FALSE, "identity 0x78", NULL);
  refuse (self, build ("blssbw", 'R', L (1), "a", "b", 0, 0), FALSE, "identity 0x00", NULL);
  refuse (self, build ("bbqqq", 'C', 4, Q (1), Q (1), Q (1)), FALSE, "flags 0x04", NULL);
  refuse (self, build ("bqqlb", 'B', Q (1), Q (1), L (1), 0), FALSE, "longer", NULL);
  refuse (self, build ("bllbwvv", 'I', L (0), RELATION_OID, 'N', 2, "1", "2"), TRUE, "id of 0",
          NULL);
  refuse (self, build ("bbqsl", 'M', 0, Q (9), "p", L (1)), FALSE, "MESSAGE", NULL);
}

static void
test_protocols (Fixture *self, gconstpointer data)
{
  static const int by_major[][2] = { { 10, 1 }, { 13, 1 }, { 14, 2 }, { 15, 3 },
                                     { 16, 4 }, { 18, 4 }, { 19, 4 } };

  for (guint i = 0; i < G_N_ELEMENTS (by_major); i++)
    g_assert_cmpint (pgm_decoder_protocol_for (by_major[i][0]), ==, by_major[i][1]);
  pgm_decoder_free (self->decoder);
  self->decoder = pgm_decoder_new (1);
  refuse (self, build ("blb", 'S', L (800), 1), FALSE, "unknown type in protocol 1", NULL);
  pgm_decoder_free (self->decoder);
  self->decoder = pgm_decoder_new (2);
  refuse (self, build ("bqqqls", 'b', Q (1), Q (2), Q (3), L (900), "g"), FALSE, "protocol 2",
          NULL);
  /* What only protocol 4 may say. */
  refuse (self, build ("bllqq", 'A', L (800), L (801), Q (77), Q (0)), FALSE, "longer", NULL);
}

/* ---- hostile bytes (R20) ----------------------------------------------------- */

static GPtrArray *
build_samples (void)
{
  GPtrArray *samples = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);

  g_ptr_array_add (samples, build_relation (0));
  g_ptr_array_add (samples, build ("bqql", 'B', Q (0x1234), Q (1000000), L (771)));
  g_ptr_array_add (samples, build ("bbqqq", 'C', 0, Q (0x1234), Q (0x1260), Q (0)));
  g_ptr_array_add (samples, build ("bqs", 'O', Q (7), "node a"));
  g_ptr_array_add (samples, build ("bbqslw", 'M', 1, Q (9), "pgmanager", L (2), 7));
  g_ptr_array_add (samples, build ("blss", 'Y', L (99), "public", "mood"));
  g_ptr_array_add (samples, build ("blbwvv", 'I', RELATION_OID, 'N', 2, "", "a\nb"));
  g_ptr_array_add (samples, build ("blbwvbbwvblb", 'U', RELATION_OID, 'K', 2, "1", 'n', 'N', 2, "2",
                                   'b', L (1), 7));
  g_ptr_array_add (samples, build ("blbwvv", 'D', RELATION_OID, 'O', 2, "1", "x"));
  g_ptr_array_add (samples, build ("blbl", 'T', L (1), 3, RELATION_OID));
  g_ptr_array_add (samples, build ("blb", 'S', L (800), 1));
  g_ptr_array_add (samples, build ("blbqqq", 'c', L (800), 0, Q (1), Q (2), Q (3)));
  g_ptr_array_add (samples, build ("bllqq", 'A', L (800), L (801), Q (77), Q (0)));
  g_ptr_array_add (samples, build ("bqqqls", 'b', Q (1), Q (2), Q (3), L (900), "g"));
  g_ptr_array_add (samples, build ("bbqqqls", 'P', 0, Q (1), Q (2), Q (3), L (900), "gid"));
  g_ptr_array_add (samples, build ("bbqqqqls", 'r', 0, Q (1), Q (2), Q (3), Q (4), L (900), "g"));
  return samples;
}

/* On the heap and exactly as long as it is, so that ASan sees one byte too far. */
static gboolean
try_decode (Fixture *self, const guint8 *data, gsize size, gboolean in_stream)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = g_memdup2 (data, size);
  gboolean ok = pgm_decoder_decode (self->decoder, copy, size, in_stream, self->arena,
                                    &self->message, &error);

  if (!ok)
    g_assert_error (error, PGM_ERROR, PGM_ERROR_PROTOCOL);
  else
    g_assert_no_error (error);
  pgm_arena_reset (self->arena);
  return ok;
}

/* A message that is cut anywhere is an error, except that STREAM ABORT has a
 * shorter form. */
static void
test_r20_cut (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) samples = build_samples ();

  for (guint i = 0; i < samples->len; i++)
    {
      GByteArray *sample = g_ptr_array_index (samples, i);
      for (guint size = 0; size < sample->len; size++)
        if (try_decode (self, sample->data, size, FALSE))
          g_assert_true (sample->data[0] == 'A' && size == 9);
      g_assert_true (try_decode (self, sample->data, sample->len, FALSE));
    }
}

static void
test_r20_flipped (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) samples = build_samples ();
  g_autoptr (GRand) random = g_rand_new_with_seed (20);

  for (guint round = 0; round < 60000; round++)
    {
      GByteArray *sample =
          g_ptr_array_index (samples, g_rand_int_range (random, 0, (gint32) samples->len));
      g_autofree guint8 *copy = g_memdup2 (sample->data, sample->len);
      for (int flips = g_rand_int_range (random, 1, 4); flips > 0; flips--)
        copy[g_rand_int_range (random, 0, (gint32) sample->len)] ^=
            (guint8) (1 << g_rand_int_range (random, 0, 8));
      (void) try_decode (self, copy, sample->len, g_rand_boolean (random));
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "/pgoutput/transaction", test_transaction },
    { "/pgoutput/relation", test_relation },
    { "/pgoutput/F37-relation-again", test_relation_again },
    { "/pgoutput/F01-F38-F39-F40-rows", test_rows },
    { "/pgoutput/F44-truncate", test_truncate },
    { "/pgoutput/F45-streamed", test_streamed },
    { "/pgoutput/F45-stream-ends", test_stream_ends },
    { "/pgoutput/F46-two-phase", test_two_phase },
    { "/pgoutput/bad", test_bad },
    { "/pgoutput/protocols", test_protocols },
    { "/pgoutput/R20-cut", test_r20_cut },
    { "/pgoutput/R20-flipped", test_r20_flipped },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].function, tear_down);
  return g_test_run ();
}
