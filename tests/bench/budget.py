#!/usr/bin/env python3
"""What copying may cost the client, whatever the machine: a test that fails when
a limit is exceeded.

    budget.py PUMP-DRIVER [PGMANAGER]

- instructions in the pump and libpq for a row of 100 bytes (callgrind; the
  difference between many rows and none);
- system calls for a GiB, over both sockets (strace; the difference between a
  large table and none; the best of three runs, since who runs when is the
  machine's business and a client that needs more always needs more);
- resident memory of a clone with four copy workers (the kernel's own peak).

Speaks TAP. Needs valgrind, strace and a PostgreSQL server's binaries; what is
missing is skipped and named.
"""
import os
import re
import shutil
import subprocess
import sys

import cluster

ROWS = 200_000
INSTRUCTIONS_PER_ROW = 700
CALLS_PER_GIB = 20_000
RESIDENT_KIB = 40 * 1024
GIB = 1 << 30

# 99 characters and a line end, as COPY's text format sends it.
ROW_TABLE = """
CREATE TABLE rows_{n} (id bigint, pad text);
INSERT INTO rows_{n} SELECT 1000000000 + i, rpad(md5(i::text), 88, 'x') FROM generate_series(1, {n}) i;
CREATE TABLE copy_{n} (LIKE rows_{n});
"""
BULK_ROWS = 2_500_000


class Tap:
    def __init__(self):
        self.number, self.failed = 0, 0

    def result(self, ok, text):
        self.number += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.number} - {text}", flush=True)

    def skip(self, text, why):
        self.number += 1
        print(f"ok {self.number} - {text} # SKIP {why}", flush=True)

    def limit(self, what, value, limit, unit):
        self.result(value <= limit, f"{what}: {value:,.0f} {unit} (limit {limit:,})")

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


class Pump:
    """The driver between two databases of one server."""

    def __init__(self, driver, server, transport):
        self.driver = driver
        self.server = server
        self.ends = [server.uri("budget", transport), server.uri("budget", transport)]

    def argv(self, rows, form):
        # The destination's work is none of ours: the table is emptied before.
        self.server.sql("budget", f"TRUNCATE copy_{rows}")
        return [self.driver, *self.ends, f"COPY public.rows_{rows} TO STDOUT (FORMAT {form})",
                f"COPY public.copy_{rows} FROM STDIN (FORMAT {form})"]


def run(argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done


def moved(output):
    """(rows, bytes) that the driver reports."""
    found = re.search(r"^rows (\d+) bytes (\d+)", output, re.M)
    if not found:
        raise RuntimeError(f"the driver said: {output}")
    return int(found[1]), int(found[2])


# ---- instructions ----------------------------------------------------------------

def collect_instructions(pump, rows, form, keep):
    """Instructions inside the pump, and what it moved."""
    valgrind = ["valgrind", "--tool=callgrind", "--toggle-collect=pgm_copy_pump",
                f"--callgrind-out-file={keep}"]
    done = run([*valgrind, *pump.argv(rows, form)])
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]), moved(done.stdout)


def check_instructions(tap, pump, scratch):
    for form in "text", "binary":
        what = f"instructions for a row of 100 bytes, {form}"
        if not shutil.which("valgrind"):
            tap.skip(what, "valgrind is not installed")
            continue
        keep = os.environ.get("PGM_BUDGET_PROFILE", scratch.path) + f"/callgrind.{form}"
        base, _ = collect_instructions(pump, 0, form, keep + ".empty")
        total, (rows, size) = collect_instructions(pump, ROWS, form, keep)
        if rows != ROWS:
            tap.result(False, f"{what}: {rows} rows arrived instead of {ROWS}")
            continue
        tap.limit(f"{what} (of {size / rows:.0f} on the wire)", (total - base) / rows, INSTRUCTIONS_PER_ROW, "each")


# ---- system calls ----------------------------------------------------------------

