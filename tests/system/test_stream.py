"""Changes that are harder than they look, in a stream; rows are compared with
psql's own digests. The numbers are those of tests/README.md."""
import time

from harness import check
from harness.case import Skip, case
from harness.cluster import installed_majors
from harness.follower import Follower
from harness.following import MARK, Following, followed
from harness.pair import Pair

WEIGHT = 7


def setup():
    return Pair()


# ---- values ----------------------------------------------------------------------------

TYPES = """
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN short AS varchar(5); CREATE DOMAIN feeling AS mood; CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = int);
CREATE TABLE types (id int PRIMARY KEY, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(12,3), m money,
  t text, v varchar(10), c char(6), "c1" "char", b bytea, bo boolean, d date, ti time, tz timetz, ts timestamp, tsz timestamptz, iv interval,
  u uuid, j json, jb jsonb, x xml, inet inet, cidr cidr, mac macaddr, bit bit(5), vb bit varying(9), pt point, bx box, pa path, po polygon,
  ci circle, ln line, ls lseg, tv tsvector, tq tsquery, r int4range, nr numrange, dr daterange, tr tstzrange, sp span, a int[], ta text[],
  a2 int[][], e mood, ea mood[], co pair, coa pair[], sh short, sha short[], fe feeling, po2 positive, ct citext, o oid, cl "char"[], na numeric[]);
"""

VALUES = """
INSERT INTO types (id) SELECT generate_series(1, 6);
UPDATE types SET i2 = -32768, i8 = 9223372036854775807, f4 = 'NaN', f8 = '-0', n = 'NaN', n2 = 123456789.125, m = '12.34', t = '', v = 'ten chars.', c = 'ab', c1 = 'z',
  b = '\\x00ff', bo = true, d = 'infinity', ti = '24:00', tz = '12:00+03', ts = '4713-01-01 BC', tsz = '294276-12-31', iv = '1 mon -3 days 04:05:06.789',
  u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', j = '{"a" : 1, "a":2, "z":"\\u0000"}', jb = '{"b":[1,2.50],"a":null}', x = '<a>1</a>', inet = '::1/64', cidr = '10.0.0.0/8',
  mac = '08:00:2b:01:02:03', bit = '10101', vb = '101', pt = '(1.5,-2)', bx = '((0,0),(1,1))', pa = '[(0,0),(1,1)]', po = '((0,0),(1,1),(1,0))', ci = '<(0,0),2>', ln = '{1,2,3}',
  ls = '[(0,0),(1,1)]', tv = 'a:1 b:2A', tq = 'a & !b', r = '[1,10)', nr = '(,5.5]', dr = '[2020-01-01,)', tr = '[2020-01-01,2021-01-01)', sp = '[3,4)', a = '[5:7]={1,NULL,3}',
  ta = ARRAY['NULL', NULL, '', 'a"b\\c', 'x,y', '{}'], a2 = '{{1,2},{3,4}}', e = 'happy', ea = '{sad,ok}', co = '(1,"a,""b")', coa = ARRAY['(1,x)'::pair, '(,)'], sh = 'abcde', sha = '{a,bb}',
  fe = 'ok', po2 = 7, ct = 'CamelCase', o = 4294967295, cl = '{a,b}', na = '{1.10,NaN}' WHERE id = 1;
UPDATE types SET f4 = 'Infinity', f8 = 0.1 + 0.2, n = '1e-1000', t = E'line\\nbreak\\ttab\\\\', v = NULL, c = '', d = '2020-02-29', ts = 'infinity', tsz = '-infinity', iv = '-1 year', a = '{}', ta = '{}', jb = '""', j = 'null' WHERE id = 2;
UPDATE types SET f8 = 5e-324, f4 = 1e-45, n = 0.00, t = repeat('ü', 3000), ta = ARRAY[repeat('y', 5000)], e = 'sad' WHERE id = 3;
UPDATE types SET t = NULL, e = NULL, ta = NULL WHERE id = 3; DELETE FROM types WHERE id = 2;
UPDATE types SET id = 100, c = 'moved' WHERE id = 4;
"""


@case("F01-F08 every built-in type, enums, domains, composites and arrays of them, in a stream")
def all_types(pair):
    followed(pair, TYPES, VALUES)


