#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/socket.h"

namespace kp::bench {

/// A connection that sends a small Produce each millisecond, on a thread of its own, until this ends.
class Traffic {
 public:
  Traffic(std::uint16_t port, std::size_t record_bytes);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  /// Since the last call: microseconds from when each request was due until it was answered.
  std::vector<double> take();

 private:
  void run(const std::stop_token& stop);

  const Fd socket_;
  const std::size_t record_bytes_;
  std::mutex mutex_;
  std::vector<double> times_;  ///< under mutex_
  std::jthread thread_;        ///< ends first
};

}  // namespace kp::bench
