#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "virtual/fields.h"

namespace kp::virt {

/// With which virtual group the next Fetch of a session begins, by physical partition, where one alone can't read for
/// all. Soft: what is forgotten begins at group 0. Bounded; one thread.
class Turns {
 public:
  using Key = std::pair<TopicKey, std::int32_t>;

  explicit Turns(std::size_t most = 1000) : most_(most) {}

  std::int32_t first(const Key& physical) const {
    const auto found = first_.find(physical);
    return found == first_.end() ? 0 : found->second;
  }
  void begin_with(const Key& physical, std::int32_t group) {
    if (first_.size() >= most_ && !first_.contains(physical)) first_.clear();
    first_.insert_or_assign(physical, group);
  }

 private:
  std::size_t most_;
  std::map<Key, std::int32_t> first_;
};

}  // namespace kp::virt
