#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/loop.h"

namespace kp::gateway {

/// What became of one record.
struct Outcome {
  std::int32_t partition = -1;
  std::int64_t offset = -1;  ///< -1: not known (acks 0)
  std::string error;         ///< librdkafka's or the broker's words; empty: the record is in Kafka
  bool untried = false;      ///< with an error: it is our producer that ended, and nobody has refused the record
};

/// The records of one request that waits for them. Made on its loop; outcomes are written by whoever learns of them,
/// each once, before `left` says so.
class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  Delivery(net::Loop& loop, std::size_t records)
      : loop_(loop), outcomes_(records), left_(records), done_(loop.executor()) {}

  net::Loop& loop() const { return loop_; }
  /// True for the last one: then the caller has wake() called on the loop.
  bool settle(std::size_t record, Outcome outcome) {
    outcomes_[record] = std::move(outcome);
    return left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  void wake() {
    woken_ = true;
    done_.notify();
    if (later_) std::exchange(later_, {})(outcomes_);
  }
  /// Loop thread. False: `limit` passed, and some are still under way.
  net::Task<bool> wait(std::chrono::milliseconds limit) {
    if (!woken_) co_await done_.wait_for(limit);
    co_return woken_;
  }
  const std::vector<Outcome>& outcomes() const { return outcomes_; }  ///< after wait() has said true
  /// Loop thread, after wait() has said false: what is to be done when all outcomes are there.
  void later(std::function<void(const std::vector<Outcome>&)> then) {
    if (woken_) return then(outcomes_);
    later_ = std::move(then);
  }

 private:
  net::Loop& loop_;
  std::vector<Outcome> outcomes_;
  std::atomic<std::size_t> left_;
  net::Event done_;
  std::function<void(const std::vector<Outcome>&)> later_;
  bool woken_ = false;
};

}  // namespace kp::gateway
