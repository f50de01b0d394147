#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "gateway/record.h"

namespace kp::gateway {

/// ratelimit.rules: records of a topic within sixty buckets of a second each, as the seed counts; what was turned away
/// doesn't count here. Any thread.
class RateLimits {
 public:
  using Clock = std::chrono::steady_clock;

  /// Topics that `before` (may be null) has at the same limit go on counting.
  RateLimits(const config::HttpProduce& config, const RateLimits* before);

  struct Verdict {
    std::vector<bool> limited;      ///< a record each; empty: all may pass, and are counted
    std::chrono::seconds retry{0};  ///< when all of them may
  };
  /// All of them, or none.
  Verdict admit(std::span<const Record> records, Clock::time_point now = Clock::now());
  /// So many of the first: those before the one that may not. `retry`: when that one may.
  std::size_t admit_first(std::span<const Record> records, std::chrono::seconds& retry,
                          Clock::time_point now = Clock::now());

 private:
  static constexpr std::int64_t window = 60;
  struct Topic {
    std::mutex mutex;  ///< guards what follows
    std::array<std::uint64_t, window> counts{};
    std::int64_t newest = 0;  ///< second of the newest bucket
    std::uint64_t total = 0;

    void advance(std::int64_t second);
    std::int64_t wait_for(std::uint64_t records, std::uint64_t most) const;
  };
  struct Limited {
    std::uint64_t most = 0;
    std::shared_ptr<Topic> topic;
  };
  std::map<std::string, Limited, std::less<>> topics_;
};

}  // namespace kp::gateway
