#!/usr/bin/env bash
# scripts/unit.sh KIND: builds and runs the unit tests and corpora of build-KIND (asan, tsan). Reports go to
# build-KIND/reports.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/build-${1:?asan or tsan}
scripts/kafka-jars.sh # the codec is compared with Kafka's own classes
scripts/build.sh "$1"

rm -rf "$folder/reports"
mkdir -p "$folder/reports/gtest"
export KP_CODEC_VECTORS=$PWD/build/kafka/vectors.jsonl
export KP_KAFKA_MESSAGES=$PWD/build/kafka/messages
export GTEST_OUTPUT=xml:$folder/reports/gtest/
export GTEST_COLOR=no
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
ctest --test-dir "$folder" -j "$(nproc)" --output-on-failure --no-tests=error \
  --output-junit "$folder/reports/ctest.xml"
