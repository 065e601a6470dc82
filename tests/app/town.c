#include "town.h"

#include "app/window.h"

void
town_build (PgmTestCluster *cluster)
{
  pgm_test_cluster_create_database (cluster, "shop", NULL);
  pgm_test_cluster_create_database (cluster, "archive", NULL);
  pgm_test_cluster_create_database (cluster, "<b>bold & \"loud\"</b>", NULL);
  pgm_test_cluster_execute (
      cluster, "shop",
      "CREATE SCHEMA sales; CREATE SCHEMA audit;"
      "CREATE ROLE clerk LOGIN;"
      "CREATE TABLE sales.orders (id bigint PRIMARY KEY, note text);"
      "CREATE TABLE sales.order_items (id bigint PRIMARY KEY, order_id bigint, note text);"
      "CREATE TABLE public.customers (id bigint PRIMARY KEY, name text);"
      "CREATE TABLE audit.\"<i>changes</i> & more\" (id bigint PRIMARY KEY);"
      "CREATE INDEX ON sales.order_items (order_id);"
      "INSERT INTO sales.orders SELECT i, repeat('x', 40) FROM generate_series(1, 20000) i;"
      "INSERT INTO sales.order_items SELECT i, i / 3, repeat('y', 80) FROM "
      "generate_series(1, 60000) i;"
      "INSERT INTO public.customers SELECT i, 'name ' || i FROM generate_series(1, 3000) i;"
      "DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format("
      "'CREATE TABLE audit.day_%s (id bigint PRIMARY KEY, note text)', i); END LOOP; END $$;"
      "ANALYZE;"
      "CREATE PUBLICATION everything FOR ALL TABLES;"
      "CREATE PUBLICATION orders_only FOR TABLE sales.orders WITH (publish = 'insert');"
      "SELECT pg_create_physical_replication_slot('standby_1', true);");
  /* a logical slot can't be made in a transaction that has written */
  pgm_test_cluster_execute (cluster, "shop",
                            "SELECT pg_create_logical_replication_slot('warehouse', 'pgoutput');");
  pgm_test_cluster_execute (cluster, "shop",
                            "SELECT pg_replication_origin_create('from_oslo');"
                            "SELECT pg_replication_origin_advance('from_oslo', '0/1234567');");
}

typedef struct
{
  gboolean done;
  GError *error;
} Stored;

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Stored *stored = user_data;
  PgmCluster *cluster = pgm_engine_ask_finish (PGM_ENGINE (source), result, &stored->error);

  g_clear_pointer (&cluster, pgm_record_unref);
  stored->done = TRUE;
}

static gboolean
is_listed (Desk *desk, gpointer id)
{
  return pgm_inventory_find_cluster (pgm_window_get_inventory (desk_get_window (desk)), id) != NULL;
}

void
town_register (Desk *desk, const char *name, const char *tag, const char *uri)
{
  PgmInventory *inventory = pgm_window_get_inventory (desk_get_window (desk));
  PgmCluster *cluster = pgm_record_new (&pgm_cluster_type);
  PgmNode *node = pgm_record_new (&pgm_node_type);
  Stored stored = { 0 };

  cluster->id = g_strdup (name);
  cluster->name = g_strdup (name);
  if (tag != NULL)
    {
      const char *const tags[] = { tag, NULL };

      cluster->tags = g_strdupv ((char **) (guintptr) tags);
    }
  node->uri = g_strdup (uri);
  g_ptr_array_add (cluster->nodes, node);
  pgm_engine_ask_async (pgm_inventory_get_engine (inventory), PGM_ASK_ADD_CLUSTER, NULL, cluster,
                        NULL, on_stored, &stored);
  pgm_record_unref (cluster);
  while (!stored.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (stored.error);
  pgm_inventory_refresh (inventory);
  desk_wait (desk, is_listed, (gpointer) (guintptr) name);
}
