#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_set>

#include "base/log.h"
#include "net/loop.h"
#include "telemetry/metrics.h"

namespace kp::proxy {

class Session;

/// A loop with what its connections share. All but `connections` belongs to the loop's thread.
struct Worker {
  telemetry::Counters counters;
  std::unordered_set<Session*> sessions;
  log::Throttle complaints;                   ///< for what clients can make us say
  bool draining = false;                      ///< who comes now is closed at once
  std::atomic<std::uint32_t> connections{0};  ///< handed to this loop and not ended; read by acceptors to choose
  void count_failed_dial(const Error& why);

  net::Loop loop;  ///< last, so that it ends first: its coroutines hold sessions, and those use the rest
};

}  // namespace kp::proxy
