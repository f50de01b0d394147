#include "proxy/unfit_topics.h"

namespace kp::proxy {

void UnfitTopics::note(const virt::UnfitTopic& topic, Time now) {
  const std::lock_guard lock(mutex_);
  drop_old(now);
  if (topics_.size() < most || topics_.contains(topic.name)) topics_.insert_or_assign(topic.name, Seen{topic, now});
  count_ = topics_.size();
}

void UnfitTopics::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  topics_.erase(name);
  count_ = topics_.size();
}

std::vector<virt::UnfitTopic> UnfitTopics::list(Time now) {
  const std::lock_guard lock(mutex_);
  drop_old(now);
  count_ = topics_.size();
  std::vector<virt::UnfitTopic> out;
  for (const auto& [name, seen] : topics_) out.push_back(seen.topic);
  return out;
}

void UnfitTopics::drop_old(Time now) {
  std::erase_if(topics_, [&](const auto& entry) { return now - entry.second.at > kept; });
}

}  // namespace kp::proxy
