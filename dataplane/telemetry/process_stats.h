#pragma once

#include <cstdint>

namespace kp::telemetry {

/// What the kernel says of this process; what can't be read is 0.
struct ProcessStats {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;      ///< soft limit
  double cpu_seconds = 0;         ///< user and system, all threads
  double start_time_seconds = 0;  ///< Unix time
};

/// Any thread. Lists /proc/self/fd, so its cost grows with the open connections: once per scrape, off the data path.
ProcessStats read_process_stats();

}  // namespace kp::telemetry
