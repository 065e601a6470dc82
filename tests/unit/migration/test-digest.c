#include "fixture/cluster.h"
#include "migration/digest.h"

static PgmTestCluster *cluster;

/* A value of most types, some of them hard (F2, F3, F6, F8, F10). */
static const char types_sql[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a float8, b text);"
    "CREATE TABLE types (id int PRIMARY KEY, c \"char\", f4 float4, f8 float8, fa float8[], b bytea,"
    "  j json, jb jsonb, ts timestamptz, d date, iv interval, r int4range, n numeric, m money,"
    "  oc oid, rc regclass, p point, bx box, x xml, tz timetz, arr text[], cp pair, mo mood[], bt bit(5),"
    "  ip inet, u uuid, g int GENERATED ALWAYS AS (id * 2) STORED);"
    "INSERT INTO types VALUES (1, 'a', 0.1, 'NaN', '{0.1,NaN,-0,NULL}', '\\xdeadbeef', '{\"a\" :1}', '{\"a\":1}',"
    "  'infinity', '4713-01-01 BC', '1 mon -1 day', '[1,5)', '1.500', '12.34', 5, 'types', '(0.1,2)', '(1,1),(0,0)',"
    "  '<a/>', '24:00+02', '[2:3]={NULL,\"NULL\"}', '(0.3,x)', '{ok,sad}', '10101', '::1',"
    "  '00000000-0000-0000-0000-000000000001');"
    "INSERT INTO types VALUES (2, '', '-0', '-Infinity', '{}', '', 'null', 'null', '-infinity', 'infinity', NULL, 'empty', 'NaN');"
    "INSERT INTO types (id, c, f4, f8) VALUES (3, (-1)::\"char\", 1e-45, 5e-324);";

static PgmConnection *
open_database (PgmTestCluster *server, const char *dbname)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (server, dbname), &error);
  PgmSessionOptions options = { .label = "test" };
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

/* "rows sum" of public.@table. */
static char *
digest_in (PgmTestCluster *server,
           const char *dbname,
           const char *table,
           const char *where,
           gboolean md5,
           gboolean to_utf8)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConnection) connection = open_database (server, dbname);
  g_autoptr (PgmCatalog) catalog = pgm_catalog_read (connection, NULL, &error);
  g_autoptr (GPtrArray) columns = NULL;
  g_auto (PgmDigest) digest = { 0 };
  PgmTable *found = NULL;
  gboolean ok = FALSE;

  g_assert_no_error (error);
  found = pgm_catalog_find_table (catalog, "public", table);
  g_assert_nonnull (found);
  columns = pgm_digest_columns (found, NULL);
  g_assert_cmpuint (columns->len, ==, found->columns->len);
  ok = pgm_digest_read (connection, found, columns, where, md5, to_utf8, &digest, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s", digest.rows, digest.sum);
}

static char *
digest (const char *table)
{
  return digest_in (cluster, "postgres", table, NULL, FALSE, FALSE);
}

/* After @sql the digest must be another one than before. */
static void
assert_seen (const char *table, const char *sql)
{
  g_autofree char *before = digest (table);
  g_autofree char *after = NULL;

  pgm_test_cluster_execute (cluster, "postgres", sql);
  after = digest (table);
  g_test_message ("%s: %s", sql, after);
  g_assert_cmpstr (before, !=, after);
}

static void
test_changes (void)
{
  g_autofree char *first = NULL;
  g_autofree char *again = NULL;

  pgm_test_cluster_execute (
      cluster, "postgres",
      "CREATE TABLE t (a int, b text, c text); "
      "INSERT INTO t SELECT i, 'x' || i, NULL FROM generate_series(1, 100) i");
  first = digest ("t");
  pgm_test_cluster_execute (cluster, "postgres",
                            "CREATE TABLE t2 AS SELECT * FROM t ORDER BY a DESC; DROP TABLE t; "
                            "ALTER TABLE t2 RENAME TO t");
  again = digest ("t");
  g_assert_cmpstr (first, ==, again); /* no order */

  assert_seen ("t", "UPDATE t SET c = '' WHERE a = 7"); /* NULL and '' (F1) */
  assert_seen ("t", "UPDATE t SET c = 'NULL' WHERE a = 8");
  assert_seen ("t", "UPDATE t SET b = NULL, c = b WHERE a = 9"); /* another column */
  assert_seen ("t", "UPDATE t SET b = b || ' ' WHERE a = 10");
  assert_seen ("t", "INSERT INTO t SELECT * FROM t WHERE a = 11"); /* doubled */
  assert_seen ("t", "DELETE FROM t WHERE a = 12");
  assert_seen ("t",
               "UPDATE t SET b = CASE a WHEN 13 THEN 'x14' ELSE 'x13' END WHERE a IN (13, 14)");
  assert_seen ("t", "UPDATE t SET b = '(,)', c = '' WHERE a = 15");
}

