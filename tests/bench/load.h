#pragma once

#include <chrono>
#include <cstddef>

#include "bench/target.h"

namespace kp::bench {

/// One round at one target.
struct LoadResult {
  double mib_per_second = 0;       ///< of request frames that were answered
  double cpu_seconds_per_gib = 0;  ///< of the process between
  std::size_t resident_bytes = 0;  ///< of the process between: the most seen while the load ran
};

/// `connections` clients, each with one Produce of `record_bytes` under way at any time, for `span`.
LoadResult produce_load(const Target& target, int connections, std::size_t record_bytes,
                        std::chrono::milliseconds span);

}  // namespace kp::bench
