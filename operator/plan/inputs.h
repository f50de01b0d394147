#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/kafka_proxy.h"
#include "api/times.h"
#include "kube/object.h"

/// What a plan is made from: all of it values, so that equal inputs make equal plans (but for new keys).
namespace kp::plan {

using kube::Json;

/// A Secret's data, decoded.
using SecretData = std::map<std::string, std::string>;

/// What the pods say about the cluster.
struct Learned {
  std::vector<api::BrokerStatus> brokers{};  ///< `address` as the pods give it out now
  std::string from{};                        ///< their bootstrap servers, as bootstrap_text(); empty: not known
};

/// Names and ports that a KafkaProxy gives to clients.
struct Claim {
  kube::Name owner;
  std::string created;  ///< the older one wins; at the same second the one whose name sorts first
  std::string hosts;    ///< a name, in which '*' is any text
  int first = 0;
  int last = 0;
};

struct Options {
  std::string image;              ///< of the data plane
  bool service_monitors = false;  ///< their CRD exists
  /// No image of a KafkaProxy's own, and of podTemplate only what says where and with what resources a pod runs.
  bool restrict_pods = false;
  /// Without a cluster: a Secret that isn't there is a warning, and its files are left out.
  bool tolerate_missing_secrets = false;
};

struct Inputs {
  api::Parsed resource;
  std::map<std::string, SecretData> secrets{};  ///< those of referenced_secrets() that exist, by name
  /// Of these the ones that the operator makes from others: to refer to them would be to go round in circles.
  std::set<std::string> made_by_us{};
  std::optional<SecretData> self_signed{};  ///< Secret NAME-self-signed
  SecretData files_in_force{};              ///< of Secret NAME-files
  /// partitions_in() ConfigMap NAME-last-good: where records are.
  std::optional<config::PartitionMapping> partitions_in_force{};
  Learned learned{};                         ///< nothing, while no pod answers: then status says it
  std::vector<std::string> load_balancer{};  ///< load_balancer_addresses() of Service NAME
  std::vector<Claim> others{};               ///< claims_of() all other KafkaProxies
  bool in_force = false;                     ///< ConfigMap NAME-config exists: pods can start
  Options options{};
  api::Time now{};
};

/// `data`, and `stringData` over it. What isn't base64 is left out.
SecretData secret_data(const Json& secret);

/// A Secret that the operator makes from others; one that it makes by itself, such as NAME-self-signed, isn't.
bool is_made_by_us(const Json& secret);

/// status.loadBalancer.ingress of a Service: host names and addresses.
std::vector<std::string> load_balancer_addresses(const Json& service);

/// "kafka-0:9093,kafka-1:9093", sorted: what two lists of the same brokers have in common.
std::string bootstrap_text(std::vector<HostPort> servers);

/// Empty where two of a kind can't collide: a host name that is left to the operator is like no other's.
std::vector<Claim> claims_of(const api::KafkaProxy& proxy);

}  // namespace kp::plan
