#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "api/fields.h"
#include "api/http_produce.h"
#include "api/status.h"
#include "config/model.h"
#include "kube/object.h"

/// The custom resource as values, defaults filled in. What crds/ refuses is an error here too.
namespace kp::api {

struct UpstreamTls {
  std::optional<SecretRef> ca;
  std::optional<SecretRef> client_cert;
  bool trust_server_certs = false;
  config::TlsRules rules;
};

struct Upstream {
  std::vector<HostPort> bootstrap_servers;
  config::SecurityProtocol security_protocol = config::SecurityProtocol::SaslSsl;
  std::optional<config::SaslMechanism> sasl_mechanism;
  UpstreamTls tls;
};

struct SelfSigned {
  std::vector<std::string> dns_names;  ///< besides those that routing makes
};

struct DownstreamTls {
  std::optional<SecretRef> cert;
  std::optional<SelfSigned> self_signed;
  bool mtls = false;
  config::ClientAuth client_auth = config::ClientAuth::Required;
  std::optional<SecretRef> client_ca;
  std::optional<SecretRef> crl;
  std::string principal_mapping_rules;
  config::TlsRules rules;
};

struct Downstream {
  config::SecurityProtocol security_protocol = config::SecurityProtocol::SaslSsl;
  std::vector<config::SaslMechanism> sasl_mechanisms;
  std::chrono::milliseconds sasl_session_lifetime{0};  ///< 0: for ever
  DownstreamTls tls;
};

struct SniRouting {
  std::uint16_t port = 0;
  std::uint16_t advertised_port = 0;
  std::string upstream;
  std::string downstream;
  std::string bootstrap;  ///< empty: by the rule in plan/names.h
};

struct PortOffsetRouting {
  std::string hostname;  ///< empty: the Service's
  std::uint16_t base = 0;
  BrokerId max_broker_id = 100;
};

using Routing = std::variant<SniRouting, PortOffsetRouting>;

struct AuthSwap {
  std::optional<SecretRef> downstream_credentials;
  std::optional<SecretRef> upstream_credentials;
  std::map<std::string, std::string> mapping;
};

enum class ServiceType : std::uint8_t { ClusterIp, NodePort, LoadBalancer };

struct Service {
  ServiceType type = ServiceType::ClusterIp;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> labels;
  std::string load_balancer_class;
  std::vector<std::string> source_ranges;
  std::string external_traffic_policy;
};

struct NetworkPolicy {
  kube::Json from = kube::Json::array();  ///< NetworkPolicyPeers; empty: everybody
};

struct ServiceMonitor {
  std::map<std::string, std::string> labels;
  std::string interval;
};

/// limits.drainTimeout: what the pods' grace period has room for.
inline constexpr std::chrono::minutes max_drain_timeout{10};

struct Spec {
  int replicas = 2;
  std::string image;  ///< empty: the operator's
  Upstream upstream;
  Downstream downstream;
  Routing routing;
  std::optional<AuthSwap> auth_swap;
  std::optional<HttpProduce> http_produce;
  std::optional<config::PartitionMapping> partition_mapping;
  std::vector<config::ResolveRule> resolve;
  config::Limits limits;
  config::Logging logging;
  Service service;
  kube::Json pod_template = kube::Json::object();
  std::optional<NetworkPolicy> network_policy;
  std::optional<ServiceMonitor> service_monitor;
};

struct KafkaProxy {
  kube::Name name;
  std::string uid;  ///< empty: not of an API server
  std::int64_t generation = 0;
  std::string created;  ///< metadata.creationTimestamp
  Spec spec;
  Status status;
};

struct Parsed {
  KafkaProxy proxy;               ///< its metadata and status always; its spec only when `errors` is empty
  std::vector<Problem> errors{};  ///< all of them, each with its path from "spec" on
  std::vector<std::string> unknown{};
};

/// Never throws. Unknown keys are no errors: the CRD may be newer than the operator.
Parsed parse(const kube::Json& object);

/// Names of the Secrets that `spec` refers to: when one changes, this KafkaProxy has to be looked at again.
std::set<std::string> referenced_secrets(const Spec& spec);

constexpr std::string_view mode_of(const Routing& routing) {
  return std::holds_alternative<SniRouting>(routing) ? "sni" : "portOffset";
}

}  // namespace kp::api