static void
test_large_values (void)
{
  pgm_test_cluster_execute (cluster, "postgres",
                            "CREATE TABLE large (b bytea, t text); INSERT INTO large SELECT "
                            "decode(repeat('ab', 3000000), 'hex'), repeat('x', 3000000)");
  assert_seen ("large", "UPDATE large SET b = set_byte(b, 2999999, 1)");
  assert_seen ("large", "UPDATE large SET t = overlay(t placing 'y' from 1500000)");
}

/* F2: a NaN of either sign is the same value, and binary COPY keeps the sign while
 * text doesn't; -0 is not 0. */
static void
test_floats (void)
{
  pgm_test_cluster_execute (
      cluster, "postgres",
      "CREATE TABLE nan1 (a float8, b float4, c float8[]);"
      "INSERT INTO nan1 VALUES ('NaN', 'NaN', '{1,NaN,NULL,-0}'), ('-0', 0, NULL), (0.1, 1e-38, '{}');"
      "CREATE TABLE nan2 (a float8, b float4, c float8[]);"
      "INSERT INTO nan2 SELECT 'inf'::float8 - 'inf'::float8, 'inf'::float4 - 'inf'::float4,"
      "  ARRAY[1, 'inf'::float8 - 'inf'::float8, NULL, '-0'];"
      "INSERT INTO nan2 VALUES ('-0', 0, NULL), (0.1, 1e-38, '{}')");
  for (int md5 = 0; md5 < 2; md5++)
    {
      g_autofree char *one = digest_in (cluster, "postgres", "nan1", NULL, md5, FALSE);
      g_autofree char *other = digest_in (cluster, "postgres", "nan2", NULL, md5, FALSE);

      g_assert_cmpstr (one, ==, other);
    }
  assert_seen ("nan1", "UPDATE nan1 SET a = 0 WHERE a = 0");
  assert_seen ("nan1", "UPDATE nan1 SET a = 0.10000000000000002 WHERE a = 0.1");
}

/* From 16 on a byte above 127 is written as \\nnn, also inside of an array. */
static void
test_bytes (void)
{
  g_autofree char *before = NULL;

  pgm_test_cluster_execute (
      cluster, "postgres",
      "CREATE TABLE bytes (c \"char\", a \"char\"[]);"
      "INSERT INTO bytes VALUES ((-56)::\"char\", ARRAY[(-56)::\"char\", NULL, ''])");
  before = digest_in (cluster, "postgres", "bytes", "a::text IS NOT NULL", FALSE, FALSE);
  g_assert_true (g_str_has_prefix (before, "1 "));
  assert_seen ("bytes", "UPDATE bytes SET a[1] = (-55)::\"char\"");
  assert_seen ("bytes", "UPDATE bytes SET a[2] = 'N'");
  assert_seen ("bytes", "UPDATE bytes SET a = ('[0:2]=' || a::text)::\"char\"[]");
  assert_seen ("bytes", "UPDATE bytes SET a = NULL");
}

/* F6: a declaration that xml's own output leaves out. */
static void
test_xml (void)
{
  pgm_test_cluster_execute (
      cluster, "postgres",
      "CREATE TABLE xml (x xml); INSERT INTO xml VALUES ('<?xml version=\"1.0\"?><a/>')");
  assert_seen ("xml", "UPDATE xml SET x = '<a/>'");
}

