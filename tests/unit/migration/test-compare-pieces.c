#include "comparison.h"

#include "migration/compare-pieces.h"

static PgmTestCluster *cluster;

static PgmEnds *
open_ends (void)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  g_autoptr (GError) error = NULL;
  PgmEnds *ends = NULL;

  spec->id = g_strdup ("pieces");
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "a"));
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "b"));
  ends = pgm_ends_open (spec, NULL, &error);
  g_assert_no_error (error);
  pgm_record_unref (spec);
  return ends;
}

static PgmTable *
find_table (PgmConnection *connection, PgmCatalog **catalog, const char *name)
{
  g_autoptr (GError) error = NULL;
  PgmTable *table = NULL;

  *catalog = pgm_catalog_read_structure (connection, NULL, &error);
  g_assert_no_error (error);
  table = pgm_catalog_find_table (*catalog, "public", name);
  g_assert_nonnull (table);
  return table;
}

/* The pieces of both sides, added up; @is_cut: into more than one. */
static void
read_pieces (const char *name,
             guint64 piece_bytes,
             gboolean is_cut,
             PgmDigest *source,
             PgmDigest *other)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEnds) ends = open_ends ();
  g_autoptr (PgmComparePair) pair = pgm_compare_pair_export (ends, NULL, &error);
  g_autoptr (PgmCatalog) here = NULL;
  g_autoptr (PgmCatalog) there = NULL;
  PgmCompareUnit unit = { 0 };
  PgmComparePieces *pieces = NULL;

  g_assert_no_error (error);
  unit.source = find_table (pair->source, &here, name);
  unit.destination = find_table (pair->destination, &there, name);
  unit.weight = (guint64) MAX (unit.source->bytes, unit.destination->bytes);
  pieces = pgm_compare_pieces_new (&unit, ends, piece_bytes, FALSE, FALSE);
  g_assert_cmpint (pieces->n > 1, ==, is_cut);
  for (guint i = 0; i < pieces->n; i++)
    {
      g_auto (PgmDigest) one = { 0 };
      g_auto (PgmDigest) two = { 0 };

      g_assert_true (pgm_compare_pieces_read (pieces, i, pair, &one, &two, NULL, &error));
      g_assert_no_error (error);
      pgm_digest_add (source, &one);
      pgm_digest_add (other, &two);
    }
  pgm_compare_pieces_free (pieces);
}

/* Rows lie elsewhere on the other side, in more blocks; every one counts once. */
static void
test_sum (void)
{
  g_auto (PgmDigest) source = { 0 };
  g_auto (PgmDigest) other = { 0 };
  g_auto (PgmDigest) whole_source = { 0 };
  g_auto (PgmDigest) whole_other = { 0 };
  gboolean can_cut = pgm_test_cluster_get_major (cluster) >= 14;

  read_pieces ("t", 100 * 8192, can_cut, &source, &other);
  g_assert_cmpint (source.rows, ==, 20000);
  g_assert_true (pgm_digest_equal (&source, &other));
  read_pieces ("t", 1 << 30, FALSE, &whole_source, &whole_other);
  g_assert_true (pgm_digest_equal (&source, &whole_source));
  g_assert_true (pgm_digest_equal (&whole_source, &whole_other));
}

/* One row's change is in the sum, and so is an empty side. */
static void
test_difference (void)
{
  g_auto (PgmDigest) source = { 0 };
  g_auto (PgmDigest) other = { 0 };
  g_auto (PgmDigest) full = { 0 };
  g_auto (PgmDigest) empty = { 0 };

  read_pieces ("changed", 10 * 8192, pgm_test_cluster_get_major (cluster) >= 14, &source, &other);
  g_assert_cmpint (source.rows, ==, other.rows);
  g_assert_false (pgm_digest_equal (&source, &other));
  read_pieces ("emptied", 10 * 8192, pgm_test_cluster_get_major (cluster) >= 14, &full, &empty);
  g_assert_cmpint (full.rows, ==, 10000);
  g_assert_cmpint (empty.rows, ==, 0);
  g_assert_null (empty.sum);
}

static void
test_add (void)
{
  static const char *const sums[][3] = {
    { "9223372036854775807", "9223372036854775807", "18446744073709551614" },
    { "-15399953985224025037036", "15399953985224025037036", "0" },
    { "-5", "3", "-2" },
    { NULL, "-7", "-7" },
    { "-7", NULL, "-7" },
    { NULL, NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sums); i++)
    {
      g_auto (PgmDigest) a = { 2, g_strdup (sums[i][0]) };
      g_auto (PgmDigest) b = { 3, g_strdup (sums[i][1]) };

      pgm_digest_add (&a, &b);
      g_assert_cmpint (a.rows, ==, 5);
      g_assert_cmpstr (a.sum, ==, sums[i][2]);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  for (const char *name = "ab"; *name != '\0'; name++)
    {
      char database[] = { *name, '\0' };

      pgm_test_cluster_create_database (cluster, database, NULL);
      pgm_test_cluster_execute (
          cluster, database,
          "CREATE TABLE t (id int, v text); INSERT INTO t SELECT i, repeat('v', 190) || i FROM generate_series(1, 20000) i;"
          "CREATE TABLE changed (id int); INSERT INTO changed SELECT generate_series(1, 12000);"
          "CREATE TABLE emptied (id int); INSERT INTO emptied SELECT generate_series(1, 10000);");
    }
  pgm_test_cluster_execute (
      cluster, "b",
      "UPDATE t SET v = v WHERE id % 3 = 0; CREATE INDEX ON t ((id * 7919 % 20011));"
      "UPDATE changed SET id = -1 WHERE id = 4711; TRUNCATE emptied;");
  g_test_add_func ("/migration/compare-pieces/sum", test_sum);
  g_test_add_func ("/migration/compare-pieces/difference", test_difference);
  g_test_add_func ("/migration/compare-pieces/add", test_add);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
