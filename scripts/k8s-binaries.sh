#!/usr/bin/env bash
# scripts/k8s-binaries.sh [NAME...]: builds the Kubernetes of the tests (tests/k8s) and helm from their Go modules; what
# is there already costs no time. Without a name all of them, those that the control plane needs first. Cold:
# eight minutes on two idle cores, 2 GB of memory at most; give it `nice` to build beside something else.
#
# They land in the user's cache, in a folder named after the versions that go.mod pins, so that neither `make clean` nor
# another work tree builds them again; build/k8s/bin leads there. KP_K8S_BIN: a folder to use instead.
set -euo pipefail
cd "$(dirname "$0")/.."

# name -> folder of its module, package
declare -A sources=(
  [etcd]="tests/k8s go.etcd.io/etcd/server/v3"
  [kube-apiserver]="tests/k8s k8s.io/kubernetes/cmd/kube-apiserver"
  [kube-controller-manager]="tests/k8s k8s.io/kubernetes/cmd/kube-controller-manager"
  [kubectl]="tests/k8s k8s.io/kubernetes/cmd/kubectl"
  [helm]="tests/k8s/helm helm.sh/helm/v3/cmd/helm"
  [kube-scheduler]="tests/k8s k8s.io/kubernetes/cmd/kube-scheduler"
  [kube-proxy]="tests/k8s k8s.io/kubernetes/cmd/kube-proxy"
  [kubelet]="tests/k8s k8s.io/kubernetes/cmd/kubelet"
  [coredns]="tests/k8s/coredns ."
)
declare -A prefix=([k8s.io]=k8s.io/component-base [helm.sh]=helm.sh/helm/v3/pkg)
order=(etcd kube-apiserver kube-controller-manager kubectl helm kube-scheduler kube-proxy kubelet coredns)
(($# == 0)) || order=("$@")

say() { echo "k8s-binaries: $*" >&2; }

folder() {
  if [[ -n ${KP_K8S_BIN-} ]]; then
    echo "$KP_K8S_BIN"
    return
  fi
  local sum
  sum=$(cat tests/k8s/{,helm/,coredns/}go.{mod,sum} tests/k8s/coredns/main.go | sha256sum)
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/kafkaproxy/k8s-${sum:0:12}"
}

missing() {
  local name
  for name in "${order[@]}"; do
    [[ -x ${KUBEBUILDER_ASSETS:-$out}/$name || -x $out/$name ]] || echo "$name"
  done
}

build() {
  local name=$1 module package version major minor variables variable stamp=''
  read -r module package <<<"${sources[$name]:?no such program: $name}"
  # Only the linker stamps the version in; without it the API server calls itself v0.0.0, and helm takes every cluster
  # that it doesn't ask for v1.20.
  version=$(sed -n 's/^\tk8s.io\/kubernetes \(v[^ ]*\).*/\1/p' tests/k8s/go.mod)
  IFS=. read -r major minor _ <<<"${version#v}"
  case $package in
    k8s.io/*) variables=(version.gitVersion="$version" version.gitMajor="$major" version.gitMinor="$minor") ;;
    helm.sh/*) variables=(chartutil.k8sVersionMajor="$major" chartutil.k8sVersionMinor="$minor") ;;
    *) variables=() ;;
  esac
  for variable in "${variables[@]}"; do
    stamp+=" -X ${prefix[${package%%/*}]}/$variable"
  done
  # Neither optimized nor inlined: they are built more often than they are busy.
  GOTOOLCHAIN=local "$go" build -C "$module" -trimpath -buildvcs=false -gcflags 'all=-N -l' -ldflags "-s -w $stamp" \
    -o "$out/.$name.new" "$package" >&2
  mv "$out/.$name.new" "$out/$name"
}

out=$(folder)
mkdir -p "$out" build/k8s
out=$(realpath "$out")
if [[ -z ${KP_K8S_BIN-} ]]; then ln -sfn "$out" build/k8s/bin; fi
# Two callers at once: the second waits, then finds everything done.
exec 9>"$out/.lock"
flock 9
mapfile -t wanted < <(missing)
((${#wanted[@]})) || exit 0
go=$(scripts/find-go.sh tests/k8s)
say "$("$go" version), $(nproc) cores, into $out"
for name in "${wanted[@]}"; do
  began=$SECONDS
  build "$name"
  say "$name: $((SECONDS - began)) s"
done
say "all: $SECONDS s"