@case("F01 unchanged TOAST stays, through one fold and through many")
def toast(pair):
    followed(pair, "CREATE TABLE w (id int PRIMARY KEY, a text, b text, n int); ALTER TABLE w ALTER a SET STORAGE EXTERNAL; ALTER TABLE w ALTER b SET STORAGE EXTERNAL;"
             "INSERT INTO w SELECT i, repeat(md5(i::text), 300), repeat(md5((-i)::text), 300), 0 FROM generate_series(1, 20) i;",
             "UPDATE w SET n = 1;", "UPDATE w SET a = repeat('x', 9000) WHERE id <= 5; UPDATE w SET n = 2 WHERE id <= 5; UPDATE w SET b = NULL, n = 3 WHERE id = 5;",
             "BEGIN; UPDATE w SET n = 4 WHERE id = 9; UPDATE w SET a = '' WHERE id = 9; UPDATE w SET n = n + 1 WHERE id = 9; COMMIT;",
             "BEGIN; DELETE FROM w WHERE id = 10; INSERT INTO w VALUES (10, 'again', NULL, 7); UPDATE w SET n = 8 WHERE id = 10; COMMIT;",
             "UPDATE w SET id = id + 100 WHERE id = 11; UPDATE w SET n = n;")


@case("F09 a value that the destination's enum lacks stops the job; after the DDL it goes on")
def new_enum(pair):
    with Following(pair, "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE m (id int PRIMARY KEY, e mood);") as run:
        run.source("ALTER TYPE mood ADD VALUE 'b';")
        run.source("INSERT INTO m VALUES (1, 'b');")
        run.stops("b")
        assert run.destination("SELECT count(*) FROM m;") == "0"
        run.destination("ALTER TYPE mood ADD VALUE 'b';")
        run.resume()
        run.same()


@case("F11 a LATIN1 source into UTF8, and a UTF8 source into LATIN1")
def encodings(pair):
    latin = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    utf8 = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    for source, destination in ((latin, utf8), (utf8, latin)):
        followed(pair, "CREATE TABLE e (id int PRIMARY KEY, t text);", "INSERT INTO e VALUES (1, 'café'), (2, 'ÿ');", "UPDATE e SET t = 'naïve' WHERE id = 1;",
                 options=source, destination_options=destination)


@case("F12 keys of citext, nondeterministic collation, bit, char(n), numeric and arrays")
def odd_keys(pair):
    schema = "CREATE EXTENSION citext; CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    keys = {"ct": "citext", "nd": "text COLLATE ci", "bi": "bit(4)", "ch": "char(5)", "nu": "numeric", "ar": "int[]"}
    schema += "".join(f"CREATE TABLE k_{n} (k {t} PRIMARY KEY, v int);" for n, t in keys.items())
    steps = ["INSERT INTO k_ct VALUES ('Abc', 1), ('def', 2); INSERT INTO k_nd VALUES ('Abc', 1), ('def', 2); INSERT INTO k_bi VALUES ('0101', 1), ('1111', 2);"
             "INSERT INTO k_ch VALUES ('a', 1), ('bb', 2); INSERT INTO k_nu VALUES (1.0, 1), (2.50, 2); INSERT INTO k_ar VALUES ('{1,2}', 1), ('{}', 2);"]
    steps += [f"UPDATE k_{n} SET v = v + 10;" for n in keys]
    steps += ["UPDATE k_ct SET k = 'ABC' WHERE v = 11; UPDATE k_nd SET k = 'ABC' WHERE v = 11; UPDATE k_nu SET k = 1.000 WHERE v = 11; UPDATE k_ch SET k = 'ccc' WHERE v = 11;"]
    steps += [f"DELETE FROM k_{n} WHERE v = 12;" for n in keys]
    followed(pair, schema, *steps)


# ---- names and shapes --------------------------------------------------------------------------

ODD = 'Ta"b.le \'ü\' ' + "x" * 40


