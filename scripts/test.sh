#!/usr/bin/env bash
# Everything that must hold, in the order in which a failure is cheapest to learn. Goes on after a failed stage.
# The last line is "N passed, N failed". With CI=true a skipped test is a failed one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

summary=()
broken=() # the stages that failed

# stage NAME COMMAND...: runs it, keeps its duration and whether it failed.
stage() {
  local name=$1 began=$SECONDS code=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" || code=$?
  local verdict=ok
  if ((code != 0)); then
    verdict=FAILED
    broken+=("$name")
  fi
  summary+=("$(printf '%-14s %-6s %4d s' "$name" "$verdict" $((SECONDS - began)))")
  printf '=== %s\n' "${summary[-1]}"
}

jars() {
  wait "$jars_pid" && return
  cat build/logs/kafka-jars.log
  return 1
}

mkdir -p build/logs
rm -rf build-asan/reports
stage install-deps scripts/install-deps.sh
scripts/kafka-jars.sh >build/logs/kafka-jars.log 2>&1 & # mostly waits for the network: beside the compiler
jars_pid=$!
stage build-asan scripts/build.sh asan
stage kafka-jars jars
stage unit scripts/unit.sh asan
stage build-clang scripts/build.sh clang
stage build-release scripts/build.sh release
stage lint scripts/lint.sh
stage integration timeout --kill-after=60 40m scripts/integration.sh asan

printf '\n'
printf '%s\n' "${summary[@]}"
printf 'total %d s\n' "$SECONDS"
python3 scripts/count_tests.py build-asan/reports "${broken[@]}"
