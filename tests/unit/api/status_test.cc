#include "api/status.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

TEST(StatusOfAKafkaProxy, IsReadBackAsItWasWritten) {
  Status status;
  status.observed_generation = 4;
  status.mode = "sni";
  status.generation = "4-0123456789ab";
  status.programmed = "2/3";
  status.replicas = 3;
  status.bootstrap_servers = "bootstrap.example.com:443";
  status.addresses = {"198.51.100.7"};
  status.brokers = {{7, "b7.example.com:443", "kafka-7:9092"}};
  status.learned_from = "kafka-0:9092";
  status.refused = Refused{"3-ba9876543210", "orders-x", "no", Time{std::chrono::seconds(60)}};
  EXPECT_EQ(read_status(to_json(status)), status);
}

TEST(StatusOfAKafkaProxy, MayBeAnythingWithoutHarm) {
  EXPECT_EQ(read_status(kube::Json::parse(R"({"brokers": [1], "conditions": {}, "replicas": "x", "refused": 3})")),
            Status{});
}

}  // namespace
}  // namespace kp::api
