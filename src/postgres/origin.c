#include "config.h"

#include <string.h>

#include "postgres/quote.h"
#include "postgres/replication-private.h"
#include "postgres/slot.h"

/* What all sessions of ours begin their application_name with. */
#define OUR_APPLICATION "pgmanager"

gboolean
pgm_origin_create (PgmConnection *connection,
                   const char *name,
                   PgmLsn start,
                   GCancellable *cancellable,
                   GError **error)
{
  static const char *const taken[] = { PGM_SQLSTATE_UNIQUE, PGM_SQLSTATE_DUPLICATE, NULL };
  char text[PGM_LSN_TEXT_SIZE];
  GError *local = NULL;

  /* One string, so one transaction: no origin is left without its start. */
  g_autoptr (GString) sql = g_string_new ("SELECT pg_catalog.pg_replication_origin_create(");
  pgm_quote_append_literal (sql, name);
  g_string_append_c (sql, ')');
  if (start != PGM_LSN_INVALID)
    {
      g_string_append (sql, ";SELECT pg_catalog.pg_replication_origin_advance(");
      pgm_quote_append_literal (sql, name);
      g_string_append_printf (sql, ",'%s')", pgm_lsn_format (start, text));
    }
  if (pgm_connection_exec (connection, sql->str, cancellable, &local))
    return TRUE;
  pgm_replication_recode (local, taken, PGM_ERROR_REFUSED,
                          "Another job has it, or one that was not cleaned up.");
  g_propagate_error (error, local);
  return FALSE;
}

/* What is read has been flushed first: progress that a crash could take back is
 * not the truth (A7). */
gboolean
pgm_origin_read (PgmConnection *connection,
                 const char *name,
                 gboolean *found,
                 PgmLsn *progress,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *literal = pgm_quote_literal (name);
  g_autofree char *sql =
      g_strdup_printf ("SELECT pg_catalog.pg_replication_origin_progress(roname, true) "
                       "FROM pg_catalog.pg_replication_origin WHERE roname = %s",
                       literal);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  *progress = PGM_LSN_INVALID;
  if (result == NULL)
    return FALSE;
  *found = pgm_result_get_rows (result) > 0;
  const char *text = *found ? pgm_result_get (result, 0, 0) : NULL;
  return text == NULL || pgm_lsn_parse (text, progress, error);
}

gboolean
pgm_origin_drop (PgmConnection *connection,
                 const char *name,
                 GCancellable *cancellable,
                 GError **error)
{
  static const char *const busy[] = { PGM_SQLSTATE_IN_USE, NULL };
  g_autofree char *literal = pgm_quote_literal (name);
  GError *local = NULL;

  if (pgm_connection_execf (connection, cancellable, &local,
                            "SELECT pg_catalog.pg_replication_origin_drop(%s)", literal))
    return TRUE;
  if (pgm_replication_is (local, PGM_SQLSTATE_UNDEFINED))
    {
      g_error_free (local);
      return TRUE;
    }
  pgm_replication_recode (local, busy, PGM_ERROR_REFUSED, "End the session that uses it first.");
  g_propagate_error (error, local);
  return FALSE;
}

/* ---- owning ------------------------------------------------------------------ */

/* One try. A session that has an origin already lets go of it first. */
static gboolean
try_own (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  g_autofree char *literal = pgm_quote_literal (name);

  return pgm_connection_execf (
      connection, cancellable, error,
      "SELECT CASE WHEN pg_catalog.pg_replication_origin_session_is_setup() "
      "THEN pg_catalog.pg_replication_origin_session_reset() END;"
      "SELECT pg_catalog.pg_replication_origin_session_setup(%s)",
      literal);
}

/* No view says who has an origin; the refusal does. Only a session of ours is
 * ended, never somebody else's subscription. @ours: there was one. */
static gboolean
end_owner (PgmConnection *connection,
           int pid,
           gboolean *ours,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT application_name FROM pg_catalog.pg_stat_activity WHERE pid = %d", pid);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  /* Gone in the meantime is as good as ours. */
  *ours = pgm_result_get_rows (result) == 0 ||
          g_str_has_prefix (pgm_result_get_or (result, 0, 0, ""), OUR_APPLICATION);
  if (!*ours || pgm_result_get_rows (result) == 0)
    return TRUE;
  return pgm_replication_terminate (connection, pid, cancellable, error);
}

/* TRUE: try again. FALSE with an error: somebody else has it, and will not go. */
static gboolean
make_way (PgmConnection *connection,
          const GError *refusal,
          gint64 deadline,
          guint round,
          GCancellable *cancellable,
          GError **error)
{
  int pid = pgm_replication_last_number (refusal->message);
  gboolean ours = FALSE;

  if (g_get_monotonic_time () < deadline && pid > 0)
    {
      if (!end_owner (connection, pid, &ours, cancellable, error))
        return FALSE;
      if (ours)
        return pgm_replication_pause (round, cancellable, error);
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, PGM_SQLSTATE_IN_USE, pgm_error_get_detail (refusal),
                      "End that process, once it is known what it is doing.", "%s",
                      refusal->message);
  return FALSE;
}

gboolean
pgm_origin_own (PgmConnection *connection,
                const char *name,
                guint takeover_seconds,
                GCancellable *cancellable,
                GError **error)
{
  static const char *const missing[] = { PGM_SQLSTATE_UNDEFINED, NULL };
  gint64 deadline = g_get_monotonic_time () + (gint64) takeover_seconds * G_USEC_PER_SEC;

  for (guint round = 0;; round++)
    {
      g_autoptr (GError) local = NULL;
      if (try_own (connection, name, cancellable, &local))
        return TRUE;
      if (!pgm_replication_is (local, PGM_SQLSTATE_IN_USE))
        {
          pgm_replication_recode (local, missing, PGM_ERROR_NOT_FOUND, NULL);
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!make_way (connection, local, deadline, round, cancellable, error))
        return FALSE;
    }
}

gboolean
pgm_origin_flush (PgmConnection *connection,
                  PgmLsn *flushed,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection, "SELECT pg_catalog.pg_replication_origin_session_progress(true)", 0, NULL,
      cancellable, error);

  *flushed = PGM_LSN_INVALID;
  if (result == NULL)
    return FALSE;
  const char *text = pgm_result_get_rows (result) > 0 ? pgm_result_get (result, 0, 0) : NULL;
  return text == NULL || pgm_lsn_parse (text, flushed, error);
}
