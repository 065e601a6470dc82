/* Questions: what a face may ask an engine beside jobs, each one record (or nothing)
 * that goes in and one answer that comes out, and each one request of the API. The
 * list below is the only place where a question is described: the engine's table of
 * functions, the client's requests and the server's routes are all made from it.
 */
#pragma once

#include "model/cluster.h"
#include "model/config.h"
#include "model/daemon.h"
#include "model/introspection.h"
#include "model/migration.h"

G_BEGIN_DECLS

/* X (name, method, path below /api/v1, request, response, flags, status, summary)
 *
 * "{id}" in the path is the question's subject. @request comes as the query string of
 * a GET or DELETE, as the body of a POST or PUT. */
#define PGM_QUESTIONS(X)                                                                           \
  X (LIST_CLUSTERS, "GET", "/clusters", NULL, &pgm_cluster_type, MANY, 200, "All clusters")        \
  X (GET_CLUSTER, "GET", "/clusters/{id}", NULL, &pgm_cluster_type, 0, 200, "One cluster")         \
  X (ADD_CLUSTER, "POST", "/clusters", &pgm_cluster_type, &pgm_cluster_type, 0, 201,               \
     "Register a cluster")                                                                         \
  X (UPDATE_CLUSTER, "PUT", "/clusters/{id}", &pgm_cluster_type, &pgm_cluster_type, 0, 200,        \
     "Replace a cluster; a password of ******** stays as it is")                                   \
  X (REMOVE_CLUSTER, "DELETE", "/clusters/{id}", NULL, NULL, 0, 204, "Forget a cluster")           \
  X (TEST_CONNECTION, "POST", "/clusters/test-connection", &pgm_connection_test_type,              \
     &pgm_connection_result_type, 0, 200, "Try to connect")                                        \
  X (LIST_NODES, "GET", "/clusters/{id}/nodes", NULL, &pgm_node_state_type, MANY, 200,             \
     "How the nodes of a cluster are found just now")                                              \
  X (INTROSPECT, "GET", "/clusters/{id}/introspect", &pgm_introspection_query_type,                \
     &pgm_introspection_type, 0, 200, "Databases, tables, sizes, parameters")                      \
  X (READ_REPLICATION, "GET", "/clusters/{id}/replication", &pgm_introspection_query_type,         \
     &pgm_replication_type, 0, 200, "Slots, senders, publications, origins")                       \
  X (READ_PRIVILEGES, "GET", "/clusters/{id}/privileges", &pgm_privileges_query_type,              \
     &pgm_privilege_matrix_type, 0, 200, "What our role may do, and the GRANTs that are missing")  \
  X (DISCOVER, "POST", "/clusters/discover", &pgm_discover_query_type, &pgm_discovery_type, 0,     \
     200, "Find the siblings of a server")                                                         \
  X (CREATE_MIGRATION, "POST", "/migrations", &pgm_migration_body_type, &pgm_migration_type, 0,    \
     201, "Write down a migration, to be started later")                                           \
  X (START_MIGRATION, "POST", "/migrations/{id}/start", &pgm_empty_body_type, &pgm_answer_type, 0, \
     202, "Start it, or go on with it")                                                            \
  X (DELETE_MIGRATION, "DELETE", "/migrations/{id}", &pgm_force_query_type, NULL, 0, 204,          \
     "Forget a migration; force=true stops it first")                                              \
  X (PREFLIGHT_MIGRATION, "POST", "/migrations/{id}/preflight", &pgm_empty_body_type,              \
     &pgm_check_type, MANY, 200, "Check everything, change nothing")                               \
  X (READ_METRICS, "GET", "/migrations/{id}/metrics", &pgm_metrics_query_type,                     \
     &pgm_metric_point_type, MANY, 200, "History for graphs")                                      \
  X (READ_CONFIG, "GET", "/config", NULL, &pgm_config_type, 0, 200, "The configuration")           \
  X (READ_DAEMON, "GET", "/daemon", NULL, &pgm_daemon_info_type, 0, 200,                           \
     "The process itself; 404 when it is no daemon")

#define PGM_QUESTION_ENUM(name, ...) PGM_ASK_##name,
typedef enum
{
  PGM_QUESTIONS (PGM_QUESTION_ENUM) PGM_ASK_COUNT
} PgmAsk;
#undef PGM_QUESTION_ENUM

typedef struct
{
  const char *name; /* "LIST_CLUSTERS" */
  const char *method;
  const char *path;
  const PgmRecordType *request;  /* NULL: nothing */
  const PgmRecordType *response; /* NULL: nothing but that all is well */
  gboolean many;                 /* the answer is a GPtrArray of them */
  guint status;
  const char *summary;
} PgmQuestion;

const PgmQuestion *pgm_question_get (PgmAsk ask);

/* Of an answer to @ask: a record, an array of records, or NULL. */
void pgm_question_free_answer (PgmAsk ask, gpointer answer);

G_END_DECLS
