/* The stream of a logical slot and its decoder, on real servers. */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "../../fixture/cluster.h"
#include "postgres/pgoutput.h"
#include "postgres/slot.h"
#include "postgres/stream.h"

#define WAIT_SECONDS 30

typedef struct
{
  PgmTestCluster *cluster;
} Server;

typedef struct
{
  PgmTestCluster *cluster;
  int major;
  PgmConnection *session;
  PgmConnection *replication;
  PgmStream *stream;
  PgmDecoder *decoder;
  PgmArena *arena;
  gboolean in_stream;
  PgmLsn end;        /* of the last commit */
  GHashTable *known; /* oid: PgmRelation as it was described last */
} Fixture;

static PgmConnection *
open_session (PgmTestCluster *cluster, const char *dbname, gboolean replication)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source", .replication = replication };
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, dbname), &error);
  g_assert_no_error (error);
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->cluster = ((const Server *) data)->cluster;
  self->major = pgm_test_cluster_get_major (self->cluster);
  pgm_test_cluster_execute (self->cluster, "postgres", "DROP DATABASE IF EXISTS d");
  pgm_test_cluster_create_database (self->cluster, "d", NULL);
  self->session = open_session (self->cluster, "d", FALSE);
  self->replication = open_session (self->cluster, "d", TRUE);
  self->decoder = pgm_decoder_new (pgm_decoder_protocol_for (self->major));
  self->arena = pgm_arena_new (0);
  self->known = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) pgm_relation_unref);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  pgm_stream_free (self->stream);
  pgm_connection_free (self->replication);
  if (!pgm_connection_is_lost (self->session))
    {
      g_assert_true (pgm_slot_drop (self->session, "pgm_s", TRUE, NULL, &error));
      g_assert_no_error (error);
    }
  pgm_connection_free (self->session);
  pgm_decoder_free (self->decoder);
  pgm_arena_free (self->arena);
  g_hash_table_unref (self->known);
}

static void
sql (Fixture *self, const char *text)
{
  pgm_test_cluster_execute (self->cluster, "d", text);
}

