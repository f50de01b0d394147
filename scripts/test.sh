#!/usr/bin/env bash
# Everything that must hold, in the order in which a failure is cheapest to learn. Goes on after a failed stage.
# The last line is "N passed, N failed". With CI=true a skipped test is a failed one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

summary=()
broken=() # stages that failed without a test to blame

# stage NAME COMMAND...: runs it, keeps its duration; its exit code is the command's.
stage() {
  local name=$1 began=$SECONDS code=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" || code=$?
  local verdict=ok
  ((code == 0)) || verdict=FAILED
  summary+=("$(printf '%-14s %-6s %4d s' "$name" "$verdict" $((SECONDS - began)))")
  printf '=== %s\n' "${summary[-1]}"
  return "$code"
}

# For stages that hold no tests.
must() { stage "$@" || broken+=("$1"); }

jars() {
  wait "$jars_pid" && return
  cat build/logs/kafka-jars.log
  return 1
}

mkdir -p build/logs
rm -rf build-asan/reports
must install-deps scripts/install-deps.sh
scripts/kafka-jars.sh >build/logs/kafka-jars.log 2>&1 & # mostly waits for the network: beside the compiler
jars_pid=$!
must build-asan scripts/build.sh asan
must kafka-jars jars
stage unit scripts/unit.sh asan
must build-clang scripts/build.sh clang
must build-release scripts/build.sh release
must lint scripts/lint.sh
stage integration timeout --kill-after=60 40m scripts/integration.sh asan

printf '\n'
printf '%s\n' "${summary[@]}"
printf 'total %d s\n' "$SECONDS"
python3 scripts/count_tests.py build-asan/reports "${broken[@]}"
