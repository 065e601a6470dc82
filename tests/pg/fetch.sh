#!/bin/sh
# Other majors of PostgreSQL beside the system's own, for tests. Nothing is
# installed and the system's package lists stay as they are.
#
#   sh tests/pg/fetch.sh 13 17 18      servers and clients
#   sh tests/pg/fetch.sh source:15     PostgreSQL's own source, for its test tables
#   sh tests/pg/fetch.sh pgbouncer     the pooler, whose package would start a service
#   sh tests/pg/fetch.sh --directory   where they go
#
# They are Debian's packages, from the mirror that apt on this machine uses,
# with signatures checked; apt runs on a state of its own (sources, lists, cache
# and an empty package status). They are unpacked below $PGM_TEST_PG, by default
# /var/tmp/pgmanager-tests-UID/pg:
#   VER/            the unpacked packages     bin/VER     its programs
#   src/VER/        the unpacked source
#
# A release whose libc is newer than this machine's gets its own loader and
# libraries written into its programs (patchelf); an older one uses this
# machine's libc and brings only the libraries that are missing here.
#
# Exit 0: all are there. 1: some can't be had; "skip VER: reason" is printed.
set -eu

root=${PGM_TEST_PG:-/var/tmp/pgmanager-tests-$(id -u)/pg}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
missing=0

skip() {
  printf 'skip %s: %s\n' "$1" "$2"
  missing=1
}

# The releases of Debian that carry a major.
releases_of() {
  case $1 in
  13) echo bullseye ;;
  15) echo bookworm ;;
  17) echo trixie ;;
  18) echo forky sid ;;
  esac
}

# ---- apt with a state of its own -----------------------------------------------

# Without package lists apt names no targets; its configuration still does.
find_mirror() {
  {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*\([^ ]*\).*/\1/p'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      sed -n 's/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p'
  } | sed -n '\#/debian/*$#{p;q;}'
}

# State directory for one release; $1 is its name.
prepare_apt() {
  state=$root/.apt/$1
  [ -f "$state/updated" ] && [ -z "$(find "$state/updated" -mmin +600)" ] && return 0
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/empty"
  : >"$state/status"
  {
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$1"
    printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$1"
  } >"$state/sources.list"
  cat >"$state/apt.conf" <<CONF
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "$state/empty";
Dir::Etc::Preferences "$state/empty/none";
Dir::Etc::PreferencesParts "$state/empty";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Debug::NoLocking "true";
CONF
  private_apt "$1" update >"$state/update.log" 2>&1 || return 1
  ! grep -q '^[EW]:' "$state/update.log" || return 1
  : >"$state/updated"
}

private_apt() {
  release=$1
  shift
  apt-get -qq -c "$root/.apt/$release/apt.conf" "$@"
}

# The packages that the programs need to run: the servers' and every library of
# their closure. The JIT's and the script languages' runtimes are left out: the
# tests use neither, and they are most of the weight.
closure() { # release major
  private_apt "$1" install --print-uris -y "postgresql-$2" "postgresql-client-$2" libpq5 |
    sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" |
    grep -E "^(postgresql-(client-)?$2(-jit)?|lib[a-z0-9.+-]*|zlib1g)\$" |
    grep -vE '^(lib(llvm|perl|python|tcl|systemd-shared|pam-|common-sense|json|ipc-run|types|gdbm|z3|clang).*|.*-jit|.*-(perl|data|common))$'
}

# ---- unpacking -----------------------------------------------------------------

# The programs of a release with a newer libc run through that libc's loader.
point_to_own_libc() { # tree major
  loader=$(find "$1/usr/lib" "$1/lib" "$1/lib64" -name 'ld-linux*.so*' -type f 2>/dev/null | sed 1q)
  [ -n "$loader" ] || return 1
  set_rpath "$1" "$2" "$1/usr/lib/$triplet:$1/lib/$triplet" "$loader"
}

# Only what is missing here; the old libc itself must not come along.
point_to_system_libc() { # tree major
  mkdir -p "$1/libs"
  for library in "$1/usr/lib/$triplet"/*.so.* "$1/lib/$triplet"/*.so.*; do
    name=${library##*/}
    case $name in
    libpq.so.*) ;;
    ld-* | libc.* | libc-* | libm.* | libm-* | libmvec* | libpthread* | libdl* | librt* | \
      libresolv* | libnss* | libnsl* | libutil* | libanl* | libcrypt.* | libthread_db*) continue ;;
    *) ! grep -qF "	$name " "$root/.system-libraries" || continue ;;
    esac
    [ ! -e "$library" ] || cp -aL "$library" "$1/libs/$name"
  done
  set_rpath "$1" "$2" "$1/libs" ''
}

