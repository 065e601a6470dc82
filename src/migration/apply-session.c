#include "migration/apply-session.h"

#include <string.h>

#include "migration/progress-row.h"

#define PG_LSN_OID      3220u
#define TIMESTAMPTZ_OID 1184u

/* PostgreSQL counts from 2000, microseconds. */
#define POSTGRES_EPOCH G_GINT64_CONSTANT (946684800000000)

/* Tenths of a second to wait for a session that was left behind. */
#define OWN_ATTEMPTS 300u

/* Rows are found by index, whatever the statistics say at the moment; a plan that
 * was made once serves for all sets. */
static const struct
{
  const char *sql;
  int since; /* major */
} settings[] = {
  { "SET synchronous_commit = off", 0 }, { "SET plan_cache_mode = force_generic_plan", 12 },
  { "SET enable_seqscan = off", 0 },     { "SET enable_hashjoin = off", 0 },
  { "SET enable_mergejoin = off", 0 },   { "SET enable_material = off", 0 },
  { "SET enable_memoize = off", 14 },
};

static gboolean
apply_settings (PgmApplySession *self, GError **error)
{
  g_autoptr (GError) denied = NULL;
  int major = pgm_connection_get_major (self->connection);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (major >= settings[i].since &&
        !pgm_connection_exec (self->connection, settings[i].sql, self->cancellable, error))
      return FALSE;
  self->replica = pgm_connection_exec (self->connection, "SET session_replication_role = replica",
                                       self->cancellable, &denied);
  /* Then the destination has no triggers and foreign keys yet: see preflight. */
  if (self->replica || g_strcmp0 (pgm_error_get_sqlstate (denied), "42501") == 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&denied));
  return FALSE;
}

/* "… is already active for PID 123": the server tells it nowhere else. */
static gint64
last_number (const char *text)
{
  const char *end = text + strlen (text);

  while (end > text && !g_ascii_isdigit (end[-1]))
    end--;
  while (end > text && g_ascii_isdigit (end[-1]))
    end--;
  return g_ascii_strtoll (end, NULL, 10);
}

/* May not be allowed; then the other is waited for. */
static gboolean
end_backend (PgmApplySession *self, gint64 pid, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!pgm_connection_execf (self->connection, self->cancellable, &local,
                             "SELECT pg_terminate_backend(%" G_GINT64_FORMAT
                             ") FROM pg_stat_activity WHERE pid = %" G_GINT64_FORMAT
                             " AND application_name LIKE 'pgmanager%%'",
                             pid, pid) &&
      (pgm_error_is_cancelled (local) || pgm_connection_is_lost (self->connection)))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return pgm_connection_exec (self->connection, "SELECT pg_sleep(0.1)", self->cancellable, error);
}

/* A backend whose client is gone may still be committing (A8, F62): only who owns
 * the origin may believe its progress. */
static gboolean
own_origin (PgmApplySession *self, GError **error)
{
  const char *params[] = { self->origin };

  for (guint attempt = 0; attempt < OWN_ATTEMPTS; attempt++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (PgmResult) owned =
          pgm_connection_query (self->connection, "SELECT pg_replication_origin_session_setup($1)",
                                1, params, self->cancellable, &local);

      if (owned != NULL)
        return TRUE;
      if (g_strcmp0 (pgm_error_get_sqlstate (local), "55006") != 0)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!end_backend (self, last_number (local->message), error))
        return FALSE;
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "Another session applies these changes; stop it, then start again.",
                      "destination: the replication origin \"%s\" is in use", self->origin);
  return FALSE;
}

static gboolean
read_origin (PgmApplySession *self, PgmLsn *progress, GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      self->connection, "SELECT coalesce(pg_replication_origin_session_progress(false), '0/0')", 0,
      NULL, self->cancellable, error);

  return text != NULL && pgm_lsn_parse (text, progress, error);
}

static gboolean
own_progress (PgmApplySession *self, PgmLsn *progress, GError **error)
{
  if (self->origin != NULL)
    return own_origin (self, error) && read_origin (self, progress, error);
  return pgm_progress_row_lock (self->connection, self->job_id, self->cancellable, error) &&
         pgm_progress_row_read (self->connection, self->job_id, progress, self->cancellable, error);
}

static gboolean
read_standbys (PgmApplySession *self, GError **error)
{
  g_autofree char *names = pgm_connection_query_value (
      self->connection, "SHOW synchronous_standby_names", 0, NULL, self->cancellable, error);

  self->synchronous = names != NULL && *names != '\0';
  return names != NULL;
}

static void
make_statements (PgmApplySession *self)
{
  static const guint32 types[] = { PG_LSN_OID, TIMESTAMPTZ_OID };
  g_autofree char *row = pgm_progress_row_update_sql (self->job_id);

  self->begin = pgm_prepared_new ("BEGIN", 0, NULL);
  self->defer = pgm_prepared_new ("SET CONSTRAINTS ALL DEFERRED", 0, NULL);
  self->enforce = pgm_prepared_new ("SET CONSTRAINTS ALL IMMEDIATE", 0, NULL);
  self->commit = pgm_prepared_new ("COMMIT", 0, NULL);
  self->progress = pgm_prepared_new (
      self->origin != NULL
          ? "SELECT pg_replication_origin_xact_setup($1, $2) WHERE txid_current() IS NOT NULL"
          : row,
      2, types);
}

