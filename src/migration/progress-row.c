#include "migration/progress-row.h"

#include "postgres/quote.h"

/* The second key of the advisory lock; the first is hashed from the job's name, so
 * that two jobs on one destination don't wait for each other. */
#define LOCK_SQL "hashtext('pgmanager apply ' || $1), 1346850637"

/* Tenths of a second. */
#define LOCK_ATTEMPTS 300u

gboolean
pgm_progress_row_create (PgmConnection *destination,
                         const char *job_id,
                         PgmLsn start,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autofree char *name = pgm_quote_literal (job_id);
  char lsn[PGM_LSN_TEXT_SIZE];

  /* One string is one transaction. */
  return pgm_connection_execf (
      destination, cancellable, error,
      "CREATE SCHEMA IF NOT EXISTS pgmanager;"
      "CREATE TABLE IF NOT EXISTS pgmanager.apply_progress ("
      "  job_id text PRIMARY KEY, lsn pg_lsn NOT NULL, commit_time timestamptz);"
      "INSERT INTO pgmanager.apply_progress (job_id, lsn) VALUES (%s, '%s')"
      " ON CONFLICT DO NOTHING",
      name, pgm_lsn_format (start, lsn));
}

/* What is read has been flushed first: it was committed asynchronously, and progress
 * that a crash could take back must not be confirmed to the source (A6). */
gboolean
pgm_progress_row_read (PgmConnection *destination,
                       const char *job_id,
                       PgmLsn *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  const char *params[] = { job_id };
  g_autofree char *name = pgm_quote_literal (job_id);
  g_autoptr (PgmResult) row = NULL;

  if (!pgm_connection_execf (destination, cancellable, error,
                             "SET LOCAL synchronous_commit = on;"
                             "UPDATE pgmanager.apply_progress SET lsn = lsn WHERE job_id = %s",
                             name))
    return FALSE;
  row = pgm_connection_query (destination,
                              "SELECT lsn FROM pgmanager.apply_progress WHERE job_id = $1", 1,
                              params, cancellable, error);

  if (row == NULL)
    return FALSE;
  if (pgm_result_get_rows (row) != 1)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND,
                     "destination: it is not noted how far the job \"%s\" has got", job_id);
      return FALSE;
    }
  return pgm_lsn_parse (pgm_result_get_or (row, 0, 0, ""), progress, error);
}

char *
pgm_progress_row_update_sql (const char *job_id)
{
  g_autofree char *name = pgm_quote_literal (job_id);

  return g_strdup_printf ("UPDATE pgmanager.apply_progress SET lsn = $1, commit_time = $2"
                          " WHERE job_id = %s",
                          name);
}

/* A session that was left behind may still be committing: it is ended, and waited
 * for. It may not be allowed; then it is only waited for. */
static gboolean
end_holder (PgmConnection *destination,
            const char *const *params,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (PgmResult) ended = pgm_connection_query (
      destination,
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
      " AND objsubid = 2 AND objid = 1346850637"
      " AND classid::int8 = hashtext('pgmanager apply ' || $1)::int8 & 4294967295"
      " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      1, params, cancellable, &local);

  if (ended != NULL || (!pgm_error_is_cancelled (local) && !pgm_connection_is_lost (destination)))
    return pgm_connection_exec (destination, "SELECT pg_sleep(0.1)", cancellable, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
pgm_progress_row_lock (PgmConnection *destination,
                       const char *job_id,
                       GCancellable *cancellable,
                       GError **error)
{
  const char *params[] = { job_id };

  for (guint attempt = 0; attempt < LOCK_ATTEMPTS; attempt++)
    {
      g_autofree char *got = pgm_connection_query_value (
          destination, "SELECT pg_try_advisory_lock(" LOCK_SQL ")", 1, params, cancellable, error);

      if (got == NULL)
        return FALSE;
      if (g_str_equal (got, "t"))
        return TRUE;
      if (!end_holder (destination, params, cancellable, error))
        return FALSE;
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "End the sessions whose application_name begins with “pgmanager apply”.",
                      "destination: another session applies the changes of this job");
  return FALSE;
}

gboolean
pgm_progress_row_drop (PgmConnection *destination,
                       const char *job_id,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *name = pgm_quote_literal (job_id);

  return pgm_connection_execf (
      destination, cancellable, error,
      "DO $pgm$ BEGIN IF to_regclass('pgmanager.apply_progress') IS NOT NULL THEN"
      " DELETE FROM pgmanager.apply_progress WHERE job_id = %s;"
      " IF NOT EXISTS (SELECT FROM pgmanager.apply_progress) THEN"
      " DROP TABLE pgmanager.apply_progress; END IF; END IF; END $pgm$",
      name);
}
