#include <string.h>

#include "flow.h"

/* The applier on two real servers: what the source has done arrives once, whatever
 * it was. Each case makes its tables on both sides, changes rows on the source and
 * compares digests. */

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
} Pair;

static Pair pair;
static guint n_flows;

static PgmFlow *
new_flow_with (const char *schema, const char *publication)
{
  g_autofree char *name = g_strdup_printf ("flow%u", ++n_flows);

  return pgm_flow_new (pair.source, pair.destination, name, schema, publication);
}

static PgmFlow *
new_flow (const char *schema)
{
  return new_flow_with (schema, NULL);
}

/* Applies what the source has done since, and nothing but by sets. */
static void
run_in_sets (PgmFlow *flow)
{
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
  g_assert_cmpuint (flow->stats.replays, ==, 0);
}

static void
run_anyhow (PgmFlow *flow)
{
  pgm_flow_run (flow);
  pgm_flow_assert_equal (flow);
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
      "INSERT INTO log SELECT E'tab\\tline\\nback\\\\slash\\r' || i, i FROM generate_series(1, 1200) i;"
      "INSERT INTO log VALUES (NULL, NULL), ('', 0), ('NULL', 1), (E'\\\\N', 2), (E'\\\\.', 3)");
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 6);
  g_assert_cmpuint (flow->stats.folds, ==, 1);
  pgm_flow_source (
      flow, "UPDATE a SET n = 1; DELETE FROM a WHERE id < 500; INSERT INTO a VALUES (1, 'one')");
  run_in_sets (flow);
  /* What was applied before is not applied again. */
  g_assert_cmpuint (flow->stats.transactions, ==, 3);
}

/* Every pair of changes to one key within a fold. */
static void
test_compaction (void)
{
  g_autoptr (PgmFlow) flow =
      new_flow ("CREATE TABLE a (id int PRIMARY KEY, v text, big text);"
                "ALTER TABLE a ALTER big SET STORAGE EXTERNAL;"
                "INSERT INTO a SELECT i, 'v', repeat('x', 5000) FROM generate_series(1, 9) i");

  pgm_flow_source (
      flow,
      "INSERT INTO a VALUES (10, 'i', repeat('i', 5000));"
      "UPDATE a SET v = 'iu' WHERE id = 10;"
      "INSERT INTO a VALUES (11, 'i'); DELETE FROM a WHERE id = 11;"
      "INSERT INTO a VALUES (12, 'i'); DELETE FROM a WHERE id = 12;"
      "INSERT INTO a VALUES (12, 'idi'); UPDATE a SET v = 'idiu' WHERE id = 12;"
      "UPDATE a SET v = 'u' WHERE id = 1;"
      "UPDATE a SET big = 'short' WHERE id = 2; UPDATE a SET v = 'uu' WHERE id = 2;"
      "UPDATE a SET v = 'uu', big = repeat('y', 6000) WHERE id = 3;"
      "UPDATE a SET v = 'uuu' WHERE id = 3;"
      "UPDATE a SET v = 'ud' WHERE id = 4; DELETE FROM a WHERE id = 4;"
      "DELETE FROM a WHERE id = 5; INSERT INTO a VALUES (5, 'di');"
      "DELETE FROM a WHERE id = 6; INSERT INTO a VALUES (6, 'di', repeat('z', 5000));"
      "UPDATE a SET v = 'diu' WHERE id = 6;"
      "DELETE FROM a WHERE id = 7; INSERT INTO a VALUES (7, 'did'); DELETE FROM a WHERE id = 7");
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.folds, ==, 1);
}

