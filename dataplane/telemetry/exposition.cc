#include "telemetry/exposition.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/apis.h"

namespace kp::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// Label values → value. Two sources with the same values are added up: a series that appears twice voids a scrape.
using Series = std::map<std::vector<std::string>, double>;
using LabelNames = std::initializer_list<std::string_view>;
using Reasons = std::span<const std::string_view>;

// What exists with 0 before its first event: a rate over a series that begins at 1 would never show that one.
constexpr std::array<std::string_view, 7> ends{"eof",         "timeout",      "io",      "malformed",
                                               "unsupported", "unauthorized", "draining"};
constexpr std::array<std::string_view, 4> connect_failures{"timeout", "io", "eof", "unauthorized"};
constexpr std::array<std::string_view, 1> refusals{"max_connections"};
constexpr std::array<std::string_view, 5> drains{"identity", "certificate", "endpoint", "cluster", "protocol"};
constexpr std::array<std::string_view, 4> unmappable{"conflict", "invalid", "unsupported", "io"};
constexpr std::array<std::string_view, 5> spoken{"kafka", "tls", "tls_alert", "http", "unknown"};
constexpr std::array<std::string_view, 2> sides{"downstream", "upstream"};
constexpr std::array<std::string_view, 8> handshake_failures{
    "certificate", "expired", "unknown_ca", "no_client_certificate", "protocol", "closed", "timeout", "other"};
constexpr std::array<std::string_view, 3> client_handshake_failures{"no_server_name", "revoked", "crl"};

constexpr std::array<std::string_view, 6> http_ends{"answered", "eof", "timeout", "io", "malformed", "draining"};
constexpr std::array<std::string_view, 3> http_logins{"ok", "missing", "bad_credentials"};
constexpr std::array<std::string_view, 2> log_refusals{"full", "io"};

std::string api_label(std::int16_t api) { return std::string(kafka::api_name(api)); }
std::string version_label(std::int16_t version) { return version < 0 ? "unknown" : std::to_string(version); }
std::string broker_label(BrokerId broker) { return broker < 0 ? "bootstrap" : std::to_string(broker); }

std::vector<ClientMetric::Label> labels(LabelNames names, const std::vector<std::string>& values) {
  std::vector<ClientMetric::Label> out;
  for (const std::string_view name : names) out.push_back({std::string(name), values[out.size()]});
  return out;
}

/// Builds families under the common prefix, in the order in which they will be read.
class Families {
 public:
  void counter(std::string_view name, std::string_view help, LabelNames names, const Series& series) {
    add(MetricType::Counter, "kafka_proxy_" + std::string(name), help, names, series);
  }
  void gauge(std::string_view name, std::string_view help, LabelNames names, const Series& series) {
    add(MetricType::Gauge, "kafka_proxy_" + std::string(name), help, names, series);
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    counter(name, help, {}, {{{}, static_cast<double>(value)}});
  }
  void gauge(std::string_view name, std::string_view help, double value) { gauge(name, help, {}, {{{}, value}}); }

  /// A family that all programs share, without our prefix.
  void process(MetricType type, std::string_view name, std::string_view help, double value) {
    add(type, "process_" + std::string(name), help, {}, {{{}, value}});
  }