static void
create_slot (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  PgmLsn point;

  g_assert_true (pgm_slot_create (self->replication, "pgm_s", FALSE, &point, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
start (Fixture *self, const char *publication, gboolean streaming)
{
  const char *const publications[] = { publication, NULL };
  PgmStreamOptions options = { .slot = "pgm_s",
                               .publications = publications,
                               .protocol = pgm_decoder_protocol_for (self->major),
                               .messages = TRUE,
                               .streaming = streaming };
  g_autoptr (GError) error = NULL;

  self->stream = pgm_stream_start (self->replication, &options, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->stream);
}

/* Publication p of everything, slot, and a stream from it. */
static void
follow (Fixture *self, const char *schema)
{
  sql (self, schema);
  sql (self, "CREATE PUBLICATION p FOR ALL TABLES");
  create_slot (self);
  start (self, "p", FALSE);
}

static gint64
soon (void)
{
  return g_get_monotonic_time () + (gint64) WAIT_SECONDS * G_USEC_PER_SEC;
}

/* The next message of the plugin, decoded; NULL when none comes before @deadline. */
static gboolean
next_until (Fixture *self, PgmMessage *message, gint64 deadline)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      PgmStreamMessage raw = { 0 };
      PgmStreamResult result = pgm_stream_read (self->stream, &raw, deadline, NULL, &error);
      g_assert_no_error (error);
      if (result == PGM_STREAM_IDLE)
        return FALSE;
      if (result == PGM_STREAM_KEEPALIVE)
        continue;
      g_assert_cmpint (result, ==, PGM_STREAM_DATA);
      gconstpointer data = pgm_arena_memdup (self->arena, raw.data, raw.size);
      gboolean ok = pgm_decoder_decode (self->decoder, data, raw.size, self->in_stream, self->arena,
                                        message, &error);
      g_assert_no_error (error);
      g_assert_true (ok);
      if (message->type == PGM_MESSAGE_STREAM_START)
        self->in_stream = TRUE;
      if (message->type == PGM_MESSAGE_STREAM_STOP)
        self->in_stream = FALSE;
      if (message->type == PGM_MESSAGE_COMMIT || message->type == PGM_MESSAGE_STREAM_COMMIT)
        self->end = message->commit.end_lsn;
      return TRUE;
    }
}

/* ---- a stream as text, to be compared ---------------------------------------- */

static void
print_tuple (GString *to, const char *label, const PgmTuple *tuple)
{
  if (tuple == NULL)
    return;
  g_string_append_printf (to, " %s(", label);
  for (guint i = 0; i < tuple->n_values; i++)
    {
      const PgmValue *value = &tuple->values[i];
      if (i > 0)
        g_string_append_c (to, ',');
      if (value->kind == PGM_VALUE_NULL)
        g_string_append (to, "NULL");
      else if (value->kind == PGM_VALUE_UNCHANGED)
        g_string_append (to, "UNCHANGED");
      else if (value->size > 100)
        g_string_append_printf (to, "%u bytes", value->size);
      else
        g_string_append_printf (to, "'%.*s'", (int) value->size, value->data);
    }
  g_string_append_c (to, ')');
}

static void
print_relation (GString *to, const PgmRelation *relation)
{
  g_string_append_printf (to, " %s.%s %c(", relation->schema, relation->name,
                          relation->replica_identity);
  for (guint i = 0; i < relation->n_columns; i++)
    g_string_append_printf (to, "%s%s%s", i > 0 ? "," : "", relation->columns[i].name,
                            relation->columns[i].key ? "*" : "");
  g_string_append_c (to, ')');
}

static void
print_row (GString *to, const PgmMessage *message)
{
  g_string_append_printf (to, " %s", message->row.relation->name);
  print_tuple (to, message->row.old_is_key ? "key" : "old", message->row.old);
  print_tuple (to, "new", message->row.new);
}

static void
print_truncate (GString *to, const PgmMessage *message)
{
  for (guint i = 0; i < message->truncate.n_relations; i++)
    g_string_append_printf (to, " %s", message->truncate.relations[i]->name);
  if (message->truncate.cascade)
    g_string_append (to, " cascade");
  if (message->truncate.restart_identity)
    g_string_append (to, " restart");
}

static void
print_message (GString *to, const PgmMessage *message)
{
  g_string_append_c (to, (char) message->type);
  switch (message->type)
    {
    case PGM_MESSAGE_RELATION:
      print_relation (to, message->relation);
      break;
    case PGM_MESSAGE_INSERT:
    case PGM_MESSAGE_UPDATE:
    case PGM_MESSAGE_DELETE:
      print_row (to, message);
      break;
    case PGM_MESSAGE_TRUNCATE:
      print_truncate (to, message);
      break;
    case PGM_MESSAGE_LOGICAL:
      g_string_append_printf (to, " %s %s '%.*s'", message->logical.prefix,
                              message->logical.transactional ? "in" : "out",
                              (int) message->logical.size, (const char *) message->logical.content);
      break;
    case PGM_MESSAGE_ORIGIN:
      g_string_append_printf (to, " %s", message->origin.name);
      break;
    default:
      break;
    }
  g_string_append_c (to, '\n');
}

/* How often a table is described without a need is the server's choice. */
static gboolean
is_news (Fixture *self, PgmRelation *relation)
{
  gpointer oid = GUINT_TO_POINTER (relation->oid);
  PgmRelation *known = g_hash_table_lookup (self->known, oid);
  gboolean news = known == NULL || !pgm_relation_equal (known, relation);

  g_hash_table_replace (self->known, oid, pgm_relation_ref (relation));
  return news;
}

/* Everything up to the @n-th commit must read like @expected. */
static void
expect (Fixture *self, guint n, const char *expected)
{
  g_autoptr (GString) seen = g_string_new (NULL);

  while (n > 0)
    {
      PgmMessage message;
      if (!next_until (self, &message, soon ()))
        g_error ("nothing more comes after:\n%s", seen->str);
      if (message.type != PGM_MESSAGE_RELATION || is_news (self, message.relation))
        print_message (seen, &message);
      if (message.type == PGM_MESSAGE_COMMIT)
        n--;
    }
  g_assert_cmpstr (seen->str, ==, expected);
}

/* ---- tests ------------------------------------------------------------------- */

/* F1, F38, F39: values are what they were. */
static void
test_values (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE t (id int PRIMARY KEY, a text, b text);"
                "ALTER TABLE t ALTER b SET STORAGE EXTERNAL");
  sql (self, "INSERT INTO t VALUES (1, NULL, ''), (2, '', repeat('x', 10000))");
  sql (self, "UPDATE t SET a = 'n' WHERE id = 2");
  sql (self, "UPDATE t SET id = 3 WHERE id = 2");
  sql (self, "DELETE FROM t WHERE id = 3");
  expect (self, 4,
          "B\nR public.t d(id*,a,b)\nI t new('1',NULL,'')\nI t new('2','',10000 bytes)\nC\n"
          "B\nU t new('2','n',UNCHANGED)\nC\n"
          "B\nU t key('2',NULL,NULL) new('3','n',UNCHANGED)\nC\n"
          "B\nD t key('3',NULL,NULL)\nC\n");
}