static void
test_values (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text);"
      "CREATE DOMAIN short AS varchar(3); CREATE DOMAIN shorter AS short CHECK (VALUE <> 'no');"
      "CREATE TABLE v (id int PRIMARY KEY, f4 real, f8 double precision, d date, ts timestamp, tz timestamptz,"
      " tt time, iv interval, m money, j json, jb jsonb, x xml, b bytea, bi bit(3), vb varbit(5), c char(5),"
      " ch \"char\", nm name, vc varchar(4), ia int[], ta text[], va varchar(3)[], ca char(2)[], e mood,"
      " ea mood[], p pair, pa pair[], dm short, dms shorter, r int4range, rm tsrange, pt point, bx box,"
      " bxa box[], u uuid, i inet, ts_v tsvector, nu numeric, oi oid, cl regclass, iv2 int2vector, boo bool)");

  pgm_flow_source (
      flow,
      "INSERT INTO v (id, f4, f8, d, ts, tz) VALUES (1, 'NaN', '-0', 'infinity', '-infinity', '2020-01-01 BC'),"
      " (2, 1.1, 0.1, '10000-01-01', '294276-12-31', 'infinity'), (3, 3.4e38, 5e-324, '4713-01-01 BC', NULL, now());"
      "INSERT INTO v (id, tt, iv, m, j, jb, x, b) VALUES (4, '24:00', '-1 mon 2 days -03:04:05.6', -1.5,"
      "  '{\"a\" : \"\\u0000\", \"a\":1}', '{\"b\":[1,null]}', '<a>1</a>', '\\x00ff5c22'),"
      " (5, '00:00', '0', 12345678.9, '\" \"', '\"\\\\\"', 'text', '');"
      "INSERT INTO v (id, bi, vb, c, ch, nm, vc) VALUES (6, '101', '1', 'ab', 'x', 'name', 'abcd'),"
      " (7, '000', '', '', '\\', repeat('n', 63), ''), (8, '111', '10101', 'abcde', '', '\"', '\"\\'), (9, NULL, NULL, ' ', '{', '{}', 'NULL');"
      "INSERT INTO v (id, ia, ta, va, ca) VALUES (10, '[0:1]={1,NULL}', '{\"NULL\",NULL,\"\",\"a,\\\"\\\\\"}', '{abc}', '{a,bb}'),"
      " (11, '{}', '{{a,b},{c,d}}', '{}', NULL);"
      "INSERT INTO v (id, e, ea, p, pa, dm, dms) VALUES (12, 'ok', '{sad,ok}', '(1,\"x,\")', '{\"(1,a)\",\"(,\\\"\\\")\"}', 'abc', 'yes');"
      "INSERT INTO v (id, r, rm, pt, bx, bxa, u) VALUES (13, '[1,5)', '(,2020-01-01]', '(1,2)', '(1,2),(0,0)', '{(1,2),(0,0);(3,4),(1,1)}', gen_random_uuid()), (14, 'empty', NULL, NULL, NULL, '{}', NULL);"
      "INSERT INTO v (id, i, ts_v, nu, oi, cl, iv2, boo) VALUES (15, '10.0.0.0/8', 'a:1 b:2A', 'NaN', 4294967295, 'pg_class', '1 2', true),"
      " (16, '::1', '', '1e-500', 0, NULL, '', false), (17, NULL, NULL, CASE WHEN current_setting('server_version_num')::int >= 140000 THEN 'Infinity' ELSE '0' END::numeric, NULL, NULL, NULL, NULL), (18, NULL, NULL, '-1.50', NULL, NULL, NULL, NULL)");
  run_in_sets (flow);
  /* The same by updates, and by COPY. */
  pgm_flow_source (flow,
                   "UPDATE v SET id = id; UPDATE v SET boo = NOT boo, dm = 'x', ch = 'y', pa = pa");
  run_in_sets (flow);
  pgm_flow_source (
      flow,
      "CREATE TEMP TABLE w AS SELECT * FROM v; UPDATE w SET id = id + 100;"
      "INSERT INTO v SELECT (jsonb_populate_record(NULL::v, '{}')).* WHERE false;"
      "INSERT INTO v SELECT (w2).* FROM (SELECT w FROM w) s(w2);"
      "UPDATE w SET id = id + 1000; INSERT INTO v SELECT (w2).* FROM (SELECT w FROM w) s(w2)");
  run_in_sets (flow);
}

