/* Batches of changes: what they hold lives as long as they do. */
#include "config.h"

#include "migration/change.h"

static PgmRelation *
make_relation (guint32 oid)
{
  PgmRelation *relation = g_new0 (PgmRelation, 1);

  g_atomic_ref_count_init (&relation->ref_count);
  relation->oid = oid;
  relation->schema = g_strdup ("public");
  relation->name = g_strdup_printf ("t%u", oid);
  return relation;
}

static void
test_hold (void)
{
  PgmRelation *relations[20];
  g_autoptr (PgmChangeBatch) batch = pgm_change_batch_new ();

  for (guint i = 0; i < G_N_ELEMENTS (relations); i++)
    relations[i] = make_relation (i);

  /* A few tables in turn, as in a workload of small transactions. */
  for (guint i = 0; i < 1000; i++)
    pgm_change_batch_hold (batch, relations[i % 4]);
  g_assert_cmpuint (batch->relations->len, ==, 4);

  for (guint i = 0; i < G_N_ELEMENTS (relations); i++)
    {
      pgm_change_batch_hold (batch, relations[i]);
      pgm_relation_unref (relations[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (relations); i++)
    g_assert_cmpuint (relations[i]->oid, ==, i);
}

static void
test_empty (void)
{
  g_autoptr (PgmChangeBatch) batch = pgm_change_batch_new ();

  g_assert_cmpuint (batch->changes->len, ==, 0);
  g_assert_cmpuint (batch->bytes, ==, 0);
  pgm_change_batch_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/hold", test_hold);
  g_test_add_func ("/change/empty", test_empty);
  return g_test_run ();
}
