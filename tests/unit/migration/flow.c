#include "flow.h"

#include <string.h>

#include "migration/change.h"

/* A slot's output depends on the settings of the session that reads it. */
#define SETTINGS                                                                                   \
  "SET extra_float_digits = 3; SET datestyle = 'ISO, MDY'; SET intervalstyle = postgres;"          \
  "SET timezone = 'UTC'; SET bytea_output = hex; SET lc_monetary = 'C'; SET search_path = '';"

static PgmEnds *
open_ends (PgmFlow *self)
{
  g_autoptr (GError) error = NULL;
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  PgmEnds *ends = NULL;

  spec->id = g_strdup ("flow");
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri =
      g_strdup (self->source_uri != NULL ? self->source_uri
                                         : pgm_test_cluster_get_uri (self->source, self->database));
  spec->destination->uri = g_strdup (
      self->destination_uri != NULL ? self->destination_uri
                                    : pgm_test_cluster_get_uri (self->destination, self->database));
  spec->destination->user = g_strdup (self->destination_user);
  ends = pgm_ends_open (spec, NULL, &error);
  g_assert_no_error (error);
  pgm_record_unref (spec);
  return ends;
}

void
pgm_flow_open (PgmFlow *self)
{
  if (self->ends == NULL)
    self->ends = open_ends (self);
}

PgmFlow *
pgm_flow_new (PgmTestCluster *source,
              PgmTestCluster *destination,
              const char *database,
              const char *schema,
              const char *publication)
{
  PgmFlow *self = g_new0 (PgmFlow, 1);
  g_autofree char *sql =
      g_strdup_printf ("CREATE PUBLICATION p FOR ALL TABLES %s;"
                       "SELECT pg_create_logical_replication_slot('%s', 'pgoutput')",
                       publication != NULL ? publication : "", database);
  g_autofree char *origin = g_strdup_printf ("SELECT pg_replication_origin_create('%s')", database);

  self->source = source;
  self->destination = destination;
  self->database = g_strdup (database);
  pgm_test_cluster_create_database (source, database, NULL);
  pgm_test_cluster_create_database (destination, database, NULL);
  pgm_flow_source (self, schema);
  pgm_flow_destination (self, schema);
  pgm_flow_source (self, sql);
  pgm_flow_destination (self, origin);
  self->options.origin = self->database;
  return self;
}

void
pgm_flow_free (PgmFlow *self)
{
  g_autofree char *slot = g_strdup_printf ("SELECT pg_drop_replication_slot('%s')", self->database);
  g_autofree char *origin =
      g_strdup_printf ("SELECT pg_replication_origin_drop('%s')", self->database);

  pgm_flow_source (self, slot);
  pgm_flow_destination (self, origin);
  pgm_ends_free (self->ends);
  g_free (self->database);
  g_free (self->destination_user);
  g_free (self);
}

void
pgm_flow_source (PgmFlow *self, const char *sql)
{
  pgm_test_cluster_execute (self->source, self->database, sql);
}

void
pgm_flow_destination (PgmFlow *self, const char *sql)
{
  pgm_test_cluster_execute (self->destination, self->database, sql);
}

char *
pgm_flow_ask (PgmFlow *self, const char *sql)
{
  return pgm_test_cluster_query (self->destination, self->database, sql);
}

/* What a receiver does with a message. FALSE: nothing for the applier. */
static gboolean
translate (const PgmMessage *message, PgmChangeBatch *batch, PgmChange *change)
{
  g_autofree char *content = NULL;

  switch (message->type)
    {
    case PGM_MESSAGE_BEGIN:
      change->kind = PGM_CHANGE_BEGIN;
      change->begin.xid = message->begin.xid;
      change->begin.final_lsn = message->begin.final_lsn;
      change->begin.commit_time = message->begin.commit_time;
      return TRUE;
    case PGM_MESSAGE_COMMIT:
      change->kind = PGM_CHANGE_COMMIT;
      change->commit.commit_lsn = message->commit.commit_lsn;
      change->commit.end_lsn = message->commit.end_lsn;
      change->commit.commit_time = message->commit.commit_time;
      return TRUE;
    case PGM_MESSAGE_INSERT:
    case PGM_MESSAGE_UPDATE:
    case PGM_MESSAGE_DELETE:
      change->kind = message->type == PGM_MESSAGE_INSERT   ? PGM_CHANGE_INSERT
                     : message->type == PGM_MESSAGE_UPDATE ? PGM_CHANGE_UPDATE
                                                           : PGM_CHANGE_DELETE;
      change->row.relation = message->row.relation;
      change->row.old = message->row.old;
      change->row.new = message->row.new;
      change->row.old_is_key = message->row.old_is_key;
      pgm_change_batch_hold (batch, message->row.relation);
      return TRUE;
    case PGM_MESSAGE_TRUNCATE:
      change->kind = PGM_CHANGE_TRUNCATE;
      change->truncate.relations = message->truncate.relations;
      change->truncate.n_relations = message->truncate.n_relations;
      change->truncate.cascade = message->truncate.cascade;
      change->truncate.restart_identity = message->truncate.restart_identity;
      for (guint i = 0; i < message->truncate.n_relations; i++)
        pgm_change_batch_hold (batch, message->truncate.relations[i]);
      return TRUE;
    case PGM_MESSAGE_LOGICAL:
      if (!g_str_equal (message->logical.prefix, PGM_MESSAGE_PREFIX))
        return FALSE;
      change->kind = PGM_CHANGE_MESSAGE;
      change->message.lsn = message->logical.lsn;
      content = g_strndup ((const char *) message->logical.content, message->logical.size);
      change->message.content = pgm_arena_strdup (batch->arena, content);
      return TRUE;
    default:
      return FALSE;
    }
}