/* Everything of the values' table goes by COPY as well. */
static void
test_values_by_copy (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE v (id int, t text, b bytea, a text[], j json, c \"char\", d char(3))");

  pgm_flow_source (
      flow,
      "INSERT INTO v SELECT i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'\\t\\n\\r\\b\\f\\v\\\\.'"
      " ELSE E'\\\\N\\u00e4' END, decode(md5(i::text), 'hex'), ARRAY[E'\\\\', '\"', NULL, ''],"
      " E'\"\\\\n\"', chr(i % 100 + 20)::\"char\", 'x' FROM generate_series(1, 3000) i");
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.inserts, ==, 3000);
}

/* A bare = under an empty search_path would be text's. */
static void
test_keys (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE EXTENSION citext SCHEMA public; CREATE SCHEMA s;"
      "CREATE COLLATION nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
      "CREATE TABLE ci (k public.citext PRIMARY KEY, v int);"
      "CREATE TABLE co (k text COLLATE nd PRIMARY KEY, v int);"
      "CREATE TABLE ch (k char(5) PRIMARY KEY, v int); CREATE TABLE bi (k bit(3), l \"char\", v int, PRIMARY KEY (k, l));"
      "CREATE TABLE nu (k numeric PRIMARY KEY, v int); CREATE TABLE ar (k int[] PRIMARY KEY, v int);"
      "CREATE TABLE ix (a text NOT NULL, b int NOT NULL, v int); CREATE UNIQUE INDEX ix_i ON ix (b, a COLLATE \"C\");"
      "ALTER TABLE ix REPLICA IDENTITY USING INDEX ix_i;"
      "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE en (k mood PRIMARY KEY, v int);"
      "CREATE DOMAIN dt AS varchar(10); CREATE TABLE dom (k dt PRIMARY KEY, v int)");

  pgm_flow_source (
      flow,
      "INSERT INTO ci VALUES ('Abc', 1), ('x', 2); INSERT INTO co VALUES ('Abc', 1), ('x', 2);"
      "INSERT INTO ch VALUES ('a', 1), ('b', 2); INSERT INTO bi VALUES ('101', 'x', 1), ('101', 'y', 1);"
      "INSERT INTO nu VALUES (1.0, 1), (2.50, 2); INSERT INTO ar VALUES ('{1,2}', 1), ('{}', 2);"
      "INSERT INTO ix VALUES ('a', 1, 1), ('A', 1, 2); INSERT INTO en VALUES ('ok', 1); INSERT INTO dom VALUES ('a', 1)");
  run_in_sets (flow);
  pgm_flow_source (
      flow,
      "UPDATE ci SET v = 5; UPDATE co SET v = 5; UPDATE ch SET v = 5; UPDATE bi SET v = 5; UPDATE nu SET v = 5;"
      "UPDATE ar SET v = 5; UPDATE ix SET v = 5; UPDATE en SET v = 5; UPDATE dom SET v = 5");
  run_in_sets (flow);
  /* Other bytes of an equal key are a changed key. */
  pgm_flow_source (
      flow,
      "UPDATE ci SET k = 'ABC' WHERE k = 'abc'; UPDATE ci SET v = 6 WHERE k = 'abc';"
      "UPDATE co SET k = 'ABC' WHERE v = 5 AND k = 'abc'; UPDATE co SET v = 6 WHERE k = 'abc';"
      "UPDATE nu SET k = 1.000 WHERE k = 1; UPDATE nu SET v = 6 WHERE k = 1;"
      "DELETE FROM ci WHERE k = 'abc'; INSERT INTO ci VALUES ('aBc', 7);"
      "DELETE FROM nu WHERE k = 1; INSERT INTO nu VALUES (1, 8); UPDATE nu SET v = 9 WHERE k = 1;"
      "DELETE FROM bi WHERE l = 'x'; DELETE FROM ar WHERE k = '{}'; DELETE FROM ix WHERE a = 'A'");
  run_in_sets (flow);
}

