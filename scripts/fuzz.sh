#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS]: runs every fuzz target for that long, one per core at a time. What it finds stays in
# build-fuzz/NAME: crash-* are inputs to keep as tests/fuzz/corpus/NAME/*.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD

fuzz_one() {
  local target=$1 seconds=$2
  local name=${target##*/fuzz_}
  local found=$root/build-fuzz/$name
  mkdir -p "$found/corpus" "$root/tests/fuzz/corpus/$name"
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/" \
    "$found/corpus" "$root/tests/fuzz/corpus/$name" >"$found/log" 2>&1; then
    echo "fuzz $name: $(grep 'Done ' "$found/log")"
  else
    tail -n 40 "$found/log"
    echo "fuzz $name: FAILED, see $found"
    return 1
  fi
}

scripts/build.sh fuzz
failed=0
for target in build-fuzz/bin/fuzz_*; do
  while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || failed=1; done
  fuzz_one "$target" "${1:-60}" &
done
while (($(jobs -p | wc -l) > 0)); do wait -n || failed=1; done
exit "$failed"
