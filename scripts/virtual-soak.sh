#!/usr/bin/env bash
# scripts/virtual-soak.sh [RECORDS [VIRTUAL PHYSICAL]]: tests/virtual/soak.py against the release build; KP_BIN: another.
# Default: ten million records on 1,000 virtual partitions of 100.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/kafka-jars.sh
scripts/venv.sh
[[ -n ${KP_BIN:-} ]] || scripts/build.sh release kafkaproxy
exec build/venv/bin/python tests/virtual/soak.py "${1:-10000000}" "${2:-1000}" "${3:-100}"