  MetricFamily& histogram(std::string_view name, std::string_view help) {
    return families_.emplace_back(
        MetricFamily{"kafka_proxy_" + std::string(name), std::string(help), MetricType::Histogram, {}});
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void add(MetricType type, std::string name, std::string_view help, LabelNames names, const Series& series) {
    MetricFamily& family = families_.emplace_back(MetricFamily{std::move(name), std::string(help), type, {}});
    for (const auto& [values, value] : series) {
      ClientMetric& metric = family.metric.emplace_back();
      metric.label = labels(names, values);
      (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    }
  }

  std::vector<MetricFamily> families_;
};

Series by_label(const Counters::Labelled& counts, Reasons from_the_start) {
  Series out;
  for (const std::string_view value : from_the_start) out[{std::string(value)}] = 0;
  for (const auto& [value, count] : counts) out[{value}] += static_cast<double>(count);
  return out;
}

Series by_api(const std::map<std::int16_t, std::uint64_t>& counts) {
  Series out;
  for (const kafka::Api& api : kafka::apis())
    if (api.rewritten()) out[{std::string(api.name)}] = 0;
  for (const auto& [api, count] : counts) out[{api_label(api)}] += static_cast<double>(count);
  return out;
}

Series by_seen_api(const std::map<std::int16_t, std::uint64_t>& counts) {
  Series out;
  for (const auto& [api, count] : counts) out[{api_label(api)}] += static_cast<double>(count);
  return out;
}

Series by_traffic(const Counters& counters, std::uint64_t ApiTraffic::* figure) {
  Series out;
  for (const auto& [key, traffic] : counters.traffic) {
    const auto& [api, version, broker] = key;
    out[{api_label(api), version_label(version), broker_label(broker)}] += static_cast<double>(traffic.*figure);
  }
  return out;
}

Series by_handshake_failure(const Counters& counters) {
  Series out;
  for (const std::string_view side : sides)
    for (const std::string_view reason : handshake_failures) out[{std::string(side), std::string(reason)}] = 0;
  for (const std::string_view reason : client_handshake_failures) out[{"downstream", std::string(reason)}] = 0;
  for (const auto& [key, count] : counters.tls_failures) out[{key.first, key.second}] += static_cast<double>(count);
  return out;
}

ClientMetric::Histogram cumulative(const Histogram& latency) {
  ClientMetric::Histogram out;
  out.sample_sum = latency.sum;
  for (std::size_t i = 0; i < latency.buckets.size(); ++i) {
    out.sample_count += latency.buckets[i];
    if (i < Histogram::bounds.size()) out.bucket.push_back({out.sample_count, Histogram::bounds[i]});
  }
  return out;
}

void add_connections(Families& out, const Counters& counters, const Gauges& gauges) {
  out.gauge("connections_open", "Client connections that are open now.",
            static_cast<double>(counters.connections_open));
  out.gauge("connection_limit", "Client connections that may be open at once (limits.max_connections).",
            static_cast<double>(gauges.connection_limit));
  out.counter("connections_total", "Client connections accepted since the start.", counters.connections_total);
  out.counter("connections_closed_total", "Client connections that ended, by why.", {"reason"},
              by_label(counters.connections_closed, ends));
  out.counter("connections_drained_total", "Client connections that a reload had no place for, by what changed.",
              {"reason"}, by_label(counters.drained, drains));
  out.counter("connections_refused_total", "Client connections refused before a session began, by why.", {"reason"},
              by_label(counters.refused, refusals));
  out.counter("wrong_protocol_total", "Clients that spoke something else than the port expects, by what they spoke.",
              {"spoke"}, by_label(counters.wrong_protocol, spoken));
  out.counter("tls_handshakes_total", "TLS handshakes that succeeded, by side.", {"side"},
              by_label(counters.tls_handshakes, sides));
  out.counter("tls_handshake_failures_total", "TLS handshakes that failed, by side and why.", {"side", "reason"},
              by_handshake_failure(counters));
  Series logins;
  for (const auto& [key, count] : counters.logins)
    logins[{std::get<0>(key), std::get<1>(key), std::get<2>(key)}] = static_cast<double>(count);
  out.counter(
      "auth_total",
      "Logins: of clients to the proxy (downstream), of the proxy to brokers (upstream). The result is ok or why "
      "not; the mechanism is SSL for who a certificate names, NONE for who has no name, unknown before it is agreed "
      "on.",
      {"side", "mechanism", "result"}, logins);
  out.counter("upstream_connects_total", "Connections made to brokers.", counters.upstream_connects);
  out.counter("upstream_connect_failures_total", "Attempts to connect to a broker that failed, by why.", {"reason"},
              by_label(counters.upstream_connect_failures, connect_failures));
}

void add_latency(Families& out, const Counters& counters) {
  std::map<std::string, Histogram> by_name;
  for (const auto& [api, latency] : counters.latency) by_name[api_label(api)] += latency;

  MetricFamily& family = out.histogram("request_duration_seconds",
                                       "From a request's arrival to its response's departure, the broker's share "
                                       "included.");
  for (const auto& [api, latency] : by_name) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"api_key", api}};
    metric.histogram = cumulative(latency);
  }
}