@case("F13 odd names of schemas, tables and columns")
def odd_names(pair):
    name = '"' + ODD.replace('"', '""') + '"'
    schema = f'CREATE SCHEMA {name}; CREATE TABLE {name}.{name} ("select" int PRIMARY KEY, {name} text, "UPPER" int, " " int);'
    followed(pair, schema, f'INSERT INTO {name}.{name} VALUES (1, \'a\', 1, 1), (2, \'b\', 2, 2);', f'UPDATE {name}.{name} SET {name} = \'c\', " " = NULL WHERE "select" = 1;',
             f'DELETE FROM {name}.{name} WHERE "UPPER" = 2;')


@case("F14 columns by name: dropped and in another order on the destination, and extra ones with a default")
def columns_by_name(pair):
    with Following(pair, "CREATE TABLE c (id int PRIMARY KEY, gone int, a text, b int); ALTER TABLE c DROP gone; INSERT INTO c VALUES (1, 'x', 1);") as run:
        run.destination("ALTER TABLE c ADD extra int DEFAULT 7; ALTER TABLE c DROP b; ALTER TABLE c ADD b int; UPDATE c SET b = 1;")
        run.source("INSERT INTO c VALUES (2, 'y', 2); UPDATE c SET b = 5 WHERE id = 1;")
        run.caught_up()
        assert run.destination("SELECT id, a, b, extra FROM c ORDER BY 1;") == "1|x|5|7\n2|y|2|7"


@case("F15 a table without columns, and one with 800")
def extreme_shapes(pair):
    many = ", ".join(f"c{i} int" for i in range(1, 800))
    with Following(pair, f"CREATE TABLE none (); ALTER TABLE none REPLICA IDENTITY FULL; CREATE TABLE many (id int PRIMARY KEY, {many});") as run:
        run.source("INSERT INTO none DEFAULT VALUES; INSERT INTO none DEFAULT VALUES; INSERT INTO many (id, c1, c799) VALUES (1, 2, 3), (2, 0, 0); UPDATE many SET c500 = 5 WHERE id = 1;")
        run.caught_up()
        run.databases.both("SELECT count(*) FROM none;")
        run.databases.both("SELECT sum(hashtextextended(many::text, 0)) FROM many;")


# ---- tables --------------------------------------------------------------------------------------

@case("F23 F41 exclusion and deferrable constraints, swaps of unique values")
def constraints(pair):
    followed(pair, "CREATE EXTENSION btree_gist; CREATE TABLE book (id int PRIMARY KEY, room int, during int4range, EXCLUDE USING gist (room WITH =, during WITH &&));"
             "CREATE TABLE d (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO d SELECT i, i FROM generate_series(1, 10) i;"
             "CREATE TABLE u (id int PRIMARY KEY, pos int UNIQUE); INSERT INTO u SELECT i, i FROM generate_series(1, 10) i;",
             "INSERT INTO book VALUES (1, 1, '[1,5)'), (2, 1, '[5,9)'); UPDATE book SET during = '[1,3)' WHERE id = 1; UPDATE book SET during = '[3,9)' WHERE id = 2;",
             "UPDATE d SET pos = 11 - pos;", "BEGIN; UPDATE u SET pos = -1 WHERE id = 1; UPDATE u SET pos = 1 WHERE id = 2; UPDATE u SET pos = 2 WHERE id = 1; COMMIT;",
             "BEGIN; DELETE FROM u WHERE id = 5; INSERT INTO u VALUES (50, 5); COMMIT;", "UPDATE u SET id = id + 1000;", "UPDATE d SET id = id + 1 WHERE id = 10;")


@case("F24 foreign keys with cycles and cascades: children come once")
def foreign_keys(pair):
    followed(pair, "CREATE TABLE p (id int PRIMARY KEY, fav int); CREATE TABLE ch (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);"
             "ALTER TABLE p ADD FOREIGN KEY (fav) REFERENCES ch DEFERRABLE INITIALLY DEFERRED;",
             "BEGIN; INSERT INTO p VALUES (1, 10), (2, NULL); INSERT INTO ch VALUES (10, 1), (11, 1), (12, 2); COMMIT;", "UPDATE p SET id = 3 WHERE id = 2;", "BEGIN; UPDATE p SET fav = NULL; DELETE FROM p WHERE id = 1; COMMIT;")


