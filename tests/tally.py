#!/usr/bin/env python3
"""Counts what `meson test` did, subtest by subtest.

  tally.py testlog.junit.xml

Prints every failed test and every skip with its reason; the last line is
"PASSED FAILED SKIPPED", for tests/run.sh.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    passed = failed = skipped = 0
    for suite in ElementTree.parse(sys.argv[1]).getroot().iter("testsuite"):
        for test in suite.iter("testcase"):
            name = f"{suite.get('name')} {test.get('name')}"
            skip = test.find("skipped")
            if test.find("failure") is not None or test.find("error") is not None:
                failed += 1
                print(f"not ok - {name}")
            elif skip is not None:
                skipped += 1
                print(f"skipped - {name}: {skip.get('message') or skip.text or 'no reason given'}")
            else:
                passed += 1
        # a program that died before its last subtest
        errors = int(suite.get("errors") or 0)
        if errors and not any(t.find("error") is not None for t in suite.iter("testcase")):
            failed += errors
            print(f"not ok - {suite.get('name')} ended early")
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()
