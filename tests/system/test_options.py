"""The flags of clone, and what it prints."""
import json
import os
import pty
import subprocess

from harness import check
from harness.case import case
from harness.pair import Pair
from harness.slow import slow_source


def setup():
    pair = Pair()
    for cluster in (pair.source, pair.destination):
        cluster.sql("CREATE ROLE someone;")
    return pair


SHOP = """
CREATE SCHEMA shop; CREATE SCHEMA audit;
CREATE TABLE shop.items (id serial PRIMARY KEY, name text); INSERT INTO shop.items (name) SELECT 'i' || i FROM generate_series(1, 500) i;
CREATE TABLE shop.orders (id int PRIMARY KEY, item int REFERENCES shop.items); INSERT INTO shop.orders SELECT i, i FROM generate_series(1, 300) i;
CREATE TABLE audit.log_2020 (t text); INSERT INTO audit.log_2020 VALUES ('x'); CREATE TABLE audit.log_2021 (t text);
INSERT INTO audit.log_2021 VALUES ('y'); CREATE VIEW shop.v AS SELECT * FROM shop.items;
CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE INDEX orders_item ON shop.orders (item);
"""


def tables(databases):
    return databases.destination("SELECT coalesce(string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid::regclass::text COLLATE \"C\"), '') "
                                 "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND nspname !~ '^(pg_|info)';")


@case("--schema-only, then --data-only")
def halves(pair):
    databases = pair.load(SHOP)
    pair.clone(databases, "--schema-only")
    check.expect_same_schema(pair.source, databases.name, pair.destination, databases.name)
    assert databases.destination("SELECT (SELECT count(*) FROM shop.items), (SELECT count(*) FROM shop.orders);") == "0|0"
    pair.clone(databases, "--data-only")
    pair.check_independently(databases)
    pair.compare(databases)


@case("--data-only into tables that already have rows: refused, nothing doubled")
def data_only_twice(pair):
    databases = pair.load(SHOP)
    pair.clone(databases)
    result = pair.command.run("clone", *databases.uris(), "--data-only")
    assert result.code == 5, result
    pair.check_independently(databases)


@case("--include and --exclude with schemas, tables and patterns")
def patterns(pair):
    for arguments, expected in ((["--include", "shop"], "shop.items shop.orders"),
                                (["--exclude", "audit"], "shop.items shop.orders"),
                                (["--include", "audit.log_*"], "audit.log_2020 audit.log_2021"),
                                (["--exclude", "*.log_202?", "--exclude", "shop.orders"], "shop.items"),
                                (["--include", "shop.items", "--include", "audit.log_2021"], "audit.log_2021 shop.items")):
        databases = pair.load(SHOP)
        pair.clone(databases, *arguments)
        assert tables(databases) == expected, (arguments, tables(databases))
        pair.compare(databases, *arguments)
        for table in expected.split():
            databases.both(f"SELECT count(*) FROM {table};")
        pair.drop(databases)


@case("a partition taken without its parent keeps the foreign key it had from it")
def lone_partition(pair):
    databases = pair.load("""
        CREATE TABLE ref (i int PRIMARY KEY); INSERT INTO ref VALUES (1);
        CREATE TABLE tree (i int REFERENCES ref, k int) PARTITION BY LIST (k); CREATE TABLE leaf PARTITION OF tree FOR VALUES IN (1);
        INSERT INTO tree VALUES (1, 1);""")
    pair.clone(databases, "--include", "*.leaf", "--include", "*.ref")
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'leaf'::regclass AND contype = 'f';"
    databases.both(query)
    assert "REFERENCES" in databases.destination(query)
    pair.drop(databases)


@case("--include of a table without the one it refers to: told")
def lone_reference(pair):
    databases = pair.load("CREATE TABLE ref (i int PRIMARY KEY); CREATE TABLE t (i int REFERENCES ref);")
    result = pair.clone(databases, "--include", "*.t")
    assert "t_i_fkey of public.t is left out" in result.text, result
    pair.drop(databases)


@case("--include of something that is not there: told, exit 3 or 5")
def pattern_nothing(pair):
    databases = pair.load(SHOP)
    result = pair.command.run("clone", *databases.uris(), "--include", "nowhere.*")
    assert result.code in (3, 5), result
    assert "nowhere" in result.text, result