def cannot_trace():
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "-c", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "processes can't be traced here" if tried.returncode != 0 else None


def count_calls(pump, rows, form, out):
    done = run(["strace", "-f", "-c", "-U", "name,calls", "-o", out, *pump.argv(rows, form)])
    calls = {}
    with open(out, encoding="utf-8") as f:
        for line in f:
            found = re.match(r"(\w+)\s+(\d+)$", line.strip())
            if found and found[1] != "total":
                calls[found[1]] = int(found[2])
    return calls, moved(done.stdout)


def check_calls(tap, pump, scratch):
    for form in "text", "binary":
        what = f"system calls for a GiB, {form}"
        why = cannot_trace()
        if why:
            tap.skip(what, why)
            continue
        out = os.path.join(scratch.path, "strace.out")
        base, _ = count_calls(pump, 0, form, out)
        runs = []
        while len(runs) < 3 and (not runs or min(runs)[0] > CALLS_PER_GIB):
            calls, (_, size) = count_calls(pump, BULK_ROWS, form, out)
            scaled = {name: (n - base.get(name, 0)) * GIB / size for name, n in calls.items()}
            main = ", ".join(f"{name} {n:,.0f}" for name, n in sorted(scaled.items(), key=lambda x: -x[1])[:4])
            runs.append((sum(scaled.values()), main))
        best, main = min(runs)
        tap.limit(f"{what} ({main})", best, CALLS_PER_GIB, "calls")


# ---- memory ----------------------------------------------------------------------

def check_memory(tap, server, pgmanager, scratch):
    what = "resident memory of a clone with 4 copy workers"
    if not pgmanager:
        tap.skip(what, "pgmanager is not built")
        return
    # Four large tables at once, one with wide rows; more indexes than workers.
    for i in range(4):
        width, rows = (200_000, 400) if i == 0 else (80, 400_000)
        server.script("budget_memory", f"""
            CREATE TABLE m{i} (id int PRIMARY KEY, pad text);
            ALTER TABLE m{i} ALTER pad SET STORAGE EXTERNAL;
            INSERT INTO m{i} SELECT n, repeat(chr(65 + n % 26), {width}) FROM generate_series(1, {rows}) n;""")
    argv = [pgmanager, "clone", "--foreground", "--copy-workers", "4", "--index-workers", "2",
            "--source-uri", server.uri("budget_memory"), "--dest-uri", server.uri("budget_clone")]
    env = dict(os.environ, XDG_DATA_HOME=scratch.path + "/data", XDG_STATE_HOME=scratch.path + "/state",
               XDG_CONFIG_HOME=scratch.path + "/config", XDG_RUNTIME_DIR=scratch.path)
    child = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    copied = server.sql("budget_clone", "SELECT count(*) FROM public.m3") if child.returncode == 0 else "0"
    if copied != "400000":
        tap.result(False, f"{what}: the clone ended with status {child.returncode}")
        print("# " + "\n# ".join(output.splitlines()[-20:]))
        return
    tap.limit(what, usage.ru_maxrss, RESIDENT_KIB, "KiB")


def main():
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    cluster.exit_on_signals()
    tap = Tap()
    major = cluster.newest_major()
    if major is None:
        tap.skip("budgets", "no PostgreSQL server is installed")
        return tap.end()
    scratch = cluster.Scratch("budget")
    server = scratch.cluster("server", cluster.find_bindir(major), cluster.SMALL)
    for name in "budget", "budget_memory", "budget_clone":
        server.sql("postgres", f"CREATE DATABASE {name}")
    for rows in 0, ROWS, BULK_ROWS:
        server.script("budget", ROW_TABLE.format(n=rows))
    pump = Pump(os.path.abspath(sys.argv[1]), server, "tcp")
    check_instructions(tap, pump, scratch)
    check_calls(tap, pump, scratch)
    check_memory(tap, server, os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None, scratch)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
