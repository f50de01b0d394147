#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "virtual/exchange.h"

namespace kp::proxy {

/// Virtual topics without the partitions of their mapping: those that clients asked for, as answers of one cluster's
/// brokers said last. Any thread; while there are none, as nearly always, nothing is locked.
class UnfitTopics {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t most = 32;          ///< further ones are left out until there is room
  static constexpr std::chrono::minutes kept{10};  ///< after the last answer about it: nobody may ask again

  void note(const virt::UnfitTopic& topic, Time now);
  void forget(const std::string& name);  ///< an answer said that it fits, or isn't there
  bool empty() const { return count_ == 0; }
  std::vector<virt::UnfitTopic> list(Time now);  ///< by name

 private:
  struct Seen {
    virt::UnfitTopic topic;
    Time at;
  };

  void drop_old(Time now);

  std::mutex mutex_;                    ///< guards topics_
  std::map<std::string, Seen> topics_;  ///< by name
  std::atomic<std::size_t> count_{0};   ///< of topics_
};

}  // namespace kp::proxy
