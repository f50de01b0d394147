#pragma once

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kp::kube {

/// An object of the API server, of any kind. Keys are sorted, so equal objects print equal.
using Json = nlohmann::json;

/// How the API server addresses a kind.
struct Kind {
  std::string_view group;  ///< empty: core
  std::string_view version;
  std::string_view kind;    ///< "ConfigMap"
  std::string_view plural;  ///< "configmaps"
  bool namespaced = true;

  bool operator==(const Kind&) const = default;
};

inline constexpr Kind config_map{"", "v1", "ConfigMap", "configmaps"};
inline constexpr Kind secret{"", "v1", "Secret", "secrets"};
inline constexpr Kind service{"", "v1", "Service", "services"};
inline constexpr Kind service_account{"", "v1", "ServiceAccount", "serviceaccounts"};
inline constexpr Kind pod{"", "v1", "Pod", "pods"};
inline constexpr Kind deployment{"apps", "v1", "Deployment", "deployments"};
inline constexpr Kind disruption_budget{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"};
inline constexpr Kind network_policy{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"};
inline constexpr Kind service_monitor{"monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"};
inline constexpr Kind lease{"coordination.k8s.io", "v1", "Lease", "leases"};
inline constexpr Kind event{"events.k8s.io", "v1", "Event", "events"};
inline constexpr Kind custom_resource_definition{"apiextensions.k8s.io", "v1", "CustomResourceDefinition",
                                                 "customresourcedefinitions", false};
inline constexpr Kind kafka_proxy{"kafkaproxy.dev", "v1alpha1", "KafkaProxy", "kafkaproxies"};

/// Every kind that the operator deals with: what RBAC must allow, and how an object's own words find its path.
inline constexpr std::array kinds{config_map,
                                  secret,
                                  service,
                                  service_account,
                                  pod,
                                  deployment,
                                  disruption_budget,
                                  network_policy,
                                  service_monitor,
                                  lease,
                                  event,
                                  kafka_proxy,
                                  custom_resource_definition};

/// "v1", "apps/v1".
std::string api_version(const Kind& kind);

/// Of `kinds`, by an object's apiVersion and kind; nullptr: none of them.
const Kind* kind_of(const Json& object);

/// What names an object among those of its kind.
struct Name {
  std::string space;  ///< its namespace; empty for a kind without
  std::string name;

  auto operator<=>(const Name&) const = default;
};

Name name_of(const Json& object);
std::string to_string(const Name& name);  ///< "shop/orders"

/// The string at `path`, one key after the other; empty when there is none, whatever stands there instead.
std::string text_at(const Json& object, std::initializer_list<const char*> path);
inline std::string text_at(const Json& object, const char* key) { return text_at(object, {key}); }

/// Has `live` all that `wanted` has? Lists must be equal in length; what the API server adds to maps doesn't count.
bool holds(const Json& live, const Json& wanted);

}  // namespace kp::kube
