#!/usr/bin/env bash
# scripts/operator-tests.sh KIND [PYTEST ARGUMENT...]: runs tests/operator against a real Kubernetes control plane, with
# the programs of build-KIND (asan, tsan; release: build). Needs root for network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?asan, tsan or release}
shift
folder=$PWD/build-$kind
[[ $kind == release ]] && folder=$PWD/build

scripts/k8s-binaries.sh etcd kube-apiserver kube-controller-manager kubectl helm
scripts/venv.sh
mkdir -p "$folder/reports"
rm -f "$folder/reports/operator.xml"
export KP_BIN=${KP_BIN:-$folder/bin/kafkaproxy} KP_OPERATOR_BIN=${KP_OPERATOR_BIN:-$folder/bin/kafkaproxy-operator}
build/venv/bin/python -m pytest -ra --junit-xml "$folder/reports/operator.xml" tests/operator "$@"
