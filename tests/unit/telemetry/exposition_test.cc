#include "telemetry/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace kp::telemetry {
namespace {

using testing::HasSubstr;

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

#define EXPECT_LINE(text, line) EXPECT_TRUE(has_line(text, line)) << "no line " << (line) << " in\n" << (text)

TEST(Exposition, TrafficIsByApiVersionAndBroker) {
  Counters counters;
  counters.traffic_of(3, 12, bootstrap_broker) = {2, 60, 1, 500};
  counters.traffic_of(1, 17, 4).requests = 7;

  const std::string text = prometheus_text(counters, {});

  EXPECT_LINE(text, R"(kafka_proxy_requests_total{api_key="Metadata",api_version="12",broker="bootstrap"} 2)");
  EXPECT_LINE(text, R"(kafka_proxy_request_bytes_total{api_key="Metadata",api_version="12",broker="bootstrap"} 60)");
  EXPECT_LINE(text, R"(kafka_proxy_responses_total{api_key="Metadata",api_version="12",broker="bootstrap"} 1)");
  EXPECT_LINE(text, R"(kafka_proxy_response_bytes_total{api_key="Metadata",api_version="12",broker="bootstrap"} 500)");
  EXPECT_LINE(text, R"(kafka_proxy_requests_total{api_key="Fetch",api_version="17",broker="4"} 7)");
}

TEST(Exposition, KeysThatShareALabelMakeOneSeries) {
  Counters counters;
  counters.traffic[{std::int16_t{999}, std::int16_t{-1}, 1}].requests = 1;
  counters.traffic[{std::int16_t{998}, std::int16_t{-1}, 1}].requests = 2;

  const std::string text = prometheus_text(counters, {});

  EXPECT_LINE(text, R"(kafka_proxy_requests_total{api_key="unknown",api_version="unknown",broker="1"} 3)");
}

TEST(Exposition, LatencyBucketsAreCumulativeAndEndInTheCount) {
  Counters counters;
  counters.latency[0].observe(std::chrono::microseconds(900));
  counters.latency[0].observe(std::chrono::milliseconds(2));
  counters.latency[0].observe(std::chrono::seconds(9));

  const std::string text = prometheus_text(counters, {});

  EXPECT_LINE(text, R"(kafka_proxy_request_duration_seconds_bucket{api_key="Produce",le="0.0005"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_request_duration_seconds_bucket{api_key="Produce",le="0.001"} 1)");
  EXPECT_LINE(text, R"(kafka_proxy_request_duration_seconds_bucket{api_key="Produce",le="5"} 2)");
  EXPECT_LINE(text, R"(kafka_proxy_request_duration_seconds_bucket{api_key="Produce",le="+Inf"} 3)");
  EXPECT_LINE(text, R"(kafka_proxy_request_duration_seconds_count{api_key="Produce"} 3)");
}

TEST(Exposition, WhatAlertsWatchExistsBeforeItsFirstEvent) {
  const std::string text = prometheus_text({}, {});

  EXPECT_LINE(text, R"(kafka_proxy_responses_leaked_total{api_key="Metadata"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_responses_leaked_total{api_key="ShareAcknowledge"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_responses_rewritten_total{api_key="Fetch"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_connections_refused_total{reason="max_connections"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_connections_closed_total{reason="malformed"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_unmapped_brokers_total{reason="conflict"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_wrong_protocol_total{spoke="http"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_tls_handshakes_total{side="upstream"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_tls_handshake_failures_total{side="downstream",reason="certificate"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_tls_handshake_failures_total{side="downstream",reason="revoked"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_tls_handshake_failures_total{side="upstream",reason="expired"} 0)");
  EXPECT_LINE(text, R"(kafka_proxy_upstream_connect_failures_total{reason="timeout"} 0)");
  EXPECT_LINE(text, "kafka_proxy_upstream_connects_total 0");
}

TEST(Exposition, CountsReplaceTheInitialZero) {
  Counters counters;
  counters.leaked[3] = 2;
  counters.refused["max_connections"] = 5;
  counters.refused["made_up_later"] = 6;

  const std::string text = prometheus_text(counters, {});

  EXPECT_LINE(text, R"(kafka_proxy_responses_leaked_total{api_key="Metadata"} 2)");
  EXPECT_LINE(text, R"(kafka_proxy_connections_refused_total{reason="max_connections"} 5)");
  EXPECT_LINE(text, R"(kafka_proxy_connections_refused_total{reason="made_up_later"} 6)");
}

TEST(Exposition, BrokersAreReachableOrNot) {
  Gauges gauges;
  gauges.brokers = {{1, true}, {2, false}};

  const std::string text = prometheus_text({}, gauges);

  EXPECT_LINE(text, "kafka_proxy_brokers 2");
  EXPECT_LINE(text, R"(kafka_proxy_broker_reachable{broker="1"} 1)");
  EXPECT_LINE(text, R"(kafka_proxy_broker_reachable{broker="2"} 0)");
}

TEST(Exposition, StateIsShownAsGauges) {
  Gauges gauges;
  gauges.ready = true;
  gauges.draining = true;
  gauges.listeners = 4;
  gauges.connection_limit = 20000;
  Counters counters;
  counters.connections_open = 12;

  const std::string text = prometheus_text(counters, gauges);

  EXPECT_LINE(text, "kafka_proxy_ready 1");
  EXPECT_LINE(text, "kafka_proxy_draining 1");
  EXPECT_LINE(text, "kafka_proxy_listeners 4");
  EXPECT_LINE(text, "kafka_proxy_connection_limit 20000");
  EXPECT_LINE(text, "kafka_proxy_connections_open 12");
}

TEST(Exposition, InfoCarriesItsFactsAsLabels) {
  Gauges gauges;
  gauges.version = "0.1.0";
  gauges.config_hash = "ab12";
  gauges.config_generation = "7";

  const std::string text = prometheus_text({}, gauges);

  EXPECT_LINE(text, R"(kafka_proxy_build_info{version="0.1.0"} 1)");
  EXPECT_LINE(text, R"(kafka_proxy_config_info{hash="ab12",generation="7"} 1)");
}

TEST(Exposition, AnExpiredCertificateHasNegativeTimeLeft) {
  Gauges gauges;
  gauges.certificates = {{"server.pem", gauges.now + std::chrono::hours(1)},
                         {"old.pem", gauges.now - std::chrono::minutes(1)}};

  const std::string text = prometheus_text({}, gauges);

  EXPECT_LINE(text, R"(kafka_proxy_certificate_expiry_seconds{file="server.pem"} 3600)");
  EXPECT_LINE(text, R"(kafka_proxy_certificate_expiry_seconds{file="old.pem"} -60)");
}

TEST(Exposition, LabelValuesAreEscaped) {
  Gauges gauges;
  gauges.version = "a\"b\\c\nd";

  EXPECT_LINE(prometheus_text({}, gauges), R"(kafka_proxy_build_info{version="a\"b\\c\nd"} 1)");
}

TEST(Exposition, LargeCountsKeepEveryDigit) {
  Counters counters;
  counters.traffic_of(1, 17, 1).response_bytes = 123'456'789'012'345;

  EXPECT_THAT(prometheus_text(counters, {}), HasSubstr("} 123456789012345\n"));
}

TEST(Exposition, EveryFamilyIsDescribedOnce) {
  Counters counters;
  counters.latency[3].observe(std::chrono::seconds(1));
  std::istringstream lines(prometheus_text(counters, {}));

  std::multiset<std::string> described;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("# TYPE ")) described.insert(line.substr(7, line.find(' ', 7) - 7));

  EXPECT_EQ(described.size(), std::set<std::string>(described.begin(), described.end()).size());
  EXPECT_TRUE(described.contains("kafka_proxy_request_duration_seconds"));
}

TEST(Exposition, TheProcessIsShownUnderItsCommonNames) {
  Gauges gauges;
  gauges.process = read_process_stats();

  const std::string text = prometheus_text({}, gauges);

  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(text, HasSubstr("\nprocess_start_time_seconds "));
}

}  // namespace
}  // namespace kp::telemetry
