#!/usr/bin/env python3
"""Fails when a program links GTK, itself or through one of its libraries.

    no_gtk.py PROGRAM
    no_gtk.py --links PROGRAM    the other way round: fails when it does not
"""

import re
import subprocess
import sys

TOOLKIT = re.compile(r"\blib(gtk|gdk|gsk|adwaita)[\w.+-]*\.so[\w.]*")


def read(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(arguments):
    program = arguments[-1]
    wanted = [line for line in read("readelf", "-d", program).splitlines() if "(NEEDED)" in line]
    closure = read("ldd", program)
    found = sorted({match[0] for match in TOOLKIT.finditer("\n".join(wanted) + closure)})
    if arguments[0] == "--links":
        print(f"{program}: links {', '.join(found) or 'no toolkit'}")
        return 0 if found else 1
    # A program without any library would pass for the wrong reason.
    if not wanted:
        print(f"{program}: has no dynamic section to read")
        return 1
    for library in found:
        print(f"{program}: links {library}; a server has no toolkit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
