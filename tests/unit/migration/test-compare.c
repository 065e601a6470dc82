#include "comparison.h"

#include <string.h>

/* Rows, sequences and large objects. Source and destination are databases of one
 * cluster (F66) unless a test needs two. */

static PgmTestCluster *cluster;

/* Two databases with the same contents. */
static void
make_pair (const char *sql)
{
  pgm_test_cluster_execute (cluster, NULL,
                            "DROP DATABASE IF EXISTS a; DROP DATABASE IF EXISTS b;"
                            "CREATE DATABASE a");
  pgm_test_cluster_execute (cluster, "a", sql);
  pgm_test_cluster_execute (cluster, NULL, "CREATE DATABASE b TEMPLATE a");
}

static PgmReport *
compare_as (const char *user, gboolean schema, gint64 max_rows)
{
  PgmCompareOptions *options = comparison_options (schema, TRUE);
  g_autofree char *source = g_strdup_printf ("host=127.0.0.1 port=%d user=%s dbname=a",
                                             pgm_test_cluster_get_port (cluster), user);
  g_autofree char *destination =
      g_strdup_printf ("host=127.0.0.1 port=%d user=%s dbname=b",
                       pgm_test_cluster_get_port (cluster), PGM_TEST_USER);

  options->max_rows = max_rows;
  return comparison_run (source, destination, options);
}

static PgmReport *
compare_pair (void)
{
  return compare_as (PGM_TEST_USER, FALSE, 0);
}

static const PgmTableComparison *
find_different (PgmReport *report, const char *name, gint64 differing)
{
  const PgmTableComparison *table = comparison_find_table (report, "public", name);

  g_assert_nonnull (table);
  g_assert_cmpstr (table->state, ==, "different");
  g_assert_cmpint (table->differing_rows, ==, differing);
  g_assert_cmpint (report->outcome, ==, PGM_OUTCOME_DIFFERENT);
  return table;
}

static void
assert_row (const PgmTableComparison *table,
            const char *key,
            const char *state,
            const char *source,
            const char *destination)
{
  const PgmRowDifference *row = comparison_find_row (table, key);

  g_test_message ("%s", key);
  g_assert_nonnull (row);
  g_assert_cmpstr (row->state, ==, state);
  g_assert_cmpstr (row->source_row, ==, source);
  g_assert_cmpstr (row->destination_row, ==, destination);
}

static void
test_rows (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric);"
      "INSERT INTO t SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'v' || i END, i / 4.0 FROM generate_series(-50, 1000) i;"
      "CREATE TABLE same (id int PRIMARY KEY); INSERT INTO same SELECT generate_series(1, 10)");
  report = compare_pair ();
  comparison_assert_equal (report);
  table = comparison_find_table (report, "public", "t");
  g_assert_cmpint (table->source_rows, ==, 1051);
  g_assert_cmpint (table->destination_rows, ==, 1051);
  pgm_record_unref (report);

  pgm_test_cluster_execute (
      cluster, "b",
      "UPDATE t SET v = 'other' WHERE id = -7; UPDATE t SET v = '' WHERE id = 3;"
      "UPDATE t SET n = n::numeric(20, 5) WHERE id = 40;"
      "DELETE FROM t WHERE id = 500; INSERT INTO t VALUES (5000, 'new', 1)");
  report = compare_pair ();
  table = find_different (report, "t", 5);
  g_assert_cmpint (table->source_rows, ==, 1051);
  g_assert_cmpint (table->destination_rows, ==, 1051);
  g_assert_cmpuint (table->rows->len, ==, 5);
  assert_row (table, "(id)=(-7)", "different", "(-7,v-7,-1.7500000000000000)",
              "(-7,other,-1.7500000000000000)");
  assert_row (table, "(id)=(3)", "different", "(3,,0.75000000000000000000)",
              "(3,\"\",0.75000000000000000000)");
  g_assert_nonnull (comparison_find_row (table, "(id)=(40)"));
  g_assert_cmpstr (comparison_find_row (table, "(id)=(500)")->state, ==, "only-source");
  assert_row (table, "(id)=(5000)", "only-destination", NULL, "(5000,new,1)");
  g_assert_cmpstr (comparison_find_table (report, "public", "same")->state, ==, "equal");
  pgm_record_unref (report);
}

