#!/usr/bin/env python3
"""Checks what a reviewer would otherwise repeat: doors, calls, lengths, papers.

    lint.py ROOT

Prints one line for each finding (what, where, why) and ends with 1 when there
was one. Warnings are printed and don't count. Only the standard library.
"""

import pathlib
import re
import sys

# Which rooms a room may enter. src/README.md draws the same table for people.
DOMAIN = {"core", "postgres", "model"}
FACE = {"core", "model", "engine"}
DOORS = {
    "core": set(),
    "postgres": {"core"},
    "model": {"core"},
    "migration": DOMAIN,
    "monitor": DOMAIN,
    "backup": DOMAIN,
    "standby": DOMAIN,
    "admin": DOMAIN,
    "demo": DOMAIN,
    "store": {"core", "model"},
    "engine": DOMAIN | {"migration", "monitor", "backup", "standby", "admin", "demo", "store"},
    "client": FACE,
    "server": FACE,
    "cli": FACE,
    "tui": FACE,
    "app": FACE,
}
DOORS["main"] = set(DOORS)

# Faces know the interface, never which engine stands behind it.
FACES = {"client", "server", "cli", "tui", "app"}
ENGINE_PUBLIC = {"engine/engine.h"}

# Libraries that only some rooms may include: pattern, rooms or files, why.
LIBRARIES = [
    (r"(libpq-fe|libpq-events|pg_config\w*|postgres_fe)\.h|libpq/", {"postgres"}, "libpq"),
    (r"json-glib/", {"model"}, "json-glib"),
    (r"sqlite3\w*\.h", {"store"}, "SQLite"),
    (r"libsecret/", {"store"}, "libsecret"),
    (r"gnutls/", {"server/tls-files.c"}, "GnuTLS"),
    (r"libsoup/", {"client", "server"}, "libsoup"),
    (r"(n?cursesw?/)?(n?curses|panel|menu|form)\.h", {"tui"}, "ncurses"),
    (r"(gtk|gdk|gsk|pango|cairo)/|adwaita\.h|libadwaita", {"app", "main/main-gtk.c"}, "GTK"),
]

BANNED = {
    "strcpy": "has no limit; use g_strlcpy() or g_strdup()",
    "strcat": "has no limit; use GString",
    "sprintf": "has no limit; use g_snprintf() or g_strdup_printf()",
    "vsprintf": "has no limit; use g_vsnprintf()",
    "system": "runs a shell; use core/child.h",
    "popen": "runs a shell; use core/child.h",
    "gets": "has no limit",
    "atoi": "can't tell an error from 0; use pgm_parse_int()",
}
PROCESS = re.compile(r"\b(GSubprocess\w*|g_subprocess_\w+|G_SUBPROCESS_\w+|g_spawn_\w+|posix_spawnp?)\b")
MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TRANSLATED = re.compile(r"(?<!\w)(_|N_|C_|NC_|Q_|g?d?ngettext|g_dngettext|g_dpgettext2)\s*\(")
GLOBAL = re.compile(r"^(static\s+)?(?!const\b|typedef\b|extern\b|return\b)[A-Za-z_]\w*[\w\s*]*?[\s*](\w+)\s*(\[[^\]]*\]\s*)*(=|;)")
# GObject's own idiom: filled in once by class_init.
GLOBAL_ALLOWED = {"signals", "properties"}

FILE_LINES = 1000
FUNCTION_LINES = 100
FUNCTION_WARNING = 70
README_LINES = 80

LEXEME = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Findings:
    def __init__(self):
        self.errors = []
        self.warnings = []

    def add(self, path, line, rule, why):
        self.errors.append(f"{path}:{line}: {rule}: {why}")

    def warn(self, path, line, rule, why):
        self.warnings.append(f"{path}:{line}: {rule}: {why}")


def blank(text, keep=""):
    """As many lines as @text has, and nothing else in them."""
    return keep + "\n" * text.count("\n")


