#!/usr/bin/env bash
# Builds the clients of other families that the tests use (tests/clients: franz-go, kafka-go, kafkajs) into the user's
# cache, in a folder named after their sources; build/clients leads there. What is there already costs no time.
set -euo pipefail
cd "$(dirname "$0")/.."

sum=$(cat tests/clients/* | sha256sum)
out=${XDG_CACHE_HOME:-$HOME/.cache}/kafkaproxy/clients-${sum:0:12}
mkdir -p "$out" build
ln -sfn "$out" build/clients
# Two callers at once: the second waits, then finds everything done.
exec 9>"$out/.lock"
flock 9
if [[ ! -e $out/.done ]]; then
  echo "client-programs: into $out" >&2
  go=$(scripts/find-go.sh tests/clients)
  # Flags as in k8s-binaries.sh: both then share the standard library in the cache of the compiler.
  GOTOOLCHAIN=local "$go" build -C tests/clients -trimpath -buildvcs=false -gcflags "all=-N -l" -o "$out/clients" . >&2
  cp tests/clients/*.js tests/clients/package*.json "$out/"
  npm ci --prefix "$out" --silent --no-audit --no-fund --ignore-scripts >&2
  touch "$out/.done"
fi