@case("F26 partitions: rows that move, and a leaf that is attached on both sides")
def partitions(pair):
    with Following(pair, "CREATE TABLE p (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);"
                   "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200) PARTITION BY LIST (k); CREATE TABLE p2a PARTITION OF p2 DEFAULT;"
                   "CREATE TABLE h (k text PRIMARY KEY, n int) PARTITION BY HASH (k); CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                   "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);") as run:
        run.same("INSERT INTO p SELECT i, 'v' || i FROM generate_series(0, 199) i; INSERT INTO h SELECT md5(i::text), i FROM generate_series(1, 100) i;",
                 "UPDATE p SET k = 199 - k WHERE k = 5 AND false; UPDATE p SET v = 'moved' WHERE k < 10;", "DELETE FROM p WHERE k IN (1, 150); UPDATE p SET k = 150 WHERE k = 2; UPDATE p SET k = 1 WHERE k = 151;",
                 "UPDATE h SET k = k || 'x' WHERE n % 7 = 0;")


@case("F27 inheritance: each table's own rows")
def inheritance(pair):
    followed(pair, "CREATE TABLE par (id int PRIMARY KEY, v text); CREATE TABLE chi (w int, PRIMARY KEY (id)) INHERITS (par);",
             "INSERT INTO par VALUES (1, 'p'); INSERT INTO chi VALUES (1, 'c', 1), (2, 'c', 2);", "UPDATE par SET v = 'both' WHERE id = 1;", "DELETE FROM ONLY par WHERE id = 1;")


@case("F29 F30 generated columns, identity columns ALWAYS and BY DEFAULT, a changed identity key")
def generated(pair):
    followed(pair, "CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);"
             "CREATE TABLE gd (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a int);",
             "INSERT INTO g (a) SELECT generate_series(1, 50); INSERT INTO gd (a) SELECT generate_series(1, 50);", "UPDATE g SET a = a + 1 WHERE id % 2 = 0; UPDATE gd SET id = id + 100 WHERE id < 5;",
             "UPDATE g SET id = DEFAULT WHERE id = 3;", "DELETE FROM g WHERE a > 40;")


@case("F31 row security on the destination's tables hides nothing from us")
def row_security(pair):
    followed(pair, "CREATE TABLE r (id int PRIMARY KEY, v text); ALTER TABLE r ENABLE ROW LEVEL SECURITY; ALTER TABLE r FORCE ROW LEVEL SECURITY; CREATE POLICY p ON r USING (id > 5);",
             "INSERT INTO r SELECT i, 'x' FROM generate_series(1, 10) i;", "UPDATE r SET v = 'y';", "DELETE FROM r WHERE id < 3;")


@case("triggers and rules: ordinary ones stay silent, ENABLE ALWAYS fires, rules rewrite nothing")
def triggers(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE log (n text); CREATE TABLE always_log (n text); ALTER TABLE log REPLICA IDENTITY FULL; ALTER TABLE always_log REPLICA IDENTITY FULL; CREATE TABLE ruled (id int PRIMARY KEY, v int);"
                   "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (TG_OP || NEW.id); RETURN NEW; END $$;"
                   "CREATE TRIGGER tr AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE RULE ru AS ON UPDATE TO ruled DO INSTEAD NOTHING;") as run:
        run.destination("CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.always_log VALUES (TG_OP || NEW.id); RETURN NEW; END $$;"
                        "CREATE TRIGGER al BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g(); ALTER TABLE t ENABLE ALWAYS TRIGGER al;")
        run.source("INSERT INTO t VALUES (1, 1), (2, 2); UPDATE t SET v = 3 WHERE id = 1; INSERT INTO ruled VALUES (1, 1); ALTER TABLE ruled DISABLE RULE ru; UPDATE ruled SET v = 9;")
        run.caught_up()
        run.databases.both("SELECT * FROM t ORDER BY id; SELECT n, count(*) FROM log GROUP BY n ORDER BY n; SELECT * FROM ruled;")
        assert run.destination("SELECT n FROM always_log ORDER BY n;") == "INSERT1\nINSERT2\nUPDATE1"


# ---- the stream itself --------------------------------------------------------------------------------

