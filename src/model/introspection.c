#include "model/introspection.h"

#include "model/descriptor.h"
#include "model/report.h"

static const PgmField introspection_query_fields[] = {
  FIELD (PgmIntrospectionQuery, node, STRING, 0),
  FIELD (PgmIntrospectionQuery, database, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_introspection_query_type = { "introspection query",
                                                     sizeof (PgmIntrospectionQuery),
                                                     introspection_query_fields };

static const PgmField table_size_fields[] = {
  FIELD (PgmTableSize, schema, STRING, 0),      FIELD (PgmTableSize, name, STRING, 0),
  FIELD (PgmTableSize, row_count, INT64, 0),    FIELD (PgmTableSize, total_size, STRING, 0),
  FIELD (PgmTableSize, total_bytes, UINT64, 0), FIELD (PgmTableSize, data_size, STRING, 0),
  FIELD (PgmTableSize, data_bytes, UINT64, 0),  FIELD (PgmTableSize, index_size, STRING, 0),
  FIELD (PgmTableSize, index_bytes, UINT64, 0), FIELD_END,
};

const PgmRecordType pgm_table_size_type = { "size of a table", sizeof (PgmTableSize),
                                            table_size_fields };

static const PgmField schema_size_fields[] = {
  FIELD (PgmSchemaSize, name, STRING, 0),
  FIELD_RECORDS (PgmSchemaSize, tables, pgm_table_size_type, 0),
  FIELD (PgmSchemaSize, table_count, INT64, 0),
  FIELD (PgmSchemaSize, total_size, STRING, 0),
  FIELD (PgmSchemaSize, total_bytes, UINT64, 0),
  FIELD_END,
};

const PgmRecordType pgm_schema_size_type = { "size of a schema", sizeof (PgmSchemaSize),
                                             schema_size_fields };

static const PgmField database_size_fields[] = {
  FIELD (PgmDatabaseSize, name, STRING, 0),
  FIELD (PgmDatabaseSize, size, STRING, 0),
  FIELD (PgmDatabaseSize, size_bytes, UINT64, 0),
  FIELD (PgmDatabaseSize, owner, STRING, 0),
  FIELD_RECORDS (PgmDatabaseSize, schemas, pgm_schema_size_type, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_database_size_type = { "size of a database", sizeof (PgmDatabaseSize),
                                               database_size_fields };

static const PgmField parameter_fields[] = {
  FIELD (PgmParameter, name, STRING, 0),
  FIELD (PgmParameter, setting, STRING, 0),
  FIELD (PgmParameter, unit, STRING, 0),
  FIELD (PgmParameter, source, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_parameter_type = { "parameter", sizeof (PgmParameter), parameter_fields };

static const PgmField introspection_fields[] = {
  FIELD (PgmIntrospection, version, STRING, 0),
  FIELD (PgmIntrospection, is_replica, BOOL, 0),
  FIELD (PgmIntrospection, uptime, STRING, 0),
  FIELD (PgmIntrospection, started_at, TIME, 0),
  FIELD (PgmIntrospection, max_connections, INT64, 0),
  FIELD (PgmIntrospection, cluster_size, STRING, 0),
  FIELD (PgmIntrospection, cluster_bytes, UINT64, 0),
  FIELD (PgmIntrospection, database, STRING, 0),
  FIELD_RECORDS (PgmIntrospection, databases, pgm_database_size_type, 0),
  FIELD_RECORDS (PgmIntrospection, parameters, pgm_parameter_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_introspection_type = { "introspection", sizeof (PgmIntrospection),
                                               introspection_fields };

static const PgmField slot_state_fields[] = {
  FIELD (PgmSlotState, name, STRING, 0),
  FIELD (PgmSlotState, plugin, STRING, 0),
  FIELD (PgmSlotState, slot_type, STRING, 0),
  FIELD (PgmSlotState, database, STRING, 0),
  FIELD (PgmSlotState, active, BOOL, 0),
  FIELD (PgmSlotState, wal_status, STRING, 0),
  FIELD (PgmSlotState, restart_lsn, LSN, 0),
  FIELD (PgmSlotState, confirmed_flush_lsn, LSN, 0),
  FIELD (PgmSlotState, retained_bytes, UINT64, 0),
  FIELD (PgmSlotState, safe_wal_bytes, INT64, 0),
  FIELD (PgmSlotState, forecast_seconds, INT64, 0),
  FIELD_END,
};

const PgmRecordType pgm_slot_state_type = { "state of a slot", sizeof (PgmSlotState),
                                            slot_state_fields };

static const PgmField sender_state_fields[] = {
  FIELD (PgmSenderState, application_name, STRING, 0),
  FIELD (PgmSenderState, client_address, STRING, 0),
  FIELD (PgmSenderState, user, STRING, 0),
  FIELD (PgmSenderState, state, STRING, 0),
  FIELD (PgmSenderState, sync_state, STRING, 0),
  FIELD (PgmSenderState, sent_lsn, LSN, 0),
  FIELD (PgmSenderState, replay_lsn, LSN, 0),
  FIELD (PgmSenderState, lag_bytes, UINT64, 0),
  FIELD (PgmSenderState, replay_lag_sec, DOUBLE, 0),
  FIELD_END,
};

const PgmRecordType pgm_sender_state_type = { "state of a sender", sizeof (PgmSenderState),
                                              sender_state_fields };

static const PgmField publication_state_fields[] = {
  FIELD (PgmPublicationState, name, STRING, 0),       FIELD (PgmPublicationState, owner, STRING, 0),
  FIELD (PgmPublicationState, all_tables, BOOL, 0),   FIELD (PgmPublicationState, tables, INT64, 0),
  FIELD (PgmPublicationState, operations, STRING, 0), FIELD_END,
};

const PgmRecordType pgm_publication_state_type = { "state of a publication",
                                                   sizeof (PgmPublicationState),
                                                   publication_state_fields };

static const PgmField subscription_state_fields[] = {
  FIELD (PgmSubscriptionState, name, STRING, 0),
  FIELD (PgmSubscriptionState, enabled, BOOL, 0),
  FIELD (PgmSubscriptionState, slot_name, STRING, 0),
  FIELD (PgmSubscriptionState, received_lsn, LSN, 0),
  FIELD_END,
};

const PgmRecordType pgm_subscription_state_type = { "state of a subscription",
                                                    sizeof (PgmSubscriptionState),
                                                    subscription_state_fields };

static const PgmField origin_state_fields[] = {
  FIELD (PgmOriginState, name, STRING, 0),
  FIELD (PgmOriginState, remote_lsn, LSN, 0),
  FIELD (PgmOriginState, local_lsn, LSN, 0),
  FIELD_END,
};

const PgmRecordType pgm_origin_state_type = { "state of an origin", sizeof (PgmOriginState),
                                              origin_state_fields };

static const PgmField replication_fields[] = {
  FIELD (PgmReplication, is_replica, BOOL, 0),
  FIELD (PgmReplication, current_lsn, LSN, 0),
  FIELD (PgmReplication, upstream, STRING, 0),
  FIELD_RECORDS (PgmReplication, slots, pgm_slot_state_type, 0),
  FIELD_RECORDS (PgmReplication, senders, pgm_sender_state_type, 0),
  FIELD_RECORDS (PgmReplication, publications, pgm_publication_state_type, 0),
  FIELD_RECORDS (PgmReplication, subscriptions, pgm_subscription_state_type, 0),
  FIELD_RECORDS (PgmReplication, origins, pgm_origin_state_type, 0),
  FIELD_RECORDS (PgmReplication, notes, pgm_check_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_replication_type = { "replication", sizeof (PgmReplication),
                                             replication_fields };

static const PgmField privileges_query_fields[] = {
  FIELD (PgmPrivilegesQuery, purpose, STRING, 0),
  FIELD (PgmPrivilegesQuery, node, STRING, 0),
  FIELD (PgmPrivilegesQuery, database, STRING, 0),
  FIELD (PgmPrivilegesQuery, role, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_privileges_query_type = { "privileges query", sizeof (PgmPrivilegesQuery),
                                                  privileges_query_fields };

static const PgmField privilege_fields[] = {
  FIELD (PgmPrivilege, purpose, STRING, 0),  FIELD (PgmPrivilege, name, STRING, 0),
  FIELD (PgmPrivilege, granted, BOOL, 0),    FIELD (PgmPrivilege, required, BOOL, 0),
  FIELD (PgmPrivilege, disables, STRING, 0), FIELD (PgmPrivilege, grant_sql, STRING, 0),
  FIELD (PgmPrivilege, note, STRING, 0),     FIELD_END,
};

const PgmRecordType pgm_privilege_type = { "privilege", sizeof (PgmPrivilege), privilege_fields };

static const PgmField privilege_matrix_fields[] = {
  FIELD (PgmPrivilegeMatrix, role, STRING, 0),
  FIELD (PgmPrivilegeMatrix, version, STRING, 0),
  FIELD (PgmPrivilegeMatrix, database, STRING, 0),
  FIELD (PgmPrivilegeMatrix, superuser, BOOL, 0),
  FIELD_RECORDS (PgmPrivilegeMatrix, privileges, pgm_privilege_type, 0),
  FIELD (PgmPrivilegeMatrix, script, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_privilege_matrix_type = { "privilege matrix", sizeof (PgmPrivilegeMatrix),
                                                  privilege_matrix_fields };
