#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/answer.h"

namespace kp::gateway {

/// What was answered to requests with an Idempotency-Key, for a window of time; bounded. Any thread.
class Idempotency {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t most = 100'000;  ///< keys; the oldest goes first
  static constexpr std::size_t most_bytes = 16 << 20;

  explicit Idempotency(std::chrono::milliseconds window) : window_(window) {}

  enum class Verdict : std::uint8_t { New, UnderWay, Another, Answered };
  /// New: the caller does it, then calls settle(), when it knows what came of it. `body`: what tells that it is the
  /// same request.
  Verdict claim(const std::string& key, std::uint64_t body, Answer& answer, Clock::time_point now = Clock::now());
  /// Only what was done is remembered: what failed may be tried again.
  void settle(const std::string& key, const Answer& answer);
  std::size_t bytes() const;  ///< of all that is remembered

 private:
  struct Entry {
    std::uint64_t body = 0;
    bool answered = false;
    Answer answer;
    Clock::time_point since;
  };
  void forget_old(Clock::time_point now);

  const std::chrono::milliseconds window_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<Clock::time_point, std::string>> order_;
  std::size_t bytes_ = 0;  ///< of the keys in order_, and of the answers
};

}  // namespace kp::gateway
