#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace kp::runtime {

/// Time, and waiting for it, so that a test can be its master. Any thread.
class Clock {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Time = std::chrono::steady_clock::time_point;
  using WallTime = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual WallTime wall_time() const = 0;

  /// Returns at `at`, when `woken` is notified, or earlier: look, and wait again. Time::max(): only when notified.
  virtual void wait_until(std::condition_variable& woken, std::unique_lock<std::mutex>& lock, Time at) = 0;

  /// False: stopped before `span` was over. Duration::max(): waits only for that.
  bool sleep(Duration span, const std::stop_token& stop);
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_time() const override { return std::chrono::system_clock::now(); }
  void wait_until(std::condition_variable& woken, std::unique_lock<std::mutex>& lock, Time at) override;
};

/// Kubernetes's MicroTime: "2026-11-21T14:45:38.123456Z".
std::string micro_time(Clock::WallTime time);

}  // namespace kp::runtime
