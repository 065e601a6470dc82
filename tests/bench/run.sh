#!/bin/sh
# Builds an optimised pgmanager in build-bench and measures it: run.sh clone
# [options of bench.py]. With no arguments: everything, five repetitions.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${PGM_BENCH_BUILD:-$root/build-bench}
if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" "$root" --buildtype=release >/dev/null
fi
ninja -C "$build" src/main/pgmanager >/dev/null
[ $# -gt 0 ] || set -- clone
exec python3 "$here/bench.py" "$@" --pgmanager "$build/src/main/pgmanager"