@case("F37 a table that is described again and again, and a column renamed in a transaction")
def described_again(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY, v text);") as run:
        run.same("INSERT INTO t VALUES (1, 'a');", "ALTER TABLE t ALTER v SET STATISTICS 50; INSERT INTO t VALUES (2, 'b'); ANALYZE t;", "BEGIN; INSERT INTO t VALUES (3, 'c'); ALTER TABLE t ALTER v SET (n_distinct = 5); UPDATE t SET v = 'd'; COMMIT;")
        run.source("BEGIN; INSERT INTO t VALUES (4, 'x'); ALTER TABLE t RENAME v TO w; INSERT INTO t VALUES (5, 'y'); COMMIT;")
        run.stops("w", "t")
        assert run.destination("SELECT count(*) FROM t WHERE id >= 4;") == "0", "half a transaction is there"
        run.destination("ALTER TABLE t RENAME v TO w;")
        told = None
        try:
            run.resume()
            run.same()
        except AssertionError as error:
            told = str(error)
        # the first half of that transaction has the old name: nobody can write both
        if told is not None:
            assert "v" in told, told


@case("F38 F39 no old tuple, and a key tuple whose other columns are absent")
def key_tuples(pair):
    followed(pair, "CREATE TABLE a (id int PRIMARY KEY, x int, y text); CREATE TABLE i (k1 int NOT NULL, k2 text NOT NULL, v int, w text); CREATE UNIQUE INDEX i_key ON i (k2, k1);"
             "ALTER TABLE i REPLICA IDENTITY USING INDEX i_key;",
             "INSERT INTO a VALUES (1, 1, NULL), (2, NULL, 'b'); INSERT INTO i VALUES (1, 'a', 1, NULL), (2, 'b', NULL, 'w');", "UPDATE a SET x = 5; UPDATE i SET v = 6;", "UPDATE i SET k1 = 10 WHERE k1 = 1; UPDATE a SET id = 20 WHERE id = 2;",
             "DELETE FROM i WHERE k1 = 2; DELETE FROM a WHERE id = 1;")


@case("F40 identity FULL with NULLs, and exactly one of equal rows")
def identity_full(pair):
    followed(pair, "CREATE TABLE f (a int, b text, j json, x point); ALTER TABLE f REPLICA IDENTITY FULL; CREATE TABLE fk (id int, v text); CREATE INDEX ON fk (id); ALTER TABLE fk REPLICA IDENTITY FULL;"
             "INSERT INTO f SELECT 1, NULL, '{\"a\": 1}', '(1,2)' FROM generate_series(1, 5); INSERT INTO f VALUES (NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL); INSERT INTO fk SELECT i % 10, 'v' FROM generate_series(1, 200) i;",
             "DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f WHERE a = 1);", "UPDATE f SET b = 'one' WHERE ctid = (SELECT min(ctid) FROM f WHERE a = 1);", "DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f WHERE a IS NULL);",
             "UPDATE fk SET v = 'w' WHERE id = 3; DELETE FROM fk WHERE id = 4; UPDATE fk SET id = NULL WHERE id = 5;")


@case("F42 a table without replica identity is a blocker, with the SQL that helps")
def no_identity(pair):
    databases = pair.load("CREATE TABLE bare (a int); CREATE TABLE uniq (a int NOT NULL UNIQUE, b int); CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;")
    try:
        before = check.footprint(pair.source, databases.name)
        result = pair.command.run("clone", "--follow", *databases.uris())
        assert result.code == 5, result
        for word in ("bare", "uniq", "nothing", "REPLICA IDENTITY"):
            assert word in result.text, result
        check.expect_same_text(before, check.footprint(pair.source, databases.name), "the source is not as it was")
    finally:
        pair.drop(databases)


@case("F43 the identity index changes in mid-stream")
def identity_changes(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY, u text NOT NULL UNIQUE, v int); INSERT INTO t SELECT i, 'u' || i, 0 FROM generate_series(1, 10) i;") as run:
        run.same("UPDATE t SET v = 1;", "ALTER TABLE t REPLICA IDENTITY USING INDEX t_u_key; UPDATE t SET v = 2 WHERE id < 5; UPDATE t SET u = 'new' WHERE id = 6; UPDATE t SET id = 70 WHERE id = 7; DELETE FROM t WHERE id = 8;",
                 "ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET v = 3; DELETE FROM t WHERE id = 9;", "ALTER TABLE t REPLICA IDENTITY DEFAULT; UPDATE t SET v = 4;")


