#!/bin/sh
# Draws the window in all its states into a directory, to be looked at:
#
#   sh tests/app/pictures.sh DIRECTORY [BUILD-DIRECTORY]
#
# In German, too, in DIRECTORY/de. With --readme instead of DIRECTORY it renews the
# pictures of the README and the metainfo in data/screenshots.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
directory=$1
build=${2:-$top/build}
scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
if [ "$directory" = --readme ]; then
  scratch=$(mktemp -d)
  directory=$scratch
fi
ninja -C "$build" tests/app/pictures tests/app/pictures-clusters tests/app/pictures-migration \
  po/pgmanager-gmo >/dev/null 2>&1 ||
  ninja -C "$build" >/dev/null
draw() { # directory
  for what in pictures pictures-clusters pictures-migration; do
    G_DEBUG=fatal-criticals sh "$top/tests/app/display.sh" "$build/tests/app/$what" "$1"
  done
}
draw "$directory"
[ -n "$scratch" ] || LANGUAGE=de PICTURES_LOCALES=$build/po draw "$directory/de"
if [ -n "$scratch" ]; then
  mkdir -p "$top/data/screenshots"
  cp "$scratch/running.png" "$top/data/screenshots/demo.png"
  cp "$scratch/overview.png" "$scratch/replication.png" "$top/data/screenshots/"
  # fewer bytes where the tool is there; the pictures are the same
  ! command -v optipng >/dev/null 2>&1 || optipng -quiet "$top"/data/screenshots/*.png
  ls -l "$top/data/screenshots"
fi
