#pragma once

#include <chrono>
#include <vector>

#include "bench/target.h"
#include "bench/wire.h"

namespace kp::bench {

struct Pace {
  int per_second = 1000;
  int connections = 16;  ///< which take turns
  std::chrono::milliseconds span{2000};
};

struct PacedAnswers {
  std::vector<double> latencies;            ///< microseconds, each since the moment its request was due
  std::chrono::nanoseconds cpu_between{0};  ///< without that for handshakes and first answers
};

/// Sends `request` at the pace, never waiting for answers: a target that stalls pays for all that it kept waiting. A
/// Failure when answers are missing 10 s after the last was due.
PacedAnswers paced_answers(const Target& target, BytesView request, const Pace& pace, ssl_ctx_st* tls);

}  // namespace kp::bench
