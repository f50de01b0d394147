#!/usr/bin/env bash
# scripts/bench-operator.sh [ARGUMENT...]: the operator's figures, of the release binaries on a real control plane with
# a stand-in for the kubelet; --node: on a real node. The table goes to stdout, the same as JSON to
# build/bench/operator.json. Needs root for network namespaces. --help lists the arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

{
  scripts/build.sh release kafkaproxy kafkaproxy-operator
  scripts/k8s-binaries.sh
  scripts/kafka-jars.sh
  scripts/venv.sh
  for argument in "$@"; do
    [[ $argument != --node ]] || { scripts/install-deps.sh node && scripts/image.sh kafkaproxy; }
  done
} >&2
exec build/venv/bin/python tests/bench/operator/main.py "$@"
