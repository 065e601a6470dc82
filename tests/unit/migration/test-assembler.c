#include "migration/assembler.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/error.h"
#include "wire.h"

static char *directory;

static PgmAssembler *
make (int protocol, gboolean local_only)
{
  PgmAssemblerOptions options = {
    .protocol = protocol, .directory = directory, .spill_memory = 64, .local_only = local_only
  };

  return pgm_assembler_new (&options);
}

/* Takes the message. */
static void
feed (PgmAssembler *assembler, GByteArray *message)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = pgm_assembler_feed (assembler, message->data, message->len, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  /* Nothing may point into it any more. */
  memset (message->data, 0xee, message->len);
  g_byte_array_unref (message);
}

static PgmErrorCode
feed_bad (PgmAssembler *assembler, GByteArray *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (pgm_assembler_feed (assembler, message->data, message->len, &error));
  g_byte_array_unref (message);
  g_assert_true (error->domain == PGM_ERROR);
  return (PgmErrorCode) error->code;
}

static void
append_tuple (GString *text, const PgmTuple *tuple)
{
  for (guint i = 0; tuple != NULL && i < tuple->n_values; i++)
    {
      const PgmValue *value = &tuple->values[i];

      g_string_append (text, i == 0 ? "(" : ",");
      if (value->kind == PGM_VALUE_TEXT)
        g_string_append_len (text, value->data, value->size);
      else
        g_string_append_c (text, (char) value->kind);
    }
  g_string_append_c (text, ')');
}

static void
append_change (GString *text, const PgmChange *change)
{
  g_string_append (text, text->len > 0 ? " " : "");
  switch ((PgmChangeKind) change->kind)
    {
    case PGM_CHANGE_BEGIN:
      g_string_append_printf (text, "B%u", change->begin.xid);
      break;
    case PGM_CHANGE_INSERT:
      g_string_append (text, "I");
      append_tuple (text, change->row.new);
      break;
    case PGM_CHANGE_DELETE:
      g_string_append (text, "D");
      append_tuple (text, change->row.old);
      break;
    case PGM_CHANGE_MESSAGE:
      g_string_append_printf (text, "M%s", change->message.content);
      break;
    case PGM_CHANGE_COMMIT:
      g_string_append_printf (text, "C%" G_GUINT64_FORMAT, change->commit.end_lsn);
      break;
    case PGM_CHANGE_POSITION:
      g_string_append_printf (text, "P%" G_GUINT64_FORMAT, change->position);
      break;
    case PGM_CHANGE_UPDATE:
    case PGM_CHANGE_TRUNCATE:
    default:
      g_assert_not_reached ();
    }
}

/* Everything that is ready, and what is read back, in words. */
static char *
take_all (PgmAssembler *assembler)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  gboolean more = TRUE;

  while (more)
    {
      g_autoptr (PgmChangeBatch) batch = pgm_assembler_take (assembler);

      for (guint i = 0; batch != NULL && i < batch->changes->len; i++)
        append_change (text, &g_array_index (batch->changes, PgmChange, i));
      if (batch != NULL)
        g_assert_cmpuint (batch->bytes, >, 0);
      more = pgm_assembler_is_reading_back (assembler);
      if (more)
        g_assert_true (pgm_assembler_read_back (assembler, 200, &error));
      more = more || batch != NULL;
    }
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

#define expect(assembler, text)                                                                    \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *found = take_all (assembler);                                                 \
    g_assert_cmpstr (found, ==, text);                                                             \
  }                                                                                                \
  G_STMT_END

