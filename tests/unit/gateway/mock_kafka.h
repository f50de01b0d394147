#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "config/model.h"

namespace kp::gateway {

/// librdkafka's own broker, which refuses what it is told to. Topics come into being when they are asked for.
class MockKafka {
 public:
  MockKafka() {
    std::array<char, 512> why{};
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why.data(), why.size());
    EXPECT_NE(handle_, nullptr) << why.data();
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
  }
  ~MockKafka() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void topic(const char* name) { rd_kafka_mock_topic_create(cluster_, name, 1, 1); }
  void go_down() { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void come_back() { rd_kafka_mock_broker_set_up(cluster_, 1); }
  void refuse_next_produce(rd_kafka_resp_err_t error) { push(0, error); }
  void refuse_next_init_producer_id(rd_kafka_resp_err_t error) { push(22, error); }
  /// The values of a topic's only partition, when there are `count`; fewer after a minute.
  std::vector<std::string> values(const char* topic, std::size_t count) const {
    std::array<char, 512> why{};
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers().c_str(), why.data(), why.size());
    rd_kafka_conf_set(conf, "group.id", "reader", why.data(), why.size());
    rd_kafka_t* const consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why.data(), why.size());
    EXPECT_NE(consumer, nullptr) << why.data();
    rd_kafka_topic_partition_list_t* const all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    std::vector<std::string> found;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (found.size() < count && std::chrono::steady_clock::now() < end) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        found.emplace_back(static_cast<const char*>(message->payload), message->len);
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return found;
  }

 private:
  void push(std::int16_t api, rd_kafka_resp_err_t error) { rd_kafka_mock_push_request_errors(cluster_, api, 1, error); }

  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

/// HTTP produce to these brokers.
inline config::Config config_at(const std::string& servers) {
  config::Config config;
  const std::size_t colon = servers.rfind(':');
  config.http_produce.emplace().kafka.brokers = {
      {servers.substr(0, colon), static_cast<std::uint16_t>(std::stoi(servers.substr(colon + 1)))}};
  return config;
}

/// True once `holds` does; false after a minute.
inline bool becomes(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace kp::gateway