/* F40, and index and nothing as identity. */
static void
test_identity (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE f (a int, b text); ALTER TABLE f REPLICA IDENTITY FULL;"
                "CREATE TABLE i (a int, b int NOT NULL); CREATE UNIQUE INDEX k ON i (b);"
                "ALTER TABLE i REPLICA IDENTITY USING INDEX k;"
                "CREATE TABLE n (a int); ALTER TABLE n REPLICA IDENTITY NOTHING");
  sql (self, "INSERT INTO f VALUES (1, NULL); UPDATE f SET b = ''; DELETE FROM f");
  sql (self, "INSERT INTO i VALUES (1, 2); UPDATE i SET a = 5; UPDATE i SET b = 3; DELETE FROM i");
  sql (self, "INSERT INTO n VALUES (1)");
  expect (self, 8,
          "B\nR public.f f(a*,b*)\nI f new('1',NULL)\nC\n"
          "B\nU f old('1',NULL) new('1','')\nC\n"
          "B\nD f old('1','')\nC\n"
          "B\nR public.i i(a,b*)\nI i new('1','2')\nC\n"
          "B\nU i new('5','2')\nC\n"
          "B\nU i key(NULL,'2') new('5','3')\nC\n"
          "B\nD i key(NULL,'3')\nC\n"
          "B\nR public.n n(a)\nI n new('1')\nC\n");
}

/* F37: described again after a change, also inside a transaction. */
static void
test_relation_again (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE t (id int PRIMARY KEY)");
  sql (self, "INSERT INTO t VALUES (1)");
  sql (self, "ALTER TABLE t ADD v text DEFAULT 'd'");
  sql (self, "INSERT INTO t VALUES (2)");
  sql (self, "BEGIN; INSERT INTO t VALUES (3); ALTER TABLE t RENAME TO u; ALTER TABLE u DROP v;"
             "INSERT INTO u VALUES (4); COMMIT");

  /* Whether transactions without rows are sent is the server's choice. */
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (PgmRelation) first = NULL;
  for (guint rows = 0; rows < 4;)
    {
      PgmMessage message;
      g_assert_true (next_until (self, &message, soon ()));
      rows += message.type == PGM_MESSAGE_INSERT;
      if (message.type == PGM_MESSAGE_RELATION && first == NULL)
        first = pgm_relation_ref (message.relation);
      if (message.type == PGM_MESSAGE_INSERT ||
          (message.type == PGM_MESSAGE_RELATION && is_news (self, message.relation)))
        print_message (seen, &message);
    }
  g_assert_cmpstr (seen->str, ==,
                   "R public.t d(id*)\nI t new('1')\nR public.t d(id*,v)\nI t new('2','d')\n"
                   "I t new('3','d')\nR public.u d(id*)\nI u new('4')\n");
  g_assert_cmpuint (first->n_columns, ==, 1);
  g_assert_cmpstr (first->name, ==, "t");
}

