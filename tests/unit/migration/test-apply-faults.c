#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flow.h"
#include "migration/change.h"
#include "migration/progress-row.h"

/* The applier where something goes wrong: conflicts, schemas that differ, crashes at
 * every place, sessions left behind; and what a cutover asks of it. */

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
} Pair;

static Pair pair;
static guint n_flows;

static PgmFlow *
new_flow (const char *schema)
{
  g_autofree char *name = g_strdup_printf ("faults%u", ++n_flows);

  return pgm_flow_new (pair.source, pair.destination, name, schema, NULL);
}

static const char accounts[] = "CREATE TABLE a (id int PRIMARY KEY, v text, u int UNIQUE);"
                               "INSERT INTO a SELECT i, 'v', i FROM generate_series(1, 20) i;"
                               "CREATE TABLE ledger (n int)";

static void
assert_fails (PgmFlow *flow, int code, const char *primary, const char *detail)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_false (pgm_flow_apply (flow, &error));
  text = pgm_error_to_text (error);
  if (!g_error_matches (error, PGM_ERROR, code) || strstr (error->message, primary) == NULL ||
      strstr (text, detail) == NULL)
    g_error ("unexpected: %s", text);
}

/* The fold is rolled back; what came before the offending transaction is applied
 * whole, and nothing of it or after it. */
