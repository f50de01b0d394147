#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/conditions.h"
#include "api/status.h"
#include "plan/content.h"
#include "plan/inputs.h"

/// From a KafkaProxy to the objects that it stands for. No client, no clock, no log.
namespace kp::plan {

struct Event {
  bool warning = false;
  std::string reason{};
  std::string message{};

  bool operator==(const Event&) const = default;
};

struct ObjectName {
  kube::Kind kind;
  std::string name;
};

struct Plan {
  /// What the pods shall run. Nothing: something is wrong with spec or Secrets, and what is in force stays.
  std::optional<Content> content{};
  /// All but content_objects() and `front`, in the order in which they are to be applied: the content comes between the
  /// Secret NAME-self-signed and the rest. While there is no `content`: what doesn't depend on it, if pods can start at
  /// all.
  std::vector<Json> objects{};
  /// front_objects() of `content`, in force as soon as pods run it; empty without content.
  std::vector<Json> front{};
  /// What may be there from before and isn't wanted any more.
  std::vector<ObjectName> absent{};
  /// A new certificate is among `objects`: write it, and plan again only when it can be read back.
  bool certificate_made = false;

  std::vector<api::Condition> conditions{};  ///< Accepted and ResolvedRefs, as of now; for api::set
  std::vector<Event> events{};
  std::optional<api::Time> look_again{};  ///< a certificate is due then

  /// For the status.
  std::string mode{};
  std::string selector{};
  std::string config_hash{};  ///< as the pods' /config shows it; empty without content
  std::string bootstrap_servers{};
  std::vector<std::string> addresses{};
  std::vector<api::BrokerStatus> brokers{};
  std::string learned_from{};
};

Plan plan(const Inputs& inputs);

}  // namespace kp::plan
