#!/bin/sh
# Installs the Debian packages that are missing, and only those.
#
#   sh data/install-deps.sh [build] [run] [test]     default: build run
#
# Says what it is about to install, asks nothing, and needs well under a second
# when nothing is missing. No service is started and no existing PostgreSQL
# cluster or port is touched: Debian creates and starts a cluster on port 5432
# when a server package is installed for the first time, so for exactly that
# moment a file in createcluster.d says create_main_cluster = false. It is
# removed again, because what later installations do is the administrator's.
# A machine that has a server already keeps it as it is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=$here/packages.txt
common=/etc/postgresql-common
dropin=$common/createcluster.d/pgmanager-setup.conf
dropin_dir_made=

say() { printf 'install-deps: %s\n' "$*"; }
fail() { printf 'install-deps: %s\n' "$*" >&2; exit 1; }

case ${1:-} in
-h | --help)
  sed -n '2,13s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac
[ $# -gt 0 ] || set -- build run
for group in "$@"; do
  grep -q "^$group " "$list" || fail "no such group: $group (build, run, test)"
done

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
  say "this is no Debian; expecting these to be there already:"
  for group in "$@"; do sed -n "s/^$group /  /p" "$list"; done
  exit 0
fi

has_server() {
  for initdb in /usr/lib/postgresql/*/bin/initdb; do
    [ -x "$initdb" ] || continue
    major=${initdb#/usr/lib/postgresql/}
    major=${major%%/*}
    [ "$major" -ge 13 ] 2>/dev/null && return 0
  done
  return 1
}

# ---- what is missing ------------------------------------------------------

wanted=
for group in "$@"; do wanted="$wanted $(sed -n "s/^$group //p" "$list" | tr '\n' ' ')"; done

installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
  sed -n 's/^installed //p' | tr '\n' ' ') "
missing=
server=
for package in $wanted; do
  if [ "$package" = server ]; then
    has_server || server=postgresql
    continue
  fi
  case $installed in
  *" $package "*) ;;
  *) missing="$missing $package" ;;
  esac
done
[ -n "$missing$server" ] || exit 0
say "missing:$missing $server"

# ---- who may install --------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
  as_root() { env "$@"; }
elif command -v sudo >/dev/null 2>&1; then
  # without a terminal nobody could answer sudo
  if [ -t 0 ]; then
    as_root() { sudo env "$@"; }
  else
    as_root() { sudo -n env "$@" </dev/null; }
  fi
  as_root true || fail "sudo does not let you; as root: apt-get install$missing $server"
else
  fail "you are not root and sudo is not here; as root: apt-get install$missing $server"
fi

apt() {
  as_root DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none \
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o APT::Install-Recommends=false \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# A stale list is better than none: the installation itself says what it lacks.
apt update || say "apt-get update failed; trying with the lists that are here"

# ---- the server, without a cluster ----------------------------------------------

put_back() {
  as_root rm -f "$dropin"
  [ -z "$dropin_dir_made" ] || as_root rmdir "$common/createcluster.d" 2>/dev/null || :
}

install_server() {
  apt install postgresql-common || fail "postgresql-common can't be installed"
  trap put_back EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ ! -d "$common/createcluster.d" ]; then
    as_root mkdir -p "$common/createcluster.d"
    dropin_dir_made=yes
  fi
  as_root sh -c "echo 'create_main_cluster = false' >'$dropin'"
  create=$(pg_conftool "$common/createcluster.conf" show -bs create_main_cluster || :)
  [ "$create" = off ] ||
    fail "$common/createcluster.conf does not include createcluster.d: set create_main_cluster = false there, then run this again"
  apt install postgresql || fail "no PostgreSQL server can be installed"
  put_back
  trap - EXIT INT TERM HUP
}

# shellcheck disable=SC2086 # a list of names
[ -z "$missing" ] || apt install $missing || fail "apt-get install$missing failed"
[ -z "$server" ] || install_server
has_server || case " $wanted " in *" server "*) fail "there is still no PostgreSQL server" ;; esac
say "done"
