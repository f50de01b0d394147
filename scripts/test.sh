#!/usr/bin/env bash
# Everything that must hold, in the order in which a failure is cheapest to learn. Goes on after a failed stage.
# The last line is "N passed, N failed". With CI=true a skipped test is a failed one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

summary=()
broken=() # the stages that failed

# stage NAME COMMAND...: runs it, keeps its duration, what it said, and whether it failed.
stage() {
  local name=$1 began=$SECONDS code=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" > >(exec tee "build/logs/stage-$name.log") 2>&1 || code=$? # no pipe: `joined` waits for children of this shell
  local verdict=ok
  if ((code != 0)); then
    verdict=FAILED
    broken+=("$name")
  fi
  summary+=("$(printf '%-14s %-6s %4d s' "$name" "$verdict" $((SECONDS - began)))")
  printf '=== %s\n' "${summary[-1]}"
}

declare -A background=() # name → process id

# begin NAME COMMAND...: in the background; `joined NAME` waits for it, and tells what it said if it failed.
begin() {
  local name=$1
  shift
  "$@" >"build/logs/$name.log" 2>&1 &
  background[$name]=$!
}

joined() {
  wait "${background[$1]}" && return
  tail -n 100 "build/logs/$1.log"
  return 1
}

mkdir -p build/logs
rm -rf build-asan/reports
stage install-deps scripts/install-deps.sh node
begin kafka-jars scripts/kafka-jars.sh                  # mostly waits for the network
begin k8s-binaries nice -n 10 scripts/k8s-binaries.sh # takes what the compiler and the tests leave idle
begin client-programs nice -n 10 scripts/client-programs.sh
stage build-asan scripts/build.sh asan
stage kafka-jars joined kafka-jars
stage client-programs joined client-programs
stage unit scripts/unit.sh asan
stage build-clang scripts/build.sh clang
stage build-release scripts/build.sh release
stage lint scripts/lint.sh
stage integration timeout --kill-after=60 40m scripts/integration.sh asan
stage k8s-binaries joined k8s-binaries
stage operator timeout --kill-after=60 20m scripts/operator-tests.sh asan
stage e2e env KP_REPORTS="$PWD/build-asan/reports" timeout --kill-after=60 30m scripts/e2e.sh

for name in "${broken[@]}"; do # what a failure says is wanted at the end, where a log is read first
  printf '\n=== %s FAILED; its last lines:\n' "$name"
  tail -n 25 "build/logs/stage-$name.log"
done
printf '\n'
printf '%s\n' "${summary[@]}"
printf 'total %d s\n' "$SECONDS"
python3 scripts/count_tests.py build-asan/reports "${broken[@]}"
