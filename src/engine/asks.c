#include "engine/asks.h"

#include "engine/asks-private.h"

static gpointer
read_config (PgmStore *store,
             const char *id,
             gpointer request,
             GCancellable *cancellable,
             GError **error)
{
  return pgm_record_ref (pgm_store_get_config (store));
}

static const PgmAnswerFunc answers[PGM_ASK_COUNT] = {
  [PGM_ASK_LIST_CLUSTERS] = pgm_answer_list_clusters,
  [PGM_ASK_GET_CLUSTER] = pgm_answer_get_cluster,
  [PGM_ASK_ADD_CLUSTER] = pgm_answer_add_cluster,
  [PGM_ASK_UPDATE_CLUSTER] = pgm_answer_update_cluster,
  [PGM_ASK_REMOVE_CLUSTER] = pgm_answer_remove_cluster,
  [PGM_ASK_TEST_CONNECTION] = pgm_answer_test_connection,
  [PGM_ASK_LIST_NODES] = pgm_answer_list_nodes,
  [PGM_ASK_INTROSPECT] = pgm_answer_introspect,
  [PGM_ASK_READ_REPLICATION] = pgm_answer_read_replication,
  [PGM_ASK_READ_PRIVILEGES] = pgm_answer_read_privileges,
  [PGM_ASK_DISCOVER] = pgm_answer_discover,
  [PGM_ASK_CREATE_MIGRATION] = pgm_answer_create_migration,
  [PGM_ASK_PREFLIGHT_MIGRATION] = pgm_answer_preflight_migration,
  [PGM_ASK_READ_METRICS] = pgm_answer_read_metrics,
  [PGM_ASK_READ_CONFIG] = read_config,
};

PgmAnswerFunc
pgm_asks_get (PgmAsk ask)
{
  return answers[ask];
}
