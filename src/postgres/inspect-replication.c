#include "config.h"

#include "postgres/inspect.h"

#define MAX_ROWS " LIMIT 1000"

#define POSITION                                                                                   \
  "CASE WHEN pg_is_in_recovery()"                                                                  \
  " THEN coalesce(pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn())"                            \
  " ELSE pg_current_wal_lsn() END"

/* greatest() would make a limit of 0 of none. */
PgmResult *
pgm_inspect_slots (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  gboolean has_limit = pgm_connection_get_major (connection) >= 13;
  g_autofree char *sql = g_strdup_printf (
      "SELECT s.slot_name, s.plugin, s.slot_type, s.database, s.active, s.restart_lsn,"
      " s.confirmed_flush_lsn, greatest(coalesce(pg_wal_lsn_diff(" POSITION
      ", s.restart_lsn), 0), 0)::int8, %s FROM pg_replication_slots s ORDER BY 1" MAX_ROWS,
      has_limit ? "s.wal_status, CASE WHEN s.safe_wal_size < 0 THEN 0 ELSE s.safe_wal_size END"
                : "NULL, NULL");

  return pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
}

PgmResult *
pgm_inspect_senders (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (
      connection,
      "SELECT r.pid, r.usename, r.application_name, host(r.client_addr), r.state, r.sync_state,"
      " r.sent_lsn, r.replay_lsn,"
      " greatest(coalesce(pg_wal_lsn_diff(" POSITION ", r.replay_lsn), 0), 0)::int8,"
      " round(extract(epoch FROM r.replay_lag)::numeric, 3),"
      " NOT EXISTS (SELECT FROM pg_replication_slots s"
      "   WHERE s.active_pid = r.pid AND s.slot_type = 'logical')"
      " FROM pg_stat_replication r ORDER BY r.application_name, r.pid" MAX_ROWS,
      0, NULL, cancellable, error);
}

PgmResult *
pgm_inspect_receiver (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (connection,
                               pgm_connection_get_major (connection) >= 11
                                   ? "SELECT status, sender_host, sender_port"
                                     " FROM pg_stat_wal_receiver WHERE status IS NOT NULL"
                                   : "SELECT status, NULL, NULL FROM pg_stat_wal_receiver"
                                     " WHERE status IS NOT NULL",
                               0, NULL, cancellable, error);
}

PgmResult *
pgm_inspect_publications (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT p.pubname, pg_get_userbyid(p.pubowner), p.puballtables,"
      " (SELECT count(*) FROM pg_publication_tables t WHERE t.pubname = p.pubname),"
      " concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,"
      "   CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END%s)"
      " FROM pg_publication p ORDER BY 1" MAX_ROWS,
      pgm_connection_get_major (connection) >= 11 ? ", CASE WHEN p.pubtruncate THEN 'truncate' END"
                                                  : "");

  return pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
}

/* The number of a subscription may not be read by everybody in all versions, its name
 * may. Workers that copy tables have a relation. */
PgmResult *
pgm_inspect_subscriptions (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (connection,
                               "SELECT s.subname, s.subenabled, s.subslotname,"
                               " (SELECT w.received_lsn FROM pg_stat_subscription w"
                               "   WHERE w.subname = s.subname AND w.relid IS NULL"
                               "   ORDER BY w.received_lsn DESC NULLS LAST LIMIT 1)"
                               " FROM pg_subscription s ORDER BY 1" MAX_ROWS,
                               0, NULL, cancellable, error);
}

/* Before 14 the functions look for a superuser themselves. */
gboolean
pgm_inspect_may_read_origins (PgmConnection *connection,
                              gboolean *may,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection,
      pgm_connection_get_major (connection) >= 14
          ? "SELECT has_table_privilege('pg_catalog.pg_replication_origin_status', 'SELECT')"
            " AND has_function_privilege('pg_catalog.pg_show_replication_origin_status()',"
            " 'EXECUTE')"
          : "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
      0, NULL, cancellable, error);

  *may = result != NULL && pgm_result_get_bool (result, 0, 0);
  return result != NULL;
}

PgmResult *
pgm_inspect_origins (PgmConnection *connection,
                     gboolean progress,
                     GCancellable *cancellable,
                     GError **error)
{
  return pgm_connection_query (
      connection,
      progress ? "SELECT o.roname, s.remote_lsn, s.local_lsn FROM pg_replication_origin o"
                 " LEFT JOIN pg_replication_origin_status s ON s.local_id = o.roident"
                 " ORDER BY 1" MAX_ROWS
               : "SELECT o.roname, NULL, NULL FROM pg_replication_origin o ORDER BY 1" MAX_ROWS,
      0, NULL, cancellable, error);
}
