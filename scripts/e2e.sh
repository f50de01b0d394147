#!/usr/bin/env bash
# scripts/e2e.sh [PYTEST ARGUMENT...]: runs tests/e2e: the release binaries as images on a real Kubernetes node. Needs
# root.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh node
scripts/build.sh release kafkaproxy kafkaproxy-operator
for name in kafkaproxy kafkaproxy-operator; do scripts/image.sh $name; done
scripts/k8s-binaries.sh
scripts/kafka-jars.sh
scripts/venv.sh
reports=${KP_REPORTS:-build/reports}
mkdir -p "$reports"
rm -f "$reports/e2e.xml"
build/venv/bin/python -m pytest -ra --junit-xml "$reports/e2e.xml" tests/e2e "$@"