/* F44. */
static void
test_truncate (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int REFERENCES a)");
  sql (self, "TRUNCATE a, b");
  sql (self, "TRUNCATE a CASCADE");
  sql (self, "TRUNCATE b RESTART IDENTITY");
  expect (self, 3,
          "B\nR public.a d(id*)\nR public.b d(id)\nT a b\nC\n"
          "B\nT a b cascade\nC\n"
          "B\nT b restart\nC\n");
}

/* F54: messages of any prefix arrive, in a transaction or not. */
static void
test_messages (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE t (id int)");
  sql (self, "SELECT pg_logical_emit_message(true, 'pgmanager', 'a sentinel')");
  sql (self, "SELECT pg_logical_emit_message(false, 'foreign', '')");
  sql (self,
       "BEGIN; INSERT INTO t VALUES (1); SELECT pg_logical_emit_message(true, '', 'x'); COMMIT");
  expect (self, 2,
          "B\nM pgmanager in 'a sentinel'\nC\n"
          "M foreign out ''\n"
          "B\nR public.t d(id)\nI t new('1')\nM  in 'x'\nC\n");
}

/* F47: where a transaction was replicated from. */
static void
test_origin (Fixture *self, gconstpointer data)
{
  follow (self, "CREATE TABLE t (id int); SELECT pg_replication_origin_drop(roname) FROM "
                "pg_replication_origin; SELECT pg_replication_origin_create('elsewhere')");
  sql (self, "SELECT pg_replication_origin_session_setup('elsewhere');"
             "BEGIN; SELECT pg_replication_origin_xact_setup('0/77', now());"
             "INSERT INTO t VALUES (1); COMMIT");
  expect (self, 1, "B\nO elsewhere\nR public.t d(id)\nI t new('1')\nC\n");
}

/* F45: streamed in blocks before its end; what is aborted is said. */
static void
test_streamed (Fixture *self, gconstpointer data)
{
  guint blocks = 0, rows = 0, aborts = 0;
  guint32 top = 0, sub = 0, aborted = 0;
  PgmMessage message;

  sql (self, "CREATE TABLE t (id int PRIMARY KEY, v text)");
  sql (self, "CREATE PUBLICATION p FOR ALL TABLES");
  create_slot (self);
  start (self, "p", TRUE);
  sql (self,
       "BEGIN; INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(1, 3000) n;"
       "SAVEPOINT s; INSERT INTO t SELECT n, repeat('y', 200) FROM generate_series(5001, 8000) n;"
       "ROLLBACK TO s; INSERT INTO t VALUES (9000, 'z'); COMMIT");
  do
    {
      g_assert_true (next_until (self, &message, soon ()));
      if (message.type == PGM_MESSAGE_STREAM_START)
        {
          g_assert_true (message.stream_start.first == (blocks == 0));
          blocks++;
          top = message.stream_start.xid;
        }
      if (message.type == PGM_MESSAGE_INSERT)
        {
          g_assert_true (self->in_stream);
          rows++;
          if (message.row.new->values[1].data[0] == 'y')
            sub = message.stream_xid;
        }
      if (message.type == PGM_MESSAGE_STREAM_ABORT)
        {
          aborts++;
          g_assert_cmpuint (message.stream_abort.xid, ==, top);
          aborted = message.stream_abort.subxid;
          g_assert_true ((message.stream_abort.lsn != 0) == (self->major >= 16));
        }
    }
  while (message.type != PGM_MESSAGE_STREAM_COMMIT);
  g_assert_cmpuint (blocks, >, 1);
  g_assert_cmpuint (rows, >, 3000);
  g_assert_cmpuint (message.commit.xid, ==, top);
  g_assert_cmpuint (message.commit.end_lsn, >, 0);
  g_assert_cmpuint (aborts, >=, 1);
  if (sub != 0)
    g_assert_cmpuint (aborted, ==, sub);
  g_assert_false (self->in_stream);

  /* From 18 on a transaction that is known to have failed isn't begun to be sent. */
  if (self->major >= 18)
    return;
  sql (self, "BEGIN; INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(10000, 13000) n;"
             "ROLLBACK");
  do
    g_assert_true (next_until (self, &message, soon ()));
  while (message.type != PGM_MESSAGE_STREAM_ABORT);
  g_assert_cmpuint (message.stream_abort.xid, ==, message.stream_abort.subxid);
}

