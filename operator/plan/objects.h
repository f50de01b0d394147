#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/kafka_proxy.h"
#include "plan/inputs.h"

/// The objects around a content, one function each. All are owned by the KafkaProxy.
namespace kp::plan {

inline constexpr int admin_port = 9404;
inline constexpr const char* container_name = "kafkaproxy";

std::string config_name(const std::string& proxy);
std::string files_name(const std::string& proxy);
std::string last_good_name(const std::string& proxy);
std::string self_signed_name(const std::string& proxy);
std::string authority_name(const std::string& proxy);
std::string metrics_name(const std::string& proxy);

/// Of every object that is made, of the pods, and of the Deployment's selector: never to be changed.
std::map<std::string, std::string> selector_labels(const std::string& proxy);
std::string selector_text(const std::string& proxy);

/// apiVersion, kind and metadata: with our labels, and an owner where `proxy` is of an API server.
Json new_object(const kube::Kind& kind, const api::KafkaProxy& proxy, const std::string& name);

/// A port that clients connect to.
struct Port {
  std::string name;  ///< "kafka", "bootstrap-0", "broker-7", "http"
  int advertised = 0;
  int bound = 0;  ///< in the pods
};

/// SNI: one. Port offset: the bootstrap servers' and those of `brokers`, in order. And HTTP's. `config`: of the
/// operator's making.
std::vector<Port> client_ports(const config::Config& config, const std::vector<api::BrokerStatus>& brokers);

/// Of nothing but replicas, image and podTemplate: no other change rolls pods.
Json deployment(const api::KafkaProxy& proxy, const Options& options);
Json service(const api::KafkaProxy& proxy, const std::vector<Port>& ports);
Json network_policy(const api::KafkaProxy& proxy, const std::vector<Port>& ports);
/// What leads clients to pods that run `config`: the Service, and the NetworkPolicy when asked for.
std::vector<Json> front_objects(const api::KafkaProxy& proxy, const config::Config& config,
                                const std::vector<api::BrokerStatus>& brokers);
Json disruption_budget(const api::KafkaProxy& proxy);
/// The Service that it selects, and the ServiceMonitor.
Json metrics_service(const api::KafkaProxy& proxy);
Json service_monitor(const api::KafkaProxy& proxy);
Json self_signed_secret(const api::KafkaProxy& proxy, const SecretData& data);
/// Its ca.crt alone: clients need that, and nobody needs the keys to read it.
Json authority_config_map(const api::KafkaProxy& proxy, const SecretData& data);

}  // namespace kp::plan
