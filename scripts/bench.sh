#!/usr/bin/env bash
# scripts/bench.sh [SECTION] [ARGUMENT...]: the release binary beside bare relays, nginx and HAProxy, on loopback.
# Sections: latency (with memory and reloads), throughput, rates, connecting: those of kpbench, which also get the
# arguments; kafka: Kafka's own performance tools against a real broker; http: wrk, and a real broker. Without any
# section all of them. Tables go to stdout, the same as JSON and plots to build/bench:
# `scripts/bench.sh throughput --only fetch`, `scripts/bench.sh rates`.
set -euo pipefail
cd "$(dirname "$0")/.."

sections=(latency throughput rates connecting kafka http)
if [[ ${1:-} =~ ^[a-z]+$ ]]; then
  sections=("$1")
  shift
fi

scripts/install-deps.sh bench >&2
scripts/build.sh release kafkaproxy kpbench httpfloor >&2
for section in "${sections[@]}"; do
  out=build/bench/$section.json
  if [[ $section == kafka ]]; then
    python3 tests/bench/real_kafka.py "$@" --proxy build/bin/kafkaproxy --out "$out"
    continue
  fi
  if [[ $section == http ]]; then
    scripts/kafka-jars.sh >&2
    python3 tests/bench/http/run.py "$@" --proxy build/bin/kafkaproxy --out "$out"
    continue
  fi
  build/bin/kpbench "$section" "$@" --proxy build/bin/kafkaproxy --out "$out"
  if [[ $section != latency ]]; then python3 tests/bench/plot.py "$out"; fi
done
