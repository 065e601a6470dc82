"""Traps of names and shapes: F13 to F15."""
from harness.case import case
from harness.cluster import identifier
from harness.pair import Pair


def setup():
    return Pair()


NAMES = ["select", "User", "with space", 'dou"ble', "sin'gle", "back\\slash", "Ünïcødé✓", "a.b", "semi;colon",
         "per%cent", "dollar$1", "$tag$", "-- comment", "/* comment */", "new\nline", "tab\there", "*", "?",
         "{brace}", "pgmanager x", "a" * 63, "é" * 31, "\\N", "\\.", "1digit", "UPPER", "comma,list", "(paren)", ":colon"]


@case("F13 quoted, reserved, unicode and 63-byte names everywhere")
def f13(pair):
    statements = ["CREATE TYPE t_none AS ENUM ('a');"]
    for i, name in enumerate(NAMES):
        q = identifier(name)
        text = "'" + name.replace("'", "''") + "'"
        statements.append(f"""
            CREATE SCHEMA {q};
            CREATE TABLE {q}.{q} ({q} int PRIMARY KEY, other text DEFAULT {text});
            INSERT INTO {q}.{q} SELECT i, {text} FROM generate_series(1, {i + 3}) i;
            CREATE SEQUENCE {q}."seq {i}" START 7;
            CREATE INDEX ON {q}.{q} (other);
            CREATE FUNCTION {q}.{q}(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
            CREATE VIEW {q}."view {i}" AS SELECT {q} FROM {q}.{q};
            COMMENT ON TABLE {q}.{q} IS {text};""")
    databases = pair.databases(name="Db \"x\"'%s" % "ü")
    databases.source("SET standard_conforming_strings = on;\n" + "\n".join(statements))
    pair.prove(databases)
    pair.drop(databases)


@case("F13 names that look like patterns, with --include and --exclude")
def f13_filter(pair):
    databases = pair.load("""
        CREATE SCHEMA "S"; CREATE SCHEMA s;
        CREATE TABLE "S"."a*b" (i int); CREATE TABLE "S"."axb" (i int); CREATE TABLE s.t (i int);
        INSERT INTO "S"."a*b" VALUES (1); INSERT INTO "S".axb VALUES (2); INSERT INTO s.t VALUES (3);""")
    pair.clone(databases, "--include", '"S"."a*b"')
    names = databases.destination("SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n "
                                  "ON n.oid = relnamespace WHERE relkind = 'r' AND nspname IN ('s', 'S');")
    assert names == "S.a*b", names


@case("F14 columns by name: dropped, added later, with defaults")
def f14(pair):
    databases = pair.prove_sql("""
        CREATE TABLE moved (a int, gone1 text, b text, gone2 int, c int PRIMARY KEY);
        INSERT INTO moved SELECT i, 'x', 'b' || i, i, i FROM generate_series(1, 1000) i;
        ALTER TABLE moved DROP COLUMN gone1, DROP COLUMN gone2;
        ALTER TABLE moved ADD COLUMN d int DEFAULT 42, ADD COLUMN gone1 date, ADD COLUMN e text NOT NULL DEFAULT 'late';
        INSERT INTO moved (a, b, c, d, e) VALUES (0, NULL, -1, NULL, 'x');
        CREATE TABLE parted (k int, gone int, v text) PARTITION BY RANGE (k);
        CREATE TABLE parted_1 (v text, extra_gone int, k int NOT NULL, gone int);
        ALTER TABLE parted_1 DROP COLUMN extra_gone;
        ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (100);
        ALTER TABLE parted DROP COLUMN gone;
        INSERT INTO parted SELECT i, 'v' || i FROM generate_series(0, 99) i;
        ALTER TABLE parted ADD COLUMN late int DEFAULT 5;""")
    databases.both("SELECT k, v, late FROM parted ORDER BY 1; SELECT a, b, c, d, e FROM moved ORDER BY c;")


@case("F14 --data-only into a table with its columns in another order")
def f14_data_only(pair):
    databases = pair.databases()
    databases.source("""CREATE TABLE t (a int, b text, c date);
                        INSERT INTO t SELECT i, 'b' || i, '2020-01-01'::date + i FROM generate_series(1, 500) i;""")
    databases.destination("CREATE TABLE t (c date, extra text DEFAULT 'mine', a int, b text);")
    pair.clone(databases, "--data-only")
    databases.both("SELECT a, b, c FROM t ORDER BY a;")
    assert databases.destination("SELECT DISTINCT extra FROM t;") == "mine"


@case("F15 tables without columns, with 1,600 columns and empty ones")
def f15(pair):
    columns = ", ".join(f"c{i} int" for i in range(1600))
    few = ", ".join(str(i) for i in range(200))
    names = ", ".join(f"c{i * 8}" for i in range(200))
    databases = pair.prove_sql(f"""
        CREATE TABLE nothing ();
        INSERT INTO nothing SELECT FROM generate_series(1, 77);
        CREATE TABLE wide ({columns});
        INSERT INTO wide ({names}) SELECT {few} FROM generate_series(1, 20);
        CREATE TABLE empty (a int PRIMARY KEY, b text);
        CREATE TABLE emptied (a int);
        INSERT INTO emptied VALUES (1); DELETE FROM emptied;
        CREATE TABLE dropped_all (a int, b int); INSERT INTO dropped_all VALUES (1, 2), (3, 4);
        ALTER TABLE dropped_all DROP COLUMN a, DROP COLUMN b;""")
    databases.both("SELECT (SELECT count(*) FROM nothing), (SELECT count(*) FROM wide), "
                   "(SELECT count(*) FROM dropped_all);")