PgmApplySession *
pgm_apply_session_new_take (PgmConnection *connection,
                            const char *origin,
                            const char *job_id,
                            PgmLsn *progress,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (PgmApplySession) self = g_new0 (PgmApplySession, 1);

  self->connection = connection;
  self->cancellable = cancellable;
  self->origin = g_strdup (origin);
  self->job_id = g_strdup (job_id);
  self->pipeline = pgm_pipeline_new (connection, cancellable);
  make_statements (self);
  if (!apply_settings (self, error) || !read_standbys (self, error) ||
      !own_progress (self, progress, error))
    return NULL;
  self->committed = *progress;
  return g_steal_pointer (&self);
}

void
pgm_apply_session_free (PgmApplySession *self)
{
  if (self == NULL)
    return;
  pgm_pipeline_free (self->pipeline);
  pgm_connection_free (self->connection);
  pgm_prepared_free (self->begin);
  pgm_prepared_free (self->defer);
  pgm_prepared_free (self->enforce);
  pgm_prepared_free (self->progress);
  pgm_prepared_free (self->commit);
  g_free (self->origin);
  g_free (self->job_id);
  g_free (self);
}

/* Where constraints are enforced, those that may be late have to be: the source may
 * have done so. */
gboolean
pgm_apply_session_begin (PgmApplySession *self, GError **error)
{
  return pgm_pipeline_execute (self->pipeline, self->begin, NULL, -1, NULL, error) &&
         (self->replica ||
          pgm_pipeline_execute (self->pipeline, self->defer, NULL, -1, NULL, error));
}

gboolean
pgm_apply_session_check (PgmApplySession *self, GError **error)
{
  return (self->replica ||
          pgm_pipeline_execute (self->pipeline, self->enforce, NULL, -1, NULL, error)) &&
         pgm_pipeline_sync (self->pipeline, error);
}

static gboolean
send_commit (PgmApplySession *self, PgmLsn end_lsn, gint64 commit_time, GError **error)
{
  guint64 lsn = GUINT64_TO_BE (end_lsn);
  guint64 time = GUINT64_TO_BE ((guint64) (commit_time - POSTGRES_EPOCH));
  const PgmParam params[] = {
    { .data = (const char *) &lsn, .size = sizeof lsn, .binary = TRUE },
    { .data = (const char *) &time, .size = sizeof time, .binary = TRUE },
  };

  return pgm_pipeline_execute (self->pipeline, self->progress, params, 1, NULL, error) &&
         pgm_pipeline_execute (self->pipeline, self->commit, NULL, -1, NULL, error) &&
         pgm_pipeline_sync (self->pipeline, error);
}

gboolean
pgm_apply_session_commit (PgmApplySession *self, PgmLsn end_lsn, gint64 commit_time, GError **error)
{
  if (!send_commit (self, end_lsn, commit_time, error))
    return FALSE;
  self->committed = end_lsn;
  self->commit_time = commit_time;
  return TRUE;
}

gboolean
pgm_apply_session_rollback (PgmApplySession *self, GError **error)
{
  g_autoptr (GError) known = NULL;

  /* What is still under way has been found wrong already. */
  if (!pgm_pipeline_sync (self->pipeline, &known) &&
      (pgm_connection_is_lost (self->connection) || pgm_error_is_cancelled (known)))
    {
      g_propagate_error (error, g_steal_pointer (&known));
      return FALSE;
    }
  return pgm_connection_exec (self->connection, "ROLLBACK", self->cancellable, error) &&
         (self->origin == NULL ||
          pgm_connection_exec (self->connection, "SELECT pg_replication_origin_xact_reset()",
                               self->cancellable, error));
}

/* A synchronous commit after all others: when it is durable, they are. It says
 * what the last one said. */
static gboolean
commit_synchronously (PgmApplySession *self, GError **error)
{
  return pgm_connection_exec (self->connection, "BEGIN; SET LOCAL synchronous_commit = on",
                              self->cancellable, error) &&
         send_commit (self, self->committed, self->commit_time, error);
}

gboolean
pgm_apply_session_flush (PgmApplySession *self, PgmLsn *durable, GError **error)
{
  g_autofree char *text = NULL;

  if (self->origin == NULL || self->synchronous)
    {
      *durable = self->committed;
      return commit_synchronously (self, error);
    }
  text = pgm_connection_query_value (
      self->connection, "SELECT coalesce(pg_replication_origin_session_progress(true), '0/0')", 0,
      NULL, self->cancellable, error);
  return text != NULL && pgm_lsn_parse (text, durable, error);
}
