#!/bin/sh
# Runs a command on a display and a session bus of its own: display.sh COMMAND …
# In a test run that brings a display along (tests/run.sh) it is used as it is.
set -eu
if [ -n "${DISPLAY:-}" ] && [ -n "${PGM_TEST_DISPLAY:-}" ]; then
  exec "$@"
fi
for tool in xvfb-run dbus-run-session; do
  command -v "$tool" >/dev/null 2>&1 || { echo "display.sh: $tool is missing" >&2; exit 1; }
done
unset WAYLAND_DISPLAY DISPLAY || :
GDK_BACKEND=x11 GSK_RENDERER=cairo GDK_DEBUG=gl-disable ADW_DISABLE_PORTAL=1 GTK_USE_PORTAL=0
GSETTINGS_BACKEND=memory LC_ALL=C.UTF-8
export GDK_BACKEND GSK_RENDERER GDK_DEBUG ADW_DISABLE_PORTAL GTK_USE_PORTAL GSETTINGS_BACKEND LC_ALL
exec xvfb-run -a -s '-screen 0 1280x900x24 -noreset' dbus-run-session -- "$@"
