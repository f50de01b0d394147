#!/usr/bin/env bash
# tests/check-layers.sh [ROOT]: who may include whom. A folder of dataplane/ knows what stands below it and nothing
# else; a third-party library is known to few files, so that it costs compile time, and can be replaced, only there.
set -euo pipefail
root=${1:-$(dirname "$0")/..}
cd "$root"

# folder → folders of ours that it may include, besides itself. "." is what stands beside the folders: main.cc.
declare -A below=(
  [base]=""
  [config]="base"
  [kafka]="base"
  [net]="base"
  [certs]="base config net"
  [auth]="base config kafka net"
  [rewrite]="base kafka"
  [telemetry]="base config kafka"
  [broker]="base config kafka net auth rewrite telemetry"
  [proxy]="base config kafka net auth rewrite telemetry broker"
  [gateway]="base config kafka net auth rewrite telemetry broker"
  [cli]="base config auth certs"
  [.]="base config kafka net certs auth rewrite telemetry broker proxy gateway cli"
)

# library (how its includes begin) → the files that may include it, as one pattern for the path below dataplane/.
declare -A users=(
  [boost/]='^net/|^(broker|proxy|gateway)/|^telemetry/[^/]*\.cc$'
  [openssl/]='^net/|^(auth|broker|certs|proxy|config)/.*\.cc$'
  [yaml-cpp/]='^config/.*\.cc$'
  [re2/]='^(config|proxy)/.*\.cc$'
  [prometheus/]='^telemetry/exposition\.cc$'
  [spdlog/]='^base/log\.cc$'
  [fmt/]='\.cc$'
  [CLI/]='^cli/[^/]*\.cc$'
  [nlohmann/]='^(telemetry|proxy|gateway)/.*\.cc$'
  [gtest/]='^$'
  [gmock/]='^$'
)

bad=0
complain() {
  echo "$1: $2"
  bad=1
}

while IFS=: read -r path line include; do
  file=${path#dataplane/}
  folder=${file%%/*}
  [[ $file == */* ]] || folder=.
  if [[ ! -v below[$folder] ]]; then
    complain "dataplane/$folder" "has no place in the order of layers: add it to tests/check-layers.sh"
    below[$folder]="${below[.]}"
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
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' dataplane --include='*.h' --include='*.cc')

exit "$bad"
