#pragma once

#include <algorithm>
#include <chrono>

namespace kp::kube {

/// `burst` at once, `per_second` in the long run. One thread, or a lock around it.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  /// Takes one token, and says how long to wait before it is there. Those who wait get theirs in order.
  Clock::duration take(Clock::time_point now) {
    refill(now);
    tokens_ -= 1;
    if (tokens_ >= 0) return Clock::duration::zero();
    return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(-tokens_ / per_second_));
  }

  /// Takes one token if it is there.
  bool try_take(Clock::time_point now) {
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  void refill(Clock::time_point now) {
    if (last_ != Clock::time_point{} && now > last_)
      tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * per_second_);
    last_ = now;
  }

  double per_second_;
  double burst_;
  double tokens_;
  Clock::time_point last_{};
};

}  // namespace kp::kube