/* Keys that are no integers: several columns, text that no collation may order. */
static void
test_other_keys (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE t (a text, b int, v int, PRIMARY KEY (a, b));"
      "INSERT INTO t SELECT 'k' || i % 100, i, i FROM generate_series(1, 3000) i;"
      "CREATE TABLE u (a bigint NOT NULL UNIQUE, v text);"
      "INSERT INTO u VALUES (-9223372036854775808, 'least'), (0, 'zero'), (9223372036854775807, 'most')");
  pgm_test_cluster_execute (
      cluster, "b",
      "UPDATE t SET v = -1 WHERE b = 1234; UPDATE t SET a = upper(a) WHERE b = 77;"
      "UPDATE u SET v = 'changed' WHERE a <> 0");
  report = compare_pair ();
  table = find_different (report, "t", 3);
  assert_row (table, "(a, b)=(k34,1234)", "different", "(k34,1234,1234)", "(k34,1234,-1)");
  assert_row (table, "(a, b)=(k77,77)", "only-source", "(k77,77,77)", NULL);
  assert_row (table, "(a, b)=(K77,77)", "only-destination", NULL, "(K77,77,77)");
  table = find_different (report, "u", 2);
  g_assert_nonnull (comparison_find_row (table, "(a)=(-9223372036854775808)"));
  g_assert_nonnull (comparison_find_row (table, "(a)=(9223372036854775807)"));
  pgm_record_unref (report);
}

/* Without a key rows are a bag: one too many is found, and how many there are. */
static void
test_no_key (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE bag (a int, b text); INSERT INTO bag SELECT i % 10, 'x' FROM generate_series(1, 2000) i;"
      "CREATE TABLE zero (); INSERT INTO zero DEFAULT VALUES");
  pgm_test_cluster_execute (
      cluster, "b",
      "INSERT INTO bag VALUES (3, 'x');"
      "DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE a = 4);"
      "UPDATE bag SET b = 'y' WHERE ctid = (SELECT min(ctid) FROM bag WHERE a = 5);"
      "INSERT INTO zero DEFAULT VALUES");
  report = compare_pair ();
  table = find_different (report, "bag", 4);
  assert_row (table, "whole row: 200 in source, 201 in destination", "only-destination", NULL,
              "(3,x)");
  assert_row (table, "whole row: 0 in source, 1 in destination", "only-destination", NULL, "(5,y)");
  g_assert_nonnull (comparison_find_row (table, "whole row: 200 in source, 199 in destination"));
  table = find_different (report, "zero", 1);
  assert_row (table, "whole row: 1 in source, 2 in destination", "only-destination", NULL, "()");
  pgm_record_unref (report);
}

/* A doubled row where the destination has lost its primary key. */
static void
test_doubled (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM generate_series(1, 100) i");
  pgm_test_cluster_execute (cluster, "b",
                            "ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES (42, 'v')");
  report = compare_pair ();
  table = find_different (report, "t", 1);
  assert_row (table, "(id)=(42)", "only-destination", NULL, "(42,v)");
  pgm_record_unref (report);
}

/* Down to the keys, exactly, however far apart they are. */
static void
test_bisect (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE t (id bigint PRIMARY KEY, v text);"
      "INSERT INTO t SELECT i * 1000003::bigint, md5(i::text) FROM generate_series(-1000, 24000) i;"
      "CREATE TABLE h (id text PRIMARY KEY, v int); INSERT INTO h SELECT 'k' || i, i FROM generate_series(1, 25000) i;"
      "CREATE TABLE dense (id int PRIMARY KEY, v int); INSERT INTO dense SELECT i, i FROM generate_series(1, 25000) i;"
      "INSERT INTO dense VALUES (2000000000, 1)");
  pgm_test_cluster_execute (
      cluster, "b",
      "UPDATE t SET v = 'x' WHERE id IN (-1000 * 1000003::bigint, 17 * 1000003::bigint, 23999 * 1000003::bigint);"
      "UPDATE h SET v = 0 WHERE v % 5000 = 1; UPDATE dense SET v = v + 1");
  report = compare_as (PGM_TEST_USER, FALSE, 7);
  table = find_different (report, "t", 3);
  g_assert_nonnull (comparison_find_row (table, "(id)=(-1000003000)"));
  g_assert_nonnull (comparison_find_row (table, "(id)=(17000051)"));
  g_assert_nonnull (comparison_find_row (table, "(id)=(23999071997)"));
  table = find_different (report, "h", 5);
  g_assert_nonnull (comparison_find_row (table, "(id)=(k20001)"));
  table = find_different (report, "dense", 25001);
  g_assert_cmpuint (table->rows->len, ==, 7);
  assert_row (table, "(id)=(1)", "different", "(1,1)", "(1,2)");
  pgm_record_unref (report);
}

