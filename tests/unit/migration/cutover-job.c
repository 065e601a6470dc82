#include "cutover-job.h"

#include <glib/gstdio.h>
#include <string.h>

#include "migration/follow-begin.h"
#include "migration/follow-check.h"

#define ACCOUNTS 100

static const char schema_sql[] =
    "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);"
    " CREATE TABLE ledger (client int, seq bigint, payload text, id serial);"
    " ALTER TABLE ledger REPLICA IDENTITY FULL;"
    " CREATE UNLOGGED TABLE cache (k int PRIMARY KEY, v text);"
    " CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);"
    " CREATE MATERIALIZED VIEW total AS SELECT sum(balance) AS s FROM account;"
    " CREATE SEQUENCE \"Odd \"\"Seq\" INCREMENT -2 MAXVALUE 100 START 100";

void
pgm_bank_create (PgmTestCluster *a, PgmTestCluster *b, const char *database)
{
  PgmTestCluster *const both[] = { a, b };

  for (guint i = 0; i < 2; i++)
    {
      pgm_test_cluster_create_database (both[i], database, NULL);
      pgm_test_cluster_execute (both[i], database, schema_sql);
      pgm_test_cluster_execute (both[i], database,
                                "INSERT INTO account SELECT i, 1000 FROM generate_series(1, 100) i;"
                                " ANALYZE");
    }
}

typedef struct
{
  PgmBank *bank;
  guint number;
  GThread *thread;
  gint64 acknowledged; /* highest seq */
} Writer;

struct _PgmBank
{
  char *database;
  char *setup;
  guint n_writers;
  guint tps;
  Writer *writers;
  gint quit;  /* atomic */
  gint moves; /* atomic: goes up with every move */
  GMutex lock;
  PgmTestCluster *cluster;
  double longest;
  guint64 acknowledged;
};

static PgmConnection *
connect_writer (PgmBank *self, gint *moves)
{
  /* As an application connects: without the settings that ours pin. */
  PgmSessionOptions options = { .label = "application",
                                .application_name = "bank",
                                .console = TRUE };
  PgmConnection *connection = NULL;
  g_autoptr (PgmConninfo) info = NULL;

  g_mutex_lock (&self->lock);
  *moves = self->moves;
  info = pgm_conninfo_new (pgm_test_cluster_get_socket_uri (self->cluster, self->database), NULL);
  g_mutex_unlock (&self->lock);
  {
    g_autoptr (PgmConninfo) as = pgm_conninfo_with (info, "user", "bank");

    connection = pgm_connection_open (as, &options, NULL, NULL);
  }
  if (connection != NULL && self->setup != NULL &&
      !pgm_connection_exec (connection, self->setup, NULL, NULL))
    g_clear_pointer (&connection, pgm_connection_free);
  return connection;
}

static gboolean
read_highest (Writer *writer, PgmConnection *connection, gint64 *highest)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT coalesce(max(seq), 0) FROM public.ledger WHERE client = %u", writer->number);
  g_autofree char *text = pgm_connection_query_value (connection, sql, 0, NULL, NULL, NULL);

  *highest = text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
  return text != NULL;
}

static gboolean
write_once (Writer *writer, PgmConnection *connection, gint64 seq)
{
  guint from = (guint) g_random_int_range (1, ACCOUNTS + 1);
  guint to = (guint) g_random_int_range (1, ACCOUNTS + 1);
  /* In the order of ids, so that writers don't deadlock with each other. */
  g_autofree char *sql =
      g_strdup_printf ("BEGIN; UPDATE public.account SET balance = balance - 1 WHERE id = %u;"
                       " UPDATE public.account SET balance = balance + 1 WHERE id = %u;"
                       " INSERT INTO public.ledger VALUES (%u, %" G_GINT64_FORMAT
                       ", 'paid', nextval('public.ledger_id_seq'));"
                       " COMMIT",
                       MIN (from, to), MAX (from, to), writer->number, seq);

  return pgm_connection_exec (connection, sql, NULL, NULL);
}

static void
note (Writer *writer, gint64 began)
{
  PgmBank *bank = writer->bank;
  double took = (double) (g_get_monotonic_time () - began) / 1000;

  g_mutex_lock (&bank->lock);
  bank->longest = MAX (bank->longest, took);
  bank->acknowledged++;
  g_mutex_unlock (&bank->lock);
}