static void
test_missing_row (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autofree char *ledger = NULL;

  pgm_flow_destination (flow, "DELETE FROM a WHERE id = 7");
  pgm_flow_source (
      flow, "INSERT INTO ledger VALUES (1); UPDATE a SET v = 'one' WHERE id = 1;"
            "BEGIN; INSERT INTO ledger VALUES (2); UPDATE a SET v = 'seven' WHERE id = 7; COMMIT;"
            "INSERT INTO ledger VALUES (3)");
  assert_fails (flow, PGM_ERROR_FAILED, "a row of table \"public\".\"a\" can't be updated",
                "(id)=(7)");
  ledger = pgm_flow_ask (
      flow, "SELECT string_agg(n::text, ',') || (SELECT v FROM a WHERE id = 1) FROM ledger");
  g_assert_cmpstr (ledger, ==, "1one");
  g_assert_cmpuint (flow->stats.replays, ==, 1);
  /* Mended by hand, it goes on. */
  pgm_flow_destination (flow, "INSERT INTO a VALUES (7, 'v', 7)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

static void
test_duplicate_row (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);

  pgm_flow_destination (flow, "INSERT INTO a VALUES (50, 'mine', 500)");
  pgm_flow_source (flow,
                   "INSERT INTO a VALUES (49, 'x', 49); INSERT INTO a VALUES (50, 'theirs', 50)");
  assert_fails (flow, PGM_ERROR_FAILED, "can't be inserted", "(50,mine,500)");
  pgm_flow_destination (flow, "DELETE FROM a WHERE id = 50");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

static void
check_policy (PgmConflictPolicy policy, gboolean in_parts)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autofree char *rows = NULL;

  flow->options.conflicts = policy;
  if (in_parts)
    {
      flow->options.max_fold_changes = 10;
      flow->batch_bytes = 256;
    }
  pgm_flow_destination (flow, "DELETE FROM a WHERE id = 7; INSERT INTO a VALUES (50, 'mine', 500)");
  pgm_flow_source (
      flow,
      "BEGIN; INSERT INTO ledger SELECT i FROM generate_series(1, 50) i; UPDATE a SET v = 'new' WHERE id IN (6, 7, 8);"
      "INSERT INTO a VALUES (50, 'theirs', 50), (51, 'theirs', 51); INSERT INTO ledger SELECT i FROM generate_series(51, 100) i;"
      "DELETE FROM a WHERE id IN (7, 9); COMMIT; INSERT INTO ledger VALUES (101)");
  pgm_flow_run (flow);
  g_assert_cmpuint (flow->stats.conflicts, ==, 3);
  rows = pgm_flow_ask (
      flow,
      "SELECT count(*) || ' ' || sum(n) || (SELECT string_agg(id || v, ' ' ORDER BY id) FROM a WHERE id IN (6, 7, 8, 9, 50, 51)) FROM ledger");
  g_assert_cmpstr (rows, ==, "101 51516new 8new 50mine 51theirs");
}

static void
test_policies (void)
{
  check_policy (PGM_CONFLICT_SKIP, FALSE);
  check_policy (PGM_CONFLICT_LOG, FALSE);
  check_policy (PGM_CONFLICT_SKIP, TRUE);
}

static void
test_conflict_in_parts (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autofree char *rows = NULL;

  flow->options.max_fold_changes = 10;
  flow->batch_bytes = 256;
  pgm_flow_destination (flow, "DELETE FROM a WHERE id = 7");
  pgm_flow_source (
      flow,
      "BEGIN; INSERT INTO ledger SELECT i FROM generate_series(1, 100) i; UPDATE a SET v = 'n'; COMMIT");
  assert_fails (flow, PGM_ERROR_FAILED, "can't be updated", "(id)=(7)");
  rows = pgm_flow_ask (flow, "SELECT count(*) FROM ledger");
  g_assert_cmpstr (rows, ==, "0");
  pgm_flow_destination (flow, "INSERT INTO a VALUES (7, 'v', 7)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

static void
test_schema_drift (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE d (id int PRIMARY KEY, v text); CREATE TABLE e (id int PRIMARY KEY, n numeric(8,3));"
      "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE m (id int PRIMARY KEY, m mood); CREATE TABLE g (i int)");

  /* A column that only the source has. */
  pgm_flow_source (
      flow,
      "INSERT INTO d VALUES (1, 'before'); ALTER TABLE d ADD w int; INSERT INTO d VALUES (2, 'after', 3)");
  assert_fails (flow, PGM_ERROR_REFUSED, "has no column \"w\"",
                "Source: id integer, v text, w integer");
  {
    g_autofree char *rows = pgm_flow_ask (flow, "SELECT string_agg(v, ',') FROM d");
    g_assert_cmpstr (rows, ==, "before");
  }
  pgm_flow_destination (flow, "ALTER TABLE d ADD w int");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  /* A type that would round. */
  pgm_flow_source (
      flow,
      "INSERT INTO e VALUES (1, 1.234); ALTER TABLE e ALTER n TYPE numeric(12,6); INSERT INTO e VALUES (2, 1.234567)");
  assert_fails (flow, PGM_ERROR_REFUSED, "column \"n\"", "numeric(12,6)");
  pgm_flow_destination (flow, "ALTER TABLE e ALTER n TYPE numeric(12,6)");
  pgm_flow_run (flow);
  /* A new value of an enum: stops under any policy. */
  flow->options.conflicts = PGM_CONFLICT_SKIP;
  pgm_flow_source (flow, "ALTER TYPE mood ADD VALUE 'ok'; INSERT INTO m VALUES (1, 'ok')");
  assert_fails (flow, PGM_ERROR_FAILED, "\"m\"", "invalid input value for enum");
  pgm_flow_destination (flow, "ALTER TYPE mood ADD VALUE 'ok'");
  pgm_flow_run (flow);
  /* A table that is not there. */
  pgm_flow_destination (flow, "ALTER TABLE g RENAME TO h");
  pgm_flow_source (flow, "INSERT INTO g VALUES (1)");
  assert_fails (flow, PGM_ERROR_REFUSED, "\"g\" does not exist", "");
  pgm_flow_destination (flow, "ALTER TABLE h RENAME TO g");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

static void
test_identity_index_missing (void)
{
  g_autoptr (PgmFlow) flow =
      new_flow ("CREATE TABLE d (id int PRIMARY KEY, v text); INSERT INTO d VALUES (1, 'x')");

  pgm_flow_destination (flow, "ALTER TABLE d DROP CONSTRAINT d_pkey");
  pgm_flow_source (flow, "UPDATE d SET v = 'y'");
  assert_fails (flow, PGM_ERROR_REFUSED, "no valid unique index", "Destination: id integer");
  pgm_flow_destination (flow, "ALTER TABLE d ADD PRIMARY KEY (id)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  /* Another index becomes the identity. */
  pgm_flow_source (flow, "ALTER TABLE d ADD k int; UPDATE d SET k = 1");
  pgm_flow_destination (flow, "ALTER TABLE d ADD k int");
  pgm_flow_run (flow);
  pgm_flow_destination (flow,
                        "ALTER TABLE d ALTER k SET NOT NULL; CREATE UNIQUE INDEX d_k ON d (k)");
  pgm_flow_source (
      flow,
      "ALTER TABLE d ALTER k SET NOT NULL; CREATE UNIQUE INDEX d_k ON d (k); ALTER TABLE d REPLICA IDENTITY USING INDEX d_k;"
      "UPDATE d SET v = 'z'; UPDATE d SET id = 5; UPDATE d SET k = 6; DELETE FROM d; INSERT INTO d VALUES (1, 'n', 1)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

/* Crashes: a child process applies, and dies at a failpoint. */

#define CRASH_SQL                                                                                           \
  "INSERT INTO ledger SELECT i FROM generate_series(1, 30) i; UPDATE a SET v = v || 'x';"                   \
  "DELETE FROM a WHERE id = 3; INSERT INTO a VALUES (3, 'again', 3); INSERT INTO ledger VALUES (31);"       \
  "BEGIN; INSERT INTO ledger SELECT i FROM generate_series(100, 400) i; UPDATE a SET v = v || 'y'; COMMIT;" \
  "INSERT INTO ledger VALUES (500); UPDATE a SET id = id + 1000; INSERT INTO ledger VALUES (501)"

static void
apply_in_child (PgmFlow *flow, const char *failpoint)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *changes = g_strdup_printf ("%u", flow->options.max_fold_changes);
  g_autofree char *batch = g_strdup_printf ("%" G_GSIZE_FORMAT, flow->batch_bytes);
  const char *arguments[] = {
    self,
    "--apply",
    pgm_test_cluster_get_uri (flow->source, flow->database),
    pgm_test_cluster_get_uri (flow->destination, flow->database),
    flow->database,
    changes,
    batch,
    NULL,
  };
  g_auto (GStrv) environment =
      g_environ_setenv (g_get_environ (), "PGMANAGER_FAILPOINT", failpoint, TRUE);
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **) (gpointer) arguments, environment, G_SPAWN_DEFAULT,
                               NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

static void
test_kills (void)
{
  static const char *const places[] = {
    "apply.before_fold=kill@2", "apply.before_commit=kill",  "apply.before_commit=kill@3",
    "apply.after_commit=kill",  "apply.after_commit=kill@2", "apply.after_flush=kill",
    "apply.after_flush=kill@2", "apply.after_part=kill@2",   "apply.after_part=kill@5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (PgmFlow) flow = new_flow (accounts);
      flow->options.max_fold_changes = 50;
      flow->batch_bytes = 512;
      pgm_flow_source (flow, CRASH_SQL);
      apply_in_child (flow, places[i]);
      pgm_flow_run (flow);
      pgm_flow_assert_equal (flow);
    }
}

/* The same while a conflict is being replayed: the rolled back fold's position must
 * not ride on the next commit (F61). */
static void
test_kill_after_rollback (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);

  pgm_flow_source (
      flow,
      "INSERT INTO ledger VALUES (1);"
      "BEGIN; UPDATE a SET u = -1 WHERE id = 2; UPDATE a SET u = 2 WHERE id = 3; UPDATE a SET u = 3 WHERE id = 2; COMMIT;"
      "INSERT INTO ledger VALUES (2)");
  apply_in_child (flow, "apply.after_rollback=kill");
  {
    g_autofree char *progress = pgm_flow_ask (
        flow,
        "SELECT count(*) || coalesce(max(remote_lsn)::text, '') FROM pg_replication_origin_status s"
        " JOIN pg_replication_origin o ON o.roident = s.local_id WHERE roname = current_database() AND remote_lsn > '0/0'");
    g_assert_cmpstr (progress, ==, "0");
  }
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.replays, ==, 1);
}

/* A destination that crashes under asynchronous commits loses data and progress
 * together (R5). */
static void
test_destination_crash (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;

  pgm_flow_source (flow, CRASH_SQL);
  pgm_flow_run (flow);
  pgm_flow_source (flow, "INSERT INTO ledger VALUES (600); UPDATE a SET v = 'later'");
  pgm_flow_run (flow);
  g_assert_true (pgm_test_cluster_restart (flow->destination, PGM_TEST_STOP_IMMEDIATE, &error));
  g_assert_no_error (error);
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

/* An old session still owns the origin, in the middle of a transaction (A8, F62). */
static void
test_left_behind (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  g_autofree char *setup = g_strdup_printf (
      "SET application_name = 'pgmanager apply old'; SELECT pg_replication_origin_session_setup('%s');"
      "BEGIN; INSERT INTO ledger VALUES (-1); SELECT pg_sleep(60); COMMIT",
      flow->database);
  const char *psql[] = {
    NULL, "-X",  "-q", "-d", pgm_test_cluster_get_uri (flow->destination, flow->database),
    "-c", setup, NULL
  };
  g_autofree char *program =
      g_build_filename (pgm_test_cluster_get_bindir (flow->destination), "psql", NULL);
  GPid pid = 0;

  psql[0] = program;
  g_assert_true (g_spawn_async (NULL, (char **) (gpointer) psql, NULL,
                                G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL |
                                    G_SPAWN_STDOUT_TO_DEV_NULL,
                                NULL, NULL, &pid, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *n = pgm_flow_ask (
          flow,
          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgmanager apply old' AND query LIKE '%pg_sleep%'");
      if (g_str_equal (n, "1"))
        break;
      g_usleep (50 * 1000);
    }
  pgm_flow_source (flow, "INSERT INTO ledger VALUES (1)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  (void) waitpid (pid, NULL, 0);
}

/* A6: progress that was committed asynchronously is flushed before it is believed. */
static void
assert_flushed_by_reading (PgmConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *sql = NULL;
  g_autofree char *flushed = NULL;
  PgmLsn progress = 0;

  g_assert_true (pgm_connection_exec (connection,
                                      "SET synchronous_commit = off;"
                                      "UPDATE pgmanager.apply_progress SET lsn = '0/99'",
                                      NULL, &error));
  before = pgm_connection_query_value (connection, "SELECT pg_current_wal_insert_lsn()", 0, NULL,
                                       NULL, &error);
  g_assert_true (pgm_progress_row_read (connection, "flow", &progress, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (progress, ==, 0x99);
  sql = g_strdup_printf ("SELECT pg_current_wal_flush_lsn() >= '%s'", before);
  flushed = pgm_connection_query_value (connection, sql, 0, NULL, NULL, &error);
  g_assert_cmpstr (flushed, ==, "t");
}

static void
test_progress_row (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConnection) connection = NULL;
  g_autofree char *origins = NULL;

  pgm_flow_destination (
      flow,
      "CREATE ROLE worker LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO worker;"
      "CREATE SCHEMA pgmanager AUTHORIZATION worker; DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO worker', current_database()); END $$");
  flow->destination_user = g_strdup ("worker");
  flow->options.origin = NULL;
  pgm_flow_source (flow, CRASH_SQL);
  assert_fails (flow, PGM_ERROR_SQL, "apply_progress", "");
  connection = pgm_ends_connect (flow->ends, PGM_END_DESTINATION, "test", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (pgm_progress_row_create (connection, "flow", 0, NULL, &error));
  g_assert_no_error (error);
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  pgm_flow_source (flow, "INSERT INTO ledger VALUES (600); UPDATE a SET v = 'later'");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 2);
  origins = pgm_flow_ask (flow, "SELECT count(*) FROM pgmanager.apply_progress WHERE lsn > '0/0'");
  g_assert_cmpstr (origins, ==, "1");
  assert_flushed_by_reading (connection);
  g_assert_true (pgm_progress_row_drop (connection, "flow", NULL, &error));
}

/* What a table's copy has seen already is left out (A4). */
static void
test_copied_until (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GHashTable) until = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *now = NULL;
  PgmLsn lsn = 0;

  pgm_flow_source (flow, "INSERT INTO ledger VALUES (1); UPDATE a SET v = 'before'");
  now = pgm_test_cluster_query (flow->source, flow->database, "SELECT pg_current_wal_lsn()");
  g_assert_true (pgm_lsn_parse (now, &lsn, NULL));
  pgm_flow_source (
      flow,
      "UPDATE a SET v = v || ' after' WHERE id < 10; TRUNCATE ledger; INSERT INTO ledger VALUES (2)");
  pgm_flow_destination (flow, "UPDATE a SET v = 'before'");
  g_hash_table_insert (until, (gpointer) "\"public\".\"a\"", &lsn);
  flow->options.copied_until = until;
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.updates, ==, 9);
}

/* A live applier: batches are pushed while it runs. */
typedef struct
{
  PgmFlow *flow;
  PgmChannel *channel;
  PgmApplier *applier;
  GThread *thread;
  GCancellable *cancellable;
  GPtrArray *batches;
  GError *error;
  gboolean ok;
} Live;

static gpointer
live_thread (gpointer data)
{
  Live *self = data;

  self->ok = pgm_applier_run (self->applier, self->cancellable, &self->error);
  return NULL;
}

static void
live_start (Live *self, PgmFlow *flow)
{
  *self = (Live){ .flow = flow, .cancellable = g_cancellable_new () };
  pgm_flow_open (flow);
  self->channel = pgm_channel_new (0, 0, (GDestroyNotify) pgm_change_batch_free);
  flow->options.ends = flow->ends;
  flow->options.changes = self->channel;
  self->applier = pgm_applier_new (&flow->options);
  self->thread = g_thread_new ("live", live_thread, self);
}

static void
live_push (Live *self, PgmChangeBatch *batch)
{
  g_assert_cmpint (pgm_channel_push (self->channel, batch, batch->bytes, -1, NULL), ==,
                   PGM_CHANNEL_OK);
}

/* All that the slot has; the applier leaves out what it has applied. */
static void
live_feed (Live *self)
{
  g_autoptr (GPtrArray) batches = pgm_flow_read (self->flow);

  g_ptr_array_set_free_func (batches, NULL);
  for (guint i = 0; i < batches->len; i++)
    live_push (self, g_ptr_array_index (batches, i));
}

static void
live_position (Live *self, PgmLsn position)
{
  PgmChangeBatch *batch = pgm_change_batch_new ();
  PgmChange change = { .kind = PGM_CHANGE_POSITION };

  change.position = position;
  g_array_append_val (batch->changes, change);
  live_push (self, batch);
}

static void
live_end (Live *self)
{
  pgm_channel_close (self->channel);
  g_thread_join (self->thread);
  g_assert_no_error (self->error);
  g_assert_true (self->ok);
  pgm_applier_unref (self->applier);
  pgm_channel_unref (self->channel);
  g_object_unref (self->cancellable);
}

static gint64
in_seconds (guint seconds)
{
  return g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

static PgmLsn
source_lsn (PgmFlow *flow)
{
  g_autofree char *text =
      pgm_test_cluster_query (flow->source, flow->database, "SELECT pg_current_wal_lsn()");
  PgmLsn lsn = 0;

  g_assert_true (pgm_lsn_parse (text, &lsn, NULL));
  return lsn;
}

static void
test_sentinel (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  PgmSentinelSighting seen = { 0 };
  Live live;

  live_start (&live, flow);
  g_assert_false (pgm_applier_wait_sentinel (live.applier, "here", g_get_monotonic_time () + 50000,
                                             &seen, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  pgm_flow_source (
      flow,
      "INSERT INTO ledger VALUES (1); INSERT INTO ledger VALUES (2);"
      "SELECT pg_logical_emit_message(true, 'other', 'here'); SELECT pg_logical_emit_message(true, 'pgmanager', 'here');"
      "INSERT INTO ledger VALUES (3); SELECT pg_logical_emit_message(true, 'pgmanager', 'there')");
  live_feed (&live);
  g_assert_true (
      pgm_applier_wait_sentinel (live.applier, "here", in_seconds (20), &seen, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen.transactions, ==, 2);
  g_assert_cmpuint (seen.lsn, <, seen.end_lsn);
  g_assert_cmpuint (pgm_applier_get_flushed (live.applier), >=, seen.end_lsn);
  g_assert_true (
      pgm_applier_wait_sentinel (live.applier, "there", in_seconds (20), &seen, NULL, &error));
  g_assert_cmpuint (seen.transactions, ==, 3);
  pgm_flow_assert_equal (flow);
  live_end (&live);
}

static void
test_position (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  g_autofree char *progress = NULL;
  PgmLsn lsn = source_lsn (flow) + 1000;
  char expected[PGM_LSN_TEXT_SIZE];
  Live live;

  live_start (&live, flow);
  live_position (&live, lsn);
  /* It takes a while when nobody asks for it. */
  g_usleep (300 * 1000);
  g_assert_cmpuint (pgm_applier_get_applied (live.applier), ==, lsn);
  g_assert_cmpuint (pgm_applier_get_flushed (live.applier), ==, 0);
  g_assert_true (pgm_applier_wait_flushed (live.applier, lsn, in_seconds (20), NULL, &error));
  g_assert_no_error (error);
  live_end (&live);
  progress = pgm_flow_ask (flow, "SELECT pg_replication_origin_progress(current_database(), true)");
  g_assert_cmpstr (progress, ==, pgm_lsn_format (lsn, expected));
}

static void
test_hold (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  PgmLsn middle = 0;
  Live live;

  live_start (&live, flow);
  pgm_applier_hold (live.applier, 1);
  pgm_flow_source (
      flow,
      "INSERT INTO ledger VALUES (1); UPDATE a SET v = 'one'; TRUNCATE ledger; INSERT INTO ledger VALUES (2)");
  middle = source_lsn (flow);
  pgm_flow_source (
      flow,
      "INSERT INTO ledger VALUES (3); UPDATE a SET v = 'two'; SELECT pg_logical_emit_message(true, 'pgmanager', 'end')");
  live_feed (&live);
  g_usleep (300 * 1000);
  {
    g_autofree char *rows =
        pgm_flow_ask (flow, "SELECT (SELECT count(*) FROM ledger) || min(v) FROM a");
    g_assert_cmpstr (rows, ==, "0v");
  }
  pgm_applier_hold (live.applier, middle);
  g_assert_true (pgm_applier_wait_flushed (live.applier, middle, in_seconds (20), NULL, &error));
  g_assert_no_error (error);
  {
    g_autofree char *rows = pgm_flow_ask (
        flow, "SELECT (SELECT string_agg(n::text, ' ') FROM ledger) || min(v) FROM a");
    g_assert_cmpstr (rows, ==, "2one");
  }
  pgm_applier_hold (live.applier, 0);
  g_assert_true (
      pgm_applier_wait_sentinel (live.applier, "end", in_seconds (20), NULL, NULL, &error));
  g_assert_no_error (error);
  pgm_flow_assert_equal (flow);
  live_end (&live);
}

static void
test_cancel (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (PgmConnection) locker = NULL;
  Live live;

  /* Somebody locks a row; the applier waits for it, and is cancelled. */
  pgm_flow_source (flow, "UPDATE a SET v = 'x'");
  live_start (&live, flow);
  locker = pgm_ends_connect (flow->ends, PGM_END_DESTINATION, "locker", NULL, &live.error);
  g_assert_no_error (live.error);
  g_assert_true (
      pgm_connection_exec (locker, "BEGIN; SELECT * FROM public.a FOR UPDATE", NULL, NULL));
  live_feed (&live);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *n = pgm_flow_ask (flow, "SELECT count(*) FROM pg_locks WHERE NOT granted");
      if (g_str_equal (n, "1"))
        break;
      g_usleep (20 * 1000);
    }
  g_cancellable_cancel (live.cancellable);
  g_thread_join (live.thread);
  g_assert_false (live.ok);
  g_assert_error (live.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&live.error);
  g_assert_false (
      pgm_applier_wait_flushed (live.applier, G_MAXUINT64, in_seconds (5), NULL, &live.error));
  g_assert_error (live.error, PGM_ERROR, PGM_ERROR_LOST);
  g_clear_error (&live.error);
  pgm_applier_unref (live.applier);
  pgm_channel_unref (live.channel);
  g_object_unref (live.cancellable);
  g_clear_pointer (&locker, pgm_connection_free);
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

/* A statement that somebody cancels, as one that the server ends for a deadlock, is
 * for the caller to start anew with. */
static void
test_passing (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (PgmConnection) locker = NULL;
  g_autoptr (GError) error = NULL;
  Live live;

  pgm_flow_source (flow, "UPDATE a SET v = 'x'");
  live_start (&live, flow);
  locker = pgm_ends_connect (flow->ends, PGM_END_DESTINATION, "locker", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (
      pgm_connection_exec (locker, "BEGIN; SELECT * FROM public.a FOR UPDATE", NULL, NULL));
  live_feed (&live);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *n = pgm_flow_ask (
          flow, "SELECT count(pg_cancel_backend(pid)) FROM pg_locks WHERE NOT granted");
      if (g_str_equal (n, "1"))
        break;
      g_usleep (20 * 1000);
    }
  g_thread_join (live.thread);
  g_assert_error (live.error, PGM_ERROR, PGM_ERROR_LOST);
  g_clear_error (&live.error);
  pgm_applier_unref (live.applier);
  pgm_channel_unref (live.channel);
  g_object_unref (live.cancellable);
  g_clear_pointer (&locker, pgm_connection_free);
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

/* More statements than the session may keep. */
static void
test_many_tables (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "SELECT format('CREATE TABLE t%s (id int PRIMARY KEY, v int); INSERT INTO t%s VALUES (1, 0)', i, i)"
      " FROM generate_series(1, 700) i \\gexec");

  flow->options.max_fold_changes = 50;
  flow->batch_bytes = 1024;
  for (guint round = 0; round < 2; round++)
    pgm_flow_source (
        flow,
        "SELECT format('UPDATE t%s SET v = v + 1', i) FROM generate_series(1, 700) i \\gexec\n"
        "SELECT format('INSERT INTO t%s SELECT max(id) + 1, 0 FROM t%s', i, i) FROM generate_series(1, 700) i \\gexec");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.replays, ==, 0);
}

static void
test_lost (void)
{
  g_autoptr (PgmFlow) flow = new_flow (accounts);
  g_autoptr (GError) error = NULL;
  Live live;

  live_start (&live, flow);
  live_feed (&live);
  g_usleep (200 * 1000);
  pgm_flow_destination (
      flow,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager apply%' AND datname = current_database()");
  pgm_flow_source (flow, "INSERT INTO ledger VALUES (1)");
  live_feed (&live);
  g_thread_join (live.thread);
  g_assert_false (live.ok);
  g_assert_error (live.error, PGM_ERROR, PGM_ERROR_LOST);
  g_clear_error (&live.error);
  pgm_applier_unref (live.applier);
  pgm_channel_unref (live.channel);
  g_object_unref (live.cancellable);
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (argc == 7 && g_str_equal (argv[1], "--apply"))
    return pgm_flow_apply_as_child (argv + 2);
  g_test_init (&argc, &argv, NULL);
  pair.source = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pair.destination = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/apply-faults/R15-A10-missing-row", test_missing_row);
  g_test_add_func ("/apply-faults/R15-duplicate-row", test_duplicate_row);
  g_test_add_func ("/apply-faults/A10-policies", test_policies);
  g_test_add_func ("/apply-faults/F45-conflict-in-parts", test_conflict_in_parts);
  g_test_add_func ("/apply-faults/F48-F9-schema-drift", test_schema_drift);
  g_test_add_func ("/apply-faults/A11-F43-identity-index", test_identity_index_missing);
  g_test_add_func ("/apply-faults/A5-R1-kills", test_kills);
  g_test_add_func ("/apply-faults/F61-kill-after-rollback", test_kill_after_rollback);
  g_test_add_func ("/apply-faults/R5-destination-crash", test_destination_crash);
  g_test_add_func ("/apply-faults/A8-F62-left-behind", test_left_behind);
  g_test_add_func ("/apply-faults/A5-A6-progress-row", test_progress_row);
  g_test_add_func ("/apply-faults/A4-copied-until", test_copied_until);
  g_test_add_func ("/apply-faults/C3-sentinel", test_sentinel);
  g_test_add_func ("/apply-faults/A6-F50-position", test_position);
  g_test_add_func ("/apply-faults/D1-hold", test_hold);
  g_test_add_func ("/apply-faults/cancel", test_cancel);
  g_test_add_func ("/apply-faults/R2-lost", test_lost);
  g_test_add_func ("/apply-faults/R2-passing-errors", test_passing);
  g_test_add_func ("/apply-faults/R19-many-tables", test_many_tables);
  status = g_test_run ();
  pgm_test_cluster_free (pair.source);
  pgm_test_cluster_free (pair.destination);
  return status;
}
