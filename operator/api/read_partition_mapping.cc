#include "api/read_spec.h"

namespace kp::api {
namespace {

using kube::Json;

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

config::TopicPartitions read_topic(const Json& node, const std::string& path, Findings& findings) {
  config::TopicPartitions out;
  Fields topic(node, path, findings);
  topic.text("name", out.topic, Need::Required);
  std::int32_t count = 0;
  if (topic.integer("virtualPartitions", count, 1, int32_max)) out.virtual_partitions = count;
  if (topic.integer("physicalPartitions", count, 1, int32_max)) out.physical_partitions = count;
  bool filler = true;
  if (topic.choice("filler", filler, config::fillers)) out.filler = config::name_of(filler, config::fillers);
  bool keyed = false;
  if (topic.choice("compacted", keyed, config::compactions))
    out.compacted = config::name_of(keyed, config::compactions);
  return out;
}

}  // namespace

void read_partition_mapping(const Json& node, Findings& findings, config::PartitionMapping& out) {
  Fields mapping(node, "spec.partitionMapping", findings);
  mapping.integer("virtualPartitions", out.virtual_partitions, 1, int32_max, Need::Required);
  mapping.integer("physicalPartitions", out.physical_partitions, 1, int32_max, Need::Required);
  mapping.flag("resumeAtLogStart", out.resume_at_log_start);
  mapping.integer("tailCacheBytes", out.tail_cache_bytes, 0, int32_max);
  std::set<std::string> seen;
  const auto read = [&](const Json& item, const std::string& path) {
    if (!item.is_object()) return findings.error(path, "must be an object");
    config::TopicPartitions topic = read_topic(item, path, findings);
    if (!seen.insert(topic.topic).second) findings.error(path + ".name", "stands twice");
    out.topics.push_back(std::move(topic));
  };
  if (mapping.each("topics", Need::Required, read) && out.topics.empty())
    mapping.error("topics", "names no topic; for all of them write [{name: '.*'}]");
}

void check_partition_mapping(const Spec& spec, Findings& findings) {
  if (spec.http_produce)
    findings.error("spec.httpProduce",
                   "would write to upstream past partitionMapping: write it into a KafkaProxy of its own, whose "
                   "upstream.bootstrapServers are this one's status.bootstrapServers");
}

}  // namespace kp::api