/* F13: publications and slots with names that need quoting. */
static void
test_odd_names (Fixture *self, gconstpointer data)
{
  static const char odd[] = "P\"u, b'\\l ö 63 bytes of a name that has everything 89 123456 a";
  const char *const tables[] = { "public.\"T 'x' \"\"y\"\"\"", NULL };
  const char *const publications[] = { "Plain", odd, NULL };
  PgmStreamOptions options = { .slot = "pgm_s",
                               .publications = publications,
                               .protocol = pgm_decoder_protocol_for (self->major) };
  g_autoptr (GError) error = NULL;

  sql (self, "CREATE TABLE \"T 'x' \"\"y\"\"\" (\"C \"\"1\" int); CREATE PUBLICATION \"Plain\"");
  g_assert_true (pgm_publication_create (self->session, odd, tables, NULL, &error));
  create_slot (self);
  self->stream = pgm_stream_start (self->replication, &options, NULL, &error);
  g_assert_no_error (error);
  sql (self, "INSERT INTO \"T 'x' \"\"y\"\"\" VALUES (1)");
  expect (self, 1, "B\nR public.T 'x' \"y\" d(C \"1)\nI T 'x' \"y\" new('1')\nC\n");
}

/* The schema that the server sends as nothing, and types of pg_catalog. */
static void
test_binary (Fixture *self, gconstpointer data)
{
  const char *const publications[] = { "p", NULL };
  PgmStreamOptions options = { .slot = "pgm_s",
                               .publications = publications,
                               .binary = TRUE,
                               .protocol = pgm_decoder_protocol_for (self->major) };
  g_autoptr (GError) error = NULL;
  PgmMessage message;

  sql (self, "CREATE TABLE t (id int); CREATE PUBLICATION p FOR ALL TABLES");
  create_slot (self);
  self->stream = pgm_stream_start (self->replication, &options, NULL, &error);
  g_assert_no_error (error);
  sql (self, "INSERT INTO t VALUES (258)");
  do
    g_assert_true (next_until (self, &message, soon ()));
  while (message.type != PGM_MESSAGE_INSERT);
  g_assert_cmpint (message.row.new->values[0].kind, ==, PGM_VALUE_BINARY);
  g_assert_cmpmem (message.row.new->values[0].data, message.row.new->values[0].size, "\0\0\1\2", 4);
}

static PgmLsn
confirmed (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmSlot) slot = NULL;

  g_assert_true (pgm_slot_read (self->session, "pgm_s", &slot, NULL, &error));
  return slot->confirmed_flush_lsn;
}