static gpointer
write_loop (gpointer data)
{
  Writer *writer = data;
  PgmBank *bank = writer->bank;
  g_autoptr (PgmConnection) connection = NULL;
  gint moves = -1;
  gint64 began = g_get_monotonic_time ();
  gint64 seq = 0;

  while (!g_atomic_int_get (&bank->quit))
    {
      if (connection == NULL || moves != g_atomic_int_get (&bank->moves))
        {
          g_clear_pointer (&connection, pgm_connection_free);
          connection = connect_writer (bank, &moves);
          /* What was not answered may be there or not; what was answered must be. */
          if (connection == NULL || !read_highest (writer, connection, &seq))
            {
              g_clear_pointer (&connection, pgm_connection_free);
              g_usleep (5000);
              continue;
            }
          if (seq < writer->acknowledged)
            g_error ("writer %u: %" G_GINT64_FORMAT " was acknowledged, %" G_GINT64_FORMAT
                     " is there",
                     writer->number, writer->acknowledged, seq);
        }
      if (write_once (writer, connection, seq + 1))
        {
          writer->acknowledged = ++seq;
          note (writer, began);
          if (bank->tps > 0)
            g_usleep (G_USEC_PER_SEC * bank->n_writers / bank->tps);
          began = g_get_monotonic_time ();
        }
      else
        g_clear_pointer (&connection, pgm_connection_free);
    }
  return NULL;
}

PgmBank *
pgm_bank_start (PgmTestCluster *cluster,
                const char *database,
                guint writers,
                guint tps,
                const char *setup)
{
  PgmBank *self = g_new0 (PgmBank, 1);

  self->database = g_strdup (database);
  self->setup = g_strdup (setup);
  self->cluster = cluster;
  self->n_writers = writers;
  self->tps = tps;
  self->writers = g_new0 (Writer, writers);
  g_mutex_init (&self->lock);
  for (guint i = 0; i < writers; i++)
    {
      self->writers[i].bank = self;
      self->writers[i].number = i;
      self->writers[i].thread = g_thread_new ("bank", write_loop, &self->writers[i]);
    }
  return self;
}

void
pgm_bank_move (PgmBank *self, PgmTestCluster *cluster)
{
  g_mutex_lock (&self->lock);
  self->cluster = cluster;
  g_atomic_int_inc (&self->moves);
  g_mutex_unlock (&self->lock);
}

guint64
pgm_bank_get_acknowledged (PgmBank *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->acknowledged;
}

double
pgm_bank_take_longest (PgmBank *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  double longest = self->longest;

  self->longest = 0;
  return longest;
}

void
pgm_bank_stop (PgmBank *self, PgmTestCluster *cluster)
{
  g_atomic_int_set (&self->quit, TRUE);
  for (guint i = 0; i < self->n_writers; i++)
    {
      g_autofree char *sql = NULL;
      g_autofree char *found = NULL;
      g_auto (GStrv) parts = NULL;
      Writer *writer = &self->writers[i];

      g_thread_join (writer->thread);
      sql = g_strdup_printf ("SELECT count(*), coalesce(max(seq), 0) FROM ledger WHERE client = %u",
                             i);
      found = pgm_test_cluster_query (cluster, self->database, sql);
      parts = g_strsplit (found, "|", 2);
      /* Nothing doubled, nothing lost, and at most one that was not answered. */
      g_assert_cmpstr (parts[0], ==, parts[1]);
      g_assert_cmpint (g_ascii_strtoll (parts[0], NULL, 10), >=, writer->acknowledged);
      g_assert_cmpint (g_ascii_strtoll (parts[0], NULL, 10), <=, writer->acknowledged + 1);
    }
  g_mutex_clear (&self->lock);
  g_free (self->writers);
  g_free (self->database);
  g_free (self->setup);
  g_free (self);
}

void
pgm_bank_assert_equal (PgmTestCluster *a, PgmTestCluster *b, const char *database)
{
  static const char sql[] =
      "SELECT (SELECT sum(balance) FROM account),"
      " (SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM account a),"
      " (SELECT md5(string_agg(l::text, ',' ORDER BY client, seq)) FROM ledger l),"
      " (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM person p)";
  g_autofree char *of_a = pgm_test_cluster_query (a, database, sql);
  g_autofree char *of_b = pgm_test_cluster_query (b, database, sql);

  g_assert_cmpstr (of_a, ==, of_b);
  g_assert_true (g_str_has_prefix (of_a, "100000|"));
}