/* F67: the same text in other bytes, and a row that the source could not hold. */
static void
test_encodings (void)
{
  static const char rows[] =
      "SET client_encoding = 'UTF8'; CREATE TABLE \"t\xc3\xbcr\" (id text PRIMARY KEY, b text);"
      "INSERT INTO \"t\xc3\xbcr\" VALUES ('\xc3\xa4', 'gr\xc3\xbcn'), ('b', NULL), ('c', '')";
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  pgm_test_cluster_execute (cluster, NULL, "DROP DATABASE IF EXISTS a; DROP DATABASE IF EXISTS b");
  pgm_test_cluster_create_database (cluster, "a",
                                    "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  pgm_test_cluster_create_database (cluster, "b", NULL);
  pgm_test_cluster_execute (cluster, "a", rows);
  pgm_test_cluster_execute (cluster, "b", rows);
  report = compare_as (PGM_TEST_USER, TRUE, 0);
  comparison_assert_equal (report);
  pgm_record_unref (report);

  pgm_test_cluster_execute (
      cluster, "b",
      "SET client_encoding = 'UTF8'; INSERT INTO \"t\xc3\xbcr\" VALUES ('\xe2\x82\xac', 'euro');"
      "UPDATE \"t\xc3\xbcr\" SET b = 'x' WHERE id = '\xc3\xa4'");
  report = compare_pair ();
  table = find_different (report, "t\xc3\xbcr", 2);
  assert_row (table, "(id)=(\xc3\xa4)", "different", "(\xc3\xa4,gr\xc3\xbcn)", "(\xc3\xa4,x)");
  assert_row (table, "(id)=(\xe2\x82\xac)", "only-destination", NULL, "(\xe2\x82\xac,euro)");
  pgm_record_unref (report);
}

/* F26, F27: leaves where both have the same, else the tree as one table. */
static void
test_partitions (void)
{
  PgmReport *report = NULL;

  make_pair (
      "CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (50) TO (1000);"
      "INSERT INTO p SELECT i, 'x' FROM generate_series(1, 100) i;"
      "CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent);"
      "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)");
  report = compare_pair ();
  comparison_assert_equal (report);
  g_assert_null (comparison_find_table (report, "public", "p"));
  g_assert_cmpint (comparison_find_table (report, "public", "p1")->source_rows, ==, 49);
  g_assert_cmpint (comparison_find_table (report, "public", "parent")->source_rows, ==, 1);
  pgm_record_unref (report);

  pgm_test_cluster_execute (
      cluster, "b",
      "CREATE TABLE kept AS SELECT * FROM p; DROP TABLE p; CREATE TABLE p (id int, v text) PARTITION BY LIST (id);"
      "CREATE TABLE p_rest PARTITION OF p DEFAULT; INSERT INTO p SELECT * FROM kept; DROP TABLE kept");
  report = compare_pair ();
  comparison_assert_equal (report);
  g_assert_cmpint (comparison_find_table (report, "public", "p")->source_rows, ==, 100);
  g_assert_null (comparison_find_table (report, "public", "p1"));
  g_assert_null (comparison_find_table (report, "public", "p_rest"));
  pgm_record_unref (report);

  pgm_test_cluster_execute (
      cluster, "b",
      "DROP TABLE p; CREATE TABLE p (v text, id int); INSERT INTO p SELECT 'x', i FROM generate_series(1, 99) i");
  report = compare_pair ();
  g_assert_cmpint (find_different (report, "p", 1)->destination_rows, ==, 99);
  pgm_record_unref (report);
}

/* Which leaf a hash chooses need not be the same on the other side. */
static void
test_hash_partitions (void)
{
  PgmReport *report = NULL;

  make_pair (
      "CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e', 'f'); CREATE TABLE h (id int, v e) PARTITION BY HASH (v);"
      "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
      "INSERT INTO h SELECT i, substr('abcdef', 1 + i % 6, 1)::e FROM generate_series(1, 600) i");
  pgm_test_cluster_execute (
      cluster, "b",
      "DROP TABLE h; CREATE TABLE h (id int, v e) PARTITION BY LIST (id); CREATE TABLE h0 PARTITION OF h FOR VALUES IN (1);"
      "CREATE TABLE h1 PARTITION OF h DEFAULT;"
      "INSERT INTO h SELECT i, substr('abcdef', 1 + i % 6, 1)::e FROM generate_series(1, 600) i");
  report = compare_pair ();
  comparison_assert_equal (report);
  g_assert_cmpint (comparison_find_table (report, "public", "h")->source_rows, ==, 600);
  g_assert_null (comparison_find_table (report, "public", "h0"));
  pgm_record_unref (report);
}

/* What is on one side only, columns included, is never passed over. */
static void
test_missing (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x');"
      "CREATE TABLE gone (a int); INSERT INTO gone VALUES (1), (2);"
      "CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM t; CREATE MATERIALIZED VIEW unfilled AS SELECT 1 WITH NO DATA;"
      "CREATE VIEW vw AS SELECT 1; CREATE UNLOGGED TABLE u AS SELECT 1 AS a");
  pgm_test_cluster_execute (
      cluster, "b", "DROP TABLE gone; ALTER TABLE t ADD extra int; CREATE TABLE fresh (a int)");
  report = compare_pair ();
  table = comparison_find_table (report, "public", "gone");
  g_assert_cmpstr (table->state, ==, "only-source");
  g_assert_cmpint (table->source_rows, ==, 2);
  g_assert_cmpstr (comparison_find_table (report, "public", "fresh")->state, ==,
                   "only-destination");
  table = comparison_find_table (report, "public", "t");
  g_assert_cmpstr (table->state, ==, "different");
  g_assert_nonnull (strstr (table->reason, "column extra"));
  g_assert_cmpstr (comparison_find_table (report, "public", "mv")->state, ==, "equal");
  g_assert_cmpstr (comparison_find_table (report, "public", "u")->state, ==, "equal");
  g_assert_null (comparison_find_table (report, "public", "unfilled"));
  g_assert_null (comparison_find_table (report, "public", "vw"));
  pgm_record_unref (report);

  pgm_test_cluster_execute (cluster, "a",
                            "INSERT INTO t VALUES (2, 'y'); REFRESH MATERIALIZED VIEW mv");
  report = compare_pair ();
  table = comparison_find_table (report, "public", "mv");
  g_assert_cmpstr (table->state, ==, "different");
  g_assert_nonnull (strstr (table->reason, "REFRESH it on the source"));
  pgm_record_unref (report);
}

