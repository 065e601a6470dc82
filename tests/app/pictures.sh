#!/bin/sh
# Draws the window in all its states into a directory, to be looked at:
#
#   sh tests/app/pictures.sh DIRECTORY [BUILD-DIRECTORY]
#
# With --readme instead of DIRECTORY it renews data/screenshots/demo.png, the
# picture in the README.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
directory=$1
build=${2:-$top/build}
scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
if [ "$directory" = --readme ]; then
  scratch=$(mktemp -d)
  directory=$scratch
fi
ninja -C "$build" tests/app/pictures tests/app/pictures-migration >/dev/null
for what in pictures pictures-migration; do
  G_DEBUG=fatal-criticals sh "$top/tests/app/display.sh" "$build/tests/app/$what" "$directory"
done
if [ -n "$scratch" ]; then
  mkdir -p "$top/data/screenshots"
  cp "$scratch/running.png" "$top/data/screenshots/demo.png"
  # fewer bytes where the tool is there; the picture is the same
  ! command -v optipng >/dev/null 2>&1 || optipng -quiet "$top/data/screenshots/demo.png"
  ls -l "$top/data/screenshots/demo.png"
fi
