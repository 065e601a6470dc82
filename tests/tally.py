#!/usr/bin/env python3
"""Counts what `meson test` did, subtest by subtest.

  tally.py names BUILD SUITE [I/N]            the programs of a suite, or a part of them
  tally.py count BUILD SUITE [I/N] [FAILED]   after `meson test` has run these

`count` prints every failed subtest and every skip with its reason. What a
program planned and did not come to, because it crashed or hung, counts as
failed, by name; so does a program that was not run at all. For each program
that failed, the end of its log goes to the file FAILED (and the whole log to
BUILD/failed-logs/). The last line is "PASSED FAILED SKIPPED", for tests/run.sh.
"""
import json
import os
import re
import subprocess
import sys

TAIL_LINES = 40
RESULT = re.compile(r"(not )?ok\b\s*(\d+)?\s*(?:- )?([^#]*)(?:#\s*(\w+)\s*(.*))?$")
PLAN = re.compile(r"1\.\.(\d+)\b")


def programs(build, suite, part=None):
    """Name and command of each program of the suite, in the order of their names."""
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", build], check=True,
                                       capture_output=True, text=True).stdout)
    chosen = sorted((t["name"], t["cmd"]) for t in listed
                    if any(s.split(":")[-1] == suite for s in t["suite"]))
    if part:
        index, parts = (int(n) for n in part.split("/"))
        chosen = chosen[index - 1::parts]
    return chosen


def subtests_of(command, entry):
    """The subtests that a GTest program would run, told by itself; [] if unknown."""
    if entry is not None and "# random seed:" not in entry["stdout"] and entry["stdout"].strip():
        return []
    # a program in C is the last word; a script's command ends with its arguments
    if not os.path.basename(command[-1]).startswith("test-"):
        return []
    try:
        told = subprocess.run([command[-1], "-l"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in told.stdout.split("\n") if line.startswith("/")]


def tap_lines(text):
    """(passed, skipped, name, reason) of each result of ours; a subtest's own
    results are indented."""
    results = []
    for line in text.split("\n"):
        match = RESULT.match(line)
        if match is None or (match[2] is None and not match[3].strip()):
            continue
        directive = (match[4] or "").upper()
        name = match[3].strip() or f"number {match[2]}"
        results.append((match[1] is None or directive == "TODO", directive == "SKIP", name,
                        (match[5] or "").strip()))
    return results


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lines = []

    def fail(self, program, name, why=""):
        self.failed += 1
        self.lines.append(f"not ok - {program} {name}{': ' + why if why else ''}")

    def skip(self, program, name, reason):
        self.skipped += 1
        self.lines.append(f"skipped - {program} {name}: {reason or 'no reason given'}")

    def plain(self, program, entry):
        """A program that says what it has to say by its exit status."""
        if entry["result"] in ("OK", "EXPECTEDFAIL"):
            self.passed += 1
        elif entry["result"] == "SKIP":
            self.skip(program, "", entry["stdout"].strip().split("\n")[-1])
        else:
            self.fail(program, "", f"{entry['result']}, exit status {entry['returncode']}")

    def tap(self, program, entry, plan, known):
        before = self.failed
        results = tap_lines(entry["stdout"])
        for passed, skipped, name, reason in results:
            if not passed:
                self.fail(program, name, reason)
            elif skipped:
                self.skip(program, name, reason)
            else:
                self.passed += 1
        if plan == 0 and not results:
            reason = re.search(r"^1\.\.0\s*(?:#\s*(?:SKIP)?)?(.*)$", entry["stdout"], re.M | re.I)
            self.skip(program, "", reason[1].strip())
        self.missing(program, entry, max(plan or 0, len(known)) - len(results),
                     [n for n in known if n not in {r[2] for r in results}])
        if entry["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT") and self.failed == before:
            self.fail(program, "", f"{entry['result']}, exit status {entry['returncode']}")

    def missing(self, program, entry, count, names):
        for i in range(count):
            name = names[i] if i < len(names) else "a subtest without a name"
            status = f", exit status {entry['returncode']}" if entry["result"] != "TIMEOUT" else ""
            self.fail(program, name,
                      f"ended there ({entry['result']}{status})" if i == 0 else "was not run")

    def add(self, program, command, entry):
        """TRUE unless something of this program failed."""
        before = self.failed
        if entry is None:
            for name in subtests_of(command, None) or [""]:
                self.fail(program, name, "was not run")
            return False
        text = entry["stdout"]
        plan = next((int(m[1]) for m in map(PLAN.match, text.split("\n")) if m), None)
        bad = entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")
        known = subtests_of(command, entry) if bad else []
        if plan is not None or known or tap_lines(text):
            self.tap(program, entry, plan, known)
        else:
            self.plain(program, entry)
        return self.failed == before


def log_of(entry):
    parts = [entry["stdout"].rstrip()]
    if (entry.get("stderr") or "").strip():
        parts.append("-- standard error --\n" + entry["stderr"].rstrip())
    return "\n".join(p for p in parts if p)


def keep_log(build, program, entry, failed_file):
    log = log_of(entry) if entry is not None else "(it was not run)"
    directory = os.path.join(build, "failed-logs")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, program.replace("/", "_") + ".log")
    with open(path, "w", encoding="utf-8") as out:
        out.write(log + "\n")
    if failed_file is not None:
        tail = "\n".join("    " + line for line in log.split("\n")[-TAIL_LINES:])
        with open(failed_file, "a", encoding="utf-8") as out:
            out.write(f"\n-- {program}, the end of {path}:\n{tail}\n")


def read_entries(build):
    """The newest run's programs by name; none when it didn't come to its log."""
    entries = {}
    try:
        with open(os.path.join(build, "meson-logs", "testlog.json"), encoding="utf-8") as log:
            for line in log:
                entry = json.loads(line)
                # "project:suite / name" where there are several suites
                entries[entry["name"].split(" / ")[-1]] = entry
    except FileNotFoundError:
        pass
    return entries


def count(build, suite, part, failed_file):
    tally = Tally()
    entries = read_entries(build)
    for program, command in programs(build, suite, part):
        entry = entries.get(program)
        if not tally.add(program, command, entry):
            keep_log(build, program, entry, failed_file)
    for line in tally.lines:
        print(line)
    print(tally.passed, tally.failed, tally.skipped)


def main(argv):
    what, build, suite = argv[1:4]
    part = argv[4] if len(argv) > 4 and argv[4] else None
    if what == "names":
        print("\n".join(name for name, _ in programs(build, suite, part)))
    else:
        count(build, suite, part, argv[5] if len(argv) > 5 else None)


if __name__ == "__main__":
    main(sys.argv)
