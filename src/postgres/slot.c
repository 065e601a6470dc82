#include "config.h"

#include "postgres/slot.h"

#include "postgres/quote.h"
#include "postgres/replication-private.h"

/* How long a backend that was told to end may take to let go of its slot. */
#define RELEASE_SECONDS 30

/* Grown on every server, with a default where the column doesn't exist. */
#define SELECT_SLOT                                                                                \
  "SELECT s.slot_name, s.plugin, s.database, s.active, s.active_pid, s.temporary, "                \
  "s.restart_lsn, s.confirmed_flush_lsn, "                                                         \
  "greatest(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() "                  \
  "THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, "            \
  "s.restart_lsn), 0)::pg_catalog.int8, pg_catalog.age(s.catalog_xmin), %s, %s, %s, %s, %s "       \
  "FROM pg_catalog.pg_replication_slots s WHERE s.slot_name::pg_catalog.text = "

/* The columns of SELECT_SLOT. */
enum
{
  NAME,
  PLUGIN,
  DATABASE,
  ACTIVE,
  ACTIVE_PID,
  TEMPORARY,
  RESTART_LSN,
  CONFIRMED_LSN,
  RETAINED,
  XMIN_AGE,
  WAL_STATUS,
  SAFE_WAL_SIZE,
  TWO_PHASE,
  INVALIDATION,
  FAILOVER,
};

/* A position that the server may not have. */
static gboolean
read_lsn (PgmResult *result, guint row, guint column, PgmLsn *lsn, GError **error)
{
  const char *text = pgm_result_get (result, row, column);

  *lsn = PGM_LSN_INVALID;
  return text == NULL || pgm_lsn_parse (text, lsn, error);
}

gboolean
pgm_slot_create (PgmConnection *replication,
                 const char *name,
                 gboolean temporary,
                 PgmLsn *consistent_point,
                 char **snapshot,
                 GCancellable *cancellable,
                 GError **error)
{
  static const char *const taken[] = { PGM_SQLSTATE_DUPLICATE, NULL };
  g_autoptr (GString) sql = g_string_new ("CREATE_REPLICATION_SLOT ");
  GError *local = NULL;

  /* This spelling is understood by 10 to 18. */
  pgm_quote_append_identifier (sql, name);
  g_string_append_printf (sql, "%s LOGICAL \"pgoutput\" %s", temporary ? " TEMPORARY" : "",
                          snapshot != NULL ? "EXPORT_SNAPSHOT" : "NOEXPORT_SNAPSHOT");
  g_autoptr (PgmResult) result =
      pgm_connection_query (replication, sql->str, 0, NULL, cancellable, &local);
  if (result == NULL)
    {
      pgm_replication_recode (local, taken, PGM_ERROR_REFUSED,
                              "Another job has it, or one that was not cleaned up.");
      g_propagate_error (error, local);
      return FALSE;
    }

  const char *exported = pgm_result_get_rows (result) == 1 ? pgm_result_get (result, 0, 2) : NULL;
  if (pgm_result_get_rows (result) != 1 || (snapshot != NULL && exported == NULL))
    {
      pgm_error_set (error, PGM_ERROR_PROTOCOL,
                     "%s: the server made slot \"%s\" and did not describe it",
                     pgm_connection_get_label (replication), name);
      return FALSE;
    }
  if (!read_lsn (result, 0, 1, consistent_point, error))
    return FALSE;
  if (snapshot != NULL)
    *snapshot = g_strdup (exported);
  return TRUE;
}

static char *
slot_query (PgmConnection *connection, const char *name)
{
  int major = pgm_connection_get_major (connection);
  g_autofree char *literal = pgm_quote_literal (name);
  g_autofree char *select = g_strdup_printf (
      SELECT_SLOT, major >= 13 ? "s.wal_status" : "NULL", major >= 13 ? "s.safe_wal_size" : "NULL",
      major >= 14 ? "s.two_phase" : "NULL", major >= 17 ? "s.invalidation_reason" : "NULL",
      major >= 17 ? "s.failover" : "NULL");

  return g_strconcat (select, literal, NULL);
}

gboolean
pgm_slot_read (PgmConnection *connection,
               const char *name,
               PgmSlot **slot,
               GCancellable *cancellable,
               GError **error)
{
  g_autofree char *sql = slot_query (connection, name);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  *slot = NULL;
  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) == 0)
    return TRUE;

  g_autoptr (PgmSlot) found = g_new0 (PgmSlot, 1);
  found->name = g_strdup (pgm_result_get (result, 0, NAME));
  found->plugin = g_strdup (pgm_result_get (result, 0, PLUGIN));
  found->database = g_strdup (pgm_result_get (result, 0, DATABASE));
  found->active = pgm_result_get_bool (result, 0, ACTIVE);
  found->active_pid = (int) pgm_result_get_int64 (result, 0, ACTIVE_PID);
  found->temporary = pgm_result_get_bool (result, 0, TEMPORARY);
  found->wal_status = g_strdup (pgm_result_get (result, 0, WAL_STATUS));
  found->safe_wal_size = pgm_result_get (result, 0, SAFE_WAL_SIZE) != NULL
                             ? pgm_result_get_int64 (result, 0, SAFE_WAL_SIZE)
                             : -1;
  found->invalidation_reason = g_strdup (pgm_result_get (result, 0, INVALIDATION));
  found->two_phase = pgm_result_get_bool (result, 0, TWO_PHASE);
  found->failover = pgm_result_get_bool (result, 0, FAILOVER);
  found->retained_bytes = (guint64) pgm_result_get_int64 (result, 0, RETAINED);
  found->catalog_xmin_age = pgm_result_get_int64 (result, 0, XMIN_AGE);
  if (!read_lsn (result, 0, RESTART_LSN, &found->restart_lsn, error) ||
      !read_lsn (result, 0, CONFIRMED_LSN, &found->confirmed_flush_lsn, error))
    return FALSE;
  *slot = g_steal_pointer (&found);
  return TRUE;
}

