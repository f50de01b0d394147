#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"

namespace re2 {
class RE2;
}

namespace kp::virt {

/// How the partitions of one topic are shared: virtual partition v stands in physical partition v mod P, as group v /
/// P.
struct TopicRule {
  std::int32_t virtual_partitions = 1;   ///< V, a multiple of P
  std::int32_t physical_partitions = 1;  ///< P
  bool filler = true;                    ///< false: nothing stands for what is dropped (filler: none)
  bool keyed = false;                    ///< may be compacted: each key goes to one virtual partition only

  std::int32_t groups() const { return virtual_partitions / physical_partitions; }
  bool has(std::int32_t partition) const { return partition >= 0 && partition < virtual_partitions; }
  std::int32_t group_of(std::int32_t partition) const { return partition / physical_partitions; }
  std::int32_t physical_of(std::int32_t partition) const { return partition % physical_partitions; }
  std::int32_t virtual_of(std::int32_t group, std::int32_t physical) const {
    return group * physical_partitions + physical;
  }
  bool operator==(const TopicRule&) const = default;
};

/// Which topics are virtual, and how. Immutable; any thread.
class Mapping {
 public:
  /// `config` has been validated.
  explicit Mapping(const config::PartitionMapping& config);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// Null: the topic is as the brokers have it. Exact names first, then patterns, which match the whole name, in their
  /// order. Kafka's own topics are never virtual.
  const TopicRule* find(std::string_view topic) const;

  /// Does `regex` (RE2, on the whole name, as brokers match subscriptions) fit a topic that is named in the mapping or
  /// in `known`, and virtual? A regex that can't be read fits.
  bool fits_virtual(std::string_view regex, const std::vector<std::string>& known) const;

  /// The most groups that any topic has.
  std::int32_t most_groups() const { return most_groups_; }
  bool resume_at_log_start() const { return resume_at_log_start_; }

 private:
  std::map<std::string, TopicRule, std::less<>> exact_;
  std::vector<std::pair<std::unique_ptr<re2::RE2>, TopicRule>> patterns_;
  std::int32_t most_groups_ = 1;
  bool resume_at_log_start_ = true;
};

}  // namespace kp::virt
