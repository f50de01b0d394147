#pragma once

#include <string>
#include <utility>

#include "plan/inputs.h"

namespace kp::plan {

constexpr api::Time now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

/// Inputs of a KafkaProxy shop/orders, SNI, with a certificate of the operator's own; `patch` (RFC 7396) over it.
inline Inputs inputs_with(const char* patch = "{}") {
  Json object = Json::parse(R"({
    "apiVersion": "kafkaproxy.dev/v1alpha1", "kind": "KafkaProxy",
    "metadata": {"name": "orders", "namespace": "shop", "uid": "u1", "generation": 4,
                 "creationTimestamp": "2026-11-01T08:00:00Z"},
    "spec": {
      "upstream": {"bootstrapServers": ["kafka-0.internal:9092"], "securityProtocol": "PLAINTEXT"},
      "downstream": {"securityProtocol": "SSL", "tls": {"selfSigned": {}}},
      "routing": {"sni": {"port": 9092, "advertisedPort": 443, "upstream": "internal$",
                          "downstream": "b<$id>.kafka.example.com"}}
    }})");
  object.merge_patch(Json::parse(patch));
  Inputs inputs{.resource = api::parse(object)};
  inputs.options.image = "kafkaproxy:test";
  inputs.now = now;
  return inputs;
}

/// The same with port offset routing and no TLS.
inline Inputs port_offset_with(const char* patch = "{}") {
  Json whole = Json::parse(R"({"spec": {"downstream": {"securityProtocol": "PLAINTEXT", "tls": null},
                                        "routing": {"sni": null, "portOffset": {"base": 9092}}}})");
  whole.merge_patch(Json::parse(patch));
  return inputs_with(whole.dump().c_str());
}

/// By kind and name; null: not there.
inline Json find(const std::vector<Json>& objects, const std::string& kind, const std::string& name = "orders") {
  for (const Json& object : objects)
    if (object["kind"] == kind && object["metadata"]["name"] == name) return object;
  return nullptr;
}

}  // namespace kp::plan
