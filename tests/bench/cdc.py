#!/usr/bin/env python3
"""Measures following next to a native subscription. README.md says how to read it.

    cdc.py backlog [--reps 5] [--workload tpcb,bulk,wide] [--scale 1.0]
    cdc.py latency [--reps 5] [--rate 50] [--seconds 20]
    cdc.py cutover [--reps 20] [--rate 500]
        and: [--transport tcp|unix] [--major 15] [--tools PATTERN]
             [--pgmanager PROGRAM] [--with-option=--stream-large] [--output FILE]
    cdc.py summary FILE…

backlog: a fixed amount of changes behind a slot, copied for each run, is drained
into a destination made anew from a template; the clock runs from the start of the
consumer until the backlog's last row is visible, and every row is compared.
latency: from the return of a commit on the source until the row is seen.
cutover: from the fence until the destination is ready for writes, as the report
tells, and how long the longest transaction of the application took.
"""
import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

import bench
import cluster
import measure

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "CREATE TABLE mark (id int PRIMARY KEY); INSERT INTO mark VALUES (1);"

WIDE_COLUMNS = ", ".join([f"c{i:02} int" for i in range(1, 9)] + [f"c{i:02} text" for i in range(9, 17)])
WIDE_VALUES = ", ".join(["g"] * 8 + [f"md5((g + {i})::text)" for i in range(8)])
WIDE_SCRIPT = r"""\set i random(1, 100000)
\set j random(1, 100000)
\set v random(1, 1000000)
BEGIN;
UPDATE wide SET c03 = :v, c11 = 'u' || :v, c19 = now() WHERE id = :i;
UPDATE wide SET c05 = :v, c12 = 'w' || :v WHERE id = :j;
COMMIT;
"""


class Workload:
    def __init__(self, name, what, tables, load):
        self.name, self.what, self.tables, self.load = name, what, tables, load


