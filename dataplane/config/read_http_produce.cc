#include <limits>

#include "config/readers.h"

namespace kp::config {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t tebibyte = std::int64_t{1} << 40;

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
constexpr std::array<Choice<bool>, 5> compressions{
    {{"none", true}, {"gzip", true}, {"snappy", true}, {"lz4", true}, {"zstd", true}}};

/// A size in bytes, or as 100MiB.
template <class T>
void read_bytes(Section& section, std::string_view key, T& out, std::int64_t least, std::int64_t most) {
  std::int64_t bytes = 0;
  if (section.bounded(key, bytes, least, most, Need::Optional, parse_bytes)) out = static_cast<T>(bytes);
}

void read_logins(Section& http, Report& report, HttpDoor& out) {
  http.each("authentication", Need::Optional, [&](const YamlNode& node, const std::string& path) {
    const std::string* const text = scalar_at(report, node, path);
    if (text == nullptr) return;
    const auto login = parse_choice(*text, http_logins);
    if (!login) return report.error(path, node.line, login.error().message);
    out.logins.push_back(*login);
  });
  read_credentials(http, report, "bearer_tokens", out.bearer_tokens);
  http.text("bearer_tokens_file", out.bearer_tokens_file);
}

void read_http(Section& http_produce, Report& report, HttpDoor& out) {
  const YamlNode* const node = http_produce.find("http");
  if (node == nullptr) return;
  Section http(report, *node, "http_produce.http");
  http.port("port", out.port);
  http.integer("metrics_port", out.metrics_port, 0, 65535);
  http.integer("max_connections", out.max_connections, 1, 10'000'000);
  read_bytes(http, "max_body_bytes", out.max_body_bytes, 1024, 1 << 30);
  read_bytes(http, "max_buffered_bytes", out.max_buffered_bytes, 64 * 1024, int32_max);
  read_duration(http, "request_timeout", out.request_timeout, std::chrono::hours(1));
  read_duration(http, "idle_timeout", out.idle_timeout, std::chrono::hours(24));
  read_duration(http, "idempotency_window", out.idempotency_window, std::chrono::hours(24));
  if (const YamlNode* const found = http.find("tls")) {
    Section tls(report, *found, "http_produce.http.tls");
    read_downstream_tls(tls, report, out.tls.emplace());
  }
  read_logins(http, report, out);
  http.each("cors_origins", Need::Optional, [&](const YamlNode& item, const std::string& path) {
    if (const std::string* const text = scalar_at(report, item, path)) out.cors_origins.push_back(*text);
  });
}

void read_kafka(Section& http_produce, Report& report, HttpKafka& out) {
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
  section.text("user", out.user);
  section.text("password", out.password);
  SecurityProtocol protocol{};
  if (section.choice("security_protocol", protocol, security_protocols)) out.security_protocol = protocol;
  SaslMechanism mechanism{};
  if (section.choice("sasl_mechanism", mechanism, sasl_mechanisms)) out.sasl_mechanism = mechanism;
  bool known = false;
  if (section.choice("compression", known, compressions)) section.text("compression", out.compression);
  for (const KafkaSetting& setting : kafka_settings) {
    std::int64_t number = 0;
    if (section.integer(setting.key, number, setting.least, setting.most))
      out.settings.emplace_back(setting.key, number);
  }
  if (const YamlNode* const found = section.find("tls")) {
    Section tls(report, *found, "http_produce.kafka.tls");
    read_upstream_tls(tls, out.tls.emplace());
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

void read_wal(Section& http_produce, Report& report, HttpProduce& out) {
  const YamlNode* const node = http_produce.find("wal");
  if (node == nullptr) return;
  Wal& wal = out.wal.emplace();
  Section section(report, *node, "http_produce.wal");
  section.text("directory", wal.directory, Need::Required);
  section.choice("fsync", wal.fsync, fsyncs);
  read_duration(section, "fsync_interval", wal.fsync_interval, std::chrono::hours(1));
  read_bytes(section, "max_bytes", wal.max_bytes, 1 << 20, 64 * tebibyte);
  read_bytes(section, "segment_bytes", wal.segment_bytes, 64 * 1024, int32_max);
}

}  // namespace

void read_http_produce(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("http_produce");
  if (node == nullptr) return;
  HttpProduce& out = config.http_produce.emplace();
  Section section(report, *node, "http_produce");
  read_http(section, report, out.http);
  read_kafka(section, report, out.kafka);
  read_ratelimit(section, report, out);
  read_wal(section, report, out);
  section.text("output_file", out.output_file);
}

}  // namespace kp::config