/* F15: no columns at all, or none of the rows. */
static void
test_edges (void)
{
  g_autofree char *none = NULL;
  g_autofree char *empty = NULL;
  g_autofree char *some = NULL;

  pgm_test_cluster_execute (
      cluster, "postgres",
      "CREATE TABLE zero (); INSERT INTO zero DEFAULT VALUES; INSERT INTO zero DEFAULT VALUES;"
      "CREATE TABLE empty (a int);"
      "CREATE TABLE part (a int) PARTITION BY LIST (a); CREATE TABLE part1 PARTITION OF part DEFAULT;"
      "INSERT INTO part VALUES (1), (2), (3);"
      "CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent);"
      "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)");
  none = digest ("zero");
  empty = digest ("empty");
  g_assert_true (g_str_has_prefix (none, "2 "));
  g_assert_cmpstr (empty, ==, "0 (null)");

  some = digest_in (cluster, "postgres", "part", "a > 1", FALSE, FALSE); /* F26: through the root */
  g_assert_true (g_str_has_prefix (some, "2 "));
  g_clear_pointer (&some, g_free);
  some = digest ("parent"); /* F27: ONLY */
  g_assert_true (g_str_has_prefix (some, "1 "));
}

/* The same rows have the same digest on every version that is here. */
static void
test_versions (void)
{
  static const int majors[] = { 13, 14, 16, 17, 18 };
  guint compared = 0;

  pgm_test_cluster_create_database (cluster, "types", NULL);
  pgm_test_cluster_execute (cluster, "types", types_sql);
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autoptr (PgmTestCluster) other = NULL;
      g_autofree char *bindir = pgm_test_cluster_find_bindir (majors[i]);

      if (bindir == NULL || majors[i] == pgm_test_cluster_get_major (cluster))
        continue;
      other = pgm_test_cluster_new (majors[i], NULL, NULL);
      g_assert_nonnull (other);
      pgm_test_cluster_create_database (other, "types", NULL);
      pgm_test_cluster_execute (other, "types", types_sql);
      for (int md5 = 0; md5 < 2; md5++)
        {
          g_autofree char *here = digest_in (cluster, "types", "types", NULL, md5, FALSE);
          g_autofree char *there = digest_in (other, "types", "types", NULL, md5, FALSE);

          g_assert_cmpstr (here, ==, there);
        }
      compared++;
    }
  if (compared == 0)
    g_test_skip ("only one version of PostgreSQL is here");
}

/* F67: the same characters in another encoding. */
static void
test_encodings (void)
{
  static const char rows[] = "SET client_encoding = 'UTF8'; CREATE TABLE t (a int, b text);"
                             "INSERT INTO t VALUES (1, 'gr\xc3\xbc\xc3\x9f'), (2, NULL), (3, '')";

  pgm_test_cluster_create_database (cluster, "latin",
                                    "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  pgm_test_cluster_create_database (cluster, "utf", NULL);
  pgm_test_cluster_execute (cluster, "latin", rows);
  pgm_test_cluster_execute (cluster, "utf", rows);
  g_assert_true (pgm_digest_needs_utf8 ("LATIN1", "UTF8"));
  g_assert_false (pgm_digest_needs_utf8 ("UTF8", "UTF8"));
  g_assert_false (pgm_digest_needs_utf8 ("SQL_ASCII", "UTF8"));
  for (int md5 = 0; md5 < 2; md5++)
    {
      g_autofree char *latin = digest_in (cluster, "latin", "t", NULL, md5, TRUE);
      g_autofree char *utf = digest_in (cluster, "utf", "t", NULL, md5, TRUE);
      g_autofree char *bytes = digest_in (cluster, "latin", "t", NULL, md5, FALSE);

      g_assert_cmpstr (latin, ==, utf);
      g_assert_cmpstr (latin, !=, bytes);
    }
}

static void
test_md5_is_needed (void)
{
  g_assert_true (pgm_digest_needs_md5 (10, 17));
  g_assert_true (pgm_digest_needs_md5 (17, 11));
  g_assert_false (pgm_digest_needs_md5 (12, 12));
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/migration/digest/changes", test_changes);
  g_test_add_func ("/migration/digest/large-values", test_large_values);
  g_test_add_func ("/migration/digest/floats", test_floats);
  g_test_add_func ("/migration/digest/bytes", test_bytes);
  g_test_add_func ("/migration/digest/xml", test_xml);
  g_test_add_func ("/migration/digest/edges", test_edges);
  g_test_add_func ("/migration/digest/versions", test_versions);
  g_test_add_func ("/migration/digest/encodings", test_encodings);
  g_test_add_func ("/migration/digest/md5", test_md5_is_needed);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