static void
test_key_changes (void)
{
  g_autoptr (PgmFlow) flow =
      new_flow ("CREATE TABLE a (id int PRIMARY KEY, v text, u int UNIQUE);"
                "INSERT INTO a SELECT i, 'v' || i, i FROM generate_series(1, 20) i");

  pgm_flow_source (
      flow, "UPDATE a SET v = 'x' WHERE id = 1; UPDATE a SET id = 101 WHERE id = 1;"
            "UPDATE a SET v = 'y' WHERE id = 101; INSERT INTO a VALUES (1, 'new', 1000);"
            "UPDATE a SET id = id + 1000 WHERE id BETWEEN 5 AND 10; DELETE FROM a WHERE id = 1005;"
            "UPDATE a SET id = 5 WHERE id = 1006; UPDATE a SET v = 'z'");
  run_in_sets (flow);
  /* Keys change places. */
  pgm_flow_source (flow,
                   "BEGIN; UPDATE a SET id = -1 WHERE id = 2; UPDATE a SET id = 2 WHERE id = 3;"
                   "UPDATE a SET id = 3 WHERE id = -1; COMMIT");
  run_in_sets (flow);
  /* And values of another unique column: sets can't, rows in their order can. */
  pgm_flow_source (flow, "BEGIN; UPDATE a SET u = -1 WHERE id = 2; UPDATE a SET u = 2 WHERE u = 3;"
                         "UPDATE a SET u = 3 WHERE u = -1; COMMIT; UPDATE a SET v = 'end'");
  run_anyhow (flow);
}

static void
test_full (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE f (a int, b text, p point, j json, n numeric); ALTER TABLE f REPLICA IDENTITY FULL;"
      "CREATE TABLE ip (a int, b text); ALTER TABLE ip REPLICA IDENTITY FULL; CREATE INDEX ON ip (a);"
      "CREATE TABLE k (id int PRIMARY KEY, b text, c text); ALTER TABLE k REPLICA IDENTITY FULL;"
      "ALTER TABLE k ALTER b SET STORAGE EXTERNAL;"
      "INSERT INTO f SELECT i % 10, CASE WHEN i % 3 > 0 THEN 'b' END, '(1,2)', '{ \"a\":1}', 1.0 FROM generate_series(1, 60) i;"
      "INSERT INTO ip SELECT i % 5, 'x' FROM generate_series(1, 50) i; INSERT INTO ip VALUES (NULL, NULL), (NULL, NULL);"
      "INSERT INTO k SELECT i, repeat('b', 5000), 'c' FROM generate_series(1, 10) i");

  pgm_flow_source (
      flow,
      "DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f WHERE a = 3 AND b IS NOT NULL);"
      "UPDATE f SET b = 'u' WHERE ctid = (SELECT max(ctid) FROM f WHERE a = 4 AND b IS NULL);"
      "UPDATE f SET n = 1.00, p = NULL WHERE a = 5; DELETE FROM f WHERE a = 6 AND b IS NULL;"
      "INSERT INTO f SELECT i FROM generate_series(100, 110) i; DELETE FROM f WHERE a = 105;"
      "DELETE FROM ip WHERE ctid = (SELECT min(ctid) FROM ip WHERE a IS NULL); UPDATE ip SET b = 'n' WHERE a IS NULL;"
      "UPDATE ip SET a = a + 1 WHERE a = 2; DELETE FROM ip WHERE ctid = (SELECT min(ctid) FROM ip WHERE a = 3);"
      "UPDATE k SET c = 'd' WHERE id < 5; UPDATE k SET id = id + 100 WHERE id > 7; DELETE FROM k WHERE id = 1");
  run_in_sets (flow);
}

static void
test_truncate (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE a (id serial PRIMARY KEY, v int); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);"
      "CREATE TABLE c (v int); CREATE TABLE par (x int); CREATE TABLE chi () INHERITS (par);"
      "INSERT INTO a (v) SELECT 1 FROM generate_series(1, 10); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1);"
      "INSERT INTO par VALUES (1); INSERT INTO chi VALUES (2)");
  g_autofree char *next = NULL;

  pgm_flow_source (
      flow,
      "UPDATE a SET v = 2; INSERT INTO c VALUES (2); TRUNCATE a RESTART IDENTITY CASCADE;"
      "INSERT INTO a (v) VALUES (3); UPDATE a SET v = 4; TRUNCATE c; INSERT INTO c VALUES (5);"
      "TRUNCATE ONLY par; INSERT INTO b VALUES (1)");
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.truncates, ==, 3);
  next = pgm_flow_ask (flow, "SELECT nextval('a_id_seq')");
  g_assert_cmpstr (next, ==, "1");
}