def pgbench(server, database, *arguments):
    subprocess.run([f"{server.bindir}/pgbench", *arguments, server.uri(database, "unix")], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tpcb_tables(server, database, scale):
    pgbench(server, database, "-i", "-s", str(max(1, int(50 * scale))), "-q")


def tpcb_load(server, database, scale, work):
    del work
    pgbench(server, database, "-n", "-M", "prepared", "-c", "4", "-j", "2", "-t", str(int(25000 * scale)))


def bulk_tables(server, database, scale):
    del scale
    server.script(database, "CREATE TABLE bulk (id bigint PRIMARY KEY, a int, b text, c timestamptz, d numeric);")


def bulk_load(server, database, scale, work):
    del work
    server.script(database, "INSERT INTO bulk SELECT g, g % 1000, md5(g::text), now(), g::numeric / 7 "
                            f"FROM generate_series(1, {int(1000000 * scale)}) g;")


def wide_tables(server, database, scale):
    del scale
    server.script(database, f"""CREATE TABLE wide (id int PRIMARY KEY, {WIDE_COLUMNS}, c17 numeric(12,2), c18 boolean,
            c19 timestamptz, c20 jsonb);
        INSERT INTO wide SELECT g, {WIDE_VALUES}, g / 3.0, g % 2 = 0, now(),
            jsonb_build_object('k', g, 'v', md5(g::text)) FROM generate_series(1, 100000) g;""")


def wide_load(server, database, scale, work):
    path = os.path.join(work, "wide.sql")
    with open(path, "w", encoding="utf-8") as f:
        f.write(WIDE_SCRIPT)
    pgbench(server, database, "-n", "-M", "prepared", "-c", "4", "-j", "2", "-t", str(int(25000 * scale)), "-f", path)


WORKLOADS = [
    Workload("tpcb", "100,000 TPC-B transactions of 4 clients, scale 50", tpcb_tables, tpcb_load),
    Workload("bulk", "one transaction of a million inserts", bulk_tables, bulk_load),
    Workload("wide", "100,000 transactions of two updates by key, 21 columns", wide_tables, wide_load),
]


# ---- who drains it -----------------------------------------------------------------

class Native:
    name, ours = "native subscription", False

    def __init__(self, run):
        self.run = run

    def start(self, slot, source, destination, start):
        del start
        self.slot, self.database = slot, destination
        uri = self.run.source.uri(source, self.run.args.transport)
        self.run.destination.sql(destination, f"CREATE SUBSCRIPTION {slot} CONNECTION '{uri}' PUBLICATION bench WITH "
                                 f"(create_slot = false, copy_data = false, slot_name = '{slot}', streaming = off)")

    def stop(self):
        self.run.destination.sql(self.database, f"ALTER SUBSCRIPTION {self.slot} DISABLE",
                                 f"ALTER SUBSCRIPTION {self.slot} SET (slot_name = NONE)", f"DROP SUBSCRIPTION {self.slot}")
        return {}


class Ours:
    name, ours = "pgmanager", True

    def __init__(self, run):
        self.run = run

    def start(self, slot, source, destination, start):
        transport = self.run.args.transport
        argv = [self.run.args.pgmanager, "follow", "--source-uri", self.run.source.uri(source, transport),
                "--dest-uri", self.run.destination.uri(destination, transport), "--slot", slot, "--publication", "bench",
                "--start-lsn", start, "--origin-id", slot, "--output=json", *self.run.args.with_option]
        self.log = open(os.path.join(self.run.scratch.path, "pgmanager.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(argv, env=self.run.env, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.log.close()
        return {"client_cpu": round(usage.ru_utime + usage.ru_stime, 2), "client_mib": round(usage.ru_maxrss / 1024, 1)}

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-3000:]


class Run:
    """Two clusters and what all three measurements share."""

    def __init__(self, args):
        self.args, self.results = args, []
        bindir = cluster.find_bindir(args.major)
        if bindir is None:
            sys.exit(f"no PostgreSQL {args.major} server is installed")
        self.scratch = cluster.Scratch("cdc")
        self.source = self.scratch.cluster("source", bindir, cluster.BIG)
        self.destination = self.scratch.cluster("destination", bindir, cluster.BIG)
        self.env = dict(os.environ)
        for name in "CONFIG", "DATA", "STATE", "CACHE":
            self.env[f"XDG_{name}_HOME"] = os.path.join(self.scratch.path, "home", name.lower())
        self.env["XDG_RUNTIME_DIR"] = self.scratch.path
        self.tell({"machine": bench.describe_machine(args, self.source, self.destination)})

    def tell(self, record):
        print(json.dumps(record), flush=True)
        if self.args.output:
            with open(self.args.output, "a", encoding="utf-8") as f:
                f.write(json.dumps(record) + "\n")
        if "tool" in record:
            self.results.append(record)

    def consumers(self):
        return [c for c in (Ours, Native) if re.search(self.args.tools, c.name)]

    def await_row(self, database, query, limit, consumer):
        """Seconds from now until @query finds something, by one session that asks
        every two milliseconds."""
        began = time.monotonic()
        loop = f"DO $$ BEGIN FOR i IN 1 .. {limit * 500} LOOP IF EXISTS ({query}) THEN RETURN; END IF; " \
               "PERFORM pg_sleep(0.002); COMMIT; END LOOP; RAISE 'not there'; END $$;"
        looker = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.destination.uri(database, "unix"),
                                   "-c", loop], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while looker.poll() is None:
            if not getattr(consumer, "alive", lambda: True)():
                looker.kill()
                raise RuntimeError(consumer.said())
            time.sleep(0.005)
        if looker.returncode != 0:
            raise RuntimeError(looker.stderr.read().decode())
        return time.monotonic() - began


# ---- backlog ----------------------------------------------------------------------------

def prepare_backlog(run, workload):
    source, name = run.source, workload.name
    source.sql("postgres", f"CREATE DATABASE {name}")
    run.destination.sql("postgres", f"CREATE DATABASE {name}_base")
    workload.tables(source, name, run.args.scale)
    source.script(name, MARK)
    source.sql(name, "CREATE PUBLICATION bench FOR ALL TABLES", "VACUUM (ANALYZE)", "CHECKPOINT")
    subprocess.run(f"{source.bindir}/pg_dump -Fc -Z0 --no-publications -d '{source.uri(name, 'unix')}' | "
                   f"{source.bindir}/pg_restore -d '{run.destination.uri(name + '_base', 'unix')}'", shell=True, check=True)
    run.destination.sql(f"{name}_base", "VACUUM (ANALYZE)", "CHECKPOINT")
    start = source.sql(name, f"SELECT lsn FROM pg_create_logical_replication_slot('{name}_slot', 'pgoutput')")
    workload.load(source, name, run.args.scale, run.scratch.path)
    source.sql(name, "INSERT INTO mark VALUES (2)", "CHECKPOINT")
    return start, bench.fingerprint(source, name, True)


def drain_once(run, workload, consumer, repetition, start, wanted):
    name, slot, target = workload.name, f"run_{workload.name}", f"{workload.name}_run"
    run.destination.sql("postgres", f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
                        f"CREATE DATABASE {target} TEMPLATE {name}_base STRATEGY file_copy", "CHECKPOINT")
    run.source.sql(name, f"SELECT pg_copy_logical_replication_slot('{name}_slot', '{slot}')")
    os.sync()
    before = [measure.cluster_seconds(run.source), measure.cluster_seconds(run.destination)]
    record = {"workload": name, "tool": consumer.name, "ours": consumer.ours, "repetition": repetition,
              "transport": run.args.transport, "load": round(os.getloadavg()[0], 1)}
    began = time.monotonic()
    consumer.start(slot, name, target, start)
    run.await_row(target, "SELECT FROM mark WHERE id = 2", 300, consumer)
    record["seconds"] = round(time.monotonic() - began, 3)
    # the looker's own work is the same for both
    record["source_cpu"] = round(measure.cluster_seconds(run.source) - before[0], 2)
    record["destination_cpu"] = round(measure.cluster_seconds(run.destination) - before[1], 2)
    record |= {"client_cpu": 0.0, "client_mib": 0.0} | consumer.stop()
    record["equal"] = bench.fingerprint(run.destination, target, True) == wanted
    run.tell(record)
    clear(run, name, slot, target)


def clear(run, name, slot, target):
    run.source.sql(name, "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                         f"WHERE slot_name = '{slot}' AND active")
    for _ in range(100):
        try:
            run.source.sql(name, f"SELECT pg_drop_replication_slot('{slot}')")
            break
        except RuntimeError:
            time.sleep(0.1)
    run.destination.sql("postgres", f"DROP DATABASE {target} WITH (FORCE)",
                        f"SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname = '{slot}'")


def run_backlog(run):
    chosen = run.args.workload.split(",")
    for workload in [w for w in WORKLOADS if w.name in chosen]:
        start, wanted = prepare_backlog(run, workload)
        consumers = run.consumers()
        for repetition in range(run.args.reps):
            turn = repetition % len(consumers)
            for one in consumers[turn:] + consumers[:turn]:
                drain_once(run, workload, one(run), repetition, start, wanted)
        run.source.sql("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                                   f"WHERE slot_name = '{workload.name}_slot'")


# ---- latency ------------------------------------------------------------------------------

# One session inserts at a rate and notes the clock after each commit; another
# one looks for the newest row all the time. Both clocks are of this machine.
WRITER = """DO $$ DECLARE began timestamptz := clock_timestamp(); BEGIN FOR i IN 1 .. {count} LOOP
  INSERT INTO lat VALUES (i, 'x'); COMMIT; INSERT INTO written VALUES (i, clock_timestamp()); COMMIT;
  PERFORM pg_sleep(greatest(0, extract(epoch FROM began + i * interval '{gap} s' - clock_timestamp()))); END LOOP; END $$;"""
LOOKER = """DO $$ DECLARE seen bigint := 0; now_seen bigint; stop timestamptz := clock_timestamp() + interval '{seconds} s';
  BEGIN WHILE clock_timestamp() < stop AND seen < {count} LOOP
  SELECT coalesce(max(id), 0) INTO now_seen FROM lat;
  IF now_seen > seen THEN INSERT INTO seen_at SELECT g, clock_timestamp() FROM generate_series(seen + 1, now_seen) g; seen := now_seen; END IF;
  COMMIT; PERFORM pg_sleep(0.0003); END LOOP; END $$;"""


def latency_once(run, consumer, repetition):
    rate, count = run.args.rate, run.args.rate * run.args.seconds
    source, destination = run.source, run.destination
    source.sql("postgres", "CREATE DATABASE lat")
    destination.sql("postgres", "CREATE DATABASE lat")
    for side in (source, destination):
        side.script("lat", "CREATE TABLE lat (id bigint PRIMARY KEY, v text);")
    source.script("lat", "CREATE UNLOGGED TABLE written (id bigint, at timestamptz); CREATE PUBLICATION bench FOR TABLE lat;")
    destination.script("lat", "CREATE UNLOGGED TABLE seen_at (id bigint, at timestamptz);")
    start = source.sql("lat", "SELECT lsn FROM pg_create_logical_replication_slot('run_lat', 'pgoutput')")
    consumer.start("run_lat", "lat", "lat", start)
    source.script("lat", "INSERT INTO lat VALUES (0, 'first');")
    run.await_row("lat", "SELECT FROM lat WHERE id = 0", 60, consumer)
    time.sleep(1)
    looker = threading.Thread(target=destination.script, args=("lat", LOOKER.format(count=count, seconds=run.args.seconds + 30)))
    looker.start()
    source.script("lat", WRITER.format(count=count, gap=1 / rate))
    looker.join()
    written = dict(line.split("|") for line in source.sql("lat", "SELECT id, extract(epoch FROM at) FROM written").splitlines())
    seen = dict(line.split("|") for line in destination.sql("lat", "SELECT id, extract(epoch FROM at) FROM seen_at").splitlines())
    waits = sorted(max(0.0, (float(seen[i]) - float(written[i])) * 1000) for i in written if i in seen)
    record = {"workload": "latency", "tool": consumer.name, "ours": consumer.ours, "repetition": repetition,
              "transport": run.args.transport, "seen": len(waits), "written": len(written),
              **{f"p{p}": round(waits[min(len(waits) - 1, len(waits) * p // 100)], 2) for p in (50, 90, 99)}}
    record |= consumer.stop()
    run.tell(record)
    source.sql("postgres", "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
    time.sleep(0.5)
    source.sql("lat", "SELECT pg_drop_replication_slot('run_lat')")
    source.sql("postgres", "DROP DATABASE lat WITH (FORCE)")
    destination.sql("postgres", "DROP DATABASE lat WITH (FORCE)",
                    "SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname = 'run_lat'")


def run_latency(run):
    for repetition in range(run.args.reps):
        for one in run.consumers():
            latency_once(run, one(run), repetition)


# ---- cutover -------------------------------------------------------------------------------

def cutover_once(run, repetition):
    name = f"cut{repetition}"
    source, destination, transport = run.source, run.destination, run.args.transport
    source.sql("postgres", f"CREATE DATABASE {name}")
    destination.sql("postgres", f"CREATE DATABASE {name}")
    pgbench(source, name, "-i", "-s", "10", "-q")
    source.script(name, "ALTER TABLE pgbench_history ADD id bigserial PRIMARY KEY;")
    uris = ["--source-uri", source.uri(name, transport), "--dest-uri", destination.uri(name, transport)]
    log = open(os.path.join(run.scratch.path, "cutover.log"), "w", encoding="utf-8")
    follower = subprocess.Popen([run.args.pgmanager, "clone", "--follow", *uris, "--output=json"], env=run.env,
                                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    load = subprocess.Popen([f"{source.bindir}/pgbench", "-n", "-c", "4", "-R", str(run.args.rate), "-T", "600",
                             source.uri(name, "unix")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_streaming(log.name, follower)
        time.sleep(3)
        asked = subprocess.run([run.args.pgmanager, "switchover", *uris, "--timeout=30s", "--output=json"], env=run.env,
                               capture_output=True, text=True, check=False)
    finally:
        load.terminate()
        load.wait()
    report = last_cutover(asked.stdout)
    record = {"workload": "cutover", "tool": "pgmanager", "ours": True, "repetition": repetition, "transport": transport,
              "rate": run.args.rate, "status": asked.returncode, "stopped_ms": report.get("stopped_ms"),
              "longest_wait_ms": report.get("longest_wait_ms"), "proved": report.get("proved")}
    record["equal"] = bench.fingerprint(destination, name, True) == bench.fingerprint(source, name, True)
    run.tell(record)
    if asked.returncode != 0:
        print(asked.stdout[-2000:], asked.stderr[-2000:], file=sys.stderr)
    follower.send_signal(signal.SIGINT)
    follower.wait()
    subprocess.run([run.args.pgmanager, "cleanup", *uris], env=run.env, capture_output=True, check=False)
    for side in (source, destination):
        side.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")


def await_streaming(path, follower):
    for _ in range(1200):
        with open(path, encoding="utf-8") as f:
            if '"phase":"streaming"' in f.read().replace(" ", ""):
                return
        if follower.poll() is not None:
            break
        time.sleep(0.1)
    with open(path, encoding="utf-8") as f:
        raise RuntimeError("not streaming: " + f.read()[-2000:])


def last_cutover(output):
    found = {}
    for line in output.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        for part in (value, *(value[k] for k in ("snapshot", "report") if k in value)):
            if isinstance(part, dict) and isinstance(part.get("cutover"), dict):
                found = part["cutover"]
    return found


def run_cutover(run):
    for repetition in range(run.args.reps):
        cutover_once(run, repetition)


# ---- tables ----------------------------------------------------------------------------------

def summarize(results):
    for workload in WORKLOADS:
        bench_rows = [r for r in results if r["workload"] == workload.name]
        if bench_rows:
            print_backlog(workload, bench_rows)
    latency = [r for r in results if r["workload"] == "latency"]
    if latency:
        print("latency, milliseconds from commit to visible: medians over the repetitions\n")
        print("| consumer | n | p50 | p90 | p99 |\n|---|---|---|---|---|")
        for name in dict.fromkeys(r["tool"] for r in latency):
            rows = [r for r in latency if r["tool"] == name]
            print(f"| {name} | {len(rows)} | " + " | ".join(f"{statistics.median(r[p] for r in rows):.2f}" for p in ("p50", "p90", "p99")) + " |")
        print()
    cutovers = [r for r in results if r["workload"] == "cutover"]
    if cutovers:
        stopped = sorted(r["stopped_ms"] for r in cutovers if r["status"] == 0 and r["equal"])
        bad = len(cutovers) - len(stopped)
        print(f"cutover: {len(stopped)} good, {bad} bad; writes stopped for {statistics.median(stopped):.0f} ms (median), "
              f"{stopped[max(0, -(-len(stopped) * 95 // 100) - 1)]:.0f} ms (95th percentile), {stopped[-1]:.0f} ms (most)\n")


def print_backlog(workload, rows):
    names = list(dict.fromkeys(r["tool"] for r in rows))
    good = {n: [r for r in rows if r["tool"] == n and r["equal"]] for n in names}
    wrong = sum(not r["equal"] for r in rows)
    print(f"{workload.name}: {workload.what}; transport {rows[0]['transport']}" + (f"; {wrong} WRONG" if wrong else "") + "\n")
    print("| consumer | n | seconds | source CPU | dest. CPU | client CPU | client MiB |\n|---|---|---|---|---|---|---|")
    for name in names:
        mine = good[name]
        if mine:
            cells = [f"{statistics.median(r[k] for r in mine):.2f}" for k in ("source_cpu", "destination_cpu", "client_cpu", "client_mib")]
            print(f"| {name} | {len(mine)} | {bench.spread([r['seconds'] for r in mine])} | " + " | ".join(cells) + " |")
    if good.get(Ours.name) and good.get(Native.name):
        ours, theirs = good[Ours.name], good[Native.name]
        medians = [statistics.median(r["seconds"] for r in rs) for rs in (ours, theirs)]
        cpu = [statistics.median(r["source_cpu"] for r in rs) for rs in (ours, theirs)]
        print(f"\npgmanager by native: {medians[0] / medians[1]:.2f} (medians), {bench.paired_ratio(ours, theirs):.2f} (pairs); "
              f"source CPU {cpu[0] / cpu[1]:.2f}")
    print()


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["backlog", "latency", "cutover", "summary"])
    parser.add_argument("files", nargs="*", help="of --output, for summary")
    parser.add_argument("--reps", type=int)
    parser.add_argument("--workload", default=",".join(w.name for w in WORKLOADS))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full backlog, for a quick look")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--transport", choices=["tcp", "unix"], default="tcp")
    parser.add_argument("--tools", default="", help="only consumers whose name this pattern finds")
    parser.add_argument("--major", type=int, default=15)
    parser.add_argument("--pgmanager", default=os.path.join(HERE, "../../build/src/main/pgmanager"))
    parser.add_argument("--with-option", action="append", default=[], help="for pgmanager follow, e.g. =--stream-large")
    parser.add_argument("--output", help="JSON lines are also added to this file")
    args = parser.parse_args(argv)
    args.pgmanager = os.path.abspath(args.pgmanager)
    args.reps = args.reps or (20 if args.what == "cutover" else 5)
    args.rate = args.rate or (500 if args.what == "cutover" else 50)
    return args


def main():
    args = parse(sys.argv[1:])
    if args.what == "summary":
        records = [json.loads(line) for name in args.files for line in open(name, encoding="utf-8")]
        summarize([r for r in records if "tool" in r])
        return 0
    cluster.exit_on_signals()
    run = Run(args)
    {"backlog": run_backlog, "latency": run_latency, "cutover": run_cutover}[args.what](run)
    summarize(run.results)
    return 0 if all(r.get("equal", True) for r in run.results) else 1


if __name__ == "__main__":
    sys.exit(main())
