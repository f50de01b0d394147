#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/assemble.h"
#include "plan/finding.h"
#include "plan/inputs.h"

/// What can be known to be wrong before anything is applied.
namespace kp::plan {

inline constexpr std::chrono::days expiry_warning{14};

/// Certificates and lists in `files`: can they be read, does the key fit, do they cover the names that clients are
/// told, do they end soon. The answer: when to look again because one of them ends.
std::optional<api::Time> check_certificates(const Inputs& inputs, const Assembled& assembled, Findings& findings);

/// Names and ports that an older KafkaProxy has.
void check_claims(const Inputs& inputs, Findings& findings);

/// Under Options::restrict_pods: what would make of a pod something else than a proxy.
void check_pods(const Inputs& inputs, Findings& findings);

/// Brokers that clients would not see.
void check_brokers(const Inputs& inputs, const Learned& learned, Findings& findings);

/// Names under which clients are told the brokers; of those that the pattern matches.
std::vector<std::string> broker_names(const api::Spec& spec, const std::vector<api::BrokerStatus>& brokers);

}  // namespace kp::plan
