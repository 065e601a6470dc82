"""From one major of PostgreSQL to another."""
from harness.case import Skip, case
from harness.cluster import find_bindir
from harness.pair import Pair

WEIGHT = 6

COMMON = r"""
CREATE SCHEMA app; CREATE EXTENSION citext; CREATE EXTENSION hstore SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN app.pos AS int CHECK (VALUE > 0);
CREATE TABLE app.values (id serial PRIMARY KEY, i int, n numeric, f float8, t text, b bytea, j json, jb jsonb, ts timestamptz,
  a int[], e app.mood, d app.pos, c citext, h app.hstore, g int GENERATED ALWAYS AS (i * 2) STORED, r int4range, u uuid, m money);
INSERT INTO app.values (i, n, f, t, b, j, jb, ts, a, e, d, c, h, r, u, m)
  SELECT i, i / 7.0, i / 3.0, E'a\tb\\n' || i, decode(md5(i::text), 'hex'), '{"a": 1 }', '{"a": [1, 2]}', '2020-01-01'::timestamptz + i * interval '1 hour',
    ARRAY[i, NULL], 'ok', i, 'Ci' || i, app.hstore('k', i::text), int4range(i, i + 3), md5(i::text)::uuid, i FROM generate_series(1, 20000) i;
CREATE TABLE app.parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM (0) TO (500); CREATE TABLE app.parts_2 PARTITION OF app.parts DEFAULT;
INSERT INTO app.parts SELECT i, 'p' || i FROM generate_series(0, 999) i; CREATE INDEX ON app.parts (v); ALTER TABLE app.parts ADD PRIMARY KEY (k);
CREATE TABLE app.refers (k int REFERENCES app.parts, v int REFERENCES app.values); INSERT INTO app.refers SELECT i, i + 1 FROM generate_series(0, 900) i;
CREATE INDEX ON app.values (lower(t)) WHERE i > 10; CREATE INDEX ON app.values USING gin (jb); CREATE UNIQUE INDEX ON app.values (c) INCLUDE (i);
CREATE VIEW app.v AS SELECT a.id, b.v FROM app.values a JOIN app.parts b ON a.id = b.k;
CREATE MATERIALIZED VIEW app.m AS SELECT a.e, count(*) FROM app.values a JOIN app.parts b ON a.id = b.k GROUP BY a.e;
CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE UPDATE ON app.values FOR EACH ROW EXECUTE FUNCTION app.f();
CREATE SEQUENCE app.s CACHE 20; SELECT nextval('app.s') FROM generate_series(1, 5);
CREATE STATISTICS app.st ON i, n FROM app.values; ALTER TABLE app.values ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON app.values USING (true);
SELECT lo_from_bytea(4242, decode(repeat('ab', 300000), 'hex')); COMMENT ON LARGE OBJECT 4242 IS 'lo';
CREATE PUBLICATION pub FOR TABLE app.values; COMMENT ON TABLE app.values IS 'values'; GRANT SELECT ON app.values TO reader; ANALYZE;
"""

# what a newer pg_dump writes differently for two equal databases of different majors
VERSIONED = [r"SCHEMA public (FROM|TO) ", r"COMMENT ON SCHEMA public", r"CREATE SCHEMA public", r"ALTER SCHEMA public OWNER",
             r"COMMENT ON EXTENSION", r"default_toast_compression"]


def both_ways(source_major, destination_major):
    for major in (source_major, destination_major):
        if not find_bindir(major):
            raise Skip(f"PostgreSQL {major} is neither installed nor fetched")
    pair = Pair(source_major, destination_major)
    try:
        for cluster in (pair.source, pair.destination):
            cluster.sql("CREATE ROLE reader;")
        databases = pair.load(COMMON)
        pair.prove(databases, clone_only=["--split-larger-than", "512kB"], drop=VERSIONED)
        databases.destination("INSERT INTO app.values (i) VALUES (1); UPDATE app.values SET i = 5 WHERE id = 3;")
        pair.expect_difference(databases)
        bench = pair.databases()
        pair.source.tool("pgbench", "-i", "-q", "-s", "1", "--partitions", "3", dbname=bench.name)
        pair.prove(bench, drop=VERSIONED)
    finally:
        pair.close()


@case("13 to 17", set="matrix")
def from_13_to_17():
    both_ways(13, 17)


@case("15 to 15", set="matrix")
def from_15_to_15():
    both_ways(15, 15)


@case("15 to 18", set="matrix")
def from_15_to_18():
    both_ways(15, 18)


@case("17 to 18", set="matrix")
def from_17_to_18():
    both_ways(17, 18)


@case("18 to 18", set="matrix")
def from_18_to_18():
    both_ways(18, 18)


@case("statistics come from the source, and ANALYZE makes the rest", set="matrix")
def statistics():
    for major in (13, 18):
        if not find_bindir(major):
            raise Skip(f"PostgreSQL {major} is neither installed nor fetched")
    for major in (13, 18):
        pair = Pair(major, 18)
        try:
            # No sample of the copy can tell the same twice: three rows of four aren't looked at.
            databases = pair.load("""CREATE TABLE big (id int PRIMARY KEY, v text, n int); CREATE INDEX ON big (lower(v));
                INSERT INTO big SELECT i, md5(i::text), (random() * 1000)::int FROM generate_series(1, 120000) i;
                CREATE TABLE fresh (id int);""")
            databases.source("ANALYZE big;")
            databases.source("INSERT INTO fresh SELECT generate_series(1, 100);")
            pair.prove(databases)
            databases.both("""SELECT to_jsonb(s) - '{range_length_histogram,range_empty_frac,range_bounds_histogram}'::text[]
                FROM pg_stats s WHERE schemaname = 'public' AND tablename LIKE 'big%' ORDER BY tablename, attname;""")
            assert databases.destination("SELECT count(*) FROM pg_stats WHERE tablename LIKE 'big%';") == "4"
            assert databases.destination("SELECT n_distinct FROM pg_stats WHERE tablename = 'fresh';") == "-1"
            assert databases.destination("SELECT reltuples FROM pg_class WHERE relname = 'big';") == "120000"
        finally:
            pair.close()


@case("F05 numeric Infinity to an older server stops with the table's name", set="matrix")
def f05():
    if not find_bindir(13) or not find_bindir(15):
        raise Skip("PostgreSQL 13 and 15 are not both here")
    pair = Pair(15, 13)
    try:
        databases = pair.load("CREATE TABLE endless (id int PRIMARY KEY, n numeric); INSERT INTO endless VALUES (1, 'Infinity');")
        result = pair.command.run("clone", *databases.uris())
        assert result.code in (5, 6), result
        if result.code == 6:
            assert "endless" in result.text, result
        assert databases.source("SELECT count(*) FROM endless;") == "1"
    finally:
        pair.close()
