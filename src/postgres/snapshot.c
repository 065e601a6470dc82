#include "config.h"

#include "postgres/snapshot.h"

#include "postgres/quote.h"

#define BEGIN_SQL "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

/* Leaves no half-open transaction behind; the first error is the one to tell. */
static void
roll_back (PgmConnection *connection)
{
  if (!pgm_connection_is_lost (connection) &&
      !pgm_connection_exec (connection, "ROLLBACK", NULL, NULL))
    return;
}

/* Asked before the snapshot is taken, since it must not lie behind it. */
static gboolean
read_position (PgmConnection *connection, PgmLsn *lsn, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      connection,
      "SELECT coalesce(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
      "ELSE pg_catalog.pg_current_wal_flush_lsn() END, '0/0')",
      0, NULL, cancellable, error);

  return text != NULL && pgm_lsn_parse (text, lsn, error);
}

char *
pgm_snapshot_export (PgmConnection *connection,
                     PgmLsn *lsn,
                     GCancellable *cancellable,
                     GError **error)
{
  if (lsn != NULL && !read_position (connection, lsn, cancellable, error))
    return NULL;
  if (!pgm_connection_exec (connection, BEGIN_SQL, cancellable, error))
    return NULL;

  char *snapshot = pgm_connection_query_value (connection, "SELECT pg_catalog.pg_export_snapshot()",
                                               0, NULL, cancellable, error);
  if (snapshot == NULL)
    roll_back (connection);
  return snapshot;
}

gboolean
pgm_snapshot_import (PgmConnection *connection,
                     const char *snapshot,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autofree char *literal = pgm_quote_literal (snapshot);

  if (pgm_connection_execf (connection, cancellable, error,
                            BEGIN_SQL "; SET TRANSACTION SNAPSHOT %s", literal))
    return TRUE;
  roll_back (connection);
  return FALSE;
}