/* F31 and missing rights: failed, with what would help, and never "equal". */
static void
test_privileges (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  pgm_test_cluster_execute (cluster, NULL, "CREATE ROLE plain LOGIN");
  make_pair (
      "CREATE TABLE open (id int PRIMARY KEY); INSERT INTO open VALUES (1); GRANT SELECT ON open TO plain;"
      "CREATE TABLE secret (id int PRIMARY KEY); CREATE SCHEMA closed; CREATE TABLE closed.t (a int);"
      "CREATE TABLE rls (id int); GRANT SELECT ON rls TO plain; ALTER TABLE rls ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY p ON rls USING (id > 0); CREATE SEQUENCE s; SELECT lo_from_bytea(4711, 'x')");
  report = compare_as ("plain", TRUE, 0);
  g_assert_cmpint (report->outcome, ==, PGM_OUTCOME_DIFFERENT);
  g_assert_cmpuint (report->objects->len, ==, 0);
  g_assert_cmpstr (comparison_find_table (report, "public", "open")->state, ==, "equal");
  table = comparison_find_table (report, "public", "secret");
  g_assert_cmpstr (table->state, ==, "failed");
  g_assert_nonnull (strstr (table->reason, "GRANT SELECT ON \"public\".\"secret\" TO \"plain\";"));
  table = comparison_find_table (report, "public", "rls");
  g_assert_cmpstr (table->state, ==, "failed");
  g_assert_nonnull (strstr (table->reason, "BYPASSRLS"));
  table = comparison_find_table (report, "closed", "t");
  g_assert_nonnull (strstr (table->reason, "GRANT USAGE ON SCHEMA \"closed\""));
  g_assert_cmpstr (comparison_find_table (report, "public", "s")->state, ==, "failed");
  table = comparison_find_table (report, "pg_catalog", "pg_largeobject");
  g_assert_nonnull (strstr (table->reason, "GRANT SELECT ON LARGE OBJECT 4711"));
  g_assert_cmpuint (report->problems->len, ==, 5);
  pgm_record_unref (report);
}