static void
test_identity_columns (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, g text GENERATED ALWAYS AS (v || '!') STORED);"
      "CREATE TABLE d (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text);"
      "CREATE TABLE n (k int PRIMARY KEY, id int GENERATED ALWAYS AS IDENTITY, v text);"
      "CREATE TABLE z (); CREATE TABLE o (k int PRIMARY KEY)");

  pgm_flow_destination (
      flow, "ALTER TABLE a ADD extra text DEFAULT 'kept'; ALTER TABLE n ADD extra int DEFAULT 7");
  pgm_flow_source (
      flow,
      "INSERT INTO a (v) SELECT 'v' || i FROM generate_series(1, 20) i;"
      "INSERT INTO d (v) VALUES ('x'), ('y'); INSERT INTO n (k, v) SELECT i, 'n' FROM generate_series(1, 9) i;"
      "INSERT INTO z DEFAULT VALUES; INSERT INTO z DEFAULT VALUES; INSERT INTO o VALUES (1), (2), (3);"
      "UPDATE a SET v = v || 'u' WHERE id < 5; UPDATE d SET id = 50 WHERE v = 'y'; UPDATE n SET v = 'm'");
  pgm_flow_run (flow);
  g_assert_cmpuint (flow->stats.replays, ==, 0);
  pgm_flow_destination (flow, "UPDATE a SET extra = 'mine'; UPDATE n SET extra = 8");
  /* A key and another column that UPDATE can't set. */
  pgm_flow_source (
      flow,
      "UPDATE a SET id = DEFAULT WHERE id = 3; UPDATE n SET id = DEFAULT WHERE k = 2;"
      "UPDATE n SET v = 'after'; DELETE FROM o WHERE k = 2; UPDATE o SET k = 9 WHERE k = 1; UPDATE o SET k = k WHERE k = 3");
  pgm_flow_run (flow);
  {
    g_autofree char *extra = pgm_flow_ask (
        flow, "SELECT count(*) FILTER (WHERE extra = 'mine') || '/' || count(*) FROM a");
    g_autofree char *other = pgm_flow_ask (flow, "SELECT min(extra) || '/' || min(v) FROM n");
    g_assert_cmpstr (extra, ==, "20/20");
    g_assert_cmpstr (other, ==, "8/after");
  }
  pgm_flow_destination (flow, "ALTER TABLE a DROP extra; ALTER TABLE n DROP extra");
  pgm_flow_assert_equal (flow);
}

static const char partitions[] =
    "CREATE TABLE m (id int, at date, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
    "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    "CREATE TABLE m2 PARTITION OF m FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"
    "CREATE TABLE f (a int, v text) PARTITION BY LIST (a); CREATE TABLE f1 PARTITION OF f FOR VALUES IN (1);"
    "CREATE TABLE f2 PARTITION OF f FOR VALUES IN (2, NULL); ALTER TABLE f REPLICA IDENTITY FULL;"
    "ALTER TABLE f1 REPLICA IDENTITY FULL; ALTER TABLE f2 REPLICA IDENTITY FULL;"
    "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd'); CREATE TABLE h (k mood, v int, PRIMARY KEY (k)) PARTITION BY HASH (k);"
    "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);";

static void
change_partitions (PgmFlow *flow)
{
  pgm_flow_source (
      flow,
      "INSERT INTO m SELECT i, '2020-06-01', 'v' FROM generate_series(1, 30) i;"
      "UPDATE m SET v = 'w' WHERE id < 10; UPDATE m SET at = '2021-06-01' WHERE id < 5; DELETE FROM m WHERE id = 7;"
      "UPDATE m SET at = '2020-02-02' WHERE id = 2;"
      "INSERT INTO f VALUES (1, 'x'), (1, 'x'), (2, 'y'), (NULL, 'z'); UPDATE f SET a = 2 WHERE a = 1;"
      "DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f WHERE v = 'x') AND v = 'x'; UPDATE f SET v = 'q' WHERE a IS NULL;"
      "INSERT INTO h VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4); UPDATE h SET v = v + 1; DELETE FROM h WHERE k = 'b'");
}