@case("F44 TRUNCATE of several, CASCADE, RESTART IDENTITY, and rows again in one transaction")
def truncate(pair):
    followed(pair, "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); CREATE TABLE c (id int PRIMARY KEY); INSERT INTO a DEFAULT VALUES; INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1);",
             "TRUNCATE a, b, c;", "INSERT INTO a DEFAULT VALUES; INSERT INTO b VALUES (2, 2);", "TRUNCATE a RESTART IDENTITY CASCADE;",
             "BEGIN; INSERT INTO c VALUES (1), (2); TRUNCATE c; INSERT INTO c VALUES (2), (3); UPDATE c SET id = 4 WHERE id = 3; COMMIT;")


@case("F45 a transaction of 300,000 rows with aborted subtransactions")
def large_transaction(pair):
    loop = "DO $$ BEGIN FOR i IN 1 .. 60 LOOP BEGIN INSERT INTO t SELECT i * 10000 + g, md5(g::text) FROM generate_series(1, 5000) g; " \
           "UPDATE t SET v = 'changed' WHERE id % 500 = 7 AND id > i * 10000; IF i % 3 = 0 THEN RAISE 'undo'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $$;"
    for arguments in ((), ("--stream-large",)):
        with Following(pair, "CREATE TABLE t (id int PRIMARY KEY, v text);", *arguments) as run:
            run.source("ALTER DATABASE " + run.databases.name + " SET logical_decoding_work_mem = '64kB';")
            run.same(loop, "BEGIN; INSERT INTO t VALUES (1, 'a'); SAVEPOINT s; DELETE FROM t WHERE id > 20000; ROLLBACK TO s; SAVEPOINT s2; UPDATE t SET v = 'kept' WHERE id < 10050; RELEASE s2; COMMIT;")
            assert run.follower.resident() < 128 * 1024, f"{run.follower.resident()} KiB resident"


@case("F46 prepared transactions arrive when they are committed")
def two_phase(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY);") as run:
        run.source("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'one'; BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'two'; INSERT INTO t VALUES (3);")
        run.caught_up()
        assert run.destination("SELECT id FROM t ORDER BY 1;") == "3"
        run.source("COMMIT PREPARED 'one';")
        run.source("ROLLBACK PREPARED 'two';")
        run.same()


@case("F50 an idle database's slot moves on while others write")
def idle(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY);") as run:
        slot = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database();"
        before = run.source(slot)
        pair.source.sql("CREATE TABLE other AS SELECT generate_series(1, 200000) i; DROP TABLE other; SELECT pg_switch_wal(); CHECKPOINT;")
        deadline = time.monotonic() + 45
        while run.source(slot) == before:
            assert time.monotonic() < deadline, f"still at {before}"
            time.sleep(0.2)


@case("F53 a publication with a row filter and a column list")
def filters(pair):
    if pair.source.major < 15:
        raise Skip("row filters and column lists came with 15")
    databases = pair.databases()
    table = MARK + "CREATE TABLE f (id int PRIMARY KEY, keep boolean, v text, secret text);"
    try:
        databases.source(table + "ALTER TABLE f REPLICA IDENTITY DEFAULT; CREATE PUBLICATION narrow FOR TABLE f (id, v) WHERE (id > 10), TABLE zz_mark; SELECT pg_create_logical_replication_slot('narrow_slot', 'pgoutput');")
        databases.destination(table)
        process = pair.command.start("follow", *databases.uris(), "--slot=narrow_slot", "--publication=narrow")
        try:
            databases.source("INSERT INTO f VALUES (1, true, 'a', 's'), (11, true, 'b', 's'); UPDATE f SET v = 'c' WHERE id = 11; UPDATE f SET id = 20 WHERE id = 1; UPDATE f SET id = 2 WHERE id = 11; INSERT INTO zz_mark VALUES (1);")
            deadline = time.monotonic() + 40
            while databases.destination("SELECT count(*) FROM zz_mark;") != "1":
                assert process.poll() is None and time.monotonic() < deadline, "the mark did not come"
                time.sleep(0.05)
            assert databases.destination("SELECT id, v, secret IS NULL FROM f ORDER BY 1;") == "20|a|t"
        finally:
            process.kill()
            process.wait()
        result = pair.command.run("cleanup", *databases.uris())
        assert result.code == 0, result
        assert databases.source("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'narrow_slot';") == "1", "a slot of others was dropped"
    finally:
        for cluster in (pair.source, pair.destination):
            cluster.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'narrow_slot';")
        pair.drop(databases)


