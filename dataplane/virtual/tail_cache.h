#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "kafka/apis.h"
#include "kafka/messages/01_fetch.h"
#include "virtual/fields.h"
#include "virtual/sieve.h"

namespace kp::virt {

/// What is asked of a physical partition but for the offset. Who asks the same may have the same records.
struct TailQuestion {
  std::string reader;  ///< Context::reader
  kafka::Version version = 0;
  std::int8_t isolation_level = 0;
  std::string rack;  ///< of the client: a broker may send it to another
  TopicKey topic;
  std::int32_t partition = 0;
  std::int32_t leader_epoch = -1;  ///< that the client goes by: a broker of another refuses
  auto operator<=>(const TailQuestion&) const = default;
};

/// A question and the offset from which.
using TailPlace = std::pair<TailQuestion, std::int64_t>;

/// What a broker answered for one physical partition: records, and no error.
struct TailRead {
  std::shared_ptr<const Bytes> frame;  ///< all below borrows from it; nobody changes it any more
  kafka::FetchResponse::Topic::Partition answered;
  Sieve sieve;

  std::int64_t next_offset() const { return sieve.end(); }
};

/// What was just read of the ends of physical partitions, for those who want other virtual partitions of them a moment
/// later. Only records that a broker has given out are in it, so they are below the high watermark (or the last stable
/// offset) for good, but for an unclean election or a deletion; and for those it forgets fast. Bounded; one thread.
class TailCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds good_for{250};

  /// In bytes. 0: nothing is kept.
  void limit(std::size_t most);

  /// Null: nothing is known of this offset, or not any more.
  std::shared_ptr<const TailRead> find(const TailPlace& place, Time now);

  /// What stood in one answer. `reads` aren't empty, and borrow from the same frame.
  void keep(std::vector<std::pair<TailPlace, std::shared_ptr<const TailRead>>> reads, Time now);

  std::size_t bytes() const { return bytes_; }

 private:
  /// Of one frame, which goes as a whole.
  struct Kept {
    Time since;
    std::size_t bytes = 0;
    std::vector<std::pair<TailPlace, std::shared_ptr<const TailRead>>> reads;
  };

  void forget_until(Time since);
  void forget_oldest();

  std::size_t most_ = 0;
  std::size_t bytes_ = 0;
  std::deque<Kept> kept_;  ///< the oldest first
  std::map<TailPlace, std::shared_ptr<const TailRead>> reads_;
};

}  // namespace kp::virt
