"""Counterparts of those scenarios of PostgreSQL's own subscription tests that the
other modules have not; tests/README.md has the whole table."""
import subprocess
import time

from harness.case import Skip, case
from harness.follower import Follower
from harness.following import MARK, NOT_FOLLOWED, Following, followed
from harness.pair import Pair

WEIGHT = 4


def setup():
    return Pair()


@case("003 constraints: foreign keys that an apply must not check, and triggers with WHEN")
def constraints_and_triggers(pair):
    with Following(pair, "CREATE TABLE fk (bid int PRIMARY KEY); CREATE TABLE ref (id int PRIMARY KEY, bid int REFERENCES fk);"
                   "CREATE FUNCTION public.basic() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'INSERT' THEN IF NEW.id < 10 THEN RETURN NEW; ELSE RETURN NULL; END IF; END IF; RETURN NULL; END $$;") as run:
        run.destination("CREATE TRIGGER only_small BEFORE INSERT ON ref FOR EACH ROW EXECUTE FUNCTION basic();")
        run.same("INSERT INTO fk VALUES (1); INSERT INTO ref VALUES (1, 1);", "BEGIN; ALTER TABLE ref DISABLE TRIGGER ALL; INSERT INTO ref VALUES (10, 99); ALTER TABLE ref ENABLE TRIGGER ALL; COMMIT;")


@case("006 a table is rewritten on the source while it is followed")
def rewrite(pair):
    followed(pair, "CREATE TABLE r (id int PRIMARY KEY, v text); INSERT INTO r SELECT i, 'v' FROM generate_series(1, 100) i;",
             "BEGIN; INSERT INTO r VALUES (200, 'before'); ALTER TABLE r ALTER v TYPE text USING v || ''; CLUSTER r USING r_pkey; INSERT INTO r VALUES (201, 'after'); COMMIT;",
             "VACUUM FULL r;", "UPDATE r SET v = 'w' WHERE id < 10; ALTER TABLE r SET LOGGED; REINDEX TABLE r;", "DELETE FROM r WHERE id > 150;")


@case("008 the destination has further columns with defaults, and columns in another order")
def different_schema(pair):
    with Following(pair, "CREATE TABLE d (a int PRIMARY KEY, b text);") as run:
        run.destination("ALTER TABLE d ADD c timestamptz DEFAULT now(), ADD d int NOT NULL DEFAULT 999, ADD e int GENERATED ALWAYS AS IDENTITY;")
        run.source("INSERT INTO d VALUES (1, 'x'), (2, 'y'); UPDATE d SET b = 'z' WHERE a = 1; UPDATE d SET a = 3 WHERE a = 2;")
        run.caught_up()
        assert run.destination("SELECT a, b, c IS NOT NULL, d FROM d ORDER BY a;") == "1|z|t|999\n3|y|t|999"


@case("009 a materialized view is refreshed on the source while it is followed")
def materialized_views(pair):
    with Following(pair, "CREATE TABLE t (a text PRIMARY KEY, b text); CREATE MATERIALIZED VIEW mv AS SELECT * FROM t;") as run:
        run.source("INSERT INTO t VALUES ('1', 'one'); REFRESH MATERIALIZED VIEW mv;")
        run.source("CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM t; DROP MATERIALIZED VIEW mv2; INSERT INTO t VALUES ('2', 'two');")
        run.same(skip=NOT_FOLLOWED + (r"\.mv",))


@case("012 collations: keys that are equal only there, in identity DEFAULT and FULL")
def collations(pair):
    followed(pair, "CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = false); CREATE TABLE k (a text COLLATE ci PRIMARY KEY, b text); CREATE TABLE f (a text COLLATE ci, b text); ALTER TABLE f REPLICA IDENTITY FULL;"
             r"INSERT INTO k VALUES (U&'\00E4bc', 'foo'); INSERT INTO f VALUES (U&'\00E4bc', 'foo'), ('abc', 'bar');",
             "UPDATE k SET b = 'bar';", "UPDATE f SET b = 'baz' WHERE b = 'foo';", r"UPDATE k SET a = U&'\0061\0308bc';", r"DELETE FROM f WHERE b = 'bar';")


@case("015-019 in-progress streaming with DDL and aborted subtransactions in it")
def stream_with_ddl(pair):
    with Following(pair, "CREATE TABLE t (a int PRIMARY KEY, b text);", "--stream-large") as run:
        run.source(f"ALTER DATABASE {run.databases.name} SET logical_decoding_work_mem = '64kB';")
        run.destination("ALTER TABLE t ADD c int, ADD d int;")
        run.source("BEGIN; INSERT INTO t SELECT i, md5(i::text) FROM generate_series(3, 2000) i; ALTER TABLE t ADD c int; SAVEPOINT s1; INSERT INTO t SELECT i, md5(i::text), -i FROM generate_series(2001, 4000) i;"
                   "ALTER TABLE t ADD d int; SAVEPOINT s2; INSERT INTO t SELECT i, 'x', -i, i FROM generate_series(4001, 6000) i; ROLLBACK TO s2; INSERT INTO t SELECT i, 'kept', -i, i FROM generate_series(6001, 7000) i; COMMIT;")
        run.source("BEGIN; INSERT INTO t SELECT i, 'gone', 0, 0 FROM generate_series(10000, 14000) i; ROLLBACK;")
        run.source("BEGIN; INSERT INTO t SELECT i, 'y', 0, 0 FROM generate_series(20000, 22000) i; SAVEPOINT a; SAVEPOINT b; UPDATE t SET b = 'u' WHERE a >= 20000; ROLLBACK TO a; DELETE FROM t WHERE a = 20001; COMMIT;")
        run.same()


