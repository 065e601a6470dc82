"""Independent checks: pg_dump and psql, none of our own code.

Two databases are equal when pg_dump -s says the same about both and every
table, materialized view, sequence and large object has the same contents.
"""
import difflib
import json
import os
import re
import subprocess

from .cluster import clean_environment, find_bindir, identifier, literal

PINNED = ("-c search_path= -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 "
          "-c timezone=UTC -c bytea_output=hex -c row_security=off")

NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config\(.*|\\(un)?restrict .*|)$")

# A column option that servers of late 2026 set by themselves at ANALYZE.
OWN_OPTION = re.compile(r"^ALTER TABLE ONLY .* SET \(pg_attver=\d+\);$|pg_attver=\d+, *|, *pg_attver=\d+", re.M)

FOOTPRINT = """
SELECT 'schema', nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_';
SELECT 'relation', oid::regclass, relkind, relfilenode, relowner::regrole, relacl FROM pg_class
 WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_');
SELECT 'function', oid::regprocedure FROM pg_proc;
SELECT 'trigger', tgname, tgrelid::regclass, tgenabled FROM pg_trigger WHERE NOT tgisinternal;
SELECT 'publication', pubname FROM pg_publication;
SELECT 'slot', slot_name, slot_type, restart_lsn, confirmed_flush_lsn FROM pg_replication_slots;
SELECT 'origin', roname FROM pg_replication_origin;
SELECT 'role', rolname, rolsuper, rolreplication, rolconfig FROM pg_roles;
SELECT 'setting', setdatabase, setrole, setconfig FROM pg_db_role_setting;
SELECT 'database', datname, datdba::regrole, datacl, datallowconn FROM pg_database;
SELECT 'large object', oid, lomowner::regrole, lomacl FROM pg_largeobject_metadata;
SELECT 'extension', extname, extversion FROM pg_extension;
SELECT 'prepared', gid FROM pg_prepared_xacts;
SELECT 'advisory lock', objid FROM pg_locks WHERE locktype = 'advisory';
"""


class Difference(AssertionError):
    """The two sides differ; the text says where."""


def footprint(cluster, dbname):
    """Everything that a tool could leave on a server, as text."""
    return "\n".join(sorted(cluster.sql(FOOTPRINT, dbname).split("\n")))


def next_xid(cluster):
    """Unchanged between two calls when nothing wrote in the whole cluster."""
    function = "txid_snapshot_xmax(txid_current_snapshot())"
    return int(cluster.sql(f"SELECT {function};"))


def expect_same_text(before, after, what):
    if before != after:
        lines = difflib.unified_diff(before.split("\n"), after.split("\n"), "expected", "found",
                                     lineterm="", n=2)
        raise Difference(what + ":\n" + "\n".join(list(lines)[:80]))


# ---- schema ------------------------------------------------------------------

def dump_schema(cluster, dbname, bindir, arguments=()):
    env = clean_environment()
    env["PGPASSWORD"] = cluster.password or ""
    env["PGCLIENTENCODING"] = "UTF8"
    done = subprocess.run([os.path.join(bindir, "pg_dump"), "-s", "-h", "127.0.0.1", "-p",
                           str(cluster.port), "-U", "postgres", *arguments, "-d",
                           cluster._conninfo(dbname)],
                          env=env, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError("pg_dump: " + done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode("utf-8", "replace")


def normalise(dump, drop=()):
    """Without comments, settings and the lines that @drop matches."""
    dump = OWN_OPTION.sub("", dump)
    lines = [line for line in dump.split("\n") if not NOISE.match(line)]
    return "\n".join(line for line in lines if not any(re.search(p, line) for p in drop))


def expect_same_schema(source, source_db, destination, destination_db, arguments=(), drop=()):
    bindir = find_bindir(max(source.major, destination.major))
    texts = []
    for cluster, dbname in ((source, source_db), (destination, destination_db)):
        text = normalise(dump_schema(cluster, dbname, bindir, arguments), drop)
        texts.append(text.replace(identifier(dbname), "DATABASE").replace(dbname, "DATABASE"))
    if source.major != destination.major:
        # what a newer major writes differently by itself
        texts = ["\n".join(sorted(t.split("\n"))) for t in texts]
    expect_same_text(texts[0], texts[1], "the schemas differ by pg_dump -s")


# ---- rows ----------------------------------------------------------------------

RELATIONS = """
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, c.relkind,
  (SELECT array_agg(a.attname ORDER BY a.attname COLLATE "C") FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
                         ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"), '[]') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';
"""


def encoding(cluster, dbname):
    return cluster.sql("SHOW server_encoding;", dbname)


def digest_query(schema, name, kind, columns, converted):
    table = f"{identifier(schema)}.{identifier(name)}"
    label = literal(table)
    if kind == "S":
        return f"SELECT {label}, last_value::text, is_called::text FROM {table}"
    # by name: pg_dump may give an inheriting table another order of its columns
    row = "ROW(" + ", ".join(identifier(column) for column in columns or ()) + ")::text"
    if converted:
        digest = f"('x' || substr(md5(convert_to({row}, 'UTF8')), 1, 15))::bit(60)::bigint"
    else:
        digest = f"hashtextextended({row} COLLATE \"C\", 0)"
    return f"SELECT {label}, count(*)::text, sum({digest})::text FROM ONLY {table}"


def digests(cluster, dbname, converted, skip=()):
    relations = json.loads(cluster.sql(RELATIONS, dbname))
    queries = [digest_query(s, n, k, c, converted) for s, n, k, c in relations
               if not any(re.search(p, f"{s}.{n}") for p in skip)]
    lines = []
    for i in range(0, len(queries), 50):
        # sorted here: a parallel plan may append in any order
        lines.extend(sorted(cluster.sql("\nUNION ALL ".join(queries[i:i + 50]) + ";", dbname,
                                        options=PINNED).splitlines()))
    return "\n".join(lines)


def large_objects(cluster, dbname):
    return cluster.sql("SELECT m.oid, m.lomowner::regrole, m.lomacl, md5(lo_get(m.oid)) "
                       "FROM pg_largeobject_metadata m ORDER BY 1;", dbname)


def expect_same_rows(source, source_db, destination, destination_db, skip=()):
    converted = encoding(source, source_db) != encoding(destination, destination_db)
    expect_same_text(digests(source, source_db, converted, skip),
                     digests(destination, destination_db, converted, skip), "rows differ")
    expect_same_text(large_objects(source, source_db), large_objects(destination, destination_db),
                     "large objects differ")


def expect_nothing_of_ours(cluster, dbname):
    found = cluster.sql("SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'pgmanager' "
                        "UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots "
                        "UNION ALL SELECT 'origin ' || roname FROM pg_replication_origin WHERE roname !~ '^pg_' "
                        "UNION ALL SELECT 'session ' || application_name FROM pg_stat_activity "
                        "WHERE application_name ~ 'pgmanager';", dbname)
    if found:
        raise Difference("left behind: " + found)
