#!/bin/sh
# Builds an optimised pgmanager in build-bench and measures it: run.sh clone
# [options of bench.py], or run.sh backlog|latency|cutover [options of cdc.py]. With
# no arguments: the clone, everything, five repetitions. run.sh api [status] [listeners]:
# the server in front of an engine that is played. run.sh desktop [--check]: the page of
# a migration.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${PGM_BENCH_BUILD:-$root/build-bench}
if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" "$root" --buildtype=release >/dev/null
fi
ninja -C "$build" src/main/pgmanager >/dev/null
if [ "${1:-}" = api ]; then
  shift
  ninja -C "$build" tests/bench/api-driver >/dev/null
  exec python3 "$here/api.py" --driver "$build/tests/bench/api-driver" "$@"
fi
if [ "${1:-}" = desktop ]; then
  shift
  ninja -C "$build" tests/bench/desktop >/dev/null
  exec sh "$root/tests/app/display.sh" "$build/tests/bench/desktop" "$@"
fi
[ $# -gt 0 ] || set -- clone
script=bench.py
case $1 in backlog | latency | cutover) script=cdc.py ;; esac
exec python3 "$here/$script" "$@" --pgmanager "$build/src/main/pgmanager"