@case("F54 logical messages of others pass by")
def messages(pair):
    followed(pair, "CREATE TABLE t (id int PRIMARY KEY);", "SELECT pg_logical_emit_message(true, 'other', 'text'); SELECT pg_logical_emit_message(false, 'pgmanagerx', 'text');"
             "BEGIN; INSERT INTO t VALUES (1); SELECT pg_logical_emit_message(true, 'x', repeat('y', 100000)); INSERT INTO t VALUES (2); COMMIT;")


# ---- operation ---------------------------------------------------------------------------------------------

@case("F56 timeouts of the database and the role kill nothing of ours")
def timeouts(pair):
    databases = pair.databases()
    name = databases.name
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"ALTER DATABASE {name} SET statement_timeout = '400ms'; ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '300ms'; "
                    f"ALTER DATABASE {name} SET lock_timeout = '200ms';")
    off = "SET statement_timeout = 0;"
    databases.source(off + MARK + "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 50000) i;")
    follower = Follower(pair.command, databases.uris())
    try:
        follower.start()
        follower.await_phase("streaming")
        databases.source(off + "INSERT INTO t VALUES (0, 'last'); UPDATE t SET v = 'y' WHERE id < 1000; INSERT INTO zz_mark VALUES (1);")
        deadline = time.monotonic() + 40
        while databases.destination("SELECT count(*) FROM zz_mark;") != "1":
            follower.alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        follower.cleanup()
    finally:
        follower.close()
        pair.drop(databases)


@case("F58 what the slot keeps back is shown")
def retention(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY);") as run:
        run.same("INSERT INTO t SELECT generate_series(1, 1000);")
        deadline = time.monotonic() + 20
        while "retained_bytes" not in run.follower.snapshot or not run.follower.snapshot.get("slot_status"):
            assert time.monotonic() < deadline, run.follower.snapshot
            time.sleep(0.2)


@case("F59 the same job started twice: the second one refuses, the first goes on")
def started_twice(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY);") as run:
        for env in (None, {"XDG_STATE_HOME": "/tmp/pgmanager-test-elsewhere"}):
            result = pair.command.run("clone", "--follow", *run.databases.uris(), "--resume", env=env)
            assert result.code == 5, result
        run.same("INSERT INTO t VALUES (1);")


@case("F66 source and destination are databases of one cluster")
def one_cluster(pair):
    name = pair.source.create_database(pair.databases().name + "x")
    databases = pair.load(MARK + "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);")
    uris = [f"--source-uri={databases.source_uri}", f"--dest-uri={pair.source.uri(name)}"]
    follower = Follower(pair.command, uris)
    try:
        follower.start()
        follower.await_phase("streaming")
        databases.source("INSERT INTO t VALUES (1000); INSERT INTO zz_mark VALUES (1);")
        deadline = time.monotonic() + 40
        while pair.source.sql("SELECT count(*) FROM zz_mark;", name) != "1":
            follower.alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert pair.source.sql("SELECT count(*) FROM t;", name) == "101"
        follower.cleanup()
    finally:
        follower.close()
        pair.drop(databases)
        pair.source.drop_database(name)


@case("majors: 13 to 17 and 15 to 18 follow, every type", set="matrix")
def majors(pair):
    del pair
    for source, destination in ((13, 17), (15, 18), (17, 18)):
        if not {source, destination} <= set(installed_majors()):
            raise Skip(f"PostgreSQL {source} or {destination} is not here")
        other = Pair(source, destination)
        try:
            followed(other, TYPES, VALUES)
        finally:
            other.close()
