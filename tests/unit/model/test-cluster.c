/* The JSON of clusters is a contract: as it is written here, clients parse it. */
#include "model/cluster.h"
#include "model/introspection.h"

typedef struct
{
  const PgmRecordType *type;
  const char *json;
} Golden;

static const Golden golden[] = {
  { &pgm_cluster_type,
    "{\"id\":\"prod\",\"name\":\"Production\",\"nodes\":[{\"id\":\"primary\",\"name\":\"one\","
    "\"host\":\"db1\",\"port\":5432,\"role\":\"primary\",\"user\":\"app\",\"password\":\"********\","
    "\"dbname\":\"shop\",\"agent_url\":\"http://a\",\"monitoring_enabled\":true},"
    "{\"id\":\"r\",\"port\":0,\"role\":\"standby\",\"service\":\"s\",\"monitoring_enabled\":false}],"
    "\"tags\":[\"env:prod\"],\"backup_path\":\"/b\",\"created_at\":\"2024-01-02T03:04:05Z\","
    "\"updated_at\":\"2024-01-02T03:04:05.000001Z\"}" },
  { &pgm_cluster_file_type, "{\"version\":1,\"clusters\":[]}" },
  { &pgm_connection_result_type,
    "{\"reachable\":true,\"version\":\"15.18\",\"is_replica\":false,\"privileges\":{\"connect\":true,"
    "\"replication\":false,\"createdb\":true,\"superuser\":false},\"latency_ns\":120000}" },
  { &pgm_introspection_type,
    "{\"version\":\"15.18\",\"is_replica\":false,\"uptime\":\"1 h\",\"started_at\":\"2024-01-02T03:04:05Z\","
    "\"max_connections\":100,\"cluster_size\":\"8 MiB\",\"cluster_bytes\":8388608,\"database\":\"shop\","
    "\"databases\":[{\"name\":\"shop\",\"size\":\"8 MiB\",\"size_bytes\":8388608,\"owner\":\"o\","
    "\"schemas\":[{\"name\":\"s\",\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"row_count\":-1,"
    "\"total_size\":\"3 B\",\"total_bytes\":3,\"data_size\":\"2 B\",\"data_bytes\":2,"
    "\"index_size\":\"1 B\",\"index_bytes\":1}],\"table_count\":1,\"total_size\":\"3 B\","
    "\"total_bytes\":3}]}],\"parameters\":[{\"name\":\"wal_level\",\"setting\":\"logical\","
    "\"source\":\"default\"}]}" },
};

static void
test_golden (gconstpointer data)
{
  const Golden *expected = data;
  g_autoptr (GError) error = NULL;
  gpointer record = pgm_record_from_json (expected->type, expected->json, -1, &error);
  g_autofree char *json = NULL;

  g_assert_no_error (error);
  json = pgm_record_to_json (record, FALSE);
  g_assert_cmpstr (json, ==, expected->json);
  pgm_record_unref (record);
}

static void
test_ids (void)
{
  static const char *const good[] = { "a", "prod-1", "A.b_c", "0" };
  static const char *const bad[] = { "", "-a", ".a", "a/b", "a b", "ü", "a@b", "../x" };
  g_autofree char *long_one = g_strnfill (65, 'a');

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (pgm_id_check (good[i], "cluster", &error));
    }
  for (gsize i = 0; i <= G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *id = i < G_N_ELEMENTS (bad) ? bad[i] : long_one;

      g_assert_false (pgm_id_check (id, "cluster", &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
    }
}

/* Given ids can always be ids, whatever the name, and are unique. */
static void
test_given_ids (void)
{
  static const char *const names[] = { "", "…", "-", "Ω", "A  B", "99 % sure", "x/../y" };
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; i < 3 * G_N_ELEMENTS (names); i++)
    {
      PgmCluster *cluster = pgm_record_new (&pgm_cluster_type);
      g_autoptr (GError) error = NULL;

      cluster->name = g_strdup (names[i % G_N_ELEMENTS (names)]);
      for (guint j = 0; j < 3; j++)
        {
          PgmNode *node = pgm_record_new (&pgm_node_type);

          node->name = g_strdup (j > 0 ? cluster->name : NULL);
          g_ptr_array_add (cluster->nodes, node);
        }
      pgm_cluster_give_ids (cluster, taken);
      g_assert_true (pgm_id_check (cluster->id, "cluster", &error));
      g_assert_true (g_hash_table_add (taken, g_strdup (cluster->id)));
      for (guint j = 0; j < 3; j++)
        {
          const PgmNode *node = g_ptr_array_index (cluster->nodes, j);

          g_assert_true (pgm_id_check (node->id, "node", &error));
          g_assert_true (pgm_cluster_find_node (cluster, node->id) == node);
        }
      pgm_record_unref (cluster);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (golden); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (golden[i].type->name), " ", '-');
      g_autofree char *path = g_strdup_printf ("/model/cluster/golden/%s", name);

      g_test_add_data_func (path, &golden[i], test_golden);
    }
  g_test_add_func ("/model/cluster/ids", test_ids);
  g_test_add_func ("/model/cluster/given-ids", test_given_ids);
  return g_test_run ();
}
