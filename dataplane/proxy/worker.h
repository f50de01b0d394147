#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/log.h"
#include "net/loop.h"
#include "proxy/gathering.h"
#include "telemetry/metrics.h"
#include "virtual/policies.h"
#include "virtual/reads_under_way.h"
#include "virtual/skips.h"
#include "virtual/topic_ids.h"

namespace kp::proxy {

class Session;

/// A loop with what its connections share. All but `connections` belongs to the loop's thread.
struct Worker {
  telemetry::Counters counters;
  std::vector<Session*> sessions;             ///< in no order: the last takes the place of one that ends
  log::Throttle complaints;                   ///< for what clients can make us say
  bool draining = false;                      ///< who comes now drains from the start
  std::atomic<std::uint32_t> connections{0};  ///< handed to this loop and not ended; read by acceptors to choose
  void count_failed_dial(const Error& why);

  /// Checks of passwords that wait for `slow`; above that, clients are turned away.
  static constexpr std::uint32_t max_slow_checks = 64;
  std::uint32_t slow_checks = 0;

  virt::TopicIds topic_ids;    ///< where topics are virtual
  virt::Skips skips;           ///< the same
  virt::Policies policies;     ///< the same
  std::uint64_t skips_of = 0;  ///< Runtime::cluster; of the policies too
  virt::Tail tail;             ///< as the others; its questions say of which cluster
  std::size_t loops = 1;       ///< who share what all of them may take
  Gathering gathering{counters};

  net::Loop loop;  ///< all but `slow` outlives it: its coroutines hold sessions, and those use the rest
  std::unique_ptr<net::asio::thread_pool> slow;  ///< one thread, made when it is needed; ends first
};

}  // namespace kp::proxy
