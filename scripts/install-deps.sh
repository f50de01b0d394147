#!/usr/bin/env bash
# scripts/install-deps.sh [build|node|bench]: installs what is missing for build and tests on Debian 12; for the build
# alone; for a Kubernetes node too; or for the build and those that the bench compares with.
# Asks dpkg first, so that a second run costs no time.
set -euo pipefail

build=(g++ make cmake ninja-build ccache pkg-config git ca-certificates
  libboost-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev libre2-dev libspdlog-dev libfmt-dev libcli11-dev
  nlohmann-json3-dev libcpprest-dev librdkafka-dev libsimdjson-dev libzstd-dev zlib1g-dev libisal-dev)
tests=(libgtest-dev libgmock-dev kcat iproute2 procps openssl curl unzip zstd)
node=(containerd runc containernetworking-plugins nftables iptables conntrack gcc libc6-dev) # a Kubernetes node
bench=(nginx-light libnginx-mod-stream haproxy wrk)
checks=(clang-19 libclang-rt-19-dev libfuzzer-19-dev clang-format-19 clang-tidy-19 shellcheck)

# Tools that count also when they don't come from a Debian package.
has_java() {
  local version
  version=$(javac -version 2>&1) || return 1
  version=${version#javac }
  ((${version%%.*} >= 17))
}
has_maven() { command -v mvn >/dev/null; }
has_npm() { command -v node >/dev/null && command -v npm >/dev/null; }
has_python() { python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; }

tools=()
has_java || tools+=(openjdk-17-jdk-headless)
has_maven || tools+=(maven)
has_npm || tools+=(nodejs npm)
has_python || tools+=(python3 python3-venv python3-pip)

wanted=("${build[@]}" "${tests[@]}" "${checks[@]}" "${tools[@]}")
case ${1-} in
  build) wanted=("${build[@]}") ;; # what the images need
  node) wanted+=("${node[@]}") ;;
  bench) wanted=("${build[@]}" "${bench[@]}") ;;
esac
if ! command -v dpkg-query >/dev/null; then
  echo "install-deps: not a Debian system; needed are the equivalents of: ${wanted[*]}" >&2
  exit 0
fi

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed"))
if ((${#missing[@]} == 0)); then
  echo "install-deps: nothing is missing"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install-deps: neither root nor sudo; run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" update
"${as_root[@]}" install -y --no-install-recommends "${missing[@]}"
