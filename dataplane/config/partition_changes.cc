#include "config/partition_changes.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace kp::config {
namespace {

const std::string block = "partition_mapping";

struct Counts {
  std::int32_t virtual_partitions = 0;
  std::int32_t physical_partitions = 0;
};

Counts counts_of(const PartitionMapping& mapping, const TopicPartitions& topic) {
  return {mapping.virtual_of(topic), mapping.physical_of(topic)};
}

std::string path_of(const TopicPartitions& topic) { return block + ".topics." + topic.topic; }

/// Where the number stands that counts for the topic: with it, or above all topics.
std::string path_of(const TopicPartitions& topic, bool own, std::string_view key) {
  return (own ? path_of(topic) : block) + "." + std::string(key);
}

bool matches(const TopicPartitions& pattern, const std::string& topic) {
  RE2::Options options;
  options.set_log_errors(false);
  return RE2::FullMatch(topic, RE2(pattern.topic, options));
}

class Comparison {
 public:
  Comparison(const PartitionMapping& before, const PartitionMapping& after) : before_(before), after_(after) {}

  std::vector<PartitionRefusal> refusals() && {
    for (const TopicPartitions& was : before_.topics) {
      const auto is = std::ranges::find(after_.topics, was.topic, &TopicPartitions::topic);
      if (is == after_.topics.end())
        refuse(path_of(was), "can't be taken away: its records would be read with those of other partitions");
      else
        compare_counts(*is, was);
    }
    for (const TopicPartitions& is : after_.topics)
      if (std::ranges::find(before_.topics, is.topic, &TopicPartitions::topic) == before_.topics.end()) look_at_new(is);
    compare_order();
    return std::move(found_);
  }

 private:
  void refuse(std::string path, std::string why) {
    PartitionRefusal refusal{std::move(path), std::move(why)};
    if (std::ranges::find(found_, refusal) == found_.end()) found_.push_back(std::move(refusal));
  }

  void compare_counts(const TopicPartitions& is, const TopicPartitions& was) {
    const Counts from = counts_of(before_, was);
    const bool keyed = was.compacted == "keyed";
    const Counts to = counts_of(after_, is);
    const auto change = [](std::int32_t a, std::int32_t b) { return std::to_string(a) + " to " + std::to_string(b); };
    if (to.physical_partitions != from.physical_partitions)
      refuse(path_of(is, is.physical_partitions || was.physical_partitions, "physical_partitions"),
             "can't change, from " + change(from.physical_partitions, to.physical_partitions) +
                 ": records would be looked for in other partitions; make another topic");
    const std::string path = path_of(is, is.virtual_partitions || was.virtual_partitions, "virtual_partitions");
    if (to.virtual_partitions < from.virtual_partitions)
      refuse(path, "can't shrink, from " + change(from.virtual_partitions, to.virtual_partitions) +
                       ": records of the partitions that go would be lost; make another topic");
    if (to.virtual_partitions > from.virtual_partitions && keyed)
      refuse(path, "can't grow, from " + change(from.virtual_partitions, to.virtual_partitions) +
                       ", while the topic is compacted: keyed: keys would move to other partitions");
  }

  /// A name that an old pattern stood for must go on as it was.
  void look_at_new(const TopicPartitions& is) {
    if (is.is_pattern()) return;
    for (const TopicPartitions& was : before_.topics) {
      if (!was.is_pattern() || !matches(was, is.topic)) continue;
      return compare_counts(is, was);
    }
  }

  /// Of two patterns that fit a topic the first counts: old ones keep their order, and new ones come last.
  void compare_order() {
    const auto patterns = [](const PartitionMapping& mapping) {
      std::vector<std::string> all;
      for (const TopicPartitions& topic : mapping.topics)
        if (topic.is_pattern()) all.push_back(topic.topic);
      return all;
    };
    const std::vector<std::string> was = patterns(before_);
    std::vector<std::string> is = patterns(after_);
    is.resize(std::min(is.size(), was.size()));
    if (is != was && std::ranges::is_permutation(is, was))
      refuse(block + ".topics", "patterns can't change their order: the first that fits a topic counts");
    else if (is != was && found_.empty())
      refuse(block + ".topics", "a new pattern must stand behind those in force: the first that fits a topic counts");
  }

  const PartitionMapping& before_;
  const PartitionMapping& after_;
  std::vector<PartitionRefusal> found_;
};

}  // namespace

std::vector<PartitionRefusal> partition_refusals(const std::optional<PartitionMapping>& before,
                                                 const std::optional<PartitionMapping>& after) {
  if (!before || before->topics.empty()) return {};
  if (!after) return {{block, "can't be taken away: records of virtual partitions would be read as others'"}};
  return Comparison(*before, *after).refusals();
}

}  // namespace kp::config
