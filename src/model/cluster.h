/* Clusters that are registered: their nodes, how to reach them, and how they were
 * found when somebody looked. Passwords are never sent back: "********" stands where
 * one is stored. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_NODE_PRIMARY,
  PGM_NODE_REPLICA,
  PGM_NODE_STANDBY,
} PgmNodeRole;

extern const char *const pgm_node_role_names[]; /* "primary", "replica", "standby" */

/* One server as somebody declared it: by host and port, by a URI, or by a libpq
 * service; the other fields override what these say. */
typedef struct
{
  PgmRecord record;
  char *id; /* unique within its cluster; given when NULL */
  char *name;
  char *host;
  gint64 port; /* 0: libpq's default */
  int role;    /* PgmNodeRole, as declared; PgmNodeState has the live one */
  char *user;
  PgmSecret *password;
  char *dbname;
  char *uri;     /* without password */
  char *service; /* of pg_service.conf */
  char *agent_url;
  gboolean monitoring_enabled;
} PgmNode;

typedef struct
{
  PgmRecord record;
  char *id; /* letters, digits, "-", "_", "."; at most 64; given when NULL */
  char *name;
  GPtrArray *nodes; /* PgmNode */
  GStrv tags;       /* "env:prod" */
  char *backup_path;
  gint64 created_at;
  gint64 updated_at;
} PgmCluster;

/* clusters.json, and what is imported and exported. */
#define PGM_CLUSTER_FILE_VERSION 1

typedef struct
{
  PgmRecord record;
  gint64 version;      /* 0: a file of before there was one */
  GPtrArray *clusters; /* PgmCluster */
} PgmClusterFile;

/* What stands in place of a password that is stored somewhere else. */
#define PGM_STORED_PASSWORD "********"

#define PGM_CLUSTER_MAX_NODES 64

/* The file of passwords, where no keyring takes them. */
typedef struct
{
  PgmRecord record;
  char *name; /* "cluster/node" */
  PgmSecret *password;
} PgmSecretEntry;

typedef struct
{
  PgmRecord record;
  gint64 version;
  GPtrArray *secrets; /* PgmSecretEntry */
} PgmSecretFile;

/* POST /clusters/test-connection: either a connection string or a node; user and
 * password stand in for what is stored. */
typedef struct
{
  PgmRecord record;
  PgmSecret *dsn;
  char *cluster_id;
  char *node_id;
  char *user;
  PgmSecret *password;
  gboolean foreign; /* as of PgmEndpoint */
} PgmConnectionTest;

typedef struct
{
  PgmRecord record;
  gboolean connect;
  gboolean replication;
  gboolean createdb;
  gboolean superuser;
} PgmConnectionPrivileges;

typedef struct
{
  PgmRecord record;
  gboolean reachable;
  char *version; /* "15.18" */
  gboolean is_replica;
  PgmConnectionPrivileges *privileges;
  gint64 latency_ns; /* of one round trip on the open connection */
  char *error;
  char *hint;
} PgmConnectionResult;

/* How one node of a cluster was found just now. */
typedef struct
{
  PgmRecord record;
  char *node_id;
  char *name;
  char *address; /* "host:port", for people */
  int declared_role;
  int live_role; /* PgmNodeRole; of use when reachable */
  gboolean role_differs;
  gboolean reachable;
  char *version;
  char *system_identifier;
  gint64 timeline;
  gint64 latency_ns;
  double uptime_sec;
  guint64 size_bytes; /* of all databases that may be asked */
  double replay_lag_sec;
  char *error;
  char *hint;
  char *warning; /* another role than declared, another system than its siblings */
  gint64 checked_at;
} PgmNodeState;

/* POST /clusters/discover. */
typedef struct
{
  PgmRecord record;
  PgmSecret *uri;
  gboolean foreign; /* as of PgmEndpoint */
} PgmDiscoverQuery;

typedef struct
{
  PgmRecord record;
  char *name;
  char *host; /* NULL where the server can't know it (a local socket) */
  gint64 port;
  int role;
  char *found_in;   /* "uri", "pg_stat_replication", "pg_stat_wal_receiver", … */
  char *state;      /* "streaming", … */
  gboolean logical; /* another cluster, by logical replication; not looked at */
  gboolean reachable;
  char *error; /* why it isn't */
} PgmSibling;

typedef struct
{
  PgmRecord record;
  char *cluster_name; /* the setting, may be empty */
  char *system_identifier;
  char *version;
  GPtrArray *siblings; /* PgmSibling, the asked one first */
  GPtrArray *notes;    /* PgmCheck: what couldn't be seen and the GRANT for it */
} PgmDiscovery;

extern const PgmRecordType pgm_node_type;
extern const PgmRecordType pgm_cluster_type;
extern const PgmRecordType pgm_cluster_file_type;
extern const PgmRecordType pgm_secret_entry_type;
extern const PgmRecordType pgm_secret_file_type;
extern const PgmRecordType pgm_connection_test_type;
extern const PgmRecordType pgm_connection_privileges_type;
extern const PgmRecordType pgm_connection_result_type;
extern const PgmRecordType pgm_node_state_type;
extern const PgmRecordType pgm_discover_query_type;
extern const PgmRecordType pgm_sibling_type;
extern const PgmRecordType pgm_discovery_type;

/* May it be an id of a cluster, a node or a migration? */
gboolean pgm_id_check (const char *id, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a caller may store: names, ids, ports, at least one node, ends that can be
 * reached. PGM_ERROR_USAGE names the field. */
gboolean pgm_cluster_check (const PgmCluster *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives ids to the cluster (made from its name; @taken, or NULL, says which exist) and to
 * its nodes (from their names or roles) where they are missing. Only for a record that
 * nobody else has seen yet. */
void pgm_cluster_give_ids (PgmCluster *self, GHashTable *taken);

/* Is it the mark of a password that is stored, not one? */
gboolean pgm_password_is_mark (const PgmSecret *password);

/* Borrowed, or NULL. @node_id NULL: the declared primary, else the first. */
PgmNode *pgm_cluster_find_node (const PgmCluster *self, const char *node_id);

G_END_DECLS
