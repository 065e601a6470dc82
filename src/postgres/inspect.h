/* What a server tells of itself to whoever looks: databases, tables, settings,
 * replication. One query each, right for the server's version, bounded in rows. A
 * function returns the rows; their columns are named here, in their order.
 *
 * Sizes of what our role may not look at are 0. Callers set time limits for the session.
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

/* One row. */
enum
{
  PGM_INSPECT_SERVER_VERSION, /* "15.18" */
  PGM_INSPECT_SERVER_REPLICA, /* bool: in recovery */
  PGM_INSPECT_SERVER_STARTED, /* microseconds since the epoch */
  PGM_INSPECT_SERVER_UPTIME,  /* seconds, with a fraction */
  PGM_INSPECT_SERVER_MAX_CONNECTIONS,
  PGM_INSPECT_SERVER_REPLAY_LAG, /* seconds, NULL on a primary */
  PGM_INSPECT_SERVER_TIMELINE,
  PGM_INSPECT_SERVER_ROLE, /* who we are, and what that may do */
  PGM_INSPECT_SERVER_SUPERUSER,
  PGM_INSPECT_SERVER_REPLICATION,
  PGM_INSPECT_SERVER_CREATEDB,
  PGM_INSPECT_SERVER_READ_STATS, /* bool: pg_read_all_stats */
  PGM_INSPECT_SERVER_LSN,        /* written, or replayed */
  PGM_INSPECT_SERVER_CLUSTER_NAME,
  PGM_INSPECT_SERVER_DATABASE, /* where we are */
  PGM_INSPECT_SERVER_PORT,
};
PgmResult *pgm_inspect_server (PgmConnection *connection,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Templates are left out. */
enum
{
  PGM_INSPECT_DATABASE_NAME,
  PGM_INSPECT_DATABASE_OWNER,
  PGM_INSPECT_DATABASE_BYTES,
};
PgmResult *pgm_inspect_databases (PgmConnection *connection,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of the database that we are in, by schema, the largest first in each; sizes are
 * estimated where locks keep them from being measured. Schemas without tables are there
 * with a table of NULL. */
enum
{
  PGM_INSPECT_TABLE_SCHEMA,
  PGM_INSPECT_TABLE_NAME,
  PGM_INSPECT_TABLE_ROWS, /* estimated; -1: not known */
  PGM_INSPECT_TABLE_TOTAL_BYTES,
  PGM_INSPECT_TABLE_DATA_BYTES, /* with TOAST */
  PGM_INSPECT_TABLE_INDEX_BYTES,
  PGM_INSPECT_TABLE_SCHEMA_COUNT, /* of all tables of the schema, also those cut off */
  PGM_INSPECT_TABLE_SCHEMA_BYTES,
};
PgmResult *pgm_inspect_tables (PgmConnection *connection,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those that matter for replication and for moving data. */
enum
{
  PGM_INSPECT_PARAMETER_NAME,
  PGM_INSPECT_PARAMETER_SETTING,
  PGM_INSPECT_PARAMETER_UNIT,
  PGM_INSPECT_PARAMETER_SOURCE,
};
PgmResult *pgm_inspect_parameters (PgmConnection *connection,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum
{
  PGM_INSPECT_SLOT_NAME,
  PGM_INSPECT_SLOT_PLUGIN,
  PGM_INSPECT_SLOT_TYPE,
  PGM_INSPECT_SLOT_DATABASE,
  PGM_INSPECT_SLOT_ACTIVE,
  PGM_INSPECT_SLOT_RESTART_LSN,
  PGM_INSPECT_SLOT_CONFIRMED_LSN,
  PGM_INSPECT_SLOT_RETAINED,   /* bytes */
  PGM_INSPECT_SLOT_WAL_STATUS, /* NULL below 13 */
  PGM_INSPECT_SLOT_SAFE_BYTES, /* NULL: no limit, or not known */
};
PgmResult *pgm_inspect_slots (PgmConnection *connection,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Without pg_read_all_stats all but the first three are NULL for other roles' senders. */
enum
{
  PGM_INSPECT_SENDER_PID,
  PGM_INSPECT_SENDER_USER,
  PGM_INSPECT_SENDER_APPLICATION,
  PGM_INSPECT_SENDER_ADDRESS,
  PGM_INSPECT_SENDER_STATE,
  PGM_INSPECT_SENDER_SYNC_STATE,
  PGM_INSPECT_SENDER_SENT_LSN,
  PGM_INSPECT_SENDER_REPLAY_LSN,
  PGM_INSPECT_SENDER_LAG_BYTES,
  PGM_INSPECT_SENDER_LAG_SECONDS, /* NULL: not known */
  PGM_INSPECT_SENDER_PHYSICAL,    /* bool: holds no logical slot */
};
PgmResult *pgm_inspect_senders (PgmConnection *connection,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* No row on a primary. Host and port are NULL below 11. */
enum
{
  PGM_INSPECT_RECEIVER_STATUS,
  PGM_INSPECT_RECEIVER_HOST,
  PGM_INSPECT_RECEIVER_PORT,
};
PgmResult *pgm_inspect_receiver (PgmConnection *connection,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of the database that we are in. */
enum
{
  PGM_INSPECT_PUBLICATION_NAME,
  PGM_INSPECT_PUBLICATION_OWNER,
  PGM_INSPECT_PUBLICATION_ALL_TABLES,
  PGM_INSPECT_PUBLICATION_TABLES,
  PGM_INSPECT_PUBLICATION_OPERATIONS,
};
PgmResult *pgm_inspect_publications (PgmConnection *connection,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of all databases. */
enum
{
  PGM_INSPECT_SUBSCRIPTION_NAME,
  PGM_INSPECT_SUBSCRIPTION_ENABLED,
  PGM_INSPECT_SUBSCRIPTION_SLOT,
  PGM_INSPECT_SUBSCRIPTION_RECEIVED_LSN,
};
PgmResult *pgm_inspect_subscriptions (PgmConnection *connection,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Their positions are NULL unless @progress, which pgm_inspect_may_read_origins() must
 * have allowed. */
enum
{
  PGM_INSPECT_ORIGIN_NAME,
  PGM_INSPECT_ORIGIN_REMOTE_LSN,
  PGM_INSPECT_ORIGIN_LOCAL_LSN,
};
gboolean pgm_inspect_may_read_origins (PgmConnection *connection,
                                       gboolean *may,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
PgmResult *pgm_inspect_origins (PgmConnection *connection,
                                gboolean progress,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Only what lies between two moments, for rates: the position as a number of bytes. */
gboolean pgm_inspect_position (PgmConnection *connection,
                               PgmLsn *position,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
