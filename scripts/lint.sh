#!/usr/bin/env bash
# scripts/lint.sh [fix]: format, shell scripts, direction of includes, sizes. With "fix" it only formats.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(find dataplane operator tests -path tests/java -prune -o \( -name '*.h' -o -name '*.cc' \) -print | sort)
if [[ ${1:-} == fix ]]; then
  exec clang-format-19 -i "${sources[@]}"
fi

failed=0
check() {
  local what=$1
  shift
  if "$@"; then
    echo "lint: $what: ok"
  else
    echo "lint: $what: FAILED" >&2
    failed=1
  fi
}

# shellcheck disable=SC2317  # reached through check
format() {
  local wrong
  wrong=$(clang-format-19 --dry-run -Werror "${sources[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error.*//p' | sort -u)
  [[ -z $wrong ]] || { printf 'not formatted (make fmt): %s\n' "$wrong" && return 1; }
}

# Headers hold up to 150 lines, sources up to 400; more means two nouns in one file. Tables and tests may exceed.
# shellcheck disable=SC2317  # reached through check
sizes() {
  find dataplane operator \( -name '*.h' -o -name '*.cc' \) -print0 | xargs -0 wc -l | awk '
    $2 == "total" { next }
    $2 ~ /^dataplane\/kafka\/(messages\/|apis\.cc$)/ || $2 == "dataplane/config/model.h" { next }
    { limit = $2 ~ /\.h$/ ? 150 : 400 }
    $1 > limit { printf "%s: %d lines, at most %d\n", $2, $1, limit; bad = 1 }
    END { exit bad }'
}

scripts_of_ours() {
  find scripts tests -path tests/java -prune -o -name '*.sh' -print
  echo .ci/run
}
mapfile -t scripts < <(scripts_of_ours)

check format format
check shell shellcheck "${scripts[@]}"
check layers tests/check-layers.sh
check sizes sizes
exit "$failed"