static void
test_partitions_leaves (void)
{
  g_autofree char *sql = g_strconcat (partitions, NULL);
  g_autoptr (PgmFlow) flow = new_flow (sql);
  g_autofree char *there = NULL;
  g_autofree char *here = NULL;

  change_partitions (flow);
  pgm_flow_run (flow);
  /* Hash partitions by an enum keep their rows in other leaves. */
  there = pgm_test_cluster_query (
      flow->source, flow->database,
      "SELECT array_agg(h ORDER BY k), (SELECT array_agg(m ORDER BY id) FROM m1 m),"
      " (SELECT array_agg(f ORDER BY v, a) FROM f2 f) FROM h");
  here = pgm_flow_ask (
      flow, "SELECT array_agg(h ORDER BY k), (SELECT array_agg(m ORDER BY id) FROM m1 m),"
            " (SELECT array_agg(f ORDER BY v, a) FROM f2 f) FROM h");
  g_assert_cmpstr (here, ==, there);
}

static void
test_partitions_root (void)
{
  g_autoptr (PgmFlow) flow = new_flow_with (partitions, "WITH (publish_via_partition_root = true)");
  g_autofree char *there = NULL;
  g_autofree char *here = NULL;

  change_partitions (flow);
  pgm_flow_run (flow);
  there = pgm_test_cluster_query (
      flow->source, flow->database,
      "SELECT array_agg(m ORDER BY id), (SELECT array_agg(f ORDER BY v, a) FROM f),"
      " (SELECT array_agg(h ORDER BY k) FROM h) FROM m");
  here = pgm_flow_ask (
      flow, "SELECT array_agg(m ORDER BY id), (SELECT array_agg(f ORDER BY v, a) FROM f),"
            " (SELECT array_agg(h ORDER BY k) FROM h) FROM m");
  g_assert_cmpstr (here, ==, there);
}

static void
test_inheritance (void)
{
  g_autoptr (PgmFlow) flow =
      new_flow ("CREATE TABLE par (id int PRIMARY KEY, v text);"
                "CREATE TABLE chi (PRIMARY KEY (id)) INHERITS (par);"
                "INSERT INTO par VALUES (1, 'p'); INSERT INTO chi VALUES (1, 'c'), (2, 'c')");

  pgm_flow_source (flow, "UPDATE ONLY par SET v = 'x'; UPDATE chi SET v = 'y' WHERE id = 1;"
                         "DELETE FROM ONLY par WHERE id = 1; INSERT INTO par VALUES (2, 'z')");
  run_in_sets (flow);
}

static void
test_names (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE SCHEMA \"Sch\"\"ema\"; CREATE TABLE \"Sch\"\"ema\".\"order\" (\"select\" int PRIMARY KEY, \"a\"\"b\" text, \"t\" text, \"ünï\" int, \"f\" int);"
      "CREATE TABLE \"Sch\"\"ema\".\"t\" (\"t\" int, \"x\" text, \"ctid_\" int); ALTER TABLE \"Sch\"\"ema\".t REPLICA IDENTITY FULL;"
      "CREATE TABLE c (a int, gone int, b text, id int PRIMARY KEY, \"" /* 63 bytes */
      "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" int); ALTER TABLE c DROP gone");

  pgm_flow_destination (
      flow,
      "DROP TABLE c; CREATE TABLE c (\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" int,"
      " id int PRIMARY KEY, b text, a int)");
  pgm_flow_source (
      flow,
      "INSERT INTO \"Sch\"\"ema\".\"order\" VALUES (1, 'x', 't', 2, 3); UPDATE \"Sch\"\"ema\".\"order\" SET \"ünï\" = 5;"
      "INSERT INTO \"Sch\"\"ema\".t VALUES (1, 'x', 2); UPDATE \"Sch\"\"ema\".t SET x = 'y'; UPDATE \"Sch\"\"ema\".\"order\" SET \"select\" = 2;"
      "INSERT INTO c VALUES (1, 'b', 2, 3), (4, 'bb', 5, 6); UPDATE c SET b = 'c' WHERE id = 2; DELETE FROM c WHERE id = 5");
  run_in_sets (flow);
}

