/* The stream of a logical slot and its decoder, on real servers. */
#include "config.h"

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
  PgmLsn end; /* of the last commit */
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
