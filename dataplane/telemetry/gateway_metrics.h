#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "telemetry/metrics.h"

/// What the HTTP gateway counts. Labels are bounded: never a topic or a client.
namespace kp::telemetry {

/// One loop's share; only its thread touches it.
struct GatewayCounters {
  using Labelled = Counters::Labelled;

  std::map<std::pair<std::string, unsigned>, Histogram> requests;  ///< route, status
  std::uint64_t request_bytes = 0;                                 ///< bodies, as they came
  std::uint64_t accepted = 0;                                      ///< records taken for Kafka or the log
  std::uint64_t limited = 0;                                       ///< records turned away by ratelimit
  std::int64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  Labelled closed;   ///< connections, by why
  Labelled logins;   ///< by result
  Labelled refused;  ///< connections, by why

  GatewayCounters& operator+=(const GatewayCounters& other);
};

/// Of a producer, and of all that came before it.
struct ProducerCounters {
  std::uint64_t delivered = 0;
  std::uint64_t delivered_bytes = 0;
  Counters::Labelled errors;  ///< records that did not get there, by librdkafka's name for why
  Histogram duration;         ///< from being taken to the broker's word
  /// From librdkafka's statistics, when statistics_interval_ms asks for them.
  struct Statistics {
    std::map<std::string, double> producer;                          ///< figure → value
    std::map<std::string, std::map<std::string, double>> by_broker;  ///< broker id → figure → value
  };
  Statistics statistics;

  ProducerCounters& operator+=(const ProducerCounters& other);
};

/// What a scrape shows of the gateway as it is now.
struct GatewayFigures {
  GatewayCounters counters;
  ProducerCounters producer;
  double queue_records = 0;
  double queue_bytes = 0;
  double buffered_bytes = 0;
  bool kafka_answers = false;
  bool has_log = false;
  double log_bytes = 0;
  double log_segments = 0;
  double log_unsent = 0;  ///< records in the log that Kafka hasn't confirmed
  std::uint64_t log_appended = 0;
  std::uint64_t log_replayed = 0;
  std::uint64_t log_rejected = 0;
  Counters::Labelled log_refused;  ///< appends, by why
  std::uint64_t log_fsyncs = 0;
};

}  // namespace kp::telemetry
