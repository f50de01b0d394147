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
  static constexpr std::array<Choice<bool>, 2> fillers{{{"control", true}, {"none", false}}};
  static constexpr std::array<Choice<bool>, 1> compactions{{{"keyed", true}}};
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

/// The seed's names for librdkafka's settings, all whole numbers.
struct KafkaSetting {
  std::string_view key;
  std::int64_t least = 0;
  std::int64_t most = int32_max;
};
constexpr std::array<KafkaSetting, 9> kafka_settings{{
    {"message_max_bytes", 1000, 1'000'000'000},
    {"queue_buffering_max_messages", 0, int32_max},
    {"queue_buffering_max_ms", 0, 900'000},
    {"queue_buffering_max_kbytes", 1, int32_max},
    {"retries", 0, int32_max},
    {"message_timeout_ms", 0, int32_max},
    {"request_timeout_ms", 1, 900'000},
    {"request_required_acks", -1, 1000},
    {"statistics_interval_ms", 0, 86'400'000},
}};

void read_kafka(Section& http_produce, Report& report, HttpProduce& out) {
  const YamlNode* const node = http_produce.find("kafka");
  if (node == nullptr) return;
  Section section(report, *node, "http_produce.kafka");
  section.each("brokers", Need::Optional, [&](const YamlNode& item, const std::string& path) {
    const std::string* const text = scalar_at(report, item, path);
    if (text == nullptr) return;
    // The seed hands names without a port to librdkafka, which takes Kafka's.
    const auto address = parse_address(is_host(*text) && !is_ipv6(*text) ? *text + ":9092" : *text);
    if (!address) return report.error(path, item.line, address.error().message);
    out.brokers.push_back(*address);
  });
  for (const std::string_view key : {"user", "password"}) {
    std::string text;
    if (section.text(key, text) && !text.empty()) out.kafka.emplace_back(key, text);
  }
  for (const KafkaSetting& setting : kafka_settings) {
    std::int64_t number = 0;
    if (section.integer(setting.key, number, setting.least, setting.most))
      out.kafka.emplace_back(setting.key, std::to_string(number));
  }
}

void read_ratelimit(Section& http_produce, Report& report, HttpProduce& out) {
  const YamlNode* const node = http_produce.find("ratelimit");
  if (node == nullptr) return;
  Section section(report, *node, "http_produce.ratelimit");
  section.flag("enabled", out.ratelimit_enabled);
  section.each("rules", Need::Optional, [&](const YamlNode& item, const std::string& path) {
    RateLimitRule rule;
    Section entry(report, item, path);
    entry.text("topic_name", rule.topic_name, Need::Required);
    entry.integer("max_requests_per_minute", rule.max_requests_per_minute, 0, int32_max, Need::Required);
    out.ratelimit.push_back(std::move(rule));
  });
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

void read_http_produce(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("http_produce");
  if (node == nullptr) return;
  HttpProduce& out = config.http_produce.emplace();
  Section section(report, *node, "http_produce");
  if (const YamlNode* const http = section.find("http")) {
    Section ports(report, *http, "http_produce.http");
    ports.port("port", out.port);
    ports.integer("metrics_port", out.metrics_port, 0, 65535);
  }
  read_kafka(section, report, out);
  read_ratelimit(section, report, out);
  if (const YamlNode* const wal = section.find("wal")) {
    Section directory(report, *wal, "http_produce.wal");
    directory.text("directory", out.wal_directory, Need::Required);
  }
  section.text("output_file", out.output_file);
}

}  // namespace kp::config
