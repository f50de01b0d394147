#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <set>

#include "base/log.h"
#include "gateway/request_records.h"
#include "gateway/runtime.h"
#include "net/loop.h"
#include "telemetry/gateway_metrics.h"

namespace kp::gateway {

class Connection;

/// What all loops share. Any thread.
struct Common {
  std::shared_ptr<const Runtime> runtime() const {
    const std::lock_guard lock(mutex);
    return current;
  }
  std::shared_ptr<const Runtime> exchange(std::shared_ptr<const Runtime> next) {
    const std::lock_guard lock(mutex);
    current.swap(next);
    return next;
  }

  mutable std::mutex mutex;  ///< guards current
  std::shared_ptr<const Runtime> current;
  std::atomic<std::uint64_t> generation{1};  ///< of current: who holds another asks again
  std::atomic<std::uint64_t> buffered{0};    ///< bytes of requests that are not complete, or not answered
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> slow_checks{0};  ///< of passwords, that wait
  std::atomic<bool> draining{false};
};

/// A loop, and what its connections share; its thread alone.
struct Lane {
  Lane(net::Loop& on, Common& all) : loop(on), common(all) {}

  net::Loop& loop;
  Common& common;
  telemetry::GatewayCounters counters;
  RecordReader reader;
  std::set<Connection*> connections;
  std::atomic<std::uint32_t> load{0};      ///< connections handed to it; any thread
  std::shared_ptr<const Runtime> runtime;  ///< as last looked up
  std::uint64_t generation = 0;
  log::Throttle complaints;
  net::asio::thread_pool* slow = nullptr;  ///< for what takes long; the gateway's

  /// What is in force; when HTTP has ended by a reload, what was last, as long as somebody is connected.
  const std::shared_ptr<const Runtime>& now() {
    const std::uint64_t newest = common.generation.load(std::memory_order_acquire);
    if (generation != newest) {
      auto next = common.runtime();
      if (next != nullptr || connections.empty()) runtime = std::move(next);
      generation = newest;
    }
    return runtime;
  }
  /// Nobody is connected any more: what isn't in force must not be held.
  void let_go() {
    if (connections.empty() && common.runtime() == nullptr) runtime = nullptr;
  }
};

}  // namespace kp::gateway
