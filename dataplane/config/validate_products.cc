#include <re2/re2.h>

#include <algorithm>

#include "config/validate.h"

namespace kp::config {
namespace {

void complain(Report& report, const std::string& path, std::string message) {
  report.error(path, report.line(path), std::move(message));
}

/// V mod P, and the group number that has to fit its 15 bits of the producer id.
void check_partitions(const std::string& path, std::int64_t virtual_count, std::int64_t physical_count,
                      Report& report) {
  constexpr std::int64_t most_groups = 32768;
  const std::string counts =
      std::to_string(virtual_count) + " virtual, " + std::to_string(physical_count) + " physical";
  if (virtual_count % physical_count != 0)
    return complain(report, path, "virtual_partitions must be a multiple of physical_partitions: " + counts);
  if (virtual_count / physical_count > most_groups)
    complain(report, path, "a physical partition can hold at most 32768 virtual ones: " + counts);
}

void check_topic_name(const std::string& path, const TopicPartitions& entry, Report& report) {
  constexpr std::size_t longest_pattern = 512;
  const std::string& topic = entry.topic;
  if (topic.size() > longest_pattern) return complain(report, path, "is too long; at most 512 characters");
  if (!entry.is_pattern()) {
    const auto legal = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
             c == '-';
    };
    if (topic.empty() || topic.size() > 249 || !std::ranges::all_of(topic, legal))
      complain(report, path, "is no topic name; a pattern must hold '*', '?' or '['");
    return;
  }
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 pattern(topic, options);
  if (!pattern.ok()) complain(report, path, "is no regular expression (RE2): " + pattern.error());
}

void validate_partition_mapping(const Config& config, const PartitionMapping& mapping, Report& report) {
  const std::string path = "partition_mapping";
  if (!wants_proxy(config))
    complain(report, path, "needs a proxy: upstream, downstream and broker_mapping are missing");
  if (!report.sound(path + ".virtual_partitions") || !report.sound(path + ".physical_partitions")) return;
  check_partitions(path + ".virtual_partitions", mapping.virtual_partitions, mapping.physical_partitions, report);
  if (mapping.topics.empty() && report.sound(path))
    report.warning(path, report.line(path),
                   "names no topics, so no topic is virtual; for all of them write topics: {\".*\": {}}");
  if (!mapping.topics.empty() && config.http_produce && config.http_produce->kafka.brokers.empty())
    complain(report, "http_produce.kafka",
             "would write to upstream past partition_mapping, where every record is group 0's: point "
             "http_produce.kafka.brokers at the proxy's own listener");
  for (const TopicPartitions& topic : mapping.topics) {
    const std::string item = path + ".topics." + topic.topic;
    check_topic_name(item, topic, report);
    if ((topic.virtual_partitions || topic.physical_partitions) && report.sound(item))
      check_partitions(item, mapping.virtual_of(topic), mapping.physical_of(topic), report);
  }
}

/// A TCP port that this process binds.
struct Bound {
  std::string path;
  std::string host;
  int first = 0;
  int last = 0;
  bool certain = true;  ///< false: only when a broker of that id turns up
};

bool overlap(const Bound& left, const Bound& right) {
  const auto wildcard = [](const std::string& host) { return host == "0.0.0.0" || host == "::"; };
  const bool same_host = left.host == right.host || wildcard(left.host) || wildcard(right.host);
  return same_host && left.first <= right.last && right.first <= left.last;
}

std::vector<Bound> ports_of_mapping(const Config& config) {
  std::vector<Bound> out;
  const std::string& bind = config.bind_address;
  if (!config.broker_mapping) return out;
  if (const auto* const sni = std::get_if<SniMapping>(&*config.broker_mapping))
    out.push_back({"broker_mapping.sni.bind_port", bind, sni->bind_port, sni->bind_port, true});
  if (const auto* const offset = std::get_if<PortOffsetMapping>(&*config.broker_mapping)) {
    const int servers = config.upstream ? static_cast<int>(config.upstream->bootstrap_servers.size()) : 0;
    const int broker_zero = offset->base + PortOffsetMapping::bootstrap_slots;
    out.push_back({"broker_mapping.port_offset", bind, offset->base, offset->base + servers - 1, true});
    out.push_back(
        {"broker_mapping.port_offset", bind, broker_zero, broker_zero + std::min(offset->max_broker_id, 65535), false});
  }
  if (const auto* const dynamic = std::get_if<DynamicMapping>(&*config.broker_mapping)) {
    for (const BootstrapMapping& entry : dynamic->bootstrap)
      if (entry.listen.port != 0)
        out.push_back(
            {"broker_mapping.dynamic.bootstrap", entry.listen.host, entry.listen.port, entry.listen.port, true});
    if (dynamic->min_port != 0)
      out.push_back({"broker_mapping.dynamic.min_port", dynamic->listener_ip, dynamic->min_port,
                     dynamic->deterministic ? 65535 : dynamic->min_port + dynamic->max_ports - 1, false});
  }
  return out;
}

std::vector<Bound> other_ports(const Config& config) {
  std::vector<Bound> out;
  if (config.admin_address)
    out.push_back(
        {"admin.address", config.admin_address->host, config.admin_address->port, config.admin_address->port});
  if (config.http_produce) {
    const HttpProduce& gateway = *config.http_produce;
    out.push_back({"http_produce.http.port", config.bind_address, gateway.http.port, gateway.http.port});
    if (gateway.http.metrics_port != 0)
      out.push_back({"http_produce.http.metrics_port", config.bind_address, gateway.http.metrics_port,
                     gateway.http.metrics_port});
  }
  return out;
}

}  // namespace

void validate_ports(const Config& config, Report& report) {
  const std::vector<Bound> mapped = ports_of_mapping(config);
  const std::vector<Bound> others = other_ports(config);
  if (!report.sound("broker_mapping") || !report.sound("admin") || !report.sound("http_produce")) return;
  for (std::size_t i = 0; i < others.size(); ++i) {
    const Bound& other = others[i];
    const std::string port = "port " + std::to_string(other.first);
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(other, others[j])) complain(report, other.path, port + " is also " + others[j].path + "'s");
    for (const Bound& mapping : mapped) {
      if (!overlap(other, mapping)) continue;
      if (mapping.certain) {
        complain(report, other.path, port + " is also bound for " + mapping.path);
      } else {
        report.warning(other.path, report.line(other.path),
                       port + " lies among the ports of " + mapping.path + "; the broker of that port is unreachable");
      }
    }
  }
}

void validate_products(const Config& config, Report& report) {
  if (config.partition_mapping) validate_partition_mapping(config, *config.partition_mapping, report);
  if (config.http_produce) validate_http_produce(config, *config.http_produce, report);
}

}  // namespace kp::config
