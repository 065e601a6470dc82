#!/usr/bin/env python3
"""Checks what is installed beside the programs against the programs themselves.

    papers.py PGMANAGER PGMANAGER-GTK|- SOURCE BUILD

Man pages name every command and option, the configuration names every key with a value
that can be used, completion offers all of it, and the systemd unit is in order. Ends
with 1 when something is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

OPTION = re.compile(r"^  (?:-\w, )?(--[a-z][a-z-]*)", re.M)
findings = []


def missing(what):
    findings.append(what)
    print(what)


def run(*argv, **env):
    base = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "XDG_", "DISPLAY", "WAYLAND"))}
    return subprocess.run(argv, capture_output=True, text=True, timeout=60,
                          env={**base, "LC_ALL": "C.UTF-8", **env}, check=False)


def names_under(title, text):
    block = re.search(rf"^{title}:\n(.*?)(\n\n|\Z)", text, re.M | re.S)
    return re.findall(r"^  ([a-z][a-z-]*) ", block[1], re.M) if block else []


def commands_of(program):
    """("clone",), …, ("daemon", "start"), …"""
    found = []
    for name in names_under("Commands", run(program, "--help").stdout):
        actions = names_under("(?:Actions|Parts)", run(program, name, "--help").stdout)
        found += [(name, action) for action in actions] or [(name,)]
    return found


def options_of(program, *command):
    return OPTION.findall(run(program, *command, "--help").stdout)


def plain(page):
    """The text of a page with its options as a reader sees them."""
    text = page.read_text(encoding="utf-8").replace("\\-", "-")
    return re.sub(r"\bFl -", "Fl --", text)


def check_pages(program, desktop, man):
    page = plain(man / "pgmanager.1")
    common = page.split("\n.Sh COMMON OPTIONS\n")[1]
    for option in options_of(program):
        if f"{option[1:]}" not in page:
            missing(f"pgmanager.1 does not tell of {option}")
    for command in commands_of(program):
        title = "\n.Ss pgmanager " + " ".join(command) + "\n"
        if title not in page:
            missing(f"pgmanager.1 has no section for {' '.join(command)}")
            continue
        section = re.split(r"\n\.S[sh] ", page.split(title)[1])[0]
        for option in options_of(program, *command):
            word = re.compile(re.escape(f"Fl {option}") + r"(?![\w-])")
            if option != "--help" and not word.search(section) and not word.search(common):
                missing(f"pgmanager.1 does not tell of {' '.join(command)} {option}")
    if desktop != "-":
        page = plain(man / "pgmanager-gtk.1")
        for option in options_of(desktop):
            if option.lstrip("-") not in page:
                missing(f"pgmanager-gtk.1 does not tell of {option}")
    if shutil.which("groff"):
        for name in sorted(man.iterdir()):
            told = run("groff", "-mdoc", "-Tutf8", "-ww", "-z", str(name)).stderr
            if told:
                missing(f"{name.name}: {told.splitlines()[0]}")


def keys_of(program, home, group):
    """As the program itself lists them."""
    config = home / "pgmanager" / "pgmanager.conf"
    config.parent.mkdir(exist_ok=True)
    config.write_text(f"[{group}]\nno-such-key = 1\n", encoding="utf-8")
    told = run(program, "--check-config", XDG_CONFIG_HOME=str(home), XDG_STATE_HOME=str(home)).stderr
    return re.findall(r"\w+", told.partition("Known keys: ")[2])


def check_config(program, source, man):
    text = source.read_text(encoding="utf-8")
    page = plain(man / "pgmanager.conf.5")
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        told = {group: set(re.findall(r"^#(\w+) = ", part, re.M))
                for group, part in re.findall(r"^\[(\w+)\]$(.*?)(?=^\[|\Z)", text, re.M | re.S)}
        for group, there in told.items():
            known = set(keys_of(program, home, group))
            if not known:
                missing(f"the keys of [{group}] can't be learned")
            for key in sorted(known ^ there):
                missing(f"pgmanager.conf, [{group}] {key}: {'not told' if key in known else 'not known'}")
            for key in sorted(known):
                if not re.search(rf"^\.It Ic .*\b{key}\b", page, re.M):
                    missing(f"pgmanager.conf.5 does not tell of {key}")
        # with every key taken, but for the files that are not there
        used = re.sub(r"^#(?!tls_)(\w+ = )", r"\1", text, flags=re.M)
        used = used.replace("/var/lib/pgmanager", str(home / "state"))
        (home / "pgmanager" / "pgmanager.conf").write_text(used, encoding="utf-8")
        result = run(program, "--check-config", XDG_CONFIG_HOME=str(home), XDG_STATE_HOME=str(home))
        if result.returncode != 0:
            missing(f"pgmanager.conf can't be used: {result.stderr}")


def complete(program, script, words):
    """What bash offers for the last of @words."""
    line = (f"source {script}; COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); "
            f"COMP_CWORD={len(words) - 1}; COMP_TYPE=9; compopt() {{ :; }}; _pgmanager; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return run("bash", "-c", line).stdout.split()


def check_completion(program, directory):
    script = directory / "pgmanager.bash"
    zsh = directory / "_pgmanager"
    offered = complete(program, script, [program, ""])
    for command in commands_of(program):
        if command[0] not in offered:
            missing(f"bash does not complete {command[0]}")
        got = {option.rstrip("=") for option in complete(program, script, [program, *command, "--"])}
        for option in options_of(program, *command):
            if option not in got:
                missing(f"bash does not complete {' '.join(command)} {option}")
    if "start" not in complete(program, script, [program, "daemon", "st"]):
        missing("bash does not complete daemon start")
    if complete(program, script, [program, "clone", "--output", "=", "js"]) != ["json"]:
        missing("bash does not complete values")
    if shutil.which("zsh") and run("zsh", "-n", str(zsh)).returncode != 0:
        missing(f"_pgmanager: {run('zsh', '-n', str(zsh)).stderr}")


def check_unit(program, unit):
    if not shutil.which("systemd-analyze"):
        print("# the unit is not verified: there is no systemd-analyze")
        return
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "pgmanager.service"
        text = unit.read_text(encoding="utf-8")
        copy.write_text(re.sub(r"(?m)^(Exec\w+=)\S*/pgmanager ", rf"\g<1>{program} ", text), encoding="utf-8")
        result = run("systemd-analyze", "verify", "--man=no", str(copy))
        told = [line for line in result.stderr.splitlines() if "pgmanager.service" in line]
        if told:
            missing("\n".join(told))


def main(program, desktop, source, build):
    program = os.path.abspath(program)
    data = pathlib.Path(source) / "data"
    check_pages(program, desktop, data / "man")
    check_config(program, data / "pgmanager.conf", data / "man")
    check_completion(program, data / "completions")
    check_unit(program, pathlib.Path(build) / "data" / "pgmanager.service")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
