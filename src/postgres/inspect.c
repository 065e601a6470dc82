#include "config.h"

#include "postgres/inspect.h"

/* More than anybody looks at; a server can have any number. */
#define MAX_DATABASES "2000"
#define MAX_TABLES    "50000"

/* Two ways to the position, for one of them is an error on each kind of server. */
#define POSITION                                                                                   \
  "CASE WHEN pg_is_in_recovery()"                                                                  \
  " THEN coalesce(pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn())"                            \
  " ELSE pg_current_wal_lsn() END"

/* A standby that has replayed all that it has is not behind, however long ago the last
 * transaction was. The timeline of a standby that receives is its receiver's. */
static const char server_sql[] =
    "SELECT split_part(current_setting('server_version'), ' ', 1), pg_is_in_recovery(),"
    " (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8,"
    " round(extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::numeric, 3),"
    " current_setting('max_connections')::int8,"
    " CASE WHEN NOT pg_is_in_recovery() THEN NULL"
    "   WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    "   ELSE round(greatest(extract(epoch FROM clock_timestamp()"
    "     - pg_last_xact_replay_timestamp()), 0)::numeric, 3) END,"
    " coalesce((SELECT received_tli FROM pg_stat_wal_receiver),"
    "   CASE WHEN has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')"
    "     THEN (SELECT timeline_id FROM pg_control_checkpoint()) END),"
    " r.rolname, r.rolsuper, r.rolreplication, r.rolcreatedb,"
    " pg_has_role('pg_read_all_stats', 'USAGE'), " POSITION
    ", current_setting('cluster_name'), current_database(), current_setting('port')"
    " FROM pg_roles r WHERE r.rolname = current_user";

static const char databases_sql[] =
    "SELECT d.datname, pg_get_userbyid(d.datdba),"
    " CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')"
    "   THEN pg_database_size(d.oid) ELSE 0 END"
    " FROM pg_database d WHERE NOT d.datistemplate ORDER BY 1 LIMIT " MAX_DATABASES;

/* %s, %s, %s: total, data and index bytes of c. Asking for a real size waits for the
 * table's lock; the estimates need none. */
#define TABLES_SQL                                                                                 \
  "WITH n AS (SELECT oid, nspname FROM pg_namespace"                                               \
  "   WHERE left(nspname, 3) <> 'pg_' AND nspname NOT IN ('information_schema', 'pgmanager')),"    \
  " t AS (SELECT c.relnamespace, c.relname,"                                                       \
  "   CASE WHEN c.reltuples < 0 THEN -1 ELSE c.reltuples::int8 END AS rows,"                       \
  "   coalesce(%s, 0)::int8 AS total, coalesce(%s, 0)::int8 AS data,"                              \
  "   coalesce(%s, 0)::int8 AS indexes"                                                            \
  "   FROM pg_class c JOIN n ON n.oid = c.relnamespace"                                            \
  "   WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't')"                             \
  " SELECT n.nspname, t.relname, t.rows, t.total, t.data, t.indexes,"                              \
  "   count(t.relname) OVER s, coalesce(sum(t.total) OVER s, 0)::int8"                             \
  " FROM n LEFT JOIN t ON t.relnamespace = n.oid WINDOW s AS (PARTITION BY n.oid)"                 \
  " ORDER BY n.nspname, t.total DESC NULLS LAST, t.relname LIMIT " MAX_TABLES

#define PAGES_OF(relations)                                                                        \
  "(SELECT sum(p.relpages::int8) FROM pg_class p WHERE p.oid IN (" relations ")) * "               \
  "current_setting('block_size')::int8"
#define DATA_RELATIONS "c.oid, c.reltoastrelid"
#define INDEX_RELATIONS                                                                            \
  "SELECT i.indexrelid FROM pg_index i WHERE i.indrelid IN (c.oid, c.reltoastrelid)"

static const char parameters_sql[] =
    "SELECT name, setting, unit, source FROM pg_settings WHERE name IN ("
    "'archive_mode', 'autovacuum', 'block_size', 'checkpoint_timeout', 'cluster_name',"
    "'data_checksums', 'fsync', 'full_page_writes', 'hot_standby', 'hot_standby_feedback',"
    "'idle_replication_slot_timeout', 'listen_addresses', 'logical_decoding_work_mem',"
    "'maintenance_work_mem', 'max_connections', 'max_locks_per_transaction',"
    "'max_logical_replication_workers', 'max_parallel_maintenance_workers',"
    "'max_prepared_transactions', 'max_replication_slots', 'max_slot_wal_keep_size',"
    "'max_sync_workers_per_subscription', 'max_wal_senders', 'max_wal_size',"
    "'max_worker_processes', 'password_encryption', 'port', 'primary_slot_name',"
    "'server_encoding', 'server_version', 'shared_buffers', 'ssl', 'sync_replication_slots',"
    "'synchronized_standby_slots', 'synchronous_commit', 'synchronous_standby_names',"
    "'track_commit_timestamp', 'wal_keep_segments', 'wal_keep_size', 'wal_level',"
    "'wal_receiver_timeout', 'wal_segment_size', 'wal_sender_timeout', 'work_mem')"
    " ORDER BY name";

PgmResult *
pgm_inspect_server (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (connection, server_sql, 0, NULL, cancellable, error);
}

PgmResult *
pgm_inspect_databases (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (connection, databases_sql, 0, NULL, cancellable, error);
}

/* A lock or the statement's time limit was in the way. */
static gboolean
is_held_up (const GError *error)
{
  const char *sqlstate = pgm_error_get_sqlstate (error);

  return g_strcmp0 (sqlstate, "55P03") == 0 || g_strcmp0 (sqlstate, "57014") == 0;
}

PgmResult *
pgm_inspect_tables (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autofree char *measured = g_strdup_printf (TABLES_SQL, "pg_total_relation_size(c.oid)",
                                               "pg_table_size(c.oid)", "pg_indexes_size(c.oid)");
  g_autofree char *estimated = g_strdup_printf (
      TABLES_SQL,
      PAGES_OF ("SELECT c.oid UNION ALL SELECT c.reltoastrelid UNION ALL " INDEX_RELATIONS),
      PAGES_OF (DATA_RELATIONS), PAGES_OF (INDEX_RELATIONS));
  g_autoptr (GError) reason = NULL;
  PgmResult *result = pgm_connection_query (connection, measured, 0, NULL, cancellable, &reason);

  if (result == NULL && is_held_up (reason) && !g_cancellable_is_cancelled (cancellable))
    return pgm_connection_query (connection, estimated, 0, NULL, cancellable, error);
  if (result == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return result;
}

PgmResult *
pgm_inspect_parameters (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (connection, parameters_sql, 0, NULL, cancellable, error);
}

gboolean
pgm_inspect_position (PgmConnection *connection,
                      PgmLsn *position,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, "SELECT " POSITION, 0, NULL, cancellable, error);

  *position = PGM_LSN_INVALID;
  if (result == NULL)
    return FALSE;
  return pgm_result_get (result, 0, 0) == NULL ||
         pgm_lsn_parse (pgm_result_get (result, 0, 0), position, error);
}
