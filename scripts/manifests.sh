#!/usr/bin/env bash
# Writes what is derived from another file of this repository: into the chart what users also get without it, and
# deploy/operator.yaml from the chart. `scripts/manifests.sh check` only tells what is out of date.
set -euo pipefail
cd "$(dirname "$0")/.."

chart=helm/kafkaproxy-operator
helm=${KP_HELM:-${KP_K8S_BIN:-build/k8s/bin}/helm}
namespace=kafkaproxy

# shellcheck disable=SC2317  # reached through derive
# Everything of the chart with its defaults, in a namespace of its own, without what only helm reads.
operator() {
  cat <<END
# The operator with all it needs: kubectl apply --server-side -f deploy/operator.yaml
# Made from helm/kafkaproxy-operator by scripts/manifests.sh.
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels: {pod-security.kubernetes.io/enforce: restricted}
END
  "$helm" template kafkaproxy-operator "$chart" --namespace "$namespace" --set crds.keep=false --skip-tests |
    sed -e '/^ *helm\.sh\/chart: /d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d'
}

stale=0
# derive FILE COMMAND...: the file is what the command prints
derive() {
  local file=$1 made
  shift
  made=$("$@")
  if [[ ${mode-} == check ]]; then
    diff -u "$file" - <<<"$made" || stale=1
  else
    mkdir -p "${file%/*}"
    cat <<<"$made" >"$file"
  fi
}

mode=${1-}
derive $chart/files/kafkaproxies.kafkaproxy.dev.yaml cat crds/kafkaproxies.kafkaproxy.dev.yaml
derive deploy/monitoring/alerts.yaml cat $chart/files/alerts.yaml
derive deploy/operator.yaml operator
exit $stale
