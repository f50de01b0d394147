#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/kafka_proxy.h"

namespace re2 {
class RE2;
}

/// Host names that clients are told.
namespace kp::plan {

/// The names of SNI routing, as the data plane makes them. Immutable.
class BrokerNames {
 public:
  explicit BrokerNames(const api::SniRouting& routing);
  ~BrokerNames();

  /// Nothing: the pattern doesn't match, and the broker is hidden from clients.
  std::optional<std::string> name(BrokerId id, const std::string& upstream_host) const;

 private:
  std::string template_;
  std::unique_ptr<re2::RE2> pattern_;
};

/// The template in lower case, with '*' for each of its tokens.
std::string glob_of(std::string_view pattern_template);

/// Is there a name that both stand for? '*' is any text, dots included.
bool overlap(std::string_view left, std::string_view right);

/// "*.kafka.example.com" for "b<$id>.kafka.example.com"; empty where tokens stand behind the first dot, since no
/// certificate has a wildcard there.
std::string wildcard_of(std::string_view pattern_template);

/// The name for a client's first connection: what routing says, else "bootstrap" in the place of the template's first
/// label; empty where that would hold a token.
std::string bootstrap_name(const api::SniRouting& routing);

/// "orders.shop.svc", as pods of the same cluster resolve it.
std::string service_name(const kube::Name& name);

/// Every name by which pods of the cluster can call the Service.
std::vector<std::string> service_names(const kube::Name& name);

}  // namespace kp::plan
