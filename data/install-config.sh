#!/bin/sh
# Installs the configuration where there is none: nobody's settings are written over.
set -eu
target="${DESTDIR:-}$2"
[ -e "$target" ] && exit 0
mkdir -p "$(dirname "$target")"
install -m 0644 "$1" "$target"