static void
test_transaction (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, FALSE);

  feed (assembler, wire_begin (10, 5));
  g_assert_true (pgm_assembler_is_in_transaction (assembler));
  feed (assembler, wire_relation (WIRE_XID_NONE));
  feed (assembler, wire_insert (WIRE_XID_NONE, "1", "one"));
  expect (assembler, "B5 I(1,one)");
  feed (assembler, wire_insert (WIRE_XID_NONE, "2", ""));
  feed (assembler, wire_delete (WIRE_XID_NONE, "1"));
  feed (assembler, wire_commit (10, 11));
  expect (assembler, "I(2,) D(1,n) C11");
  g_assert_false (pgm_assembler_is_in_transaction (assembler));
  g_assert_cmpuint (pgm_assembler_get_last_commit (assembler), ==, 11);
}

/* F50: what has nothing for us is a place that was passed, and many are one. */
static void
test_f50_positions (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, FALSE);

  feed (assembler, wire_begin (10, 5));
  pgm_assembler_position (assembler, 10); /* not within a transaction */
  feed (assembler, wire_commit (10, 11));
  pgm_assembler_position (assembler, 12);
  pgm_assembler_position (assembler, 15);
  pgm_assembler_position (assembler, 13);
  expect (assembler, "P15");
  g_assert_cmpuint (pgm_assembler_get_last_commit (assembler), ==, 0);
}

/* F54: messages of other prefixes, and what stands outside of transactions. */
static void
test_f54_messages (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, FALSE);

  feed (assembler, wire_message (WIRE_XID_NONE, FALSE, 5, "pgmanager", "not transactional"));
  feed (assembler, wire_begin (10, 5));
  feed (assembler, wire_message (WIRE_XID_NONE, TRUE, 8, "theirs", "x"));
  feed (assembler, wire_message (WIRE_XID_NONE, TRUE, 8, "pgmanager2", "x"));
  feed (assembler, wire_message (WIRE_XID_NONE, FALSE, 8, "pgmanager", "x"));
  feed (assembler, wire_commit (10, 11));
  feed (assembler, wire_begin (20, 6));
  feed (assembler, wire_message (WIRE_XID_NONE, TRUE, 18, "pgmanager", "sentinel"));
  feed (assembler, wire_commit (20, 21));
  expect (assembler, "P11 B6 Msentinel C21");
}

static void
test_local_only (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, TRUE);
  g_autoptr (PgmAssembler) all = make (2, FALSE);

  feed (assembler, wire_begin (10, 5));
  feed (assembler, wire_origin ("other"));
  feed (assembler, wire_relation (WIRE_XID_NONE));
  feed (assembler, wire_insert (WIRE_XID_NONE, "1", "one"));
  feed (assembler, wire_message (WIRE_XID_NONE, TRUE, 8, "pgmanager", "x"));
  feed (assembler, wire_commit (10, 11));
  feed (assembler, wire_begin (20, 6));
  feed (assembler, wire_insert (WIRE_XID_NONE, "2", "two"));
  feed (assembler, wire_commit (20, 21));
  expect (assembler, "P11 B6 I(2,two) C21");
  feed (all, wire_begin (10, 5));
  feed (all, wire_origin ("other"));
  feed (all, wire_relation (WIRE_XID_NONE));
  feed (all, wire_insert (WIRE_XID_NONE, "1", "one"));
  feed (all, wire_commit (10, 11));
  expect (all, "B5 I(1,one) C11");
}

/* F45: two transactions in blocks between each other and a small one, with
 * subtransactions that end this way and that. */
