#pragma once

#include <functional>
#include <string>
#include <utility>

#include "net/loop.h"

namespace kp::gateway {

/// One request that waits for its records to be in the log.
class Logged {
 public:
  explicit Logged(net::Loop& loop) : loop_(loop), done_(loop.executor()) {}

  net::Loop& loop() const { return loop_; }
  void wake(std::string trouble) {  ///< loop thread
    trouble_ = std::move(trouble);
    woken_ = true;
    done_.notify();
    if (later_) std::exchange(later_, {})(trouble_);
  }
  net::Task<bool> wait(std::chrono::milliseconds limit) {
    if (!woken_) co_await done_.wait_for(limit);
    co_return woken_;
  }
  const std::string& trouble() const { return trouble_; }  ///< empty: they are in it
  /// Loop thread, after wait() has said false: what is to be done when it is known.
  void later(std::function<void(const std::string& trouble)> then) {
    if (woken_) return then(trouble_);
    later_ = std::move(then);
  }

 private:
  net::Loop& loop_;
  net::Event done_;
  std::function<void(const std::string&)> later_;
  std::string trouble_;
  bool woken_ = false;
};

}  // namespace kp::gateway
