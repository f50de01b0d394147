#!/usr/bin/env bash
# scripts/build.sh KIND [TARGET...]: configures and builds one kind. Kinds: release, asan, tsan, clang, fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=$1
shift
folder=build-$kind
compiler=g++
case $kind in
  release) # what users get
    folder=build
    options=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DKP_TESTS=OFF)
    ;;
  asan)
    options=(-DCMAKE_BUILD_TYPE=Debug '-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1' "-DKP_SANITIZE=address,undefined")
    ;;
  tsan)
    options=(-DCMAKE_BUILD_TYPE=Debug '-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1' -DKP_SANITIZE=thread)
    ;;
  clang) # only to see that it compiles without warnings: no code is made
    compiler=clang++-19
    options=(-DCMAKE_BUILD_TYPE=Debug)
    ;;
  fuzz)
    compiler=clang++-19
    options=(-DCMAKE_BUILD_TYPE=Debug '-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1' "-DKP_SANITIZE=address,undefined"
      -DKP_TESTS=OFF -DKP_FUZZ=ON)
    ;;
  *)
    echo "usage: scripts/build.sh release|asan|tsan|clang|fuzz [TARGET...]" >&2
    exit 2
    ;;
esac

export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true # a fresh checkout finds what another has compiled
cmake --log-level=WARNING -G Ninja -S . -B "$folder" "-DCMAKE_CXX_COMPILER=$compiler" "${options[@]}"
if [[ $kind == clang ]]; then
  exec python3 scripts/syntax_check.py "$folder"
fi
cmake --build "$folder" ${1:+--target "$@"}