static void
test_sequences_and_large_objects (void)
{
  PgmReport *report = NULL;
  const PgmTableComparison *table = NULL;

  make_pair (
      "CREATE SEQUENCE s; CREATE SEQUENCE s2; SELECT nextval('s2'); CREATE TABLE t (a serial); INSERT INTO t DEFAULT VALUES;"
      "SELECT lo_from_bytea(10, decode(repeat('ab', 3000000), 'hex')), lo_create(11), lo_from_bytea(12, 'x')");
  report = compare_pair ();
  comparison_assert_equal (report);
  table = comparison_find_table (report, "pg_catalog", "pg_largeobject");
  g_assert_cmpint (table->source_rows, ==, 3);
  pgm_record_unref (report);

  pgm_test_cluster_execute (
      cluster, "b",
      "SELECT nextval('s'), setval('t_a_seq', 10); SELECT lo_put(10, 2999999, 'z'), lo_unlink(11), lo_create(13)");
  report = compare_pair ();
  /* nextval() on a fresh sequence changes nothing but is_called. */
  assert_row (find_different (report, "s", 1), "value of the sequence", "different",
              "(last_value, is_called)=(1,f)", "(last_value, is_called)=(1,t)");
  find_different (report, "t_a_seq", 1);
  g_assert_null (comparison_find_table (report, "public", "s2"));
  table = comparison_find_table (report, "pg_catalog", "pg_largeobject");
  g_assert_cmpint (table->differing_rows, ==, 3);
  g_assert_cmpstr (comparison_find_row (table, "(oid)=(10)")->state, ==, "different");
  g_assert_cmpstr (comparison_find_row (table, "(oid)=(11)")->state, ==, "only-source");
  g_assert_cmpstr (comparison_find_row (table, "(oid)=(13)")->state, ==, "only-destination");
  pgm_record_unref (report);
}

/* Rows that begin alike, and values too large for a row's text. */
static void
test_long_values (void)
{
  PgmReport *report = NULL;
  const PgmRowDifference *row = NULL;

  make_pair ("CREATE TABLE t (id int PRIMARY KEY, v text, b bytea);"
             "INSERT INTO t SELECT 1, repeat('x', 3000000), decode(repeat('cd', 3000000), 'hex')");
  pgm_test_cluster_execute (cluster, "b", "UPDATE t SET v = v || 'y', b = set_byte(b, 2999999, 0)");
  report = compare_pair ();
  row = comparison_find_row (find_different (report, "t", 1), "(id)=(1)");
  g_assert_cmpuint (strlen (row->source_row), <, 2000);
  g_assert_cmpstr (row->source_row, !=, row->destination_row);
  pgm_record_unref (report);
}

static void
test_filter (void)
{
  PgmCompareOptions *options = comparison_options (FALSE, FALSE);
  PgmReport *report = NULL;

  make_pair ("CREATE TABLE kept (a serial); CREATE TABLE left_out (a serial)");
  pgm_test_cluster_execute (cluster, "b", "DROP TABLE left_out; CREATE SEQUENCE kept_too");
  options->exclude = g_strsplit ("public.left_out", ",", -1);
  report = comparison_run (pgm_test_cluster_get_uri (cluster, "a"),
                           pgm_test_cluster_get_uri (cluster, "b"), options);
  g_assert_null (comparison_find_table (report, "public", "left_out"));
  g_assert_null (comparison_find_object (report, "table", "public.left_out"));
  g_assert_nonnull (comparison_find_object (report, "sequence", "public.kept_too"));
  pgm_record_unref (report);
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (PgmProgress) progress = pgm_progress_new ("test", "compare", NULL);
  g_autoptr (GError) error = NULL;
  PgmReport *report = pgm_record_new (&pgm_report_type);
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "a"));
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (pgm_test_cluster_get_uri (cluster, "b"));
  g_cancellable_cancel (cancellable);
  g_assert_false (pgm_compare_run (spec, progress, report, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
  pgm_record_unref (spec);
  pgm_record_unref (report);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/migration/compare/rows", test_rows);
  g_test_add_func ("/migration/compare/other-keys", test_other_keys);
  g_test_add_func ("/migration/compare/no-key", test_no_key);
  g_test_add_func ("/migration/compare/doubled", test_doubled);
  g_test_add_func ("/migration/compare/bisect", test_bisect);
  g_test_add_func ("/migration/compare/encodings", test_encodings);
  g_test_add_func ("/migration/compare/partitions", test_partitions);
  g_test_add_func ("/migration/compare/hash-partitions", test_hash_partitions);
  g_test_add_func ("/migration/compare/missing", test_missing);
  g_test_add_func ("/migration/compare/privileges", test_privileges);
  g_test_add_func ("/migration/compare/sequences-and-large-objects",
                   test_sequences_and_large_objects);
  g_test_add_func ("/migration/compare/long-values", test_long_values);
  g_test_add_func ("/migration/compare/filter", test_filter);
  g_test_add_func ("/migration/compare/cancelled", test_cancelled);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
