#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/conditions.h"
#include "base/host_port.h"
#include "kube/object.h"

namespace kp::api {

struct BrokerStatus {
  BrokerId id = 0;
  std::string address{};   ///< for clients
  std::string upstream{};  ///< for the proxy

  bool operator==(const BrokerStatus&) const = default;
};

/// A content that a pod has refused.
struct Refused {
  std::string generation{};
  std::string pod{};
  std::string message{};
  Time at{};
  std::int64_t spec_generation = 0;  ///< metadata.generation then: an edit is reason to try again

  bool operator==(const Refused&) const = default;
};

/// status of a KafkaProxy. Empty texts and lists stand for fields that are not there.
struct Status {
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions{};
  std::string mode{};
  std::string generation{};  ///< of the wanted content, as pods show it
  std::string config_hash{};
  std::string programmed{};  ///< "3/3"
  int replicas = 0;
  int ready_replicas = 0;
  std::string selector{};
  std::string bootstrap_servers{};
  std::vector<std::string> addresses{};  ///< of the load balancer
  std::vector<BrokerStatus> brokers{};   ///< by id
  std::string learned_from{};            ///< the bootstrap servers that told of `brokers`
  std::optional<Refused> refused{};

  bool operator==(const Status&) const = default;
};

kube::Json to_json(const Status& status);

/// It is ours alone to write, so what can't be read is as good as absent.
Status read_status(const kube::Json& status);

}  // namespace kp::api
