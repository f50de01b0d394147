#include "virtual/topic_ids.h"

namespace kp::virt {

bool TopicIds::learn(const kafka::Uuid& id, const std::string& name) {
  if (id == kafka::Uuid{} || name.empty()) return false;
  const Key key{id.high, id.low};
  if (names_.size() >= most_ && !names_.contains(key)) {  // they are learned again
    names_.clear();
    newest_.clear();
  }
  names_.insert_or_assign(key, name);
  const auto [before, first] = newest_.emplace(name, key);
  return !first && std::exchange(before->second, key) != key;
}

const std::string* TopicIds::name_of(const kafka::Uuid& id) const {
  const auto found = names_.find({id.high, id.low});
  return found == names_.end() ? nullptr : &found->second;
}

std::vector<std::string> TopicIds::names() const {
  std::vector<std::string> all;
  all.reserve(names_.size());
  for (const auto& [id, name] : names_) all.push_back(name);
  return all;
}

}  // namespace kp::virt
