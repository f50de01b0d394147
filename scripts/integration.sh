#!/usr/bin/env bash
# scripts/integration.sh KIND [PYTEST ARGUMENT...]: runs tests/integration against the proxy of build-KIND (asan, tsan;
# release: build). Needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?asan, tsan or release}
shift
folder=$PWD/build-$kind
[[ $kind == release ]] && folder=$PWD/build

scripts/kafka-jars.sh
scripts/client-programs.sh
scripts/venv.sh
mkdir -p "$folder/reports"
rm -f "$folder/reports/integration.xml"
export KP_BIN=${KP_BIN:-$folder/bin/kafkaproxy}
build/venv/bin/python -m pytest -ra --junit-xml "$folder/reports/integration.xml" tests/docs tests/integration "$@"
