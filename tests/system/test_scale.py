"""Many tables, deep trees, one large table; what the client costs."""
import os
import re
import subprocess
import time

from harness.case import case
from harness.pair import Pair

WEIGHT = 8


def setup():
    return Pair()


def thousand(count):
    return rf"""
        SELECT format('CREATE TABLE t%s (id int PRIMARY KEY, v text, n int)', i) FROM generate_series(1, {count}) i \gexec
        SELECT format('INSERT INTO t%s SELECT g, md5(g::text), g FROM generate_series(1, 100) g', i) FROM generate_series(1, {count}) i \gexec
        SELECT format('CREATE INDEX ON t%s (n)', i) FROM generate_series(1, {count}) i \gexec"""


@case("150 tables and a tree of 120 partitions")
def hundreds(pair):
    databases = pair.load(thousand(150) + r"""
        CREATE TABLE tree (k int, at date, v text) PARTITION BY RANGE (k);
        SELECT format('CREATE TABLE tree_%s PARTITION OF tree FOR VALUES FROM (%s) TO (%s) PARTITION BY RANGE (at)', i, i * 100, i * 100 + 100)
          FROM generate_series(0, 9) i \gexec
        SELECT format('CREATE TABLE tree_%s_%s PARTITION OF tree_%s FOR VALUES FROM (%L) TO (%L)', i, m, i,
          date '2020-01-01' + m * 31, date '2020-01-01' + m * 31 + 31) FROM generate_series(0, 9) i, generate_series(0, 11) m \gexec
        INSERT INTO tree SELECT i % 1000, date '2020-01-01' + i % 372, 'v' || i FROM generate_series(1, 30000) i;
        CREATE INDEX ON tree (v); ALTER TABLE tree ADD PRIMARY KEY (k, at, v);""")
    pair.prove(databases)
    databases.both("SELECT count(*), sum(k) FROM tree;")


@case("1,000 tables", set="scale")
def tables(pair):
    databases = pair.load(thousand(1000))
    began = time.monotonic()
    pair.prove(databases)
    print(f"# proved in {time.monotonic() - began:.1f} s")


@case("a partition tree of 2,000 leaves", set="scale")
def leaves(pair):
    databases = pair.load(r"""
        CREATE TABLE tree (k int PRIMARY KEY, v text) PARTITION BY RANGE (k);
        SELECT format('CREATE TABLE leaf_%s PARTITION OF tree FOR VALUES FROM (%s) TO (%s)', i, i * 10, i * 10 + 10) FROM generate_series(0, 1999) i \gexec
        INSERT INTO tree SELECT i, 'v' || i FROM generate_series(0, 19999) i; CREATE INDEX ON tree (v);""")
    pair.prove(databases)


@case("one table of 2 GB, split, with at most 40 MiB resident", set="scale")
def large(pair):
    databases = pair.load("""CREATE TABLE big (id bigint PRIMARY KEY, v text, n int);
        INSERT INTO big SELECT i, repeat(md5(i::text), 6), i % 1000 FROM generate_series(1, 9000000) i;""")
    size = int(databases.source("SELECT pg_table_size('big');"))
    assert size > 2000 * 1000 * 1000, size
    began = time.monotonic()
    process = pair.command.start("clone", *databases.uris(), "--copy-workers", "4", "--split-larger-than", "256MB",
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(0.1)
    out = process.stdout.read().decode("utf-8", "replace")
    assert process.returncode == 0, out[-4000:]
    print(f"# {size / 1e9:.2f} GB in {time.monotonic() - began:.1f} s, at most {peak / 1024:.1f} MiB resident")
    pair.compare(databases)
    pair.check_independently(databases)
    assert peak <= 40 * 1024, f"{peak / 1024:.1f} MiB resident"


def resident(pid):
    """VmHWM of our process in KiB; children such as pg_dump are their own."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
    except (OSError, AttributeError):
        return 0


@case("40 MiB resident with 4 workers and wide rows")
def memory(pair):
    databases = pair.load("""CREATE TABLE wide (id int PRIMARY KEY, v text); ALTER TABLE wide ALTER v SET STORAGE EXTERNAL;
        INSERT INTO wide SELECT i, repeat('w', 500000) FROM generate_series(1, 200) i;
        CREATE TABLE narrow (id int); INSERT INTO narrow SELECT i FROM generate_series(1, 400000) i;
        CREATE TABLE narrow2 (id int, t text); INSERT INTO narrow2 SELECT i, md5(i::text) FROM generate_series(1, 400000) i;""")
    process = pair.command.start("clone", *databases.uris(), "--copy-workers", "4", "--split-larger-than", "8MB",
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(0.02)
    out = process.stdout.read().decode("utf-8", "replace")
    assert process.returncode == 0, out[-4000:]
    print(f"# at most {peak / 1024:.1f} MiB resident")
    # instrumented builds keep shadow memory of their own
    if "sanitize" not in os.environ.get("PGM_TEST_BUILD", ""):
        assert peak <= 40 * 1024, f"{peak / 1024:.1f} MiB resident"