class Source:
    """One C file in three readings: as it is, without comments, and as code
    only (neither comments nor the contents of strings)."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.raw = path.read_text(encoding="utf-8", errors="replace")
        self.lines = self.raw.splitlines()
        self.text = LEXEME.sub(lambda m: blank(m[0], " ") if m[0][0] == "/" else m[0], self.raw)
        self.code = LEXEME.sub(lambda m: blank(m[0], " ") if m[0][0] == "/" else m[0][0] * 2, self.raw)
        parts = self.path.split("/")
        self.room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        self.in_room = "/".join(parts[1:])

    def find(self, pattern, text):
        for number, line in enumerate(text.split("\n"), 1):
            for match in re.finditer(pattern, line):
                yield number, match


def check_include(source, number, name, quoted, findings):
    for pattern, places, what in LIBRARIES:
        if re.match(pattern, name) and source.room not in places and source.in_room not in places:
            findings.add(source.path, number, "doors",
                         f"{what} (<{name}>) is only for {', '.join(sorted(places))}")
    if not quoted or name == "config.h":
        return
    other = name.split("/")[0]
    if "/" not in name or other not in DOORS:
        findings.add(source.path, number, "doors", f'"{name}" is not included by its room ("room/noun.h")')
        return
    if other == source.room:
        return
    if other not in DOORS[source.room]:
        allowed = ", ".join(sorted(DOORS[source.room])) or "no other room"
        findings.add(source.path, number, "doors",
                     f'{source.room} may not enter {other} ("{name}"); it may enter {allowed}')
    elif name.endswith("-private.h"):
        findings.add(source.path, number, "doors", f'"{name}" is private to {other}')
    elif other == "engine" and source.room in FACES and name not in ENGINE_PUBLIC:
        findings.add(source.path, number, "doors",
                     f'"{name}" is inside the engine; a face includes {", ".join(sorted(ENGINE_PUBLIC))}')


def check_doors(source, findings):
    if source.room is None or source.room not in DOORS:
        return
    for number, match in source.find(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', source.text):
        check_include(source, number, match[2], match[1] == '"', findings)
    if source.room != "core":
        for number, match in source.find(PROCESS, source.code):
            findings.add(source.path, number, "doors",
                         f"{match[0]}: processes are started by core/child.h only")


def check_calls(source, findings):
    for name, why in BANNED.items():
        for number, _ in source.find(rf"(?<![\w.])(?<!->){name}\s*\(", source.code):
            findings.add(source.path, number, "banned call", f"{name}() {why}")
    for number, _ in source.find(r"\bgoto\b", source.code):
        findings.add(source.path, number, "goto", "use g_autoptr and early returns")
    for number, _ in source.find(r'\bg_test_skip\s*\(\s*(NULL|""|_\s*\(\s*""\s*\))?\s*\)', source.text):
        findings.add(source.path, number, "skip", "g_test_skip() without a reason")


def check_marks(path, lines, findings):
    for number, line in enumerate(lines, 1):
        match = MARK.search(line)
        if match:
            findings.add(path, number, "mark", f"{match[0]} stands for unfinished work: finish it")


def check_globals(source, findings):
    """Declarations in column 0 (GNU style: function bodies are indented)."""
    for number, line in enumerate(source.code.split("\n"), 1):
        match = GLOBAL.match(line)
        if match is None or "(" in line[:match.end()] or re.search(r"\bconst\b[^*]*$", line[:match.start(2)]):
            continue
        if match[2] in GLOBAL_ALLOWED or line.startswith(("struct ", "union ", "enum ")) and "=" not in line:
            continue
        findings.add(source.path, number, "global", f'"{match[2]}" is a mutable global')


def check_lengths(source, findings):
    if len(source.lines) > FILE_LINES:
        findings.add(source.path, FILE_LINES + 1, "length",
                     f"file of {len(source.lines)} lines; {FILE_LINES} is the limit")
    start = None
    before = ""
    lines = source.code.split("\n")
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{" and before.rstrip().endswith(")"):
            start = number
        elif line.startswith("}") and start is not None:
            length = number - start + 1
            if length > FUNCTION_LINES:
                findings.add(source.path, start, "length",
                             f"function of {length} lines; {FUNCTION_LINES} is the limit")
            elif length > FUNCTION_WARNING:
                findings.warn(source.path, start, "length",
                              f"function of {length} lines; one that fits a screen reads better")
            start = None
        if line.strip():
            before = line


def check_header(source, findings):
    if source.path.endswith(".h") and not source.raw.lstrip().startswith("/*"):
        findings.add(source.path, 1, "header", "a header opens with a comment that says what it is for")


def check_translations(root, sources, findings):
    list_path = root / "po" / "POTFILES.in"
    if not list_path.exists():
        return
    lines = list_path.read_text(encoding="utf-8").splitlines()
    listed = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    for source in sources:
        uses = next(source.find(TRANSLATED, source.code), None)
        defines = re.search(r"^\s*#\s*define\s+_\b", source.code, re.M)
        if uses and not defines and source.path.startswith("src/") and source.path not in listed:
            findings.add(source.path, uses[0], "translation", "has texts for people but is not in po/POTFILES.in")
    for name in sorted(listed):
        if not (root / name).exists():
            findings.add("po/POTFILES.in", lines.index(name) + 1, "translation", f"{name} does not exist")


def check_rooms(root, findings):
    house = root / "src" / "README.md"
    map_text = house.read_text(encoding="utf-8") if house.exists() else ""
    if not house.exists():
        findings.add("src/README.md", 1, "readme", "the map of the house is missing")
    for room in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        name = room.relative_to(root).as_posix()
        if not any(room.glob("**/*.[ch]")):
            continue
        if room.name not in DOORS:
            findings.add(name, 1, "doors", "is not a room of the table in tests/lint/lint.py")
        if house.exists() and f"`{room.name}`" not in map_text:
            findings.add("src/README.md", 1, "readme", f"the map does not show the room {room.name}")
        # A room that is only contracts so far has nothing to explain yet.
        if not any(room.glob("**/*.c")):
            continue
        readme = room / "README.md"
        if not readme.exists():
            findings.add(f"{name}/README.md", 1, "readme", "each room has a page about itself")
        elif len(readme.read_text(encoding="utf-8").splitlines()) > README_LINES:
            findings.add(f"{name}/README.md", README_LINES + 1, "readme",
                         f"longer than a page of {README_LINES} lines")


def c_files(folder):
    return sorted(path for path in folder.glob("**/*.[ch]") if path.is_file())


def lint(root):
    findings = Findings()
    in_src = [Source(root, path) for path in c_files(root / "src")]
    in_tests = [Source(root, path) for path in c_files(root / "tests")]
    for source in in_src:
        check_doors(source, findings)
        check_header(source, findings)
        check_globals(source, findings)
    for source in in_src + in_tests:
        check_calls(source, findings)
        check_marks(source.path, source.lines, findings)
        check_lengths(source, findings)
    for path in sorted((root / "src").glob("**/*")):
        if path.is_file() and path.suffix in {".md", ".build", ".ui", ".xml", ".css", ".sql"}:
            check_marks(path.relative_to(root).as_posix(),
                        path.read_text(encoding="utf-8", errors="replace").splitlines(), findings)
    check_translations(root, in_src, findings)
    check_rooms(root, findings)
    return findings


def main(arguments):
    if len(arguments) != 2 or not (pathlib.Path(arguments[1]) / "src").is_dir():
        print("usage: lint.py ROOT (the directory that holds src/)", file=sys.stderr)
        return 2
    findings = lint(pathlib.Path(arguments[1]).resolve())
    for line in findings.warnings:
        print(f"warning: {line}")
    for line in findings.errors:
        print(line)
    print(f"{len(findings.errors)} findings, {len(findings.warnings)} warnings")
    return 1 if findings.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
