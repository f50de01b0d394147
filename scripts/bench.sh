#!/usr/bin/env bash
# scripts/bench.sh [KPBENCH ARGUMENT...]: latency and memory of the release binary beside a bare relay, on loopback. The
# table goes to stdout, the same as JSON to build/bench/latency.json.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release kafkaproxy kpbench >&2
exec build/bin/kpbench --proxy build/bin/kafkaproxy --out build/bench/latency.json "$@"