void add_traffic(Families& out, const Counters& counters) {
  const LabelNames per_api{"api_key", "api_version", "broker"};
  out.counter("requests_total", "Requests from clients.", per_api, by_traffic(counters, &ApiTraffic::requests));
  out.counter("request_bytes_total", "Bytes of requests, sizes included.", per_api,
              by_traffic(counters, &ApiTraffic::request_bytes));
  out.counter("responses_total", "Responses to clients.", per_api, by_traffic(counters, &ApiTraffic::responses));
  out.counter("response_bytes_total", "Bytes of responses, sizes included.", per_api,
              by_traffic(counters, &ApiTraffic::response_bytes));
  add_latency(out, counters);
  out.counter("responses_rewritten_total", "Responses in which an address was replaced.", {"api_key"},
              by_api(counters.rewritten));
  out.counter("responses_leaked_total",
              "Responses that left with a broker address that the proxy did not write. Anything above 0 is a fault.",
              {"api_key"}, by_api(counters.leaked));
  out.counter("unmapped_brokers_total", "Brokers left out of responses for want of a downstream address, by why.",
              {"reason"}, by_label(counters.unmapped_brokers, unmappable));
}

void add_virtual(Families& out, const Counters& counters) {
  out.counter("virtual_requests_total", "Requests that named virtual partitions, or might have been told of some.",
              {"api_key"}, by_seen_api(counters.translated));
  out.counter("virtual_upstream_requests_total", "Requests that brokers got in their place.", {"api_key"},
              by_seen_api(counters.asked));
  out.counter("virtual_topics_unfit_total",
              "Answers that told of a topic that hasn't the physical partitions of its mapping, or is compacted.",
              counters.unfit_topics);
  out.gauge("virtual_gathered_bytes", "What requests with virtual partitions and their answers take in memory.",
            static_cast<double>(counters.gathered_bytes));
  out.counter("virtual_gathering_waits_total", "Times that one of them waited until others had given memory back.",
              counters.gathering_waits);
  out.counter("virtual_tail_cache_hits_total",
              "Virtual partitions in Fetches that were answered from what had been read for others.",
              counters.tail_hits);
  out.counter("virtual_tail_cache_misses_total", "Virtual partitions in Fetches that a broker was asked for instead.",
              counters.tail_misses);
  out.gauge("virtual_tail_cache_bytes", "What the tail cache (partition_mapping.tail_cache_bytes) holds.",
            static_cast<double>(counters.tail_bytes));
}

void add_state(Families& out, const Gauges& gauges) {
  out.gauge("ready", "1 when /readyz says ok.", gauges.ready ? 1 : 0);
  out.gauge("draining", "1 while the process finishes what is in flight before it ends.", gauges.draining ? 1 : 0);
  out.gauge("listeners", "Ports bound for clients.", static_cast<double>(gauges.listeners));

  Series reachable;
  for (const auto& [id, is] : gauges.brokers) reachable[{broker_label(id)}] = is ? 1 : 0;
  out.gauge("brokers", "Brokers that the cluster has named.", static_cast<double>(gauges.brokers.size()));
  out.gauge("broker_reachable", "1 when the last attempt to reach the broker worked.", {"broker"}, reachable);

  Series expiry;
  for (const auto& [file, at] : gauges.certificates)
    expiry[{file}] = static_cast<double>(std::chrono::floor<std::chrono::seconds>(at - gauges.now).count());
  out.gauge("certificate_expiry_seconds", "Time until the certificate expires; negative when it has.", {"file"},
            expiry);

  out.gauge("config_info", "The configuration in force.", {"hash", "generation"},
            {{{gauges.config_hash, gauges.config_generation}, 1}});
  out.counter("config_reloads_total", "Changed configurations that came into force.", gauges.reloads);
  out.gauge("config_last_reload_successful",
            "0 while the file asks for a configuration that was refused: a restart would fail, or act otherwise.",
            gauges.last_reload_worked ? 1 : 0);
  out.counter("config_reload_failures_total", "Changed configurations that could not; the one before stays in force.",
              gauges.reload_failures);
  out.gauge("build_info", "The program.", {"version"}, {{{gauges.version}, 1}});
}

void add_requests(Families& out, const GatewayCounters& counters) {
  MetricFamily& family = out.histogram("http_request_duration_seconds",
                                       "HTTP requests, from their head to their answer; push_sync and records wait "
                                       "for Kafka.");
  for (const auto& [key, latency] : counters.requests) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"route", key.first}, {"code", std::to_string(key.second)}};
    metric.histogram = cumulative(latency);
  }
  out.counter("http_request_body_bytes_total", "Bytes of request bodies, as they came.", counters.request_bytes);
  out.gauge("http_connections_open", "HTTP clients that are connected.",
            static_cast<double>(counters.connections_open));
  out.counter("http_connections_total", "HTTP clients that have connected.", counters.connections_total);
  out.counter("http_connections_closed_total", "HTTP connections that ended, by why.", {"reason"},
              by_label(counters.closed, http_ends));
  out.counter("http_connections_refused_total", "HTTP clients that were turned away, by why.", {"reason"},
              by_label(counters.refused, refusals));
  out.counter("http_logins_total", "Logins of HTTP clients, by result.", {"result"},
              by_label(counters.logins, http_logins));
}

