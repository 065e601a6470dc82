#!/usr/bin/env python3
"""Proves that tally.py loses no subtest: not of a program that crashes, hangs, or never starts."""

import os
import pathlib
import stat
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tally  # noqa: E402

START = "# random seed: R02S1\n1..3\n"


class TallyTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = pathlib.Path(holder.name)
        program = self.directory / "test-one"
        program.write_text("#!/bin/sh\nprintf '1..3\\n/one/a\\n/one/b\\n/one/c\\n'\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.command = [str(program)]

    def count(self, stdout, result="OK", returncode=0, command=None):
        self.tally = tally.Tally()
        entry = {"stdout": stdout, "result": result, "returncode": returncode}
        self.tally.add("one", command or self.command, entry)
        return self.tally.passed, self.tally.failed, self.tally.skipped

    def assert_told(self, *lines):
        self.assertEqual(self.tally.lines, list(lines))

    def test_all_well(self):
        self.assertEqual(self.count(START + "ok 1 /one/a\nok 2 /one/b\nok 3 /one/c # SKIP no server\n"), (2, 0, 1))
        self.assert_told("skipped - one /one/c: no server")

    def test_aborted(self):
        self.assertEqual(self.count(START + "ok 1 /one/a\nBail out! ERROR\n", "ERROR", -6), (1, 2, 0))
        self.assert_told("not ok - one /one/b: ended there (ERROR, exit status -6)",
                         "not ok - one /one/c: was not run")

    def test_aborted_before_its_plan(self):
        self.assertEqual(self.count("", "ERROR", -11), (0, 3, 0))
        self.assertIn("/one/a: ended there", self.tally.lines[0])

    def test_hung(self):
        self.assertEqual(self.count(START + "ok 1 /one/a\nok 2 /one/b\n", "TIMEOUT", -15), (2, 1, 0))
        self.assert_told("not ok - one /one/c: ended there (TIMEOUT)")

    def test_crashed_after_the_last(self):
        text = START + "ok 1 /one/a\nok 2 /one/b\nok 3 /one/c\n"
        self.assertEqual(self.count(text, "ERROR", 23), (3, 1, 0))
        self.assert_told("not ok - one : ERROR, exit status 23")

    def test_failed_and_went_on(self):
        text = START + "not ok 1 /one/a\nok 2 /one/b\nok 3 /one/c\n"
        self.assertEqual(self.count(text, "FAIL", 1), (2, 1, 0))

    def test_fewer_than_planned_of_another_kind(self):
        self.assertEqual(self.count("1..3\nok 1 - a\n", "ERROR", 1, ["sh", "one.sh"]), (1, 2, 0))

    def test_subtests_of_subtests_do_not_count(self):
        self.assertEqual(self.count("1..1\n    ok 1 - inner\nok 1 - outer\n"), (1, 0, 0))

    def test_without_tap(self):
        self.assertEqual(self.count("all well\n", command=["python3", "x.py"]), (1, 0, 0))
        self.assertEqual(self.count("no\n", "FAIL", 1, ["python3", "x.py"]), (0, 1, 0))

    def test_everything_skipped(self):
        self.assertEqual(self.count("1..0 # SKIP no display\n", "SKIP"), (0, 0, 1))
        self.assert_told("skipped - one : no display")

    def test_never_run(self):
        counts = tally.Tally()
        self.assertFalse(counts.add("one", self.command, None))
        self.assertEqual(counts.failed, 3)

    def test_log_is_kept(self):
        told = self.directory / "told"
        entry = {"stdout": "\n".join(map(str, range(100))), "stderr": "the reason\n"}
        tally.keep_log(str(self.directory), "one", entry, str(told))
        text = told.read_text(encoding="utf-8")
        self.assertIn("the reason", text)
        self.assertNotIn("    42\n", text)
        log = self.directory / "failed-logs" / "one.log"
        self.assertIn("42", log.read_text(encoding="utf-8"))
        self.assertTrue(os.path.exists(log))


if __name__ == "__main__":
    unittest.main()