void
pgm_slot_free (PgmSlot *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->plugin);
  g_free (self->database);
  g_free (self->wal_status);
  g_free (self->invalidation_reason);
  g_free (self);
}

/* One try. @gone: there is no such slot any more. */
static gboolean
try_drop (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  g_autofree char *literal = pgm_quote_literal (name);
  g_autofree char *sql =
      g_strdup_printf ("SELECT pg_catalog.pg_drop_replication_slot(%s)", literal);
  GError *local = NULL;

  if (pgm_connection_exec (connection, sql, cancellable, &local))
    return TRUE;
  if (pgm_replication_is (local, PGM_SQLSTATE_UNDEFINED))
    {
      g_error_free (local);
      return TRUE;
    }
  g_propagate_error (error, local);
  return FALSE;
}

/* Ends whoever has the slot, if anybody still does. */
static gboolean
end_reader (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmSlot) slot = NULL;

  if (!pgm_slot_read (connection, name, &slot, cancellable, error))
    return FALSE;
  if (slot == NULL || slot->active_pid == 0)
    return TRUE;
  return pgm_replication_terminate (connection, slot->active_pid, cancellable, error);
}

gboolean
pgm_slot_drop (PgmConnection *connection,
               const char *name,
               gboolean force,
               GCancellable *cancellable,
               GError **error)
{
  static const char *const busy[] = { PGM_SQLSTATE_IN_USE, NULL };
  gint64 deadline = g_get_monotonic_time () + (gint64) RELEASE_SECONDS * G_USEC_PER_SEC;

  for (guint round = 0;; round++)
    {
      g_autoptr (GError) local = NULL;
      if (try_drop (connection, name, cancellable, &local))
        return TRUE;
      if (!force || !pgm_replication_is (local, PGM_SQLSTATE_IN_USE) ||
          g_get_monotonic_time () >= deadline)
        {
          pgm_replication_recode (local, busy, PGM_ERROR_REFUSED,
                                  "End the process that reads from it first.");
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!end_reader (connection, name, cancellable, error) ||
          !pgm_replication_pause (round, cancellable, error))
        return FALSE;
    }
}

/* ---- who a new slot waits for ------------------------------------------------ */

static void
blocker_free (gpointer data)
{
  PgmBlocker *self = data;

  g_free (self->user);
  g_free (self->application);
  g_free (self->query);
  g_free (self);
}

/* Transaction ids are seen through the locks on them, which everybody may read;
 * without pg_read_all_stats the view of sessions hides those of others. So what
 * has no known age is listed as well. Those of all databases count. */
#define SELECT_BLOCKERS                                                                            \
  "SELECT l.pid, a.usename, a.application_name, a.query, "                                         \
  "extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.float8 AS seconds " \
  "FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE locktype = 'transactionid' "           \
  "AND mode = 'ExclusiveLock' AND granted AND pid <> pg_catalog.pg_backend_pid()) l "              \
  "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "                                      \
  "WHERE a.xact_start IS NULL OR "                                                                 \
  "extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) >= %s "                         \
  "UNION ALL SELECT 0, p.owner, NULL, p.gid, "                                                     \
  "extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::pg_catalog.float8 "              \
  "FROM pg_catalog.pg_prepared_xacts p "                                                           \
  "WHERE extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared) >= %s "                     \
  "ORDER BY seconds DESC NULLS LAST, 1"

GPtrArray *
pgm_slot_list_blockers (PgmConnection *connection,
                        double min_seconds,
                        GCancellable *cancellable,
                        GError **error)
{
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (seconds, sizeof seconds, "%.6f", min_seconds);
  g_autofree char *sql = g_strdup_printf (SELECT_BLOCKERS, seconds, seconds);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return NULL;

  GPtrArray *blockers = g_ptr_array_new_with_free_func (blocker_free);
  for (guint i = 0; i < pgm_result_get_rows (result); i++)
    {
      PgmBlocker *blocker = g_new0 (PgmBlocker, 1);
      blocker->pid = (int) pgm_result_get_int64 (result, i, 0);
      blocker->user = g_strdup (pgm_result_get_or (result, i, 1, ""));
      blocker->application = g_strdup (pgm_result_get_or (result, i, 2, ""));
      blocker->query = g_strdup (pgm_result_get_or (result, i, 3, ""));
      blocker->seconds = g_ascii_strtod (pgm_result_get_or (result, i, 4, "0"), NULL);
      g_ptr_array_add (blockers, blocker);
    }
  return blockers;
}
