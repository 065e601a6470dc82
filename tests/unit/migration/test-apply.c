#include <string.h>

#include "flow.h"

/* The applier on two real servers: what the source has done arrives, once. */

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
} Pair;

static Pair pair;
static guint n_flows;

static PgmFlow *
new_flow (const char *schema)
{
  g_autofree char *name = g_strdup_printf ("flow%u", ++n_flows);

  return pgm_flow_new (pair.source, pair.destination, name, schema, NULL);
}

static void
test_plain (void)
{
  g_autoptr (PgmFlow) flow =
      new_flow ("CREATE TABLE a (id int PRIMARY KEY, v text, n numeric(10,2));"
                "CREATE TABLE log (t text, i bigint)");

  pgm_flow_source (
      flow,
      "INSERT INTO a SELECT i, 'v' || i, i FROM generate_series(1, 2000) i;"
      "UPDATE a SET v = v || 'x' WHERE id % 2 = 0; DELETE FROM a WHERE id % 5 = 0;"
      "INSERT INTO a SELECT i, 'again', NULL FROM generate_series(5, 100, 5) i;"
      "INSERT INTO log SELECT E'tab\\tline\\nback\\\\slash' || i, i FROM generate_series(1, 1200) i;"
      "INSERT INTO log VALUES (NULL, NULL), ('', 0), ('NULL', 1), ('\\N', 2)");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 6);
  g_assert_cmpuint (flow->stats.replays, ==, 0);
  pgm_flow_source (
      flow, "UPDATE a SET n = 1; DELETE FROM a WHERE id < 500; INSERT INTO a VALUES (1, 'one')");
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 3);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  pair.source = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pair.destination = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/apply/plain", test_plain);
  status = g_test_run ();
  pgm_test_cluster_free (pair.source);
  pgm_test_cluster_free (pair.destination);
  return status;
}