void add_records(Families& out, const GatewayFigures& gateway) {
  out.counter("http_records_accepted_total", "Records taken from HTTP requests.", gateway.counters.accepted);
  out.counter("http_records_limited_total", "Records of requests that ratelimit turned away.",
              gateway.counters.limited);
  out.counter("http_records_delivered_total", "Records that Kafka has.", gateway.producer.delivered);
  out.counter("http_record_bytes_delivered_total", "Keys and values of records that Kafka has.",
              gateway.producer.delivered_bytes);
  out.counter("http_record_errors_total", "Records that Kafka did not take, by librdkafka's name for why.", {"error"},
              by_label(gateway.producer.errors, {}));
  MetricFamily& family = out.histogram("http_record_duration_seconds", "From a record's taking to Kafka's word on it.");
  family.metric.emplace_back().histogram = cumulative(gateway.producer.duration);
  out.gauge("http_queue_records", "Records on their way to Kafka.", gateway.queue_records);
  out.gauge("http_queue_bytes", "Their bytes.", gateway.queue_bytes);
  out.gauge("http_buffered_bytes", "Bytes of requests that are not complete.", gateway.buffered_bytes);
  out.gauge("http_kafka_answers", "1 when the producer reaches Kafka.", gateway.kafka_answers ? 1 : 0);
  Series figures;
  for (const auto& [figure, value] : gateway.producer.statistics.producer) figures[{figure}] = value;
  out.gauge("http_producer_statistic", "librdkafka's own figures (statistics_interval_ms), by its name for them.",
            {"figure"}, figures);
  Series brokers;
  for (const auto& [broker, all] : gateway.producer.statistics.by_broker)
    for (const auto& [figure, value] : all) brokers[{broker, figure}] = value;
  out.gauge("http_producer_broker_statistic", "The same of a broker.", {"broker", "figure"}, brokers);
}

void add_gateway(Families& out, const GatewayFigures& gateway) {
  add_requests(out, gateway.counters);
  add_records(out, gateway);
  if (!gateway.has_log) return;
  out.gauge("http_log_bytes", "Size of the write-ahead log.", gateway.log_bytes);
  out.gauge("http_log_segments", "Files of it.", gateway.log_segments);
  out.gauge("http_log_unsent_records", "Records in it that Kafka hasn't confirmed.", gateway.log_unsent);
  out.counter("http_log_records_total", "Records written to it.", gateway.log_appended);
  out.counter("http_log_replayed_total", "Records of an earlier process that were sent again.", gateway.log_replayed);
  out.counter("http_log_rejected_total", "Records of it that Kafka refuses for good.", gateway.log_rejected);
  out.counter("http_log_refused_total", "Groups of requests that could not be written to it, by why.", {"reason"},
              by_label(gateway.log_refused, log_refusals));
  out.counter("http_log_fsyncs_total", "Times that it was made safe.", gateway.log_fsyncs);
}

void add_process(Families& out, const ProcessStats& stats) {
  out.process(MetricType::Counter, "cpu_seconds_total", "User and system CPU time.", stats.cpu_seconds);
  out.process(MetricType::Gauge, "resident_memory_bytes", "Resident memory.",
              static_cast<double>(stats.resident_bytes));
  out.process(MetricType::Gauge, "virtual_memory_bytes", "Virtual memory.", static_cast<double>(stats.virtual_bytes));
  out.process(MetricType::Gauge, "open_fds", "Open file descriptors.", static_cast<double>(stats.open_fds));
  out.process(MetricType::Gauge, "max_fds", "Limit of open file descriptors.", static_cast<double>(stats.max_fds));
  out.process(MetricType::Gauge, "start_time_seconds", "Start of the process, Unix time.", stats.start_time_seconds);
}

}  // namespace

std::string prometheus_text(const Counters& counters, const Gauges& gauges) {
  Families out;
  add_connections(out, counters, gauges);
  add_traffic(out, counters);
  add_virtual(out, counters);
  add_state(out, gauges);
  if (gauges.gateway) add_gateway(out, *gauges.gateway);
  add_process(out, gauges.process);
  return out.text();
}

}  // namespace kp::telemetry
