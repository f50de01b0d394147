#!/usr/bin/env bash
# Makes build/venv hold what tests/requirements.txt says; at once when it does already.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=build/venv/requirements.sum
mkdir -p build
exec 9>build/venv.lock
flock 9
if ! sha256sum --check --status "$stamp" 2>/dev/null; then
  rm -rf build/venv
  python3 -m venv build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  sha256sum tests/requirements.txt >"$stamp"
fi