/* Keepalives are answered when asked to, and what is confirmed moves the slot. */
static void
test_status (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStreamMessage raw = { 0 };
  PgmStreamResult result;
  gboolean ok = TRUE;

  follow (self, "CREATE TABLE t (id int)");
  sql (self, "INSERT INTO t VALUES (1)");
  expect (self, 1, "B\nR public.t d(id)\nI t new('1')\nC\n");
  PgmLsn before = confirmed (self);
  g_assert_cmpuint (self->end, >, before);
  g_assert_true (
      pgm_stream_send_status (self->stream, self->end, self->end, self->end, TRUE, &error));
  do
    {
      result = pgm_stream_read (self->stream, &raw, soon (), NULL, &error);
      g_assert_no_error (error);
    }
  while (result == PGM_STREAM_DATA);
  g_assert_cmpint (result, ==, PGM_STREAM_KEEPALIVE);
  g_assert_cmpuint (raw.end, >=, self->end);
  g_assert_cmpint (ABS (raw.time - g_get_real_time ()), <, 60 * G_USEC_PER_SEC);
  for (gint64 deadline = soon (); ok && confirmed (self) < self->end;)
    ok = g_get_monotonic_time () < deadline;
  g_assert_cmpuint (confirmed (self), ==, self->end);

  g_assert_true (pgm_stream_finish (self->stream, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (pgm_connection_is_lost (self->replication));
  pgm_stream_free (self->stream);
  pgm_connection_free (self->replication);

  /* What is behind the confirmed position does not come again. */
  self->replication = open_session (self->cluster, "d", TRUE);
  start (self, "p", FALSE);
  sql (self, "INSERT INTO t VALUES (2)");
  expect (self, 1, "B\nI t new('2')\nC\n");
}

/* A server that is not answered ends the stream; one that is does not. */
static void
test_timeout (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStreamMessage raw = { 0 };
  guint answered = 0;

  g_assert_true (
      pgm_connection_exec (self->replication, "SET wal_sender_timeout = '400ms'", NULL, &error));
  follow (self, "CREATE TABLE t (id int)");
  for (gint64 end = g_get_monotonic_time () + 1500 * 1000; g_get_monotonic_time () < end;)
    {
      PgmStreamResult result = pgm_stream_read (self->stream, &raw, end, NULL, &error);
      g_assert_no_error (error);
      if (result != PGM_STREAM_KEEPALIVE || !raw.reply_requested)
        continue;
      answered++;
      g_assert_true (pgm_stream_send_status (self->stream, raw.end, 0, 0, FALSE, &error));
    }
  g_assert_cmpuint (answered, >=, 2);

  g_usleep (1200 * 1000);
  PgmStreamResult result;
  do
    result = pgm_stream_read (self->stream, &raw, soon (), NULL, &error);
  while (result == PGM_STREAM_KEEPALIVE || result == PGM_STREAM_DATA);
  g_assert_cmpint (result, ==, PGM_STREAM_FAILED);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  g_assert_true (pgm_connection_is_lost (self->replication));
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (200 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Deadlines and cancelling. */
static void
test_waiting (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PgmStreamMessage raw = { 0 };
  PgmStreamResult result;

  follow (self, "CREATE TABLE t (id int)");
  gint64 began = g_get_monotonic_time ();
  do
    result = pgm_stream_read (self->stream, &raw, began + 300 * 1000, NULL, &error);
  while (result == PGM_STREAM_KEEPALIVE);
  g_assert_cmpint (result, ==, PGM_STREAM_IDLE);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 300 * 1000);
  do
    result = pgm_stream_read (self->stream, &raw, 0, NULL, &error);
  while (result == PGM_STREAM_KEEPALIVE);
  g_assert_cmpint (result, ==, PGM_STREAM_IDLE);

  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  do
    result = pgm_stream_read (self->stream, &raw, soon (), cancellable, &error);
  while (result == PGM_STREAM_KEEPALIVE);
  g_thread_join (thread);
  g_assert_cmpint (result, ==, PGM_STREAM_FAILED);
  g_assert_true (pgm_error_is_cancelled (error));
  g_clear_error (&error);

  /* The stream goes on where it was. */
  sql (self, "INSERT INTO t VALUES (1)");
  expect (self, 1, "B\nR public.t d(id)\nI t new('1')\nC\n");
}

static PgmStream *
try_start (Fixture *self, PgmConnection *replication, const char *slot, GError **error)
{
  const char *const publications[] = { "p", NULL };
  PgmStreamOptions options = { .slot = slot,
                               .publications = publications,
                               .protocol = pgm_decoder_protocol_for (self->major) };

  return pgm_stream_start (replication, &options, NULL, error);
}

static void
refuse_start (Fixture *self, PgmConnection *replication, const char *slot, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_start (self, replication, slot, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" is not in: %s", text, error->message);
  g_assert_false (pgm_connection_is_lost (replication));
}

/* A7: gone, in use, of another database. */
static void
test_refused (Fixture *self, gconstpointer data)
{
  PgmConnection *second = open_session (self->cluster, "d", TRUE);
  PgmConnection *other = open_session (self->cluster, "postgres", TRUE);

  refuse_start (self, second, "pgm_s", "does not exist");
  refuse_start (self, second, "Bad, name", "does not exist");
  follow (self, "CREATE TABLE t (id int)");
  g_autofree char *pid = g_strdup_printf ("%d", pgm_connection_get_backend_pid (self->replication));
  refuse_start (self, second, "pgm_s", pid);
  g_clear_pointer (&self->stream, pgm_stream_free);
  pgm_connection_free (self->replication);
  self->replication = NULL;
  g_usleep (300 * 1000);
  refuse_start (self, other, "pgm_s", "database");
  self->replication = second;
  start (self, "p", FALSE);
  sql (self, "INSERT INTO t VALUES (1)");
  expect (self, 1, "B\nR public.t d(id)\nI t new('1')\nC\n");
  pgm_connection_free (other);
}

/* R12, F49: WAL that the slot needed has been removed. */
static void
test_invalidated (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmSlot) slot = NULL;
  PgmConnection *second = open_session (self->cluster, "d", TRUE);

  sql (self, "CREATE TABLE t (id int); CREATE PUBLICATION p FOR ALL TABLES");
  create_slot (self);
  sql (self, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  sql (self, "SELECT pg_reload_conf()");
  for (guint i = 0; i < 5; i++)
    sql (self, "INSERT INTO t VALUES (1); SELECT pg_switch_wal()");
  sql (self, "CHECKPOINT");
  sql (self, "ALTER SYSTEM RESET max_slot_wal_keep_size");
  sql (self, "SELECT pg_reload_conf()");

  g_assert_true (pgm_slot_read (self->session, "pgm_s", &slot, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (slot->wal_status, ==, "lost");
  if (self->major >= 17)
    g_assert_cmpstr (slot->invalidation_reason, ==, "wal_removed");
  refuse_start (self, second, "pgm_s", "replication slot");
  pgm_connection_free (second);
}

/* The backend is ended, the slot dropped, the server stopped: what the reader is told. */
static void
test_ended (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStreamMessage raw = { 0 };
  PgmStreamResult result;

  follow (self, "CREATE TABLE t (id int)");
  sql (self, "INSERT INTO t SELECT generate_series(1, 100)");
  g_assert_true (pgm_slot_drop (self->session, "pgm_s", TRUE, NULL, &error));
  g_assert_no_error (error);
  guint rows = 0;
  do
    {
      result = pgm_stream_read (self->stream, &raw, soon (), NULL, &error);
      rows += result == PGM_STREAM_DATA && raw.data[0] == 'I';
    }
  while (result == PGM_STREAM_KEEPALIVE || result == PGM_STREAM_DATA);
  g_assert_cmpint (result, ==, PGM_STREAM_FAILED);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_LOST);
  g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "57P01");
}

/* R4: a server that shuts down ends the stream in good order. */
static void
test_shutdown (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStreamMessage raw = { 0 };
  PgmStreamResult result;

  follow (self, "CREATE TABLE t (id int)");
  g_assert_true (kill (pgm_test_cluster_get_pid (self->cluster), SIGINT) == 0);
  do
    {
      result = pgm_stream_read (self->stream, &raw, soon (), NULL, &error);
      /* A shutdown waits until everything is confirmed. */
      if (result == PGM_STREAM_KEEPALIVE)
        g_assert_true (
            pgm_stream_send_status (self->stream, raw.end, raw.end, raw.end, FALSE, NULL));
    }
  while (result == PGM_STREAM_KEEPALIVE || result == PGM_STREAM_DATA);
  g_assert_no_error (error);
  g_assert_cmpint (result, ==, PGM_STREAM_END);
  pgm_connection_free (self->session);
  pgm_connection_free (self->replication);
  self->replication = NULL;
  g_assert_true (pgm_test_cluster_restart (self->cluster, PGM_TEST_STOP_FAST, &error));
  g_assert_no_error (error);
  self->session = open_session (self->cluster, "d", FALSE);
}

/* As a receiver reads: it looks for more before it waits. */
static void
look_then_wait (Fixture *self, PgmMessage *message)
{
  if (!next_until (self, message, 0))
    g_assert_true (next_until (self, message, soon ()));
}

/* A reader that has fallen far behind gathers, and misses nothing. */
static void
test_b05_backlog (Fixture *self, gconstpointer data)
{
  guint64 expected = 1, commits = 0;
  PgmMessage message;

  sql (self, "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES");
  create_slot (self);
  sql (self,
       "DO $$ BEGIN FOR i IN 1 .. 20000 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$");
  g_usleep (30 * 1000);
  start (self, "p", FALSE);
  while (commits < 20000)
    {
      look_then_wait (self, &message);
      commits += message.type == PGM_MESSAGE_COMMIT;
      if (message.type == PGM_MESSAGE_INSERT)
        {
          g_autofree char *text =
              g_strndup (message.row.new->values[0].data, message.row.new->values[0].size);
          g_assert_cmpuint (g_ascii_strtoull (text, NULL, 10), ==, expected++);
        }
      pgm_arena_reset (self->arena);
    }
  /* And nothing is late once it has caught up. */
  sql (self, "INSERT INTO t VALUES (20001)");
  expect (self, 1, "B\nI t new('20001')\nC\n");
}

static void
add_all (const Server *server)
{
  static const struct
  {
    const char *name;
    int since;
    void (*function) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "F01-F38-F39-values", 10, test_values },
    { "F40-identity", 10, test_identity },
    { "F37-relation-again", 10, test_relation_again },
    { "F44-truncate", 11, test_truncate },
    { "F54-messages", 14, test_messages },
    { "F47-origin", 10, test_origin },
    { "F45-streamed", 14, test_streamed },
    { "F13-odd-names", 10, test_odd_names },
    { "binary", 14, test_binary },
    { "A06-status", 10, test_status },
    { "A09-timeout", 10, test_timeout },
    { "waiting", 10, test_waiting },
    { "A07-refused", 10, test_refused },
    { "F49-R12-invalidated", 13, test_invalidated },
    { "ended", 10, test_ended },
    { "R04-shutdown", 10, test_shutdown },
    { "B05-backlog", 11, test_b05_backlog },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      int major = pgm_test_cluster_get_major (server->cluster);
      g_autofree char *path = g_strdup_printf ("/stream/%d/%s", major, tests[i].name);
      if (major >= tests[i].since)
        g_test_add (path, Fixture, server, set_up, tests[i].function, tear_down);
    }
}

int
main (int argc, char **argv)
{
  static const int majors[] = { 13, 15, 17, 18 };
  static const char settings[] =
      "max_prepared_transactions = 5\nlogical_decoding_work_mem = 64kB\nautovacuum = off\n";
  Server servers[G_N_ELEMENTS (majors)] = { 0 };
  guint n_servers = 0;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autoptr (GError) error = NULL;
      Server *server = &servers[n_servers];
      server->cluster =
          pgm_test_cluster_new_full (majors[i], NULL, settings, PGM_TEST_CLUSTER_DEFAULT, &error);
      if (server->cluster != NULL)
        {
          add_all (server);
          n_servers++;
        }
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_error ("%s", error->message);
      else
        g_test_message ("PostgreSQL %d is not here: skipped", majors[i]);
    }
  int status = n_servers > 0 ? g_test_run () : 77;
  for (guint i = 0; i < n_servers; i++)
    pgm_test_cluster_free (servers[i].cluster);
  return status;
}
