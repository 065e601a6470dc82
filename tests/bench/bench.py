#!/usr/bin/env python3
"""Measures a clone next to what else can do it. README.md says how to read it.

    bench.py clone [--reps 5] [--workload pgbench50,many1000,onebig]
                   [--transport tcp|unix] [--tools PATTERN] [--major 15]
                   [--pgmanager PROGRAM] [--output FILE] [--keep-logs DIR]
    bench.py summary FILE…

Two clusters of its own; the tools take turns within each repetition, in another
order each time; every result is compared with the source. Prints one JSON line
for each run, then a table. Ends with 1 when a result was wrong. "summary" makes
the table anew from files of --output.
"""
import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys

import cluster
import measure
import workloads

HERE = os.path.dirname(os.path.abspath(__file__))
RUN_LIMIT = 900

TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1
"""
OBJECTS = """
SELECT (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND i.indisvalid)
    || ' indexes, ' || (SELECT count(*) FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
                         WHERE n.nspname = 'public' AND c.convalidated) || ' constraints'
"""


def fingerprint(server, database, rows_too):
    """Counts of all tables, indexes and constraints; with @rows_too a hash of every row."""
    value = "count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0)" if rows_too else "count(*)"
    tables = server.sql(database, TABLES).splitlines()
    script = "".join(f"SELECT '{t} ' || {value} FROM {t} t;\n" for t in tables)
    return server.script(database, script) + "\n" + server.sql(database, OBJECTS)


def first_line(*argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return None
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else None


def read_field(path, name):
    with open(path, encoding="utf-8") as f:
        found = re.search(rf"^{name}\s*:\s*(.*)$", f.read(), re.M)
    return found[1] if found else "unknown"


def describe_machine(args, source, destination):
    return {
        "cpu": read_field("/proc/cpuinfo", "model name"),
        "cpus": os.cpu_count(),
        "memory": read_field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "source": source.version(),
        "destination": destination.version(),
        "transport": args.transport,
        "pgmanager": first_line(args.pgmanager, "--version"),
        "pgcopydb": (first_line("pgcopydb", "--version") if shutil.which("pgcopydb") else "not installed"),
        "load": os.getloadavg()[0],
    }


class Bench:
    def __init__(self, args):
        self.args = args
        self.results = []
        self.clones = []  # databases on the destination
        bindir = cluster.find_bindir(args.major)
        if bindir is None:
            sys.exit(f"no PostgreSQL {args.major} server is installed")
        self.bindir = bindir
        self.scratch = cluster.Scratch("bench")
        self.source = self.scratch.cluster("source", bindir, cluster.BIG)
        self.destination = self.scratch.cluster("destination", bindir, cluster.BIG)
        self.output = open(args.output, "a", encoding="utf-8") if args.output else None
        self.env = dict(os.environ)
        for name in "CONFIG", "DATA", "STATE", "CACHE":
            self.env[f"XDG_{name}_HOME"] = os.path.join(self.scratch.path, "home", name.lower())
        self.env["XDG_RUNTIME_DIR"] = self.scratch.path

    def tell(self, record):
        line = json.dumps(record)
        print(line, flush=True)
        if self.output:
            self.output.write(line + "\n")
            self.output.flush()

    def tools(self, workload):
        wanted = [t for t in workload.tools if re.search(self.args.tools, t.name)]
        return [t for t in wanted if t.name != "pgcopydb" or shutil.which("pgcopydb")]

    def run(self):
        self.tell({"machine": describe_machine(self.args, self.source, self.destination)})
        chosen = self.args.workload.split(",")
        for workload in workloads.WORKLOADS:
            if workload.name in chosen:
                self.run_workload(workload)

    def run_workload(self, workload):
        self.source.sql("postgres", f"CREATE DATABASE {workload.name}")
        workload.fill(self.source, workload.name)
        self.source.sql(workload.name, "VACUUM (ANALYZE)", "CHECKPOINT")
        wanted = {deep: fingerprint(self.source, workload.name, deep) for deep in (False, True)}
        tools = self.tools(workload)
        for repetition in range(self.args.reps):
            turn = repetition % max(len(tools), 1)
            for tool in tools[turn:] + tools[:turn]:
                self.run_once(workload, tool, repetition, wanted)
        self.source.sql("postgres", f"DROP DATABASE {workload.name}")
        self.drop_results()

    def drop_results(self):
        for clone in self.clones:
            self.destination.sql("postgres", f"DROP DATABASE {clone} WITH (FORCE)")
        self.clones = []

    def run_once(self, workload, tool, repetition, wanted):
        work = os.path.join(self.scratch.path, "work")
        shutil.rmtree(work, ignore_errors=True)
        os.mkdir(work)
        if not workload.keep:
            self.drop_results()
        clone = f"clone{len(self.clones)}"
        self.clones.append(clone)
        self.destination.sql("postgres", f"CREATE DATABASE {clone}")
        if tool.prepare:
            self.destination.sql(clone, tool.prepare)
        self.source.sql("postgres", "CHECKPOINT")
        self.destination.sql("postgres", "CHECKPOINT")
        os.sync()
        command = tool.command.format(
            source=self.source.uri(workload.name, self.args.transport), work=work, bin=self.bindir,
            destination=self.destination.uri(clone, self.args.transport), pgmanager=self.args.pgmanager)
        log = os.path.join(self.args.keep_logs or self.scratch.path,
                           re.sub(r"\W+", "-", f"{workload.name} {tool.name} {repetition}") + ".log")
        record = {"workload": workload.name, "tool": tool.name, "ours": tool.ours, "repetition": repetition,
                  "transport": self.args.transport, "load": round(os.getloadavg()[0], 1)}
        record |= measure.measure(command, self.env, self.source, self.destination, log, RUN_LIMIT)
        # Every row once for each tool, the counts each time.
        deep = repetition == 0
        record["equal"] = record["status"] == 0 and fingerprint(self.destination, clone, deep) == wanted[deep]
        if not record["equal"]:
            with open(log, encoding="utf-8", errors="replace") as f:
                print("".join(f.readlines()[-15:]), file=sys.stderr)
        self.results.append(record)
        self.tell(record)


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def paired_ratio(ours, peer):
    """The median over the repetitions of our seconds by the peer's, of those two
    neighbours: what slows the whole machine for a while cancels out."""
    theirs = {r["repetition"]: r["seconds"] for r in peer}
    return statistics.median([r["seconds"] / theirs[r["repetition"]] for r in ours if r["repetition"] in theirs])


def summarize(results, transport):
    print(f"\nTransport {transport}. Seconds: median (least–most). CPU seconds and MiB: medians. "
          "Ratio: ours by theirs, of the medians / median of the pairs.\n")
    for workload in workloads.WORKLOADS:
        runs = [r for r in results if r["workload"] == workload.name]
        if not runs:
            continue
        names = list(dict.fromkeys(r["tool"] for r in runs))
        good = {n: [r for r in runs if r["tool"] == n and r["equal"]] for n in names}
        ours = [n for n in names if good[n] and good[n][0]["ours"]]
        print(f"{workload.name}: {workload.what}\n")
        heads = ["tool", "n", "seconds", "client CPU", "source CPU", "dest. CPU", "client MiB", "WAL MiB"]
        print("| " + " | ".join(heads + [f"{o} by it" for o in ours]) + " |")
        print("|---" * (len(heads) + len(ours)) + "|")
        for name in names:
            print_row(name, good, ours, len([r for r in runs if r["tool"] == name and not r["equal"]]))
        print()


def print_row(name, good, ours, n_bad):
    mine = good[name]
    label = name + (f" ({n_bad} FAILED OR WRONG)" if n_bad else "")
    if not mine:
        print(f"| {label} | 0 |")
        return
    cells = [label, str(len(mine)), spread([r["seconds"] for r in mine])]
    cells += [f"{statistics.median(r[k] for r in mine):.2f}" for k in ("client_cpu", "source_cpu", "destination_cpu")]
    cells += [f"{statistics.median(r[k] for r in mine):.0f}" for k in ("client_mib", "wal_mib")]
    for one in ours:
        if mine[0]["ours"]:
            cells.append("")
            continue
        medians = [statistics.median(r["seconds"] for r in runs) for runs in (good[one], mine)]
        cells.append(f"{medians[0] / medians[1]:.2f} / {paired_ratio(good[one], mine):.2f}")
    print("| " + " | ".join(cells) + " |")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["clone", "summary"])
    parser.add_argument("files", nargs="*", help="of --output, for summary")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--workload", default=",".join(w.name for w in workloads.WORKLOADS))
    parser.add_argument("--transport", choices=["tcp", "unix"], default="tcp")
    parser.add_argument("--tools", default="", help="only tools whose name this pattern finds")
    parser.add_argument("--major", type=int, default=15)
    parser.add_argument("--pgmanager", default=os.path.join(HERE, "../../build/src/main/pgmanager"))
    parser.add_argument("--output", help="JSON lines are also added to this file")
    parser.add_argument("--keep-logs", help="the tools' output goes into this directory")
    args = parser.parse_args(argv)
    unknown = set(args.workload.split(",")) - {w.name for w in workloads.WORKLOADS}
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    args.pgmanager = os.path.abspath(args.pgmanager)
    if args.keep_logs:
        os.makedirs(args.keep_logs, exist_ok=True)
    return args


def summarize_files(files):
    records = []
    for name in files:
        with open(name, encoding="utf-8") as f:
            records += [json.loads(line) for line in f]
    for machine in [r["machine"] for r in records if "machine" in r][:1]:
        print(", ".join(f"{k} {v}" for k, v in machine.items()))
    results = [r for r in records if "workload" in r]
    for transport in dict.fromkeys(r["transport"] for r in results):
        summarize([r for r in results if r["transport"] == transport], transport)


def main():
    args = parse(sys.argv[1:])
    if args.what == "summary":
        summarize_files(args.files)
        return 0
    cluster.exit_on_signals()
    bench = Bench(args)
    bench.run()
    summarize(bench.results, args.transport)
    return 0 if all(r["equal"] for r in bench.results) else 1


if __name__ == "__main__":
    sys.exit(main())