@case("024 a table is added to the publication, and dropped from it, while it is followed")
def publication_changes(pair):
    databases = pair.databases()
    tables = MARK + "CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY);"
    try:
        databases.source(tables + "CREATE PUBLICATION own FOR TABLE one, zz_mark; SELECT pg_create_logical_replication_slot('own_slot', 'pgoutput');")
        databases.destination(tables)
        process = pair.command.start("follow", *databases.uris(), "--slot=own_slot", "--publication=own")
        try:
            databases.source("INSERT INTO one VALUES (1); INSERT INTO two VALUES (1);")
            databases.source("ALTER PUBLICATION own ADD TABLE two;")
            databases.source("INSERT INTO one VALUES (2); INSERT INTO two VALUES (2);")
            databases.source("ALTER PUBLICATION own DROP TABLE one;")
            databases.source("INSERT INTO one VALUES (3); INSERT INTO two VALUES (3); INSERT INTO zz_mark VALUES (1);")
            deadline = time.monotonic() + 40
            while databases.destination("SELECT count(*) FROM zz_mark;") != "1":
                assert process.poll() is None and time.monotonic() < deadline, "the mark did not come"
                time.sleep(0.05)
            assert databases.destination("SELECT id FROM one ORDER BY 1; SELECT id FROM two ORDER BY 1;") == "1\n2\n2\n3"
        finally:
            process.kill()
            process.wait()
        assert pair.command.run("cleanup", *databases.uris()).code == 0
    finally:
        for cluster in (pair.source, pair.destination):
            cluster.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'own_slot';")
        pair.drop(databases)


@case("025 027 033 roles that are no superusers on either side")
def no_superuser(pair):
    databases = pair.databases()
    name = databases.name
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"CREATE ROLE mover_{name} LOGIN; ALTER DATABASE {name} OWNER TO mover_{name};")
    try:
        pair.source.sql(f"ALTER ROLE mover_{name} REPLICATION;")
        databases.source(MARK + "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);"
                         + "".join(f"ALTER TABLE {table} OWNER TO mover_{name};" for table in ("t", "p", "c", "zz_mark")))
        uris = [f"--source-uri={pair.source.uri(name, f'mover_{name}')}", f"--dest-uri={pair.destination.uri(name, f'mover_{name}')}"]
        # a foreign key that an apply must not check
        refused = pair.command.run("clone", "--follow", "--dry-run", *uris)
        assert refused.code == 5 and "GRANT SET ON PARAMETER" in refused.text, refused
        if pair.destination.major < 15:
            raise Skip("GRANT SET came with 15")
        pair.destination.sql(f"GRANT SET ON PARAMETER session_replication_role TO mover_{name};", name)
        functions = pair.destination.sql("SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc WHERE proname LIKE 'pg_replication_origin%';", name)
        pair.destination.sql(f"GRANT EXECUTE ON FUNCTION {functions} TO mover_{name}; GRANT SELECT ON pg_replication_origin_status TO mover_{name};", name)
        follower = Follower(pair.command, uris)
        try:
            follower.start()
            follower.await_phase("streaming")
            databases.source("INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET v = 'c' WHERE id = 1; TRUNCATE t; INSERT INTO t VALUES (3, 'd'); INSERT INTO zz_mark VALUES (1);")
            deadline = time.monotonic() + 40
            while databases.destination("SELECT count(*) FROM zz_mark;") != "1":
                follower.alive()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert databases.destination("SELECT id, v FROM t;") == "3|d"
            follower.cleanup()
        finally:
            follower.close()
    finally:
        pair.drop(databases)


@case("029 a conflict by policy: stop names the row, log and skip leave it out and count it")
def on_conflict(pair):
    for policy in ("log", "skip"):
        with Following(pair, "CREATE TABLE t (i int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 10) g;", f"--on-conflict={policy}") as run:
            run.destination("SET session_replication_role = replica; DELETE FROM t WHERE i IN (3, 4); INSERT INTO t VALUES (50, 'mine');")
            run.source("BEGIN; UPDATE t SET v = 'w' WHERE i <= 5; DELETE FROM t WHERE i = 4; INSERT INTO t VALUES (50, 'theirs'); INSERT INTO t VALUES (51, 'x'); COMMIT;")
            run.caught_up()
            assert run.destination("SELECT i, v FROM t WHERE i > 40 OR i < 6 ORDER BY i;") == "1|w\n2|w\n5|w\n50|mine\n51|x"
    with Following(pair, "CREATE TABLE t (i int PRIMARY KEY, v text);") as run:
        run.destination("INSERT INTO t VALUES (50, 'mine');")
        run.source("INSERT INTO t VALUES (49, 'before');")
        run.source("INSERT INTO t VALUES (50, 'theirs');")
        run.stops("50", "t")
        assert run.destination("SELECT i, v FROM t ORDER BY i;") == "49|before\n50|mine"
        run.destination("DELETE FROM t WHERE i = 50;")
        run.resume()
        run.same()


