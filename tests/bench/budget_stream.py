#!/usr/bin/env python3
"""What receiving and decoding a stream of changes may cost, in instructions for a
column beyond libpq's own, whatever the machine.

    budget_stream.py STREAM-DRIVER

- decoding alone, of messages recorded before (callgrind);
- receiving and decoding, without what libpq does (callgrind, inclusive costs).

The messages are those of pgbench's TPC-B, 17 columns in six messages each. Speaks
TAP; what is missing is skipped and named.
"""
import os
import re
import shutil
import subprocess
import sys

import cluster
from budget import Tap, run

TRANSACTIONS = 17_000  # some 100,000 messages
DECODE_PER_COLUMN = 130
RECEIVE_PER_COLUMN = 200
LIBPQ = ("PQgetCopyData", "PQconsumeInput", "PQfreemem", "PQputCopyData", "PQflush")


def counts(output):
    found = re.search(r"^messages (\d+) columns (\d+) ", output, re.M)
    if not found:
        raise RuntimeError(f"the driver said: {output}")
    return int(found[1]), int(found[2])


def make_backlog(server):
    bench = [f"{server.bindir}/pgbench", server.uri("budget", "unix")]
    subprocess.run([*bench, "-i", "-s", "1", "-q"], check=True, capture_output=True)
    server.sql("budget", "CREATE PUBLICATION p FOR ALL TABLES",
               "SELECT pg_create_logical_replication_slot('budget', 'pgoutput')")
    subprocess.run([*bench, "-n", "-c", "2", "-t", str(TRANSACTIONS // 2)], check=True, capture_output=True)
    end = server.sql("budget", "SELECT pg_current_wal_flush_lsn()")
    # a commit behind the end, so that nobody waits for it
    server.sql("budget", "SELECT pg_logical_emit_message(true, 'end', '')")
    return ["budget", "p", end]


def callgrind(options, argv):
    return run(["valgrind", "--tool=callgrind", *options, *argv])


def check_decode(tap, driver, recording, out):
    done = callgrind(["--toggle-collect=pgm_decoder_decode", f"--callgrind-out-file={out}"],
                     [driver, "decode", recording, "1"])
    total = int(re.search(r"Collected : (\d+)", done.stderr)[1])
    messages, columns = counts(done.stdout)
    tap.limit(f"instructions for a column, decoding alone ({messages:,} messages of {columns / messages:.1f} columns)",
              total / columns, DECODE_PER_COLUMN, "each")


def inclusive(out):
    """{function: instructions, with what it calls}"""
    listed = run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", out]).stdout
    costs = {}
    for line in listed.splitlines():
        found = re.match(r"\s*([\d,]+) \([^)]*\)\s+\S*?:?([A-Za-z_]\w*)(@\S+)? \[", line)
        if found:
            costs[found[2]] = max(costs.get(found[2], 0), int(found[1].replace(",", "")))
    return costs


def check_receive(tap, driver, server, backlog, out):
    done = callgrind([f"--callgrind-out-file={out}"], [driver, "receive", server.uri("budget"), *backlog])
    messages, columns = counts(done.stdout)
    costs = inclusive(out)
    ours = costs["pgm_stream_read"] + costs["pgm_decoder_decode"] - sum(costs.get(name, 0) for name in LIBPQ)
    libpq = costs["PQgetCopyData"] / columns
    tap.limit(f"instructions for a column, received and decoded ({messages:,} messages; libpq {libpq:.0f} beside)",
              ours / columns, RECEIVE_PER_COLUMN, "each")


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    cluster.exit_on_signals()
    tap = Tap()
    major = cluster.newest_major()
    if major is None or not shutil.which("valgrind"):
        tap.skip("streaming", "no PostgreSQL server or no valgrind is installed")
        return tap.end()
    driver = os.path.abspath(sys.argv[1])
    scratch = cluster.Scratch("budget")
    server = scratch.cluster("server", cluster.find_bindir(major), cluster.SMALL)
    server.sql("postgres", "ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()",
               "CREATE DATABASE budget")
    backlog = make_backlog(server)
    keep = os.environ.get("PGM_BUDGET_PROFILE", scratch.path)
    recording = os.path.join(scratch.path, "recording")
    run([driver, "record", recording, server.uri("budget"), *backlog])
    check_decode(tap, driver, recording, keep + "/callgrind.decode")
    check_receive(tap, driver, server, backlog, keep + "/callgrind.receive")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
