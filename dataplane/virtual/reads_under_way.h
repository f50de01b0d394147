#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "virtual/tail_cache.h"

namespace kp::virt {

/// Somebody waits for another's read instead of asking the broker for the same.
struct TailWait {
  std::chrono::steady_clock::time_point until;  ///< no longer, whatever has become of that read
  bool over = false;
  std::function<void()> wake{};  ///< of whoever drives the exchange; called when it is over
};

/// What brokers have been asked for of the ends of physical partitions, and haven't answered. One thread.
class ReadsUnderWay {
 public:
  /// When a broker answers: with so many bytes, or then.
  struct Terms {
    std::int32_t min_bytes = 0;
    std::chrono::steady_clock::time_point until;
  };

  /// One request. With its end those who wait for it go on, so what it brought has to be kept before.
  class Read {
   public:
    Read(ReadsUnderWay& of, std::vector<TailPlace> places, Terms terms);
    ~Read();
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;

   private:
    friend class ReadsUnderWay;
    ReadsUnderWay& of_;
    std::vector<std::multimap<TailPlace, Read*>::iterator> entries_;
    Terms terms_;
    std::vector<std::weak_ptr<TailWait>> waits_;
  };

  /// Until the first read of one of `places` ends. Null: not all are being read, so that they would be answered as
  /// early as by `terms`.
  std::shared_ptr<TailWait> wait(const std::vector<TailPlace>& places, Terms terms);

 private:
  Read* find(const TailPlace& place, Terms terms) const;

  std::multimap<TailPlace, Read*> reads_;
};

/// What the sessions of a loop share of what they read at the ends of physical partitions.
struct Tail {
  TailCache cache;
  ReadsUnderWay under_way;
  bool crowded = false;      ///< no memory for copies: everybody reads for himself
  std::uint64_t hits = 0;    ///< virtual partitions that were answered from the cache
  std::uint64_t misses = 0;  ///< that a broker was asked for instead
};

}  // namespace kp::virt