static void
test_wide (void)
{
  g_autoptr (GString) sql = g_string_new ("CREATE TABLE w (id int PRIMARY KEY");
  g_autoptr (PgmFlow) flow = NULL;

  for (guint i = 1; i < 1600; i++)
    g_string_append_printf (sql, ", c%u int", i);
  g_string_append (sql, ")");
  flow = new_flow (sql->str);
  pgm_flow_source (flow,
                   "INSERT INTO w (id, c1, c1599) SELECT i, i, 7 FROM generate_series(1, 5) i;"
                   "UPDATE w SET c800 = 1; DELETE FROM w WHERE id = 2");
  run_in_sets (flow);
}

static void
test_constraints (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE EXTENSION btree_gist; CREATE TABLE x (id int PRIMARY KEY, r int4range, EXCLUDE USING gist (r WITH &&));"
      "CREATE TABLE d (id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
      "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE seen (n serial, what text);"
      "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
      "  'BEGIN INSERT INTO public.seen (what) VALUES (TG_OP || coalesce(NEW.v, OLD.v)); RETURN NULL; END'");
  g_autofree char *seen = NULL;

  pgm_flow_destination (
      flow,
      "CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION see();"
      "ALTER TABLE t ENABLE ALWAYS TRIGGER see");
  pgm_flow_source (
      flow,
      "INSERT INTO x VALUES (1, '[1,5)'), (2, '[5,9)'); UPDATE x SET r = '[1,2)' WHERE id = 1; UPDATE x SET r = '[2,9)' WHERE id = 2;"
      "UPDATE x SET r = '[20,30)' WHERE id = 2; INSERT INTO x VALUES (3, '[3,9)');"
      "INSERT INTO d VALUES (1, 1), (2, 2); BEGIN; UPDATE d SET u = 2 WHERE id = 1; UPDATE d SET u = 1 WHERE id = 2; COMMIT;"
      "INSERT INTO t VALUES (1, 1); UPDATE t SET v = 2; UPDATE t SET v = 3; DELETE FROM t");
  pgm_flow_run (flow);
  g_assert_cmpuint (flow->stats.replays, ==, 0);
  seen = pgm_flow_ask (flow, "SELECT string_agg(what, ' ' ORDER BY n) FROM seen");
  g_assert_cmpstr (seen, ==, "INSERT1 UPDATE2 UPDATE3 DELETE3");
  pgm_flow_destination (flow, "TRUNCATE seen");
  pgm_flow_assert_equal (flow);
}

/* One transaction over many batches and several parts. */
static void
test_large_transaction (void)
{
  g_autoptr (PgmFlow) flow = new_flow ("CREATE TABLE a (id int PRIMARY KEY, v text)");

  flow->options.max_fold_bytes = 256 * 1024;
  flow->batch_bytes = 16 * 1024;
  pgm_flow_source (
      flow,
      "INSERT INTO a VALUES (0, 'before'); BEGIN; INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 20000) i;"
      "UPDATE a SET v = v || 'x' WHERE id % 3 = 0; SAVEPOINT s; DELETE FROM a; ROLLBACK TO s;"
      "DELETE FROM a WHERE id % 7 = 0; COMMIT; UPDATE a SET v = 'after' WHERE id < 100");
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 3);
  g_assert_cmpuint (flow->stats.folds, ==, 3);
}

static void
test_relation_sent_again (void)
{
  g_autoptr (PgmFlow) flow = new_flow ("CREATE TABLE a (id int PRIMARY KEY, v text)");

  pgm_flow_source (
      flow,
      "INSERT INTO a VALUES (1, 'x'); BEGIN; ALTER TABLE a ALTER v SET DEFAULT 'q'; INSERT INTO a (id) VALUES (2); COMMIT;"
      "ALTER TABLE a SET (fillfactor = 50); UPDATE a SET v = 'y'; CREATE INDEX ON a (v); UPDATE a SET v = 'z'");
  run_in_sets (flow);
  /* Renamed on both sides: here first, as somebody would do it. */
  pgm_flow_destination (flow, "ALTER TABLE a RENAME v TO w");
  pgm_flow_source (flow,
                   "BEGIN; ALTER TABLE a RENAME v TO w; INSERT INTO a VALUES (3, 'w'); COMMIT");
  run_in_sets (flow);
}

