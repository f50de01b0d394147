#pragma once

#include <algorithm>
#include <vector>

#include "runtime/clock.h"
#include "support/socket.h"

namespace kp::runtime::test {

/// Time that passes only when the test says so.
class ManualClock final : public Clock {
 public:
  Time now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  WallTime wall_time() const override {
    return WallTime{std::chrono::hours(24 * 365 * 50)} +
           std::chrono::duration_cast<WallTime::duration>(now() - Time{start});
  }

  void wait_until(std::condition_variable& woken, std::unique_lock<std::mutex>& lock, Time at) override {
    {
      const std::lock_guard own(mutex_);
      if (now_ >= at) return;
      waiting_.push_back({&woken, lock.mutex(), at});
    }
    woken.wait(lock);
    const std::lock_guard own(mutex_);
    const auto mine = std::ranges::find(waiting_, &woken, &Waiting::woken);
    if (mine != waiting_.end()) waiting_.erase(mine);
  }

  void advance(Duration span) {
    std::vector<Waiting> due;
    {
      const std::lock_guard lock(mutex_);
      now_ += span;
      std::ranges::copy_if(waiting_, std::back_inserter(due), [&](const Waiting& each) { return each.at <= now_; });
    }
    for (const Waiting& each : due) wake(each);
  }

  /// Waits until `count` waits for a point in time are under way.
  bool wait_for_waiting(std::size_t count) const {
    return kp::test::eventually([&] {
      const std::lock_guard lock(mutex_);
      return static_cast<std::size_t>(std::ranges::count_if(
                 waiting_, [this](const Waiting& each) { return each.at > now_ && each.at != Time::max(); })) >= count;
    });
  }

 private:
  static constexpr std::chrono::hours start{1000};
  struct Waiting {
    std::condition_variable* woken;
    std::mutex* mutex;
    Time at;
  };

  /// Whoever waits may have given up by now, and its mutex with it: so only those that are still known are touched, and
  /// none can leave while mutex_ is held.
  void wake(const Waiting& each) {
    for (;;) {
      const std::lock_guard lock(mutex_);
      if (std::ranges::find(waiting_, each.woken, &Waiting::woken) == waiting_.end()) return;
      if (!each.mutex->try_lock()) continue;
      each.mutex->unlock();
      each.woken->notify_all();
      return;
    }
  }

  mutable std::mutex mutex_;  ///< of all below
  Time now_{start};
  std::vector<Waiting> waiting_;
};

}  // namespace kp::runtime::test
