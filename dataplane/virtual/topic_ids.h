#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kafka/schema.h"

namespace kp::virt {

/// Names of topics by their id, which newer requests carry alone. A topic that is made anew has another id, so what is
/// known stays right. Bounded; one thread.
class TopicIds {
 public:
  explicit TopicIds(std::size_t most = 100'000) : most_(most) {}

  /// True: the name was another topic's before.
  bool learn(const kafka::Uuid& id, const std::string& name);

  /// Null: not known. Until the next learn().
  const std::string* name_of(const kafka::Uuid& id) const;

  std::vector<std::string> names() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;

  std::size_t most_;
  std::map<Key, std::string> names_;
  std::map<std::string, Key> newest_;  ///< by name
};

}  // namespace kp::virt