static void
test_many_transactions (void)
{
  g_autoptr (PgmFlow) flow = new_flow (
      "CREATE TABLE a (id int PRIMARY KEY, v int); INSERT INTO a SELECT i, 0 FROM generate_series(1, 50) i;"
      "CREATE TABLE log (i int, t text)");
  g_autoptr (GString) sql = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (
        sql,
        "BEGIN; UPDATE a SET v = v + 1 WHERE id = %u; INSERT INTO log VALUES (%u, 'x'); COMMIT;\n",
        i * 7 % 50 + 1, i);
  pgm_flow_source (flow, sql->str);
  flow->options.max_fold_changes = 100;
  run_in_sets (flow);
  g_assert_cmpuint (flow->stats.transactions, ==, 1000);
  g_assert_cmpuint (flow->stats.folds, >=, 10);
  g_assert_cmpuint (flow->stats.folds, <, 200);
}

/* The same between other majors. */
static void
test_majors (gconstpointer data)
{
  static void (*const cases[]) (void) = {
    test_values,          test_values_by_copy,   test_keys, test_full, test_truncate,
    test_partitions_root, test_identity_columns,
  };
  const guint *majors = data;
  Pair ordinary = pair;
  g_autoptr (GError) error = NULL;

  pair.source = pgm_test_cluster_new ((int) majors[0], NULL, &error);
  pair.destination =
      pair.source != NULL ? pgm_test_cluster_new ((int) majors[1], NULL, &error) : NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_test_skip (error->message);
  else
    {
      g_assert_no_error (error);
      for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        cases[i]();
    }
  pgm_test_cluster_free (pair.source);
  pgm_test_cluster_free (pair.destination);
  pair = ordinary;
}

int
main (int argc, char **argv)
{
  static const guint old_to_new[] = { 13, 17 };
  static const guint to_newest[] = { 15, 18 };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  pair.source = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pair.destination = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/apply/B1-plain", test_plain);
  g_test_add_func ("/apply/B1-many-transactions", test_many_transactions);
  g_test_add_func ("/apply/B2-F1-compaction", test_compaction);
  g_test_add_func ("/apply/F1-F2-F3-F4-F6-F8-F10-values", test_values);
  g_test_add_func ("/apply/F1-F6-values-by-copy", test_values_by_copy);
  g_test_add_func ("/apply/B3-F12-keys", test_keys);
  g_test_add_func ("/apply/F38-F39-F41-key-changes", test_key_changes);
  g_test_add_func ("/apply/F40-identity-full", test_full);
  g_test_add_func ("/apply/F44-truncate", test_truncate);
  g_test_add_func ("/apply/F29-F30-F15-identity-columns", test_identity_columns);
  g_test_add_func ("/apply/F26-partitions-leaves", test_partitions_leaves);
  g_test_add_func ("/apply/F26-partitions-root", test_partitions_root);
  g_test_add_func ("/apply/F27-inheritance", test_inheritance);
  g_test_add_func ("/apply/F13-F14-names", test_names);
  g_test_add_func ("/apply/F15-1600-columns", test_wide);
  g_test_add_func ("/apply/B2-F23-constraints-and-triggers", test_constraints);
  g_test_add_func ("/apply/F45-large-transaction", test_large_transaction);
  g_test_add_func ("/apply/F37-relation-sent-again", test_relation_sent_again);
  g_test_add_data_func ("/apply/13-to-17", old_to_new, test_majors);
  g_test_add_data_func ("/apply/15-to-18", to_newest, test_majors);
  status = g_test_run ();
  pgm_test_cluster_free (pair.source);
  pgm_test_cluster_free (pair.destination);
  return status;
}
