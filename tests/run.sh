#!/bin/sh
# Installs what is missing, builds, and runs the tests.
#
#   sh tests/run.sh [SET] [--slice I/N] [--seed S] [-k PATTERN] [--build DIR]
#
# Sets: ci        lint, unit, sim, budget, app, system, matrix, regress, and parts of kill and
#                 faults that the commit chooses (the default)
#       lint      the rules of the tree
#       unit      each room by itself
#       system    the program against real clusters: traps, bad input, privileges
#       sim       the simulation of following, 500 seeds from --seed on
#       budget    what the client may cost, in instructions and system calls
#       app       the window, on a display of its own
#       matrix    PostgreSQL 13 to 17, 15 to 15, 15 to 18
#       kill      killed at 20 random moments, then resumed; idle and busy source
#       faults    following, through crashes, cut connections, black holes, DDL; killed 20
#                 times in each of copy, catch-up, streaming and cutover
#       scale     1,000 tables, large partition trees, a 2 GB table, huge values
#       regress   the tables of PostgreSQL's own regression tests
#       sanitize  unit and part of system, with ASan, UBSan and LSan
#       threads   unit, with TSan
#       fuzz      what reads foreign bytes, a minute each with clang's libFuzzer
#
# --slice runs one of N parts of the set, of each of its suites; --seed repeats the
# random choices of a run; -k takes only the system tests whose name contains
# PATTERN. Other majors of PostgreSQL are fetched by tests/pg/fetch.sh; what can't
# be had is skipped with its reason. Every failure is told again at the end. The
# last line is "N passed, N failed", and the exit status is 0 only when nothing
# failed.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
set_name=ci
build=$top/build-tests
slice=
pattern=
seed=$(date +%s)
patience=1

usage() { sed -n "2,30s/^# \\{0,1\\}//p" "$0"; }

while [ $# -gt 0 ]; do
  case $1 in
  -h | --help)
    usage
    exit 0
    ;;
  --slice | --seed | --build | -k)
    [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; }
    case $1 in
    --slice) slice=$2 ;;
    --seed) seed=$2 ;;
    --build) build=$2 ;;
    -k) pattern=$2 ;;
    esac
    shift
    ;;
  ci | lint | unit | sim | budget | system | app | matrix | kill | faults | scale | regress | sanitize | threads | fuzz) set_name=$1 ;;
  *)
    usage >&2
    exit 2
    ;;
  esac
  shift
done

passed=0
failed=0
skipped=0
work=

say() { printf '\n== %s\n' "$*"; }