static void
test_f45_streamed (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, FALSE);

  feed (assembler, wire_stream_start (5, TRUE));
  feed (assembler, wire_relation (5));
  feed (assembler, wire_insert (5, "1", "a value of some length, so that a file is made"));
  feed (assembler, wire_insert (6, "2", "aborted"));
  feed (assembler, wire_stream_stop ());
  feed (assembler, wire_stream_start (8, TRUE));
  feed (assembler, wire_relation (8));
  feed (assembler, wire_insert (8, "9", "never"));
  feed (assembler, wire_stream_stop ());
  expect (assembler, "");
  g_assert_cmpuint (pgm_assembler_get_spilled (assembler), >, 0);
  pgm_assembler_position (assembler, 9); /* what is kept is sent again after a restart */
  feed (assembler, wire_stream_abort (5, 6));
  feed (assembler, wire_stream_start (5, FALSE));
  feed (assembler, wire_insert (7, "3", "kept"));
  feed (assembler, wire_message (5, TRUE, 8, "pgmanager", "sentinel"));
  feed (assembler, wire_stream_stop ());
  feed (assembler, wire_begin (10, 12));
  feed (assembler, wire_relation (WIRE_XID_NONE));
  feed (assembler, wire_insert (WIRE_XID_NONE, "4", "small"));
  feed (assembler, wire_commit (10, 11));
  feed (assembler, wire_stream_commit (5, 20, 21));
  expect (assembler, "P9 B12 I(4,small) C11 B5 I(1,a value of some length, so that a file is made)"
                     " I(3,kept) Msentinel C21");
  feed (assembler, wire_stream_abort (8, 8));
  g_assert_cmpuint (pgm_assembler_get_spilled (assembler), ==, 0);
  expect (assembler, "");
  g_assert_cmpuint (pgm_assembler_get_last_commit (assembler), ==, 21);
}

static void
test_streamed_local_only (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, TRUE);

  feed (assembler, wire_stream_start (5, TRUE));
  feed (assembler, wire_origin ("other"));
  feed (assembler, wire_relation (5));
  feed (assembler, wire_insert (5, "1", "one"));
  feed (assembler, wire_stream_stop ());
  feed (assembler, wire_stream_abort (5, 6));
  feed (assembler, wire_stream_commit (5, 20, 21));
  expect (assembler, "P21");
}

/* F46 */
static void
test_f46_two_phase (void)
{
  g_autoptr (PgmAssembler) assembler = make (3, FALSE);

  g_assert_cmpint (feed_bad (assembler, wire_begin_prepare ("gid")), ==, PGM_ERROR_REFUSED);
}

/* R20: what no server may send ends it, and never is skipped. */
static void
test_r20_out_of_place (void)
{
  g_autoptr (PgmAssembler) assembler = make (2, FALSE);
  GByteArray *unknown = g_byte_array_new ();

  g_byte_array_append (unknown, (const guint8 *) "Zx", 2);
  g_assert_cmpint (feed_bad (assembler, unknown), ==, PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, g_byte_array_new ()), ==, PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, wire_commit (1, 2)), ==, PGM_ERROR_PROTOCOL);
  feed (assembler, wire_relation (WIRE_XID_NONE));
  g_assert_cmpint (feed_bad (assembler, wire_insert (WIRE_XID_NONE, "1", "x")), ==,
                   PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, wire_stream_start (5, FALSE)), ==, PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, wire_stream_commit (5, 1, 2)), ==, PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, wire_stream_abort (5, 5)), ==, PGM_ERROR_PROTOCOL);
  feed (assembler, wire_begin (10, 5));
  g_assert_cmpint (feed_bad (assembler, wire_begin (10, 5)), ==, PGM_ERROR_PROTOCOL);
  g_assert_cmpint (feed_bad (assembler, wire_commit (12, 13)), ==, PGM_ERROR_PROTOCOL);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("pgm-assembler-XXXXXX", NULL);
  g_test_add_func ("/migration/assembler/transaction", test_transaction);
  g_test_add_func ("/migration/assembler/f50-positions", test_f50_positions);
  g_test_add_func ("/migration/assembler/f54-messages", test_f54_messages);
  g_test_add_func ("/migration/assembler/local-only", test_local_only);
  g_test_add_func ("/migration/assembler/f45-streamed", test_f45_streamed);
  g_test_add_func ("/migration/assembler/streamed-local-only", test_streamed_local_only);
  g_test_add_func ("/migration/assembler/f46-two-phase", test_f46_two_phase);
  g_test_add_func ("/migration/assembler/r20-out-of-place", test_r20_out_of_place);
  status = g_test_run ();
  g_rmdir (directory);
  g_free (directory);
  return status;
}
