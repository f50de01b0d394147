#include "virtual/mapping.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace kp::virt {
namespace {

constexpr std::array<std::string_view, 4> internal_topics{"__consumer_offsets", "__transaction_state",
                                                          "__share_group_state", "__cluster_metadata"};

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

TopicRule rule_of(const config::PartitionMapping& defaults, const config::TopicPartitions& topic) {
  return {defaults.virtual_of(topic), defaults.physical_of(topic), topic.filler != "none", topic.compacted == "keyed"};
}

}  // namespace

Mapping::Mapping(const config::PartitionMapping& config) : resume_at_log_start_(config.resume_at_log_start) {
  for (const config::TopicPartitions& topic : config.topics) {
    const TopicRule rule = rule_of(config, topic);
    most_groups_ = std::max(most_groups_, rule.groups());
    if (topic.is_pattern()) {
      patterns_.emplace_back(std::make_unique<RE2>(topic.topic, quiet()), rule);
    } else {
      exact_.emplace(topic.topic, rule);
    }
  }
}

Mapping::~Mapping() = default;

const TopicRule* Mapping::find(std::string_view topic) const {
  if (topic.starts_with("__") && std::ranges::find(internal_topics, topic) != internal_topics.end()) return nullptr;
  if (const auto exact = exact_.find(topic); exact != exact_.end()) return &exact->second;
  const re2::StringPiece text(topic.data(), topic.size());
  for (const auto& [pattern, rule] : patterns_) {
    if (RE2::FullMatch(text, *pattern)) return &rule;
  }
  return nullptr;
}

bool Mapping::fits_virtual(std::string_view regex, const std::vector<std::string>& known) const {
  const RE2 pattern(re2::StringPiece(regex.data(), regex.size()), quiet());
  if (!pattern.ok()) return true;
  const auto fits = [&](const std::string& topic) { return RE2::FullMatch(topic, pattern); };
  return std::ranges::any_of(exact_, [&](const auto& entry) { return fits(entry.first); }) ||
         std::ranges::any_of(known, [&](const std::string& topic) { return fits(topic) && find(topic) != nullptr; });
}

}  // namespace kp::virt
