#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS]: runs every fuzz target for that long, one per core at a time. What it finds stays in
# build-fuzz/NAME: crash-* are inputs to keep as tests/fuzz/corpus/NAME/*.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD

fuzz_one() {
  local target=$1 seconds=$2
  local name=${target#fuzz_}
  local found=$root/build-fuzz/$name
  mkdir -p "$found/corpus" "$root/tests/fuzz/corpus/$name"
  if "$root/build-fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$found/" "$found/corpus" "$root/tests/fuzz/corpus/$name" >"$found/log" 2>&1; then
    echo "fuzz $name: $(grep 'Done ' "$found/log")"
  else
    tail -n 40 "$found/log"
    echo "fuzz $name: FAILED, see $found"
    touch "$root/build-fuzz/failed"
  fi
}

mapfile -t targets < <(basename -s .cc tests/fuzz/fuzz_*.cc)
scripts/build.sh fuzz "${targets[@]}"
rm -f build-fuzz/failed
for target in "${targets[@]}"; do
  while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || true; done
  fuzz_one "$target" "${1:-60}" &
done
wait
[[ ! -e build-fuzz/failed ]]
