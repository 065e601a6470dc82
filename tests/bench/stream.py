#!/usr/bin/env python3
"""How fast what stands behind a slot is received and decoded, and what that costs
the source: our receiver next to pg_recvlogical, which only writes it away.

    stream.py [--driver STREAM-DRIVER] [--workload tpcb,wide,bulk] [--transactions N]
              [--transport tcp,unix] [--reps N] [--major N]

A backlog is made once behind a slot and the slot copied for every run; tools take
turns. For each: seconds, processor time of the source and of the client (medians,
least and most). Run it on a quiet machine.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

import cluster
import measure

WIDE_COLUMNS = 20


def pgbench(server, *args):
    subprocess.run([f"{server.bindir}/pgbench", *args, server.uri("stream", "unix")], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prepare_tpcb(server, transactions):
    pgbench(server, "-i", "-s", "20", "-q")


def fill_tpcb(server, transactions):
    pgbench(server, "-n", "-c", "4", "-t", str(transactions // 4))


def prepare_wide(server, transactions):
    columns = ", ".join(f"c{i} int DEFAULT {i}" for i in range(WIDE_COLUMNS))
    server.script("stream", f"CREATE TABLE wide (id int PRIMARY KEY, {columns});"
                            "INSERT INTO wide SELECT n FROM generate_series(1, 100000) n;")


def fill_wide(server, transactions):
    script = os.path.join(server.directory, "wide.sql")
    with open(script, "w", encoding="ascii") as f:
        f.write("\\set a random(1, 50000)\n\\set b random(50001, 100000)\nBEGIN;\n"
                "UPDATE wide SET c1 = c1 + 1 WHERE id = :a;\nUPDATE wide SET c2 = c2 + 1 WHERE id = :b;\nCOMMIT;\n")
    pgbench(server, "-n", "-c", "4", "-t", str(transactions // 4), "-f", script)


def prepare_bulk(server, transactions):
    server.script("stream", "CREATE TABLE bulk (id int PRIMARY KEY, a int, b text, c timestamptz, d numeric);")


def fill_bulk(server, transactions):
    server.script("stream", "INSERT INTO bulk SELECT n, n % 7, md5(n::text), now(), n / 3.0"
                            f" FROM generate_series(1, {10 * transactions}) n;")


WORKLOADS = {"tpcb": (prepare_tpcb, fill_tpcb), "wide": (prepare_wide, fill_wide), "bulk": (prepare_bulk, fill_bulk)}


def recvlogical(server, transport, slot, end):
    # beyond the end, where a message is read last
    return [f"{server.bindir}/pg_recvlogical", "-d", server.uri("stream", transport), "-S", slot, "--start",
            "-E", end, "-f", "/dev/null", "-o", "proto_version=1", "-o", "publication_names=p", "--no-loop"]


def ours(driver):
    return lambda server, transport, slot, end: [driver, "receive", server.uri("stream", transport), slot, "p", end]


def once(server, tool, transport, end):
    server.sql("stream", "SELECT pg_copy_logical_replication_slot('backlog', 'run')")
    before = measure.cluster_seconds(server)
    began = time.monotonic()
    child = subprocess.Popen(tool(server, transport, "run", end), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    out = child.stdout.read() + child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if child.returncode != 0:
        raise RuntimeError(f"{child.args}: {out}")
    while server.sql("stream", "SELECT active FROM pg_replication_slots WHERE slot_name = 'run'") != "f":
        time.sleep(0.02)
    cpu = measure.cluster_seconds(server) - before
    server.sql("stream", "SELECT pg_drop_replication_slot('run')")
    return seconds, cpu, usage.ru_utime + usage.ru_stime


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def run_workload(server, name, tools, transports, options):
    prepare, fill = WORKLOADS[name]
    server.sql("postgres", "DROP DATABASE IF EXISTS stream")
    server.sql("postgres", "CREATE DATABASE stream")
    prepare(server, options.transactions)
    server.sql("stream", "CREATE PUBLICATION p FOR ALL TABLES",
               "SELECT pg_create_logical_replication_slot('backlog', 'pgoutput')")
    fill(server, options.transactions)
    end = server.sql("stream", "SELECT pg_current_wal_flush_lsn()")
    # something behind the end, so that nobody waits for it
    server.sql("stream", "SELECT pg_logical_emit_message(true, 'end', '')", "CHECKPOINT")
    # the last commit ends at or before the flush position
    results = {}
    for _ in range(options.reps):
        for transport in transports:
            for tool_name, tool in tools.items():
                results.setdefault((transport, tool_name), []).append(once(server, tool, transport, end))
    for (transport, tool_name), runs in results.items():
        columns = [spread([r[i] for r in runs]) for i in range(3)]
        print(f"| {name} | {transport} | {tool_name} | {' | '.join(columns)} |", flush=True)
    server.sql("stream", "SELECT pg_drop_replication_slot('backlog')")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--driver", default="build/tests/bench/stream-driver")
    parser.add_argument("--workload", default="tpcb,wide,bulk")
    parser.add_argument("--transactions", type=int, default=100_000)
    parser.add_argument("--transport", default="tcp,unix")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--major", type=int, default=cluster.newest_major())
    options = parser.parse_args()
    cluster.exit_on_signals()
    scratch = cluster.Scratch("stream")
    settings = dict(cluster.BIG)
    server = scratch.cluster("source", cluster.find_bindir(options.major), settings)
    server.sql("postgres", "ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()")
    tools = {"pgmanager": ours(os.path.abspath(options.driver)), "pg_recvlogical": recvlogical}
    print("| backlog | transport | receiver | seconds | source CPU s | client CPU s |\n|---|---|---|---|---|---|")
    for name in options.workload.split(","):
        run_workload(server, name, tools, options.transport.split(","), options)


if __name__ == "__main__":
    sys.exit(main())