@case("032 identity FULL does not search the whole table for each row")
def index_with_full(pair):
    with Following(pair, "CREATE TABLE big (a int, b text); CREATE INDEX big_a ON big (a); ALTER TABLE big REPLICA IDENTITY FULL; INSERT INTO big SELECT i, repeat('x', 200) FROM generate_series(1, 60000) i;") as run:
        began = time.monotonic()
        run.same("UPDATE big SET b = 'y' WHERE a % 30 = 0;", "DELETE FROM big WHERE a % 31 = 0;")
        assert time.monotonic() - began < 30, "each row was searched through the whole table"
        # one by one through the index, or a few scans for all of them at once
        scans = run.destination("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'big';")
        assert int(scans) < 50, f"{scans} scans through the whole table"


@case("100_bugs: an index whose expression or predicate needs a snapshot, and functions in it")
def bug_index_predicate(pair):
    followed(pair, "CREATE TABLE tab1 (a int PRIMARY KEY, b int); CREATE FUNCTION public.double_it(x int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';"
             "CREATE INDEX ON tab1 (b) WHERE a > public.double_it(1); CREATE INDEX ON tab1 (public.double_it(b));",
             "INSERT INTO tab1 VALUES (1, 2), (3, 4);", "UPDATE tab1 SET b = 9;")


@case("100_bugs: identity FULL with generated columns, NULLs and dropped columns")
def bug_full_generated(pair):
    followed(pair, "CREATE TABLE g (a int, dropped int, b int GENERATED ALWAYS AS (a * 2) STORED, c text); ALTER TABLE g DROP dropped; ALTER TABLE g REPLICA IDENTITY FULL; INSERT INTO g (a, c) VALUES (1, NULL), (2, 'x'), (NULL, NULL);",
             "UPDATE g SET c = 'y' WHERE a = 2;", "DELETE FROM g WHERE a IS NULL;", "UPDATE g SET a = 5 WHERE a = 1;")


@case("100_bugs: a unique index that is no identity, TRUNCATE and a partitioned root in one transaction")
def bug_mixed(pair):
    followed(pair, "CREATE TABLE m (id int PRIMARY KEY, u int UNIQUE); CREATE TABLE pr (k int PRIMARY KEY) PARTITION BY LIST (k); CREATE TABLE pr1 PARTITION OF pr FOR VALUES IN (1, 2); CREATE TABLE pr2 PARTITION OF pr DEFAULT; INSERT INTO m VALUES (1, 1), (2, 2);",
             "BEGIN; UPDATE m SET u = NULL WHERE id = 1; UPDATE m SET u = 1 WHERE id = 2; TRUNCATE pr; INSERT INTO pr VALUES (1), (7); UPDATE pr SET k = 2 WHERE k = 7; UPDATE m SET u = 2 WHERE id = 1; COMMIT;")


@case("030 two jobs, one each way: nothing goes round in circles")
def bidirectional(pair):
    with Following(pair, "CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0);", "--local-only") as run:
        databases = run.databases
        back = pair.command.start("follow", f"--source-uri={databases.destination_uri}", f"--dest-uri={databases.source_uri}", "--local-only",
                                  "--output=json", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            await_true(lambda: databases.destination("SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active;") == "1", back)
            run.source("INSERT INTO t SELECT i, 'source' FROM generate_series(1, 50) i;")
            run.destination("INSERT INTO t SELECT i, 'destination' FROM generate_series(101, 150) i;")
            both = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM t;"
            await_true(lambda: databases.source(both) == databases.destination(both) and databases.source(both).startswith("100|"), back)
            for i in range(1, 6):
                run.source(f"UPDATE t SET n = n + 1 WHERE id = {i};")
                run.destination(f"UPDATE t SET n = n + 10, v = v || 'x' WHERE id = 10{i};")
            await_true(lambda: databases.source(both) == databases.destination(both), back)
            time.sleep(1.5)  # a loop would go on counting
            assert databases.source("SELECT sum(n) FROM t;") == databases.destination("SELECT sum(n) FROM t;") == "55"
            # a change on both sides of the same row at once is a conflict, and told
            run.source("DELETE FROM t WHERE id = 7;")
            await_true(lambda: databases.destination("SELECT count(*) FROM t WHERE id = 7;") == "0", back)
        finally:
            back.send_signal(2)
            back.communicate()
        result = pair.command.run("cleanup", f"--source-uri={databases.destination_uri}", f"--dest-uri={databases.source_uri}")
        assert result.code == 0, result


def await_true(reached, process, seconds=40):
    deadline = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "not reached"
        time.sleep(0.05)