static guint8 *
unhex (PgmArena *arena, const char *hex, gsize *size)
{
  gsize n = strcspn (hex, "\n") / 2;
  guint8 *bytes = pgm_arena_alloc (arena, n);

  for (gsize i = 0; i < n; i++)
    bytes[i] =
        (guint8) (g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
  *size = n;
  return bytes;
}

static void
decode_line (PgmDecoder *decoder, PgmChangeBatch *batch, const char *line)
{
  g_autoptr (GError) error = NULL;
  PgmMessage message;
  PgmChange change = { 0 };
  gsize size = 0;
  guint8 *data = unhex (batch->arena, line, &size);

  if (!pgm_decoder_decode (decoder, data, size, FALSE, batch->arena, &message, &error))
    g_error ("decoder: %s", error->message);
  if (translate (&message, batch, &change))
    g_array_append_val (batch->changes, change);
  batch->bytes += size + sizeof change;
}

/* Lines of hex. Through libpq, since a child knows no psql. */
static char *
read_slot (PgmFlow *self, int protocol)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (PgmConnection) connection = NULL;
  g_autoptr (PgmResult) rows = NULL;
  g_autofree char *sql = NULL;

  pgm_flow_open (self);
  connection = pgm_ends_connect (self->ends, PGM_END_SOURCE, "test", NULL, &error);
  g_assert_no_error (error);
  sql = g_strdup_printf (
      "SELECT encode(data, 'hex') FROM pg_catalog.pg_logical_slot_peek_binary_changes("
      "'%s', NULL, NULL, 'proto_version', '%d', 'publication_names', 'p'%s)",
      self->database, protocol,
      pgm_connection_get_major (connection) >= 14 ? ", 'messages', 'true'" : "");
  rows = pgm_connection_query (connection, sql, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < pgm_result_get_rows (rows); i++)
    g_string_append_printf (lines, "%s\n", pgm_result_get (rows, i, 0));
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

GPtrArray *
pgm_flow_read (PgmFlow *self)
{
  const int protocol = 1;
  GPtrArray *batches = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_change_batch_free);
  g_autoptr (PgmDecoder) decoder = pgm_decoder_new (protocol);
  g_autofree char *lines = read_slot (self, protocol);
  gsize limit = self->batch_bytes != 0 ? self->batch_bytes : 64 * 1024;
  PgmChangeBatch *batch = NULL;

  for (const char *line = lines; line != NULL && *line != '\0';)
    {
      const char *end = strchr (line, '\n');
      if (g_ascii_isxdigit (*line))
        {
          if (batch == NULL || batch->bytes >= limit)
            {
              batch = pgm_change_batch_new ();
              g_ptr_array_add (batches, batch);
            }
          decode_line (decoder, batch, line);
        }
      line = end != NULL ? end + 1 : NULL;
    }
  return batches;
}

static void
free_batch (gpointer batch)
{
  pgm_change_batch_free (batch);
}

gboolean
pgm_flow_apply_batches (PgmFlow *self, GPtrArray *batches, GError **error)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 0, free_batch);
  g_autoptr (PgmApplier) applier = NULL;
  gboolean ok = FALSE;

  pgm_flow_open (self);
  self->options.ends = self->ends;
  self->options.changes = channel;
  g_ptr_array_set_free_func (batches, NULL);
  for (guint i = 0; i < batches->len; i++)
    {
      PgmChangeBatch *batch = g_ptr_array_index (batches, i);
      g_assert_cmpint (pgm_channel_push (channel, batch, batch->bytes, -1, NULL), ==,
                       PGM_CHANNEL_OK);
    }
  pgm_channel_close (channel);
  applier = pgm_applier_new (&self->options);
  ok = pgm_applier_run (applier, NULL, error);
  pgm_applier_get_stats (applier, &self->stats);
  return ok;
}

gboolean
pgm_flow_apply (PgmFlow *self, GError **error)
{
  g_autoptr (GPtrArray) batches = pgm_flow_read (self);

  return pgm_flow_apply_batches (self, batches, error);
}

int
pgm_flow_apply_as_child (char **arguments)
{
  PgmFlow self = {
    .source_uri = arguments[0],
    .destination_uri = arguments[1],
    .database = arguments[2],
    .options.origin = arguments[2],
    .options.max_fold_changes = (guint) g_ascii_strtoull (arguments[3], NULL, 10),
    .batch_bytes = g_ascii_strtoull (arguments[4], NULL, 10),
  };
  g_autoptr (GError) error = NULL;

  if (pgm_flow_apply (&self, &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 1;
}

void
pgm_flow_run (PgmFlow *self)
{
  g_autoptr (GError) error = NULL;

  if (!pgm_flow_apply (self, &error))
    {
      g_autofree char *text = pgm_error_to_text (error);
      g_error ("%s", text);
    }
}

/* One line a table: its name, number of rows and a sum over their texts. */
static const char digests_sql[] = SETTINGS
    "SELECT format('SELECT %L || count(*) || '' '' || coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0)"
    " FROM %s%s', c.oid::regclass || ': ',"
    " (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute a"
    "   WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped),"
    " CASE WHEN c.relkind = 'r' THEN 'ONLY ' ELSE '' END, c.oid::regclass)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgmanager')"
    "   AND n.nspname !~ '^pg_toast' ORDER BY c.oid::regclass::text COLLATE \"C\" \\gexec";

void
pgm_flow_assert_equal (PgmFlow *self)
{
  g_autofree char *there = pgm_test_cluster_query (self->source, self->database, digests_sql);
  g_autofree char *here = pgm_test_cluster_query (self->destination, self->database, digests_sql);

  g_assert_nonnull (strstr (there, ": "));
  g_assert_cmpstr (here, ==, there);
}
