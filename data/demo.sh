#!/bin/sh
# Installs what is missing, builds, and runs the main job once on throw-away
# clusters: `pgmanager demo`. Options go to that command: --keep leaves the
# clusters running, --gui shows the run in the window, --help lists them all.
#
# Existing clusters, ports and data directories are not touched.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
build=${PGMANAGER_BUILD_DIR:-$top/build}

sh "$here/install-deps.sh" build run

echo "demo: building in $build"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" "$top" -Dbuildtype=release -Dauto_features=enabled >"$log" 2>&1 ||
    { cat "$log" >&2; echo "demo: meson failed" >&2; exit 6; }
fi
ninja -C "$build" >"$log" 2>&1 || { tail -n 40 "$log" >&2; echo "demo: the build failed" >&2; exit 6; }
rm -f "$log"
trap - EXIT

exec "$build/src/main/pgmanager" demo "$@"
