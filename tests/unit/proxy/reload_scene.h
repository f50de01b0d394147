#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kafka/messages/60_describe_cluster.h"
#include "unit/proxy/running_proxy.h"

namespace kp::proxy {

/// Makes `broker` say that it belongs to the cluster `cluster_id`.
inline void be_in_cluster(test::FakeBroker& broker, const std::string& cluster_id,
                          const std::vector<std::pair<BrokerId, HostPort>>& brokers) {
  broker.be_cluster(brokers);
  broker.on(kafka::api::describe_cluster, [cluster_id, brokers](const test::FakeBroker::Request& request) {
    kafka::DescribeClusterResponse answer;
    answer.cluster_id = cluster_id;
    for (const auto& [id, address] : brokers) {
      auto& one = answer.brokers.emplace_back();
      one.broker_id = id;
      one.host = address.host;
      one.port = address.port;
    }
    request.from->send(kafka::encode_response(answer, request.head.api_version, request.head.correlation_id));
  });
}

/// Reloads of a running proxy, `Scene`, and what they do to its connections.
template <class Scene>
class Reloading : public Scene {
 protected:
  using Request = test::FakeBroker::Request;

  /// Puts `config` in force, and waits until every connection has heard of it.
  void reload() {
    const Status done = this->proxy->reload(this->config);
    ASSERT_TRUE(done) << done.error().message;
    (void)this->page("/metrics");  // asks every loop, behind what the reload asked them
  }
  Errc refused() {
    const Status done = this->proxy->reload(this->config);
    EXPECT_FALSE(done);
    return done ? Errc::Internal : done.error().code;
  }

  static Request next_of(test::FakeBroker& broker) {
    auto arrived = broker.next();
    EXPECT_TRUE(arrived) << "nothing reached the broker";
    return arrived.value_or(Request{});
  }
  /// `client` asks, and the request that reaches `broker` stays without an answer.
  static Request ask(const test::Socket& client, test::FakeBroker& broker, std::int32_t correlation_id = 1) {
    client.send(beat(correlation_id));
    Request arrived = next_of(broker);
    EXPECT_EQ(arrived.frame, beat(correlation_id));
    return arrived;
  }
  Request ask(const test::Socket& client, std::int32_t correlation_id = 1) {
    return ask(client, this->broker, correlation_id);
  }
  static bool gets_answer(const test::Socket& client, const Request& to) {
    to.reply(Bytes(6));
    return client.receive_frame() == to.response(Bytes(6));
  }
  /// A client that has asked once by `port`, and was answered by `broker`.
  static test::Socket settled_at(std::uint16_t port, test::FakeBroker& broker) {
    test::Socket client = test::Socket::connect(port);
    const Request arrived = ask(client, broker);
    EXPECT_TRUE(gets_answer(client, arrived));
    return client;
  }
  test::Socket settled() { return settled_at(this->port_of(this->id), this->broker); }
  static bool works(const test::Socket& client, test::FakeBroker& broker, std::int32_t correlation_id = 77) {
    return gets_answer(client, ask(client, broker, correlation_id));
  }
  bool works(const test::Socket& client) { return works(client, this->broker); }

  bool drained(const std::string& reason, int times = 1) {
    return this->metric_comes("connections_drained_total{reason=\"" + reason + "\"} " + std::to_string(times));
  }
  nlohmann::json config_page() {
    const std::string answer = this->page("/config");
    return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  }
  std::string hash() { return config_page()["hash"]; }

  config::PortOffsetMapping& ports() { return std::get<config::PortOffsetMapping>(*this->config.broker_mapping); }
  static std::uint16_t port_after(std::uint16_t base, BrokerId broker_id) {
    return static_cast<std::uint16_t>(base + config::PortOffsetMapping::bootstrap_slots + broker_id);
  }
};

}  // namespace kp::proxy
