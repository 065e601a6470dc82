"""The tables that PostgreSQL's own regression tests leave: data no one here
wrote, with every odd type, partition tree, trigger and rule of the manual."""
import os
import re
import subprocess

from harness import check
from harness.case import Skip, case
from harness.cluster import find_bindir
from harness.pair import Pair

WEIGHT = 9

# tests that only make roles, tablespaces, subscriptions, or wait
LEFT_OUT = {"tablespace", "subscription", "stats", "stats_ext", "sanity_check", "psql", "psql_crosstab", "infinite_recurse",
            "create_am", "database", "write_parallel", "select_parallel", "guc", "test_setup", "oidjoins", "event_trigger"}


def source_tree():
    tree = os.path.join(os.environ.get("PGM_TEST_PG", "/nonexistent"), "src", "15", "src", "test", "regress")
    if not os.path.isdir(tree):
        raise Skip("the source of PostgreSQL 15 is not here (tests/pg/fetch.sh source:15)")
    return tree


def schedule(tree):
    with open(os.path.join(tree, "parallel_schedule"), encoding="utf-8") as file:
        names = re.findall(r"^test: (.*)$", file.read(), re.M)
    return ["test_setup"] + [n for line in names for n in line.split() if n not in LEFT_OUT]


def setup():
    source_tree()
    if not find_bindir(15):
        raise Skip("PostgreSQL 15 is not here")
    pair = Pair(15, 18 if os.environ.get("PGM_TEST_REGRESS_18") else 15, source_settings="max_locks_per_transaction = 512",
                destination_settings="max_locks_per_transaction = 512")
    return pair


def run_tests(pair, databases, tree):
    """Errors are part of the tests: what they leave is what counts. Functions of
    the tests' own library are not built, so tests of them leave less."""
    cluster = pair.source
    env_lines = (f"\\setenv PG_ABS_SRCDIR '{tree}'\n\\setenv PG_ABS_BUILDDIR '{cluster.directory}'\n"
                 f"\\setenv PG_LIBDIR '/nonexistent'\n\\setenv PG_DLSUFFIX '.so'\n")
    os.makedirs(os.path.join(cluster.directory, "results"), exist_ok=True)
    cluster.sql(f"ALTER DATABASE {databases.name} SET timezone = 'PST8PDT'; ALTER DATABASE {databases.name} SET datestyle = 'Postgres, MDY'; "
                f"ALTER DATABASE {databases.name} SET intervalstyle = 'postgres_verbose';")
    for name in schedule(tree):
        path = os.path.join(tree, "sql", name + ".sql")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = env_lines + "\\set ON_ERROR_STOP 0\n" + file.read()
        process = cluster.psql_process(databases.name, options="-c statement_timeout=20s", stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, cwd=cluster.directory)
        try:
            process.communicate(text.encode("utf-8", "surrogateescape"), timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@case("PostgreSQL's own regression tables", set="regress")
def regression(pair):
    tree = source_tree()
    databases = pair.databases("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    run_tests(pair, databases, tree)
    count = int(databases.source("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p');"))
    assert count > 300, f"only {count} tables were made"
    prepare(pair, databases)
    result = pair.command.run("clone", *databases.uris(), "--split-larger-than", "1MB")
    print(f"# {count} tables; clone ended with {result.code}")
    assert result.code == 0, result
    check.expect_nothing_of_ours(pair.destination, databases.name)
    pair.compare(databases)
    pair.check_independently(databases)


def prepare(pair, databases):
    """Roles are the cluster's, not the database's; and what pg_dump itself can't
    restore (as PostgreSQL's own upgrade test removes it) goes."""
    for role in pair.source.sql("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres';").split("\n"):
        if role:
            pair.destination.sql(f'CREATE ROLE "{role}";')
    for sql in UNRESTORABLE:
        try:
            databases.source(sql)
        except Exception:  # not made in this version
            pass


UNRESTORABLE = [
    # a clone's materialized views are fresh; the tests leave some that are not
    "SELECT format('REFRESH MATERIALIZED VIEW %s', oid::regclass) FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY oid \\gexec",
    # children whose columns stand in another order than their parent's: pg_dump
    # makes them in the parent's order
    "DROP TABLE gtestxx_4, test_type_diff2_c1, test_type_diff2_c2 CASCADE;",
    # functions of a library that is not built here
    "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE probin ~ '(regress|nonexistent)' "
    "LOOP EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $$;",
]