# RPATH, not RUNPATH: it counts for what the server loads later as well.
set_rpath() { # tree major path loader
  for program in "$1/usr/lib/postgresql/$2/bin"/*; do
    [ -f "$program" ] && [ ! -L "$program" ] || continue
    [ "$(dd if="$program" bs=1 skip=1 count=3 2>/dev/null)" = ELF ] || continue
    patchelf ${4:+--set-interpreter "$4"} --force-rpath --set-rpath "$3" "$program"
  done
}

unpack() { # release major
  tree=$root/$2
  debs=$root/.apt/debs-$2
  rm -rf "$debs" "$tree"
  mkdir -p "$debs" "$tree"
  packages=$(closure "$1" "$2")
  [ -n "$packages" ] || return 1
  # shellcheck disable=SC2086 # a list of names
  (cd "$debs" && private_apt "$1" download $packages) || return 1
  for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$tree" || return 1; done
  rm -rf "$tree/usr/share/doc" "$tree/usr/share/man" "$tree/usr/share/locale"

  theirs=$(for deb in "$debs"/libc6_*.deb; do dpkg-deb -f "$deb" Version; done)
  ours=$(dpkg-query -W -f '${Version}' libc6)
  if dpkg --compare-versions "$theirs" gt "$ours"; then
    point_to_own_libc "$tree" "$2" || return 1
  else
    point_to_system_libc "$tree" "$2" || return 1
  fi
  rm -rf "$debs"
  for program in postgres initdb pg_dump pg_restore psql; do
    "$tree/usr/lib/postgresql/$2/bin/$program" --version >/dev/null || return 1
  done
}

# ---- what was asked for ------------------------------------------------------------

fetch_server() { # major
  if [ -x "/usr/lib/postgresql/$1/bin/initdb" ]; then
    ln -sfn "/usr/lib/postgresql/$1/bin" "$root/bin/$1"
    return 0
  fi
  [ ! -f "$root/$1/complete" ] || return 0
  command -v patchelf >/dev/null 2>&1 || { skip "$1" "patchelf is not installed"; return 0; }
  for release in $(releases_of "$1"); do
    if prepare_apt "$release" && unpack "$release" "$1"; then
      ln -sfn "$root/$1/usr/lib/postgresql/$1/bin" "$root/bin/$1"
      : >"$root/$1/complete"
      "$root/bin/$1/postgres" --version
      return 0
    fi
  done
  rm -rf "${root:?}/$1"
  skip "$1" "no release of Debian on this machine's mirror has it in a form that runs here"
}

# Of this machine's own release; its libraries as far as they are missing here.
unpack_pgbouncer() { # release
  tree=$root/pgbouncer
  rm -rf "$tree"
  mkdir -p "$tree/debs"
  packages=$(private_apt "$1" install --print-uris -y pgbouncer |
    sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" | grep -E '^(pgbouncer|lib(c-?ares|event).*)$')
  [ -n "$packages" ] || return 1
  # shellcheck disable=SC2086 # a list of names
  (cd "$tree/debs" && private_apt "$1" download $packages) || return 1
  for deb in "$tree/debs"/*.deb; do dpkg-deb -x "$deb" "$tree" || return 1; done
  rm -rf "$tree/debs"
  patchelf --force-rpath --set-rpath "$tree/usr/lib/$triplet" "$tree/usr/sbin/pgbouncer"
  "$tree/usr/sbin/pgbouncer" --version >/dev/null
}

fetch_pgbouncer() {
  [ ! -x "$root/bin/pgbouncer" ] || return 0
  if command -v pgbouncer >/dev/null 2>&1; then
    ln -sfn "$(command -v pgbouncer)" "$root/bin/pgbouncer"
    return 0
  fi
  command -v patchelf >/dev/null 2>&1 || { skip pgbouncer "patchelf is not installed"; return 0; }
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ -n "$release" ] && prepare_apt "$release" && unpack_pgbouncer "$release"; then
    ln -sfn "$root/pgbouncer/usr/sbin/pgbouncer" "$root/bin/pgbouncer"
    "$root/bin/pgbouncer" --version | sed 1q
    return 0
  fi
  rm -rf "$root/pgbouncer"
  skip pgbouncer "this machine's mirror has none that runs here"
}

fetch_source() { # major
  tree=$root/src/$1
  [ ! -f "$tree/complete" ] || return 0
  for release in $(releases_of "$1"); do
    rm -rf "$tree"
    mkdir -p "$tree"
    if prepare_apt "$release" &&
      (cd "$tree" && private_apt "$release" source --download-only "postgresql-$1" >/dev/null) &&
      tar -C "$tree" --strip-components=1 --wildcards -xf "$tree"/*.orig.tar.* '*/src/test/regress'; then
      rm -f "$tree"/postgresql-*
      : >"$tree/complete"
      echo "source of PostgreSQL $1"
      return 0
    fi
  done
  rm -rf "$tree"
  skip "source:$1" "this machine's mirror has no source of it"
}

case ${1:-} in
'' | -h | --help)
  sed -n '2,24s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
--directory)
  echo "$root"
  exit 0
  ;;
esac

mkdir -p "$root/bin"
[ -O "$root" ] || { echo "$root belongs to somebody else" >&2; exit 1; }
# the servers run as another user when we are root
chmod 0755 "$root" "${root%/*}"
umask 022

mirror=$(find_mirror)
triplet=$(gcc -print-multiarch 2>/dev/null || echo "$(uname -m)-linux-gnu")
/sbin/ldconfig -p >"$root/.system-libraries"
for item in "$@"; do
  if [ -z "$mirror" ] || [ ! -r "$keyring" ]; then
    [ -x "$root/bin/${item#source:}/initdb" ] || [ -x "$root/bin/$item" ] && [ ! -d "$root/bin/$item" ] || skip "$item" "apt here has no Debian mirror with a keyring"
    continue
  fi
  case $item in
  source:*) fetch_source "${item#source:}" ;;
  pgbouncer) fetch_pgbouncer ;;
  *) fetch_server "$item" ;;
  esac
done
exit $missing
