"""compare must see every difference: a clone is changed, then compared."""
import json

from harness.case import case
from harness.cluster import identifier
from harness.command import EXIT_OK
from harness.pair import Pair

WEIGHT = 4

BASE = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('a', 'b'); CREATE TYPE app.pair AS (x int, y text);
CREATE DOMAIN app.small AS int CHECK (VALUE < 1000);
CREATE FUNCTION app.f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1';
CREATE FUNCTION app.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE app.t (id int PRIMARY KEY, v text DEFAULT 'd' NOT NULL, n numeric(10,2), m app.mood, CHECK (id > 0));
CREATE TABLE app.nokey (a int, b text);
CREATE TABLE app.child (id int PRIMARY KEY, t int REFERENCES app.t ON DELETE CASCADE);
CREATE INDEX t_v ON app.t (v) WHERE n > 0; CREATE UNIQUE INDEX t_u ON app.t (id, v);
CREATE VIEW app.view AS SELECT id, v FROM app.t;
CREATE MATERIALIZED VIEW app.matview AS SELECT m, 1 AS n FROM app.t GROUP BY m;
CREATE SEQUENCE app.s START 10; CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.trig();
CREATE RULE ru AS ON UPDATE TO app.view DO INSTEAD NOTHING;
CREATE TABLE app.p (k int, v text) PARTITION BY RANGE (k); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (1000);
CREATE POLICY po ON app.t USING (true); CREATE STATISTICS app.st ON id, v FROM app.t;
CREATE EXTENSION citext; CREATE PUBLICATION pub FOR TABLE app.t; CREATE COLLATION app.coll (locale = 'C');
CREATE AGGREGATE app.agg (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('CREATE DOMAIN') EXECUTE FUNCTION app.et();
COMMENT ON TABLE app.t IS 'comment'; GRANT SELECT ON app.t TO app_reader;
INSERT INTO app.t SELECT i, 'v' || i, i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END::app.mood FROM generate_series(1, 20000) i;
INSERT INTO app.nokey SELECT i % 50, 'x' FROM generate_series(1, 2000) i;
INSERT INTO app.child SELECT i, i FROM generate_series(1, 500) i; INSERT INTO app.p SELECT i, 'p' FROM generate_series(0, 999) i;
REFRESH MATERIALIZED VIEW app.matview; SELECT lo_from_bytea(4711, 'large');
""".replace("CREATE EVENT TRIGGER", "CREATE FUNCTION app.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER")


class Prepared:
    def __init__(self):
        self.pair = Pair()
        for cluster in (self.pair.source, self.pair.destination):
            cluster.sql("CREATE ROLE app_reader; CREATE ROLE app_writer;")
        self.databases = self.pair.load(BASE)
        self.pair.clone(self.databases)
        self.pair.compare(self.databases)

    def close(self):
        self.pair.close()

    def copies(self):
        """A fresh database on the destination that equals the source's."""
        name = self.databases.name
        self.pair.destination.sql(f"DROP DATABASE IF EXISTS work; CREATE DATABASE work TEMPLATE {identifier(name)};")
        return ["compare", f"--source-uri={self.databases.source_uri}",
                f"--dest-uri={self.pair.destination.uri('work')}"]

    def expect(self, change, *words, arguments=(), code=1):
        argv = self.copies()
        self.pair.destination.sql(change, "work")
        result = self.pair.command.run(*argv, *arguments)
        assert result.code == code, f"{change}\n{result}"
        for word in words:
            assert word in result.text, f"{change}: “{word}” is not told\n{result}"
        return result


def setup():
    return Prepared()


SCHEMA = [
    ("ALTER TABLE app.t ADD COLUMN extra int", "app.t"),
    ("ALTER TABLE app.t ALTER v DROP DEFAULT", "app.t"),
    ("ALTER TABLE app.t ALTER v DROP NOT NULL", "app.t"),
    ("ALTER TABLE app.t ALTER n TYPE numeric(12,2)", "app.t"),
    ("ALTER TABLE app.t ALTER v SET STORAGE EXTERNAL", "app.t"),
    ("ALTER TABLE app.t SET (fillfactor = 50)", "app.t"),
    ("ALTER TABLE app.t OWNER TO app_writer", "app.t"),
    ("ALTER TABLE app.t REPLICA IDENTITY FULL", "app.t"),
    ("ALTER TABLE app.t ENABLE ROW LEVEL SECURITY", "app.t"),
    ("ALTER TABLE app.t CLUSTER ON t_u", "t_u"),
    ("ALTER TABLE app.nokey SET UNLOGGED", "app.nokey"),
    ("DROP TABLE app.nokey", "app.nokey"),
    ("CREATE TABLE app.more (i int)", "app.more"),
    ("DROP INDEX app.t_v", "t_v"),
    ("DROP INDEX app.t_v; CREATE INDEX t_v ON app.t (v) WHERE n > 1", "t_v"),
    ("ALTER TABLE app.t DROP CONSTRAINT t_id_check", "t_id_check"),
    ("ALTER TABLE app.child DROP CONSTRAINT child_t_fkey; ALTER TABLE app.child ADD FOREIGN KEY (t) REFERENCES app.t", "child_t_fkey"),
    ("ALTER TABLE app.child DROP CONSTRAINT child_t_fkey; ALTER TABLE app.child ADD FOREIGN KEY (t) REFERENCES app.t ON DELETE CASCADE NOT VALID", "child_t_fkey"),
    ("CREATE OR REPLACE FUNCTION app.f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 2'", "app.f"),
    ("ALTER FUNCTION app.f VOLATILE", "app.f"),
    ("CREATE FUNCTION app.f(i text) RETURNS int LANGUAGE sql AS 'SELECT 1'", "app.f"),
    ("CREATE OR REPLACE VIEW app.view AS SELECT id, v, n FROM app.t", "app.view"),
    ("DROP MATERIALIZED VIEW app.matview", "app.matview"),
    ("ALTER SEQUENCE app.s INCREMENT 2", "app.s"),
    ("ALTER TYPE app.mood ADD VALUE 'c'", "app.mood"),
    ("ALTER TYPE app.pair ADD ATTRIBUTE z int", "app.pair"),
    ("ALTER DOMAIN app.small SET DEFAULT 5", "app.small"),
    ("ALTER TABLE app.t DISABLE TRIGGER tr", "tr"),
    ("DROP TRIGGER tr ON app.t", "tr"),
    ("DROP RULE ru ON app.view", "ru"),
    ("ALTER POLICY po ON app.t USING (false)", "po"),
    ("DROP STATISTICS app.st", "app.st"),
    ("ALTER STATISTICS app.st SET STATISTICS 33", "app.st"),
    ("DROP EXTENSION citext", "citext"),
    ("ALTER PUBLICATION pub SET (publish = 'insert')", "pub"),
    ("DROP COLLATION app.coll", "app.coll"),
    ("DROP AGGREGATE app.agg (int)", "app.agg"),
    ("DROP EVENT TRIGGER et", "et"),
    ("COMMENT ON TABLE app.t IS 'other'", "app.t"),
    ("COMMENT ON COLUMN app.t.v IS 'new'", "app.t"),
    ("REVOKE SELECT ON app.t FROM app_reader", "app.t"),
    ("GRANT SELECT (v) ON app.t TO app_writer", "app.t"),
    ("ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_reader", "app"),
    ("CREATE SCHEMA another", "another"),
    ("GRANT USAGE ON SCHEMA app TO app_reader", "app"),
    ("ALTER TABLE app.p DETACH PARTITION app.p1", "app.p1"),
]


@case("every kind of difference between catalogs is told by name")
def schema(prepared):
    missed = []
    for change, word in SCHEMA:
        try:
            prepared.expect(change + ";", word, arguments=["--schema"])
        except AssertionError as error:
            missed.append(str(error)[:1500])
    assert not missed, f"{len(missed)} of {len(SCHEMA)} not seen:\n" + "\n".join(missed)


DATA = [
    ("UPDATE app.t SET v = v || ' ' WHERE id = 4711", "4711"),
    ("UPDATE app.t SET n = NULL WHERE id = 17", "17"),
    ("UPDATE app.t SET v = '' WHERE id = 19999", "19999"),
    ("DELETE FROM app.t WHERE id = 12345", "12345"),
    ("INSERT INTO app.t VALUES (30001, 'more')", "30001"),
    ("DELETE FROM app.t WHERE id = 600; INSERT INTO app.t VALUES (30002, 'instead')", "30002"),
    ("UPDATE app.nokey SET b = 'y' WHERE ctid = '(0,1)'", "nokey"),
    ("INSERT INTO app.nokey VALUES (1, 'x')", "nokey"),
    ("DELETE FROM app.nokey WHERE ctid = '(0,5)'; INSERT INTO app.nokey VALUES (77, 'x')", "nokey"),
    ("UPDATE app.p SET v = 'q' WHERE k = 500", "app.p"),
    ("SELECT setval('app.s', 100)", "app.s"),
    ("SELECT lo_put(4711, 1, 'X')", "4711"),
    ("SELECT lo_unlink(4711)", "4711"),
    ("TRUNCATE app.child", "app.child"),
]


@case("every difference between rows is found, down to its key")
def data(prepared):
    missed = []
    for change, word in DATA:
        try:
            prepared.expect(change + ";", word, arguments=["--data"])
        except AssertionError as error:
            missed.append(str(error)[:1500])
    assert not missed, f"{len(missed)} of {len(DATA)} not seen:\n" + "\n".join(missed)


@case("the same count and the same sum of keys are not equality")
def swapped(prepared):
    prepared.expect("UPDATE app.t a SET v = b.v FROM app.t b WHERE (a.id, b.id) IN ((10, 11), (11, 10));", "10", arguments=["--data"])


@case("rows in another physical order, and dead rows, are equal")
def order(prepared):
    prepared.expect("UPDATE app.t SET v = v; CLUSTER app.t USING t_u; VACUUM FULL app.nokey; "
                    "ALTER TABLE app.t SET WITHOUT CLUSTER; ANALYZE;", code=EXIT_OK)


@case("--schema sees no rows and --data sees no comment")
def halves(prepared):
    prepared.expect("DELETE FROM app.t WHERE id = 5;", arguments=["--schema"], code=EXIT_OK)
    prepared.expect("COMMENT ON TABLE app.t IS 'other';", arguments=["--data"], code=EXIT_OK)


@case("--output json says the same")
def as_json(prepared):
    result = prepared.expect("UPDATE app.t SET v = 'zz' WHERE id = 4711; DROP INDEX app.t_v;", arguments=["--output", "json"])
    values = [json.loads(line) for line in result.out.split("\n") if line.strip()]
    text = json.dumps(values)
    assert "4711" in text and "t_v" in text and "different" in text, result


@case("the same database compared with itself is equal")
def itself(prepared):
    uri = prepared.databases.source_uri
    result = prepared.pair.command.run("compare", f"--source-uri={uri}", f"--dest-uri={uri}")
    assert result.code == EXIT_OK, result


@case("many differing rows are counted, the first are shown")
def many(prepared):
    result = prepared.expect("UPDATE app.t SET n = n + 1 WHERE id % 2 = 0;", "app.t", arguments=["--data"])
    assert len(result.text) < 200000, "the whole table is printed"
