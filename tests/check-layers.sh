#!/usr/bin/env bash
# tests/check-layers.sh [ROOT]: who may include whom. A folder of dataplane/ or operator/ knows what stands below it and nothing
# else; a third-party library is known to few files, so that it costs compile time, and can be replaced, only there.
set -euo pipefail
root=${1:-$(dirname "$0")/..}
cd "$root"

# folder → folders of ours that it may include, besides itself. main.cc counts as in the folder that it stands in.
declare -A below=(
  [base]=""
  [config]="base"
  [kafka]="base"
  [net]="base"
  [certs]="base config net"
  [auth]="base config kafka net"
  [rewrite]="base kafka"
  [virtual]="base config kafka"
  [telemetry]="base config kafka"
  [broker]="base config kafka net auth rewrite telemetry"
  [proxy]="base config kafka net auth rewrite virtual telemetry broker"
  [gateway]="base config net auth telemetry"
  [cli]="base config net auth certs"
  [dataplane]="base config kafka net certs auth rewrite virtual telemetry broker proxy gateway cli"
  [kube]="base config"
  [runtime]="base telemetry kube"
  [api]="base config kube"
  [plan]="base config net certs kube api"
  [reconcile]="base config net kube runtime api plan"
  [app]="base kube runtime api plan reconcile"
  [operator]="app"
)

# library (how its includes begin) → the files that may include it, as one pattern for the path below dataplane/.
declare -A users=(
  [boost/]='^net/|^(broker|proxy|gateway)/|^telemetry/[^/]*\.cc$|^kube/cpprest_transport\.cc$'
  [openssl/]='^net/|^(auth|broker|certs|proxy|config|kube|plan)/.*\.cc$'
  [yaml-cpp/]='^(config|kube|app)/.*\.cc$'
  [re2/]='^(config|proxy|plan|api|virtual)/.*\.cc$'
  [prometheus/]='^telemetry/exposition\.cc$'
  [spdlog/]='^base/log\.cc$'
  [fmt/]='\.cc$'
  [CLI/]='^(cli|app)/[^/]*\.cc$'
  [nlohmann/]='^(telemetry|proxy|gateway|cli)/.*\.cc$|^kube/object\.h$'
  [librdkafka/]='^gateway/(producer(_reports)?\.cc|rdkafka_record\.h)$'
  [isa-l/]='^gateway/wal_frame\.cc$'
  [cpprest/]='^kube/cpprest_transport\.cc$'
  [gtest/]='^$'
  [gmock/]='^$'
)

bad=0
complain() {
  echo "$1: $2"
  bad=1
}

while IFS=: read -r path line include; do
  file=${path#*/}
  folder=${file%%/*}
  [[ $file == */* ]] || folder=${path%%/*}
  if [[ ! -v below[$folder] ]]; then
    complain "$folder" "has no place in the order of layers: add it to tests/check-layers.sh"
    below[$folder]="${below[dataplane]}"
    continue
  fi
  name=${include#*[<\"]}
  name=${name%[>\"]*}
  if [[ $include == *\"* ]]; then
    other=${name%%/*}
    if [[ $name != */* ]]; then
      complain "$path:$line" "\"$name\": include by folder, as in \"base/result.h\""
    elif [[ $other != "$folder" && " ${below[$folder]} " != *" $other "* ]]; then
      complain "$path:$line" "$folder must not know $other ($name)"
    fi
    continue
  fi
  library=${name%%/*}/
  if [[ $name == */* && -v users[$library] && ! $file =~ ${users[$library]} ]]; then
    complain "$path:$line" "<$name> does not belong here: a third-party type stays behind the library's header"
  fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' dataplane operator --include='*.h' --include='*.cc')

exit "$bad"