clean_up() {
  [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Adds "PASSED FAILED SKIPPED".
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# ---- what tests stand on ---------------------------------------------------------

# A readable directory for servers that run as another user, whatever the
# checkout's own permissions; short, because sockets live below it.
prepare_work() {
  work=$(mktemp -d /var/tmp/pgmt-run-XXXXXX)
  chmod 0711 "$work"
  # no display, session or database of whoever runs this
  unset DISPLAY WAYLAND_DISPLAY XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS || :
  unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGSERVICEFILE PGPASSFILE PGOPTIONS || :
  mkdir "$work/home"
  HOME=$work/home
  XDG_CONFIG_HOME=$HOME/config
  XDG_STATE_HOME=$HOME/state
  XDG_CACHE_HOME=$HOME/cache
  XDG_DATA_HOME=$HOME/data
  PYTHONDONTWRITEBYTECODE=1
  PGM_TEST_TMPDIR=$work
  : >"$work/failures"
  PGM_TEST_PG=$(sh "$top/tests/pg/fetch.sh" --directory)
  export HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME PYTHONDONTWRITEBYTECODE \
    PGM_TEST_TMPDIR PGM_TEST_PG
}

# initdb once; every test cluster is a copy.
prepare_template() {
  bindir=
  for candidate in /usr/lib/postgresql/*/bin; do
    [ ! -x "$candidate/initdb" ] || bindir=$candidate
  done
  [ -n "$bindir" ] || { echo "there is no PostgreSQL server" >&2; exit 1; }
  mkdir "$work/template"
  chmod 0700 "$work/template"
  as=
  if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user:" "$work/template"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --init-groups"
  fi
  # shellcheck disable=SC2086 # words on purpose
  (cd / && $as "$bindir/initdb" -D "$work/template" -U postgres -A trust -E UTF8 \
    --locale=C.UTF-8 -N >"$work/initdb.log" 2>&1) || { cat "$work/initdb.log" >&2; exit 1; }
  PGM_TEST_CLUSTER_TEMPLATE=$work/template
  export PGM_TEST_CLUSTER_TEMPLATE
}

compile() { # directory, further options
  directory=$1
  shift
  if [ -f "$directory/build.ninja" ]; then
    meson setup --reconfigure "$directory" "$top" "$@" >"$work/setup.log" 2>&1 ||
      { cat "$work/setup.log"; return 1; }
  else
    meson setup "$directory" "$top" -Dwerror=true -Dauto_features=enabled "$@" \
      >"$work/setup.log" 2>&1 || { cat "$work/setup.log"; return 1; }
  fi
  ninja -C "$directory" >"$work/build.log" 2>&1 || { tail -n 60 "$work/build.log"; return 1; }
}

# ---- suites ----------------------------------------------------------------------

# A suite counts what its own output says; one that ends
# badly without naming a failure counts as one.
suite() { # name, command …
  name=$1
  shift
  began=$(date +%s)
  say "$name"
  "$@" || {
    count 0 1 0
    printf '\nnot ok - %s: ended badly without naming a failure\n' "$name" | tee -a "$work/failures"
  }
  echo "== $name: $(($(date +%s) - began)) s"
}

meson_suite() { # suite, wrapper words …
  meson_suite_name=$1
  shift
  programs=$(python3 "$top/tests/tally.py" names "$build" "$meson_suite_name" "$slice")
  if [ -z "$programs" ]; then
    echo "there are no $meson_suite_name tests here"
    return 0
  fi
  status=0
  # never an older run's results
  rm -f "$build/meson-logs/testlog.json"
  # shellcheck disable=SC2086 # names
  "$@" meson test -C "$build" --suite "$meson_suite_name" --no-rebuild --num-processes 2 \
    --timeout-multiplier "$patience" $programs >"$work/meson.log" 2>&1 || status=$?
  [ -f "$build/meson-logs/testlog.json" ] || cat "$work/meson.log"
  : >"$work/tails"
  python3 "$top/tests/tally.py" count "$build" "$meson_suite_name" "$slice" "$work/tails" >"$work/tally"
  sed '$d' "$work/tally"
  cat "$work/tails"
  { grep '^not ok' "$work/tally" || :; cat "$work/tails"; } >>"$work/failures"
  # shellcheck disable=SC2046 # three numbers
  set -- $(tail -n 1 "$work/tally")
  echo "$1 passed, $2 failed, $3 skipped"
  count "$1" "$2" "$3"
  [ $status = 0 ] || [ "$2" -gt 0 ]
}

run_app() {
  if command -v xvfb-run >/dev/null 2>&1 && command -v dbus-run-session >/dev/null 2>&1; then
    mkdir -p "$work/run"
    chmod 0700 "$work/run"
    meson_suite app env XDG_RUNTIME_DIR="$work/run" GDK_BACKEND=x11 GSK_RENDERER=cairo PGM_TEST_DISPLAY=1 \
      LIBGL_ALWAYS_SOFTWARE=1 dbus-run-session -- xvfb-run -a -s '-screen 0 1400x1000x24'
  else
    echo "xvfb-run or dbus-run-session is missing"
    return 1
  fi
}

python_suite() { # set, further arguments
  python_set=$1
  shift
  status=0
  # shellcheck disable=SC2086 # optional words
  python3 "$top/tests/system/run.py" --build "$build" --set "$python_set" --seed "$seed" \
    ${slice:+--slice "$slice"} ${pattern:+-k "$pattern"} "$@" >"$work/system.log" 2>&1 || status=$?
  grep -v '^[0-9]* passed, ' "$work/system.log" || :
  # with the lines that say why
  awk '/^not ok/ { told = 40 } /^ok|^# [^ ]/ { told = 0 } told-- > 0' "$work/system.log" >>"$work/failures"
  line=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p' "$work/system.log" | tail -n 1)
  # shellcheck disable=SC2086 # numbers
  set -- ${line:-0 0}
  count "$1" "$2" "${3:-0}"
  [ $status = 0 ] || [ "$2" -gt 0 ]
}

# Each report of a sanitizer is a failure, whatever became of its test.
no_findings() {
  for report in "$work"/findings/*; do
    [ -s "$report" ] || continue
    count 0 1 0
    { echo "not ok - a sanitizer's finding"; sed 's/^/    /' "$report" | head -n 60; } | tee -a "$work/failures"
  done
}

fetch() {
  sh "$top/tests/pg/fetch.sh" "$@" || :
}

# Of the longer sets CI takes a part, another one with each commit.
commit_slice() { # set, number of parts
  number=$(commit_number)
  slice=$((number % $2 + 1))/$2
  seed=$number
  echo "to replay: sh tests/run.sh $1 --slice $slice --seed $seed"
  python_suite "$1"
}

# Seeds from the number on; the first that fails ends it, and is told.
run_sim() { # number
  status=0
  "$build/tests/sim/simulation" "$1" 500 >"$work/sim.log" 2>&1 || status=$?
  cat "$work/sim.log"
  [ $status = 0 ] || cat "$work/sim.log" >>"$work/failures"
  count "$(grep -c '^ok ' "$work/sim.log" || :)" "$(grep -c '^not ok ' "$work/sim.log" || :)" 0
  [ $status = 0 ] || grep -q '^not ok ' "$work/sim.log"
}

# The number of the commit: another one each time, and the same for the same.
commit_number() {
  commit=$(git -C "$top" rev-parse HEAD 2>/dev/null | cut -c 1-7) || commit=
  echo $((0x${commit:-0}))
}

run_fuzz() {
  status=0
  sh "$top/tests/fuzz/fuzz.sh" "$build" >"$work/fuzz.log" 2>&1 || status=$?
  cat "$work/fuzz.log"
  count "$(grep -c '^ok ' "$work/fuzz.log" || :)" "$(grep -c '^not ok ' "$work/fuzz.log" || :)" \
    "$(grep -c '^skip ' "$work/fuzz.log" || :)"
  [ $status = 0 ] || grep -q '^not ok ' "$work/fuzz.log"
}

# ---- go --------------------------------------------------------------------------

sh "$top/data/install-deps.sh" build run test
prepare_work

# Sanitizers report into files, so that no exit status that a test expects, and no
# output that it throws away, can hide a finding; who becomes another user on the
# way writes there too.
mkdir -m 1777 "$work/findings"

say "build"
began=$(date +%s)
case $set_name in
sanitize)
  build=$build-sanitize
  compile "$build" -Db_sanitize=address,undefined -Db_lundef=false ||
    { echo "0 passed, 1 failed"; exit 1; }
  # libraries' one-time allocations are not ours to free
  patience=5
  common=log_path=$work/findings/report:exitcode=97
  ASAN_OPTIONS=$common:detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1
  LSAN_OPTIONS=$common:suppressions=$top/tests/lsan.supp:print_suppressions=0
  UBSAN_OPTIONS=$common:halt_on_error=1:print_stacktrace=1
  G_SLICE=always-malloc
  export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS G_SLICE
  ;;
threads)
  build=$build-threads
  compile "$build" -Db_sanitize=thread -Db_lundef=false || { echo "0 passed, 1 failed"; exit 1; }
  patience=5
  TSAN_OPTIONS=log_path=$work/findings/report:exitcode=97:suppressions=$top/tests/tsan.supp
  G_SLICE=always-malloc
  export TSAN_OPTIONS G_SLICE
  ;;
fuzz) build=$build-fuzz ;; # fuzz.sh builds what it needs
*) compile "$build" || { echo "0 passed, 1 failed"; exit 1; } ;;
esac
echo "== build: $(($(date +%s) - began)) s"

case $set_name in lint | sim | fuzz) ;; *) prepare_template ;; esac

case $set_name in
ci)
  # before the unit tests, which use other majors where they are
  fetch 13 17 18 source:15 pgbouncer
  suite lint meson_suite lint
  suite unit meson_suite unit
  suite sim run_sim "$(commit_number)"
  suite budget meson_suite budget
  suite app run_app
  suite system python_suite ci
  suite matrix python_suite matrix
  suite regress python_suite regress
  suite kill commit_slice kill 4
  suite faults commit_slice faults 32
  ;;
lint | unit | budget) suite "$set_name" meson_suite "$set_name" ;;
app) suite app run_app ;;
sim) suite sim run_sim "$seed" ;;
system) suite system python_suite ci ;;
matrix)
  fetch 13 15 17 18
  suite matrix python_suite matrix
  ;;
regress)
  fetch source:15
  suite regress python_suite regress
  ;;
kill | faults | scale)
  echo "seed $seed"
  suite "$set_name" python_suite "$set_name"
  ;;
sanitize)
  suite unit meson_suite unit
  suite system python_suite ci test_values.py test_options.py test_bad_input.py test_compare.py
  suite findings no_findings
  ;;
fuzz) suite fuzz run_fuzz ;;
threads)
  # the addresses that TSan wants for itself may be taken at random
  fixed="setarch $(uname -m) -R"
  $fixed true 2>/dev/null || fixed=
  # shellcheck disable=SC2086 # words
  suite unit meson_suite unit $fixed
  suite findings no_findings
  ;;
esac

if [ -s "$work/failures" ]; then
  say "what failed"
  cat "$work/failures"
fi

echo
summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
