#!/usr/bin/env python3
"""Proves that every rule of lint.py can fail, and that it lets good code pass."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import lint  # noqa: E402

GOOD = {
    "src/README.md": "`core` `postgres` `model` `store` `engine` `cli` `app` `main` `server`\n",
    "src/core/README.md": "# core\n",
    "src/core/lsn.h": "/* A position. */\n#include <glib.h>\n",
    "src/core/lsn.c": '#include "core/lsn.h"\n\nint\nf (void)\n{\n  return 0;\n}\n',
}


class LintTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        self.write(GOOD)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def room(self, path, text):
        """One file in a room that has its papers in order."""
        self.write({path: text, str(pathlib.Path(path).parent / "README.md"): "# A room\n"})

    def lint(self):
        return lint.lint(self.root)

    def assert_finds(self, *words):
        errors = self.lint().errors
        hits = [line for line in errors if all(word in line for word in words)]
        self.assertEqual(len(hits), 1, f"wanted one finding with {words}, got {errors}")
        self.assertEqual(len(errors), 1, errors)

    def assert_clean(self):
        self.assertEqual(self.lint().errors, [])

    def test_good_tree_passes(self):
        self.assert_clean()

    # Doors

    def test_door_that_is_closed(self):
        self.room("src/postgres/copy.c", '#include "core/lsn.h"\n#include "model/job.h"\n')
        self.assert_finds("src/postgres/copy.c:2", "postgres may not enter model")

    def test_core_enters_nothing(self):
        self.room("src/core/lsn.c", '#include "core/lsn.h"\n#include "engine/engine.h"\n')
        self.assert_finds("src/core/lsn.c:2", "no other room")

    def test_doors_that_are_open(self):
        self.room("src/engine/local.c", '#include "store/config.h"\n#include "migration/clone.h"\n')
        self.room("src/main/main-cli.c", '#include "engine/local.h"\n#include "cli/cli.h"\n')
        self.room("src/cli/clone.c", '#include "config.h"\n#include "engine/engine.h"\n#include "model/job.h"\n')
        self.assert_clean()

    def test_faces_see_only_the_interface(self):
        self.room("src/cli/clone.c", '#include "engine/local.h"\n')
        self.assert_finds("src/cli/clone.c:1", "inside the engine")

    def test_private_header(self):
        self.room("src/engine/local.c", '#include "store/journal-private.h"\n')
        self.assert_finds("private to store")

    def test_include_without_room(self):
        self.room("src/core/lsn.c", '#include "lsn.h"\n')
        self.assert_finds("src/core/lsn.c:1", "by its room")

    def test_include_in_comment_is_none(self):
        self.room("src/core/lsn.c", '/* #include "engine/engine.h"\n#include "cli/cli.h" */\n')
        self.assert_clean()

    def test_libraries(self):
        for header, wrong, right in [
            ("libpq-fe.h", "engine", "postgres"),
            ("json-glib/json-glib.h", "store", "model"),
            ("sqlite3.h", "model", "store"),
            ("libsecret/secret.h", "app", "store"),
            ("libsoup/soup.h", "engine", "server"),
            ("ncurses.h", "cli", "tui"),
            ("gtk/gtk.h", "cli", "app"),
            ("adwaita.h", "engine", "app"),
        ]:
            with self.subTest(header=header):
                self.setUp()
                self.write({"src/README.md": "".join(f"`{room}`" for room in lint.DOORS)})
                self.room(f"src/{right}/noun.c", f"#include <{header}>\n")
                self.assert_clean()
                self.room(f"src/{wrong}/noun.c", f"#include <{header}>\n")
                self.assert_finds(f"src/{wrong}/noun.c:1", header)

    def test_gtk_in_main(self):
        self.room("src/main/main-gtk.c", "#include <adwaita.h>\n")
        self.assert_clean()
        self.room("src/main/main-cli.c", "#include <adwaita.h>\n")
        self.assert_finds("src/main/main-cli.c:1", "GTK")

    def test_processes(self):
        self.room("src/core/child.c", "\nint x (GSubprocess *p);\n")
        self.assert_clean()
        for word in ["GSubprocess *p", "g_subprocess_new ()", "g_spawn_sync ()", "GSubprocessLauncher *l"]:
            with self.subTest(word=word):
                self.room("src/engine/local.c", f"int\nf (void)\n{{\n  {word};\n}}\n")
                self.assert_finds("src/engine/local.c:4", "core/child.h")

    def test_unknown_room(self):
        self.room("src/attic/noun.c", "\n")
        self.write({"src/README.md": GOOD["src/README.md"] + "`attic`"})
        self.assert_finds("src/attic", "not a room")

    # Calls and words

    def test_banned_calls(self):
        for name in lint.BANNED:
            with self.subTest(name=name):
                self.room("src/core/lsn.c", f"int\nf (void)\n{{\n  {name} (0);\n}}\n")
                self.assert_finds("src/core/lsn.c:4", "banned call", f"{name}()")
                self.write({"src/core/lsn.c": f"int\nf (void)\n{{\n  g_{name} (self->{name} (\"{name}(\"));\n"
                                              f"  /* {name} (0) */\n}}\n"})
                self.assert_clean()

    def test_banned_call_in_tests(self):
        self.write({"tests/unit/core/test-lsn.c": "int\nmain (void)\n{\n  return atoi (\"1\");\n}\n"})
        self.assert_finds("tests/unit/core/test-lsn.c:4", "atoi")

    def test_goto(self):
        self.room("src/core/lsn.c", "int\nf (void)\n{\n  goto out;\n}\n")
        self.assert_finds("src/core/lsn.c:4", "goto")

    def test_goto_in_text_is_none(self):
        self.room("src/core/lsn.c", 'int\nf (void)\n{\n  return g ("goto \\" goto", \'"\'); // goto\n}\n')
        self.assert_clean()

    def test_marks(self):
        for mark in ["TODO", "FIXME", "XXX", "HACK"]:
            with self.subTest(mark=mark):
                self.room("src/core/lsn.c", f"/* {mark}: later */\n")
                self.assert_finds("src/core/lsn.c:1", mark)
        self.room("src/core/lsn.c", 'char *a = "/tmp/x-XXXXXX";\n'.replace("char", "const char").replace("*a", "*const a"))
        self.assert_clean()

    def test_mark_in_readme(self):
        self.write({"src/core/README.md": "# core\n\nTODO\n"})
        self.assert_finds("src/core/README.md:3", "TODO")

    def test_globals(self):
        for line in ["static int count;", "static GMutex lock;", "char *name = NULL;", "static const char *last;",
                     "static guint8 buffer[64];"]:
            with self.subTest(line=line):
                self.room("src/core/lsn.c", line + "\n")
                self.assert_finds("src/core/lsn.c:1", "mutable global")
        self.room("src/core/lsn.c",
                  "static const int a = 1;\nstatic const char *const b[] = { 0 };\nstatic guint signals[2];\n"
                  "struct _Foo;\ntypedef struct _Foo Foo;\nextern int c;\nint f (void);\n"
                  "Foo *\nf (void)\n{\n  static GOnce once;\n}\n")
        self.assert_clean()

    def test_skip_without_reason(self):
        for call in ["g_test_skip (NULL)", 'g_test_skip ("")', "g_test_skip()"]:
            with self.subTest(call=call):
                self.write({"tests/unit/core/test-lsn.c": f"int\nmain (void)\n{{\n  {call};\n}}\n"})
                self.assert_finds("tests/unit/core/test-lsn.c:4", "without a reason")
        self.write({"tests/unit/core/test-lsn.c": 'int\nmain (void)\n{\n  g_test_skip ("no server");\n}\n'})
        self.assert_clean()

    # Lengths

    def test_long_file(self):
        self.room("src/core/lsn.c", "\n" * 1000)
        self.assert_clean()
        self.room("src/core/lsn.c", "\n" * 1001)
        self.assert_finds("src/core/lsn.c:1001", "file of 1001 lines")

    def test_long_function(self):
        body = "int\nf (void)\n{\n" + "  x ();\n" * 98 + "}\n"
        self.room("src/core/lsn.c", body)
        self.assert_clean()
        self.assertEqual(len(self.lint().warnings), 1)
        self.room("src/core/lsn.c", body.replace("}", "  x ();\n}"))
        self.assert_finds("src/core/lsn.c:3", "function of 101 lines")

    def test_long_table_is_no_function(self):
        self.room("src/core/lsn.c", "static const int x[] =\n{\n" + "  1,\n" * 200 + "};\n")
        self.assert_clean()

    # Papers

    def test_missing_readme(self):
        (self.root / "src/core/README.md").unlink()
        self.assert_finds("src/core/README.md", "page about itself")

    def test_long_readme(self):
        self.write({"src/core/README.md": "line\n" * 81})
        self.assert_finds("src/core/README.md:81", "longer")

    def test_map(self):
        self.write({"src/README.md": "`model`\n"})
        self.assert_finds("src/README.md", "does not show the room core")
        (self.root / "src/README.md").unlink()
        self.assert_finds("src/README.md", "missing")

    def test_header_comment(self):
        self.write({"src/core/lsn.h": "#pragma once\n/* late */\n"})
        self.assert_finds("src/core/lsn.h:1", "opens with a comment")

    def test_translations(self):
        self.room("src/cli/clone.c", 'int\nf (void)\n{\n  g (_("Hello"));\n}\n')
        self.assert_clean()
        self.write({"po/POTFILES.in": "# none\n"})
        self.assert_finds("src/cli/clone.c:4", "POTFILES.in")
        self.write({"po/POTFILES.in": "src/cli/clone.c\n"})
        self.assert_clean()
        self.write({"po/POTFILES.in": "src/cli/clone.c\nsrc/cli/gone.c\n"})
        self.assert_finds("po/POTFILES.in:2", "does not exist")

    # The program

    def test_exit_status(self):
        def run(*arguments):
            return subprocess.run([sys.executable, HERE / "lint.py", *arguments], capture_output=True, text=True)

        self.assertEqual(run(self.root).returncode, 0)
        self.assertEqual(run().returncode, 2)
        self.room("src/core/lsn.c", "int\nf (void)\n{\n  goto out;\n}\n")
        result = run(self.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("src/core/lsn.c:4: goto: use", result.stdout)


if __name__ == "__main__":
    unittest.main()