@case("--dry-run prints the plan and touches nothing")
def dry_run(pair):
    databases = pair.load(SHOP)
    before = check.footprint(pair.source, databases.name), check.footprint(pair.destination, databases.name)
    xids = check.next_xid(pair.source), check.next_xid(pair.destination)
    result = pair.clone(databases, "--dry-run")
    assert "items" in result.out and "orders" in result.out, result
    assert (check.footprint(pair.source, databases.name), check.footprint(pair.destination, databases.name)) == before
    assert (check.next_xid(pair.source), check.next_xid(pair.destination)) == xids
    databases.destination("CREATE TABLE in_the_way (i int);")
    result = pair.clone(databases, "--dry-run", expect=5)
    assert "in_the_way" in result.text or "empty" in result.text, result


@case("the destination by its parts, and the environment's PG* variables")
def parts(pair):
    databases = pair.load(SHOP)
    result = pair.command.run("clone", "--source-host=127.0.0.1", f"--source-port={pair.source.port}", "--source-user=postgres",
                              f"--source-dbname={databases.name}", "--dest-host", pair.destination.directory,
                              "--dest-port", str(pair.destination.port), "--dest-user", "postgres", "--dest-dbname", databases.name)
    assert result.code == 0, result
    pair.check_independently(databases)
    result = pair.command.run("compare", f"--source-dbname={databases.name}", f"--dest-uri={databases.destination_uri}",
                              env={"PGHOST": "127.0.0.1", "PGPORT": str(pair.source.port), "PGUSER": "postgres"})
    assert result.code == 0, result


@case("piped output is plain lines, --output json is JSON lines")
def outputs(pair):
    databases = pair.load(SHOP)
    result = pair.clone(databases)
    assert "\x1b" not in result.text and "\r" not in result.text, result
    databases = pair.load(SHOP)
    result = pair.clone(databases, "--output", "json")
    values = [json.loads(line) for line in result.out.split("\n") if line.strip()]
    assert values and all(isinstance(v, dict) for v in values), result
    last = json.dumps(values[-1])
    assert "800" in last or "802" in last, last


@case("on a terminal the progress is live, and Ctrl-C leaves the terminal as it was")
def terminal(pair):
    databases = slow_source(pair)
    main, side = pty.openpty()
    process = pair.command.start("clone", *databases.uris(), stdout=side, stderr=side, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(side)
    out = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
    os.close(main)
    text = out.decode("utf-8", "replace")
    assert process.wait(timeout=60) == 0, text
    assert "slow_one" in text and "%" in text and "\x1b[" in text, text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor stays hidden"


@case("workers: one and many, equal either way")
def workers(pair):
    for copies, indexes in ((1, 1), (8, 3)):
        databases = pair.load(SHOP + "CREATE TABLE more (id int PRIMARY KEY, v text); "
                                     "INSERT INTO more SELECT i, repeat('m', 100) FROM generate_series(1, 30000) i;")
        pair.prove(databases, clone_only=["--copy-workers", str(copies), "--index-workers", str(indexes),
                                          "--split-larger-than", "512kB", "--foreground"])


@case("a closed standard output ends the clone in order")
def closed_output(pair):
    databases = pair.load(SHOP)
    process = pair.command.start("clone", *databases.uris(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.stderr.read()
    process.wait(timeout=60)
    if process.returncode != 0:
        # 3: all was done but the report
        result = pair.command.run("clone", *databases.uris(), "--resume")
        assert result.code in (0, 3), result
    pair.check_independently(databases)


@case("statistics are there at once")
def analyzed(pair):
    databases = pair.load(SHOP)
    pair.clone(databases)
    assert databases.destination("SELECT reltuples FROM pg_class WHERE oid = 'shop.items'::regclass;") == "500"
    assert databases.destination("SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'shop';") == "t"


@case("pgbench's tables")
def pgbench(pair):
    databases = pair.databases()
    pair.source.tool("pgbench", "-i", "-q", "-s", "2", "--foreign-keys", dbname=databases.name)
    pair.prove(databases)
