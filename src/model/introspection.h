/* What a server tells of itself: databases and tables, settings, replication, and
 * what our role may do there. */
#pragma once

#include "core/lsn.h"
#include "model/record.h"

G_BEGIN_DECLS

/* Which node is asked, and what of it. */
typedef struct
{
  PgmRecord record;
  char *node;     /* id; NULL: the primary, else the first */
  char *database; /* whose schemas are listed; NULL: the node's own */
} PgmIntrospectionQuery;

typedef struct
{
  PgmRecord record;
  char *schema;
  char *name;
  gint64 row_count; /* estimated; -1: not known */
  char *total_size; /* for people: "12 MB" */
  guint64 total_bytes;
  char *data_size;
  guint64 data_bytes;
  char *index_size;
  guint64 index_bytes;
} PgmTableSize;

typedef struct
{
  PgmRecord record;
  char *name;
  GPtrArray *tables; /* PgmTableSize, largest first */
  gint64 table_count;
  char *total_size;
  guint64 total_bytes;
} PgmSchemaSize;

typedef struct
{
  PgmRecord record;
  char *name;
  char *size;
  guint64 size_bytes; /* 0 where CONNECT is missing */
  char *owner;
  GPtrArray *schemas; /* PgmSchemaSize, of the database that was asked for */
} PgmDatabaseSize;

typedef struct
{
  PgmRecord record;
  char *name;
  char *setting;
  char *unit;
  char *source;
} PgmParameter;

typedef struct
{
  PgmRecord record;
  char *version;
  gboolean is_replica;
  char *uptime; /* for people */
  gint64 started_at;
  gint64 max_connections;
  char *cluster_size;
  guint64 cluster_bytes;
  char *database;        /* whose schemas are listed */
  GPtrArray *databases;  /* PgmDatabaseSize */
  GPtrArray *parameters; /* PgmParameter: those that matter for replication and moving data */
} PgmIntrospection;

typedef struct
{
  PgmRecord record;
  char *name;
  char *plugin;
  char *slot_type; /* "physical", "logical" */
  char *database;
  gboolean active;
  char *wal_status; /* "reserved", "extended", "unreserved", "lost"; NULL below 13 */
  PgmLsn restart_lsn;
  PgmLsn confirmed_flush_lsn;
  guint64 retained_bytes;  /* WAL that it keeps */
  gint64 safe_wal_bytes;   /* until it is lost; -1: no limit, or not known */
  gint64 forecast_seconds; /* the same at the present rate; -1: not known */
} PgmSlotState;

typedef struct
{
  PgmRecord record;
  char *application_name;
  char *client_address;
  char *user;
  char *state;
  char *sync_state;
  PgmLsn sent_lsn;
  PgmLsn replay_lsn;
  guint64 lag_bytes;
  double replay_lag_sec; /* -1: not known */
} PgmSenderState;

typedef struct
{
  PgmRecord record;
  char *name;
  char *owner;
  gboolean all_tables;
  gint64 tables;
  char *operations; /* "insert, update, delete, truncate" */
} PgmPublicationState;

typedef struct
{
  PgmRecord record;
  char *name;
  gboolean enabled;
  char *slot_name;
  PgmLsn received_lsn;
} PgmSubscriptionState;

typedef struct
{
  PgmRecord record;
  char *name;
  PgmLsn remote_lsn;
  PgmLsn local_lsn;
} PgmOriginState;

typedef struct
{
  PgmRecord record;
  gboolean is_replica;
  PgmLsn current_lsn;       /* written, or replayed on a replica */
  char *upstream;           /* of a replica: "host:port" it receives from, or NULL */
  GPtrArray *slots;         /* PgmSlotState */
  GPtrArray *senders;       /* PgmSenderState */
  GPtrArray *publications;  /* PgmPublicationState */
  GPtrArray *subscriptions; /* PgmSubscriptionState */
  GPtrArray *origins;       /* PgmOriginState */
  GPtrArray *notes;         /* PgmCheck: what couldn't be seen, and the GRANT for it */
} PgmReplication;

/* @purpose: comma-separated "migrate-from", "migrate-to", "monitor", "back-up",
 * "administer"; NULL: all. */
typedef struct
{
  PgmRecord record;
  char *purpose;
  char *node;
  char *database;
  char *role; /* for whom the script is written; NULL: who we are logged in as */
} PgmPrivilegesQuery;

typedef struct
{
  PgmRecord record;
  char *purpose;
  char *name; /* what it is: "REPLICATION", "SELECT on schema shop" */
  gboolean granted;
  gboolean required; /* FALSE: works without, see @disables */
  char *disables;    /* what can't be done without it */
  char *grant_sql;   /* NULL when granted */
  char *note;        /* who must run it, alternatives */
} PgmPrivilege;

typedef struct
{
  PgmRecord record;
  char *role;
  char *version;
  char *database;
  gboolean superuser;
  GPtrArray *privileges; /* PgmPrivilege */
  char *script;          /* a whole role with exactly what the purposes need, on this version */
} PgmPrivilegeMatrix;

extern const PgmRecordType pgm_introspection_query_type;
extern const PgmRecordType pgm_table_size_type;
extern const PgmRecordType pgm_schema_size_type;
extern const PgmRecordType pgm_database_size_type;
extern const PgmRecordType pgm_parameter_type;
extern const PgmRecordType pgm_introspection_type;
extern const PgmRecordType pgm_slot_state_type;
extern const PgmRecordType pgm_sender_state_type;
extern const PgmRecordType pgm_publication_state_type;
extern const PgmRecordType pgm_subscription_state_type;
extern const PgmRecordType pgm_origin_state_type;
extern const PgmRecordType pgm_replication_type;
extern const PgmRecordType pgm_privileges_query_type;
extern const PgmRecordType pgm_privilege_type;
extern const PgmRecordType pgm_privilege_matrix_type;

G_END_DECLS
