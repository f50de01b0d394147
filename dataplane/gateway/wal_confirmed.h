#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>

#include "gateway/delivery.h"
#include "gateway/record.h"

namespace kp::gateway {

/// What Kafka has of the log's records, by what producers report; their reports may come when the log has ended. Any
/// thread.
class WalConfirmed {
 public:
  /// Kafka has all before `low`. What it refuses for good is kept in `directory`.
  WalConfirmed(std::filesystem::path directory, std::uint64_t low) : directory_(std::move(directory)), low_(low) {}

  /// Before `record` is sent. True: Kafka has it already.
  bool expect(std::uint64_t record);
  void settle(std::uint64_t record, const Outcome& outcome, const Record& content);

  std::uint64_t low() const;       ///< Kafka has all before it
  bool take_again();               ///< some were lost on the way: send again, from low() on; said once
  std::uint64_t rejected() const;  ///< how many Kafka has refused for good

 private:
  void reject(std::uint64_t record, const Outcome& outcome, const Record& content);

  const std::filesystem::path directory_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::uint64_t low_ = 0;
  std::deque<bool> window_;  ///< of those sent from there on
  bool again_ = false;
  std::uint64_t rejected_ = 0;
};

}  // namespace kp::gateway
