"""Killed, or failing, at every named place of a clone, then --resume: equal."""
import signal

from harness import check
from harness.case import Skip, case
from harness.pair import Pair

WEIGHT = 5

# a little of everything that a step makes
SCHEMA = r"""
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, fav int);
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 10) PRIMARY KEY, customer int, note text, UNIQUE (note, id) DEFERRABLE);
ALTER TABLE shop.orders ADD FOREIGN KEY (customer) REFERENCES shop.customers ON DELETE CASCADE;
ALTER TABLE shop.customers ADD FOREIGN KEY (fav) REFERENCES shop.customers NOT VALID;
CREATE INDEX ON shop.orders (lower(note)) WHERE id > 10;
CREATE TABLE shop.part (id int, t text, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE shop.part1 PARTITION OF shop.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.part2 PARTITION OF shop.part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE shop.refers (id int, d date, FOREIGN KEY (id, d) REFERENCES shop.part);
CREATE VIEW shop.v AS SELECT id, name, count(*) FROM shop.customers GROUP BY id;
CREATE MATERIALIZED VIEW shop.m1 AS SELECT * FROM shop.v; CREATE MATERIALIZED VIEW shop.a_m AS SELECT name FROM shop.m1;
CREATE UNIQUE INDEX ON shop.a_m (name);
CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.f(); ALTER TABLE shop.orders DISABLE TRIGGER tr;
CREATE RULE r AS ON INSERT TO shop.refers DO ALSO NOTHING; CREATE PUBLICATION p FOR TABLE shop.orders;
CREATE STATISTICS shop.st ON id, name FROM shop.customers; COMMENT ON TRIGGER tr ON shop.orders IS 'quiet';
CREATE FUNCTION shop.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER et ON ddl_command_start EXECUTE FUNCTION shop.et();
INSERT INTO shop.customers (name) SELECT 'c' || i FROM generate_series(1, 500) i;
INSERT INTO shop.orders (customer, note) SELECT 1 + i % 500, 'note ' || i FROM generate_series(1, 2000) i;
INSERT INTO shop.part SELECT i, 't', '2020-06-01'::date + (i % 500) FROM generate_series(1, 1000) i;
INSERT INTO shop.refers SELECT id, d FROM shop.part LIMIT 100;
REFRESH MATERIALIZED VIEW shop.m1; REFRESH MATERIALIZED VIEW shop.a_m;
CREATE SEQUENCE shop.cached CACHE 50; SELECT nextval('shop.cached');
SELECT lo_from_bytea(5000 + i, decode(md5(i::text), 'hex')) FROM generate_series(1, 450) i; COMMENT ON LARGE OBJECT 5001 IS 'one';
"""

POINTS = [
    "schema.after_pre_data", "schema.before_commit", "schema.after_commit",
    "copy.before_commit", "copy.after_commit", "copy.after_part", "copy.after_all",
    "index.after_one", "index.after_one=kill@3", "index.after_all", "foreign-key.after_all", "schema.after_post_data",
    "sequences.before", "lo.after_batch", "lo.after_batch=kill@2", "clone.before_cleanup",
    "index.after_one=error@2", "lo.after_batch=error", "sequences.before=error", "schema.after_pre_data=error",
]

# nothing of these has been committed yet: there is nothing to resume
BEFORE_THE_START = {"schema.after_pre_data", "schema.before_commit", "schema.in_part"}


def setup():
    return Pair()


# only passed where the schema is large enough for several sessions
POINTS_OF_PARTS = ["schema.in_part", "schema.in_part=error", "schema.after_part", "schema.after_part=error"]
MANY = "".join(f"CREATE TABLE t{i} (id int PRIMARY KEY, v text); INSERT INTO t{i} VALUES (1, 'v');\n" for i in range(200))


def stop_at(pair, databases, point):
    action = point if "=" in point else point + "=kill"
    result = pair.command.run("clone", *databases.uris(), env={"PGMANAGER_FAILPOINT": action})
    if result.code == 0 and point == POINTS[0]:
        raise Skip("a release build has no failpoints")
    expected = 6 if "=error" in action else -signal.SIGKILL
    assert result.code == expected, f"{point}: {result}"


def resume(pair, databases, point):
    arguments = [] if point.split("=")[0] in BEFORE_THE_START else ["--resume"]
    result = pair.command.run("clone", *databases.uris(), *arguments)
    assert result.code == 0, f"{point}: {result}"


LARGE_OBJECTS = "SELECT count(*), sum(hashtextextended(encode(lo_get(oid), 'hex'), oid::int8)), " \
                "max(obj_description(oid, 'pg_largeobject')) FROM pg_largeobject_metadata;"


@case("stopped at every named place, then resumed: equal")
def every_place(pair):
    databases = pair.load(SCHEMA)
    for point in POINTS:
        pair.destination.sql(f"DROP DATABASE {databases.name} WITH (FORCE);")
        pair.destination.create_database(databases.name)
        stop_at(pair, databases, point)
        resume(pair, databases, point)
        pair.compare(databases)
        pair.check_independently(databases)
        databases.both(LARGE_OBJECTS)
        databases.both("SELECT last_value, is_called FROM shop.cached;")
        check.expect_nothing_of_ours(pair.destination, databases.name)


@case("stopped in a schema that several sessions make, then begun anew or resumed: equal")
def every_place_of_parts(pair):
    databases = pair.load(MANY)
    for point in POINTS_OF_PARTS:
        pair.destination.sql(f"DROP DATABASE {databases.name} WITH (FORCE);")
        pair.destination.create_database(databases.name)
        stop_at(pair, databases, point)
        resume(pair, databases, point)
        pair.compare(databases)
        pair.check_independently(databases)
        check.expect_nothing_of_ours(pair.destination, databases.name)
