#pragma once

#include <cstddef>

#include "bench/target.h"

namespace kp::bench {

/// One round at one target. Times are microseconds.
struct ProduceLatency {
  double p50 = 0;
  double p99 = 0;
  double cpu_between = 0;  ///< CPU time of the process between, per request
};

/// A client on one connection that sends the next Produce when the last is answered.
ProduceLatency produce_latency(const Target& target, std::size_t record_bytes, int requests);

/// From connect() to the answer of the first request (ApiVersions), the median of `connections` one after another.
double first_request_time(const Target& target, int connections);

}  // namespace kp::bench
