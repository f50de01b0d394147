#pragma once

#include <string>

#include "api/kafka_proxy.h"

namespace kp::api {

/// A good KafkaProxy with this block in its spec, then changed by a merge patch.
inline Parsed spec_with(const char* field, const char* block, const char* patch) {
  kube::Json object = kube::Json::parse(R"({"metadata": {"name": "orders", "namespace": "shop"}, "spec": {
    "upstream": {"bootstrapServers": ["kafka-0:9092"], "securityProtocol": "PLAINTEXT"},
    "downstream": {"securityProtocol": "PLAINTEXT"},
    "routing": {"portOffset": {"base": 9500}}}})");
  object["spec"][field] = kube::Json::parse(block);
  object.merge_patch(kube::Json::parse(patch));
  return parse(object);
}

/// A line each.
inline std::string errors(const Parsed& parsed) {
  std::string out;
  for (const Problem& each : parsed.errors) out += each.path + " " + each.message + "\n";
  return out;
}

}  // namespace kp::api
