#!/usr/bin/env python3
"""Runs the system tests.

  run.py [--build DIR] [--set SET] [-k PATTERN] [-j N] [--slice I/N] [--seed S] [--list] [FILE…]

A module is a file tests/system/test_<subject>.py; its functions marked with
@case("name") get the module's own pair of clusters. Modules run side by side,
each in a process of its own; the lines are TAP's. A case that raises Skip says
why. The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import fnmatch
import importlib.util
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness.case import Skip, cases_of  # noqa: E402


def module_files(names):
    files = names or sorted(f for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py"))
    return [os.path.join(HERE, os.path.basename(f)) for f in files]


def load(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def selected(path, args):
    """The module and those of its cases that were asked for."""
    module = load(path)
    cases = [c for c in cases_of(module) if c.set == args.set]
    if args.k:
        cases = [c for c in cases if args.k.lower() in c.name.lower() or
                 fnmatch.fnmatch(c.name.lower(), args.k.lower())]
    return module, cases


def in_slice(index, text):
    if not text:
        return True
    part, parts = (int(n) for n in text.split("/"))
    return index % parts == part - 1


def sliced(path, args):
    module, cases = selected(path, args)
    return module, [c for i, c in enumerate(cases) if in_slice(i, args.slice)]


# ---- one module, in a process of its own -----------------------------------------

def run_module(path, args):
    module, cases = sliced(path, args)
    if not cases:
        return 0
    subject = module.__name__[len("test_"):]
    pair = None
    began = time.monotonic()
    try:
        pair = module.setup() if hasattr(module, "setup") else None
        print(f"# {subject}: clusters in {time.monotonic() - began:.1f} s", flush=True)
        failed = 0
        for case in cases:
            failed += not run_case(subject, case, pair)
        return 1 if failed else 0
    except Exception as error:  # no cluster, or a module that can't be read
        for case in cases:
            skipped = isinstance(error, Skip)
            print(f"{'ok' if skipped else 'not ok'} - {subject}: {case.name}"
                  f"{' # SKIP ' + str(error) if skipped else ''}")
        if not isinstance(error, Skip):
            print(indent(traceback.format_exc()))
        return 0 if isinstance(error, Skip) else 1
    finally:
        if pair is not None and hasattr(pair, "close"):
            pair.close()


def indent(text):
    return "\n".join("#   " + line for line in text.rstrip().split("\n"))


def run_case(subject, case, pair):
    began = time.monotonic()
    try:
        case.function(*([pair] if pair is not None else []))
    except Skip as reason:
        print(f"ok - {subject}: {case.name} # SKIP {reason}", flush=True)
        return True
    except Exception as error:
        print(f"not ok - {subject}: {case.name} ({time.monotonic() - began:.1f} s)")
        if isinstance(error, AssertionError):
            where = traceback.extract_tb(error.__traceback__)
            print(indent("\n".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in where[1:])))
            print(indent(str(error)), flush=True)
        else:
            print(indent(traceback.format_exc()), flush=True)
        return False
    print(f"ok - {subject}: {case.name} ({time.monotonic() - began:.1f} s)", flush=True)
    return True


# ---- all modules -----------------------------------------------------------------

def start_module(path, args):
    argv = [sys.executable, os.path.abspath(__file__), "--one", os.path.basename(path), "--set", args.set,
            "--seed", str(args.seed)]
    for flag, value in (("--slice", args.slice), ("-k", args.k)):
        if value:
            argv += [flag, value]
    output = tempfile.TemporaryFile(mode="w+", errors="replace")
    process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT)
    subject = os.path.basename(path)[len("test_"):-len(".py")]
    expected = [f"{subject}: {case.name}" for case in sliced(path, args)[1]]
    return os.path.basename(path), expected, time.monotonic(), process, output


def report(name, expected, began, process, output):
    """Prints what a module wrote; how many passed, failed and were skipped."""
    output.seek(0)
    text = output.read()
    output.close()
    lines = text.split("\n")
    failed = sum(line.startswith("not ok") for line in lines)
    skipped = sum(line.startswith("ok") and "# SKIP" in line for line in lines)
    passed = sum(line.startswith("ok") for line in lines) - skipped
    print(text.rstrip())
    # a module that was killed, or hung, under way
    for case in expected:
        if not re.search(rf"^(not )?ok - {re.escape(case)}(?= \(| # SKIP|$)", text, re.M):
            failed += 1
            print(f"not ok - {case}: was not run to its end; {name} ended with {process.returncode}")
    if process.returncode != 0 and failed == 0:
        failed = 1
        print(f"not ok - {name}: ended with {process.returncode}")
    print(f"# {name}: {time.monotonic() - began:.1f} s", flush=True)
    return passed, failed, skipped


def run_all(args):
    waiting = [p for p in module_files(args.files) if selected(p, args)[1]]
    # the long ones first, so that none of them is left alone at the end
    waiting.sort(key=lambda p: -getattr(load(p), "WEIGHT", 1))
    running, totals = [], [0, 0, 0]
    while waiting or running:
        while waiting and len(running) < args.j:
            running.append(start_module(waiting.pop(0), args))
        for item in [i for i in running if i[3].poll() is not None]:
            totals = [a + b for a, b in zip(totals, report(*item))]
            running.remove(item)
        time.sleep(0.05)
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed + skipped else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--build", default=os.environ.get("PGM_TEST_BUILD"))
    parser.add_argument("--set", default="ci")
    parser.add_argument("--slice")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("-k", metavar="PATTERN")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()

    if args.list:
        for path in module_files(args.files):
            for case in cases_of(load(path)):
                print(f"{case.set:8} {os.path.basename(path)[5:-3]}: {case.name}")
        return 0
    if not args.build:
        parser.error("--build or PGM_TEST_BUILD names the build directory")
    os.environ["PGM_TEST_BUILD"] = os.path.abspath(args.build)
    random.seed(args.seed)
    os.environ["PGM_TEST_SEED"] = str(args.seed)
    if args.one:
        return run_module(os.path.join(HERE, args.one), args)
    return run_all(args)


if __name__ == "__main__":
    sys.exit(main())
