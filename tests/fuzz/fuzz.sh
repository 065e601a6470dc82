#!/bin/sh
# Searches with clang's libFuzzer, a bounded time for each driver, beginning from
# the corpus and with ASan and UBSan.
#
#   sh tests/fuzz/fuzz.sh BUILD-DIRECTORY [SECONDS [DRIVER …]]
#
# One line for each driver: ok, not ok or skip. Where clang or its libFuzzer is
# missing everything is skipped; the corpus is still run by `meson test`. An input
# that fails is kept in BUILD-DIRECTORY and named: put it into corpus/DRIVER.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$1
seconds=${2:-60}
[ $# -lt 2 ] || shift
shift
compiler=${PGM_FUZZ_CC:-clang}

printf 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);\nint LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return n > 9 && d[0] > 9 ? 0 : 0; }\n' >"${TMPDIR:-/tmp}/pgm-fuzz-$$.c"
if ! "$compiler" -fsanitize=fuzzer,address -o "${TMPDIR:-/tmp}/pgm-fuzz-$$" "${TMPDIR:-/tmp}/pgm-fuzz-$$.c" 2>/dev/null; then
  rm -f "${TMPDIR:-/tmp}/pgm-fuzz-$$" "${TMPDIR:-/tmp}/pgm-fuzz-$$.c"
  echo "skip fuzz: $compiler with libFuzzer is not here"
  exit 0
fi
rm -f "${TMPDIR:-/tmp}/pgm-fuzz-$$" "${TMPDIR:-/tmp}/pgm-fuzz-$$.c"

mkdir -p "$build"
[ -f "$build/build.ninja" ] || CC=$compiler meson setup "$build" "$top" -Dauto_features=disabled \
  -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link >"$build/setup.log" 2>&1 ||
  { cat "$build/setup.log"; echo "not ok fuzz - setup"; exit 1; }

failed=0
[ $# -gt 0 ] || set -- $(cd "$here" && ls fuzz-*.c | sed 's/^fuzz-\(.*\)\.c$/\1/')
for driver in "$@"; do
  if ! ninja -C "$build" "tests/fuzz/fuzz-$driver" >"$build/build.log" 2>&1; then
    tail -n 30 "$build/build.log"
    echo "not ok $driver - build"
    failed=1
    continue
  fi
  work=$build/fuzz-$driver.new
  mkdir -p "$work" "$build/found"
  if UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$build/tests/fuzz/fuzz-$driver" "$work" "$here/corpus/$driver" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -verbosity=1 -print_final_stats=1 \
    -artifact_prefix="$build/found/$driver-" >"$build/fuzz-$driver.log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz-$driver.log")
    echo "ok $driver - $runs inputs in $seconds s"
  else
    tail -n 40 "$build/fuzz-$driver.log"
    echo "not ok $driver - see $build/found"
    failed=1
  fi
done
exit $failed