PgmCutoverRun *
pgm_cutover_run_new (const char *source_uri, const char *destination_uri, const char *job_id)
{
  PgmCutoverRun *self = g_new0 (PgmCutoverRun, 1);
  PgmFollowContext *ctx = &self->ctx;
  static const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;

  self->spec = pgm_record_new (&pgm_job_spec_type);
  self->spec->kind = PGM_JOB_FOLLOW;
  self->spec->id = g_strdup (job_id);
  self->spec->source = pgm_record_new (&pgm_endpoint_type);
  self->spec->source->uri = g_strdup (source_uri);
  self->spec->destination = pgm_record_new (&pgm_endpoint_type);
  self->spec->destination->uri = g_strdup (destination_uri);
  self->spec->follow = pgm_record_new (&pgm_follow_options_type);
  self->directory = g_dir_make_tmp ("pgm-cutover-XXXXXX", &error);
  g_assert_no_error (error);
  ctx->spec = self->spec;
  ctx->progress = pgm_progress_new (job_id, "follow", NULL);
  ctx->report = pgm_record_new (&pgm_report_type);
  ctx->control = pgm_control_new ();
  ctx->filter = pgm_filter_new (none, none, &error);
  g_assert_no_error (error);
  ctx->ends = pgm_ends_open (self->spec, NULL, &error);
  g_assert_no_error (error);
  ctx->journal = pgm_cutover_connect (ctx->ends, PGM_END_DESTINATION, "journal");
  if (!pgm_ends_own (ctx->ends, ctx->journal, NULL, &error) ||
      !pgm_follow_state_read (ctx->journal, &ctx->state, NULL, &error) ||
      !pgm_follow_begin (ctx, NULL, &error))
    g_assert_no_error (error);
  pgm_cutover_run_begin_session (self);
  return self;
}

void
pgm_cutover_run_begin_session (PgmCutoverRun *self)
{
  PgmFollowContext *ctx = &self->ctx;
  g_autoptr (GError) error = NULL;
  PgmFollowWay way;
  PgmFollowSessionOptions options;

  if (!pgm_switchover_recover (ctx, NULL, &error))
    g_assert_no_error (error);
  way = pgm_follow_way (ctx->state);
  if (!pgm_follow_check (ctx, &way, NULL, &error) || !pgm_follow_read_catalog (ctx, NULL, &error))
    g_assert_no_error (error);
  options = (PgmFollowSessionOptions){
    .ends = ctx->ends,
    .end = way.end,
    .slot = way.slot,
    .publication = way.publication,
    .origin = way.origin,
    .start = way.start,
    .target = way.target,
    .local_only = way.end == PGM_END_DESTINATION,
    .directory = self->directory,
    .progress = ctx->progress,
  };
  self->session = pgm_follow_session_start (&options);
  ctx->receiver = pgm_follow_session_get_receiver (self->session);
  ctx->applier = pgm_follow_session_get_applier (self->session);
}

void
pgm_cutover_run_end_session (PgmCutoverRun *self)
{
  g_autoptr (GError) error = NULL;

  if (self->session == NULL)
    return;
  if (!pgm_follow_session_end (self->session, FALSE, &error))
    g_assert_no_error (error);
  self->ctx.receiver = NULL;
  self->ctx.applier = NULL;
  g_clear_pointer (&self->session, pgm_follow_session_free);
}

gboolean
pgm_cutover_run_switch (PgmCutoverRun *self, PgmFence fence, double timeout, GError **error)
{
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);
  gboolean ok = FALSE;

  options->fence = (int) fence;
  options->timeout_sec = timeout;
  options->sequence_margin = 10;
  ok = pgm_switchover_run (&self->ctx, options, NULL, error);
  pgm_record_unref (options);
  return ok;
}

void
pgm_cutover_run_catch_up (PgmCutoverRun *self, PgmTestCluster *cluster)
{
  /* A synchronous commit first: those before it may not be flushed yet (F63). One that
   * has written nothing would not wait for its own record (RecordTransactionCommit()). */
  g_autofree char *written = pgm_test_cluster_query (
      cluster, "postgres", "SELECT pg_logical_emit_message(true, 'test', '')");
  g_autofree char *text =
      pgm_test_cluster_query (cluster, "postgres", "SELECT pg_current_wal_flush_lsn()");
  g_autoptr (GError) error = NULL;
  PgmLsn lsn = 0;

  g_assert_true (pgm_lsn_parse (text, &lsn, NULL));
  if (!pgm_follow_session_wait (self->session, lsn, NULL, &error))
    g_assert_no_error (error);
}

void
pgm_cutover_run_free (PgmCutoverRun *self)
{
  PgmFollowContext *ctx = &self->ctx;

  pgm_cutover_run_end_session (self);
  g_clear_pointer (&ctx->journal, pgm_connection_free);
  g_clear_pointer (&ctx->catalog, pgm_catalog_free);
  g_clear_pointer (&ctx->state, pgm_follow_state_free);
  g_clear_pointer (&ctx->filter, pgm_filter_free);
  g_clear_pointer (&ctx->ends, pgm_ends_free);
  pgm_control_unref (ctx->control);
  pgm_progress_unref (ctx->progress);
  pgm_record_unref (ctx->report);
  pgm_record_unref (self->spec);
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self);
}
