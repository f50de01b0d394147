#include "config/readers.h"

namespace kp::config {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

/// R11's key. Our offsets are the brokers' own, so there is nothing to divide up.
void ignore_offset_range(Section& section, Report& report) {
  if (!section.has("offset_range")) return;
  const std::string path = section.path_of("offset_range");
  report.warning(path, report.line(path),
                 "is ignored: a virtual partition keeps the offsets of its physical one, so no range is set aside");
}

TopicPartitions read_topic(const std::string& topic, const YamlNode& node, Report& report) {
  TopicPartitions out;
  out.topic = topic;
  Section section(report, node, "partition_mapping.topics." + topic);
  std::int32_t count = 0;
  if (section.integer("virtual_partitions", count, 1, int32_max)) out.virtual_partitions = count;
  if (section.integer("physical_partitions", count, 1, int32_max)) out.physical_partitions = count;
  bool filler = true;
  if (section.choice("filler", filler, fillers)) out.filler = name_of(filler, fillers);
  bool keyed = false;
  if (section.choice("compacted", keyed, compactions)) out.compacted = "keyed";
  ignore_offset_range(section, report);
  return out;
}

}  // namespace

void read_partition_mapping(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("partition_mapping");
  if (node == nullptr) return;
  PartitionMapping& mapping = config.partition_mapping.emplace();
  Section section(report, *node, "partition_mapping");
  section.integer("virtual_partitions", mapping.virtual_partitions, 1, int32_max, Need::Required);
  section.integer("physical_partitions", mapping.physical_partitions, 1, int32_max, Need::Required);
  section.flag("resume_at_log_start", mapping.resume_at_log_start);
  std::int64_t kept = 0;
  if (section.bounded("tail_cache_bytes", kept, 0, int32_max, Need::Optional, parse_bytes))
    mapping.tail_cache_bytes = static_cast<std::uint32_t>(kept);
  ignore_offset_range(section, report);
  const YamlNode* const topics = section.find("topics");
  if (topics == nullptr) return;
  if (topics->kind != YamlNode::Kind::Map)
    return report.error("partition_mapping.topics", topics->line, "must be a mapping from topic names to settings");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < topics->keys.size(); ++i) {
    const std::string& topic = topics->keys[i];
    const std::string path = "partition_mapping.topics." + topic;
    if (!seen.insert(topic).second) report.error(path, topics->key_lines[i], "stands twice");
    report.saw(path, topics->key_lines[i]);
    mapping.topics.push_back(read_topic(topic, topics->items[i], report));
  }
}

}  // namespace kp::config
