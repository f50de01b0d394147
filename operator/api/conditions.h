#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/times.h"
#include "kube/object.h"

/// status.conditions of a KafkaProxy: every type and every reason that there is.
namespace kp::api {

namespace condition {
inline constexpr std::string_view accepted = "Accepted";           ///< the spec makes sense
inline constexpr std::string_view resolved_refs = "ResolvedRefs";  ///< every Secret is there and fits
inline constexpr std::string_view programmed = "Programmed";       ///< every pod says that it runs this content
inline constexpr std::string_view ready = "Ready";                 ///< clients can connect
inline constexpr std::string_view topics_fit = "TopicsFit";  ///< only with partitionMapping: topics are as it says
inline constexpr std::array all{accepted, resolved_refs, programmed, ready, topics_fit};
}  // namespace condition

namespace reason {
// Accepted
inline constexpr std::string_view accepted = "Accepted";
inline constexpr std::string_view invalid = "Invalid";      ///< the spec contradicts itself
inline constexpr std::string_view conflict = "Conflict";    ///< an older KafkaProxy has the same names and ports
inline constexpr std::string_view forbidden = "Forbidden";  ///< by how the operator is run
inline constexpr std::string_view pattern_matches_no_broker = "PatternMatchesNoBroker";
// ResolvedRefs
inline constexpr std::string_view resolved = "Resolved";
inline constexpr std::string_view secret_not_found = "SecretNotFound";
inline constexpr std::string_view secret_key_missing = "SecretKeyMissing";
inline constexpr std::string_view secret_not_allowed = "SecretNotAllowed";
inline constexpr std::string_view invalid_certificate = "InvalidCertificate";
inline constexpr std::string_view key_mismatch = "KeyMismatch";
inline constexpr std::string_view certificate_expired = "CertificateExpired";
inline constexpr std::string_view certificate_expiring = "CertificateExpiring";  ///< True, with a warning
inline constexpr std::string_view name_not_covered = "NameNotCovered";
inline constexpr std::string_view invalid_credentials = "InvalidCredentials";
// Programmed
inline constexpr std::string_view programmed = "Programmed";
inline constexpr std::string_view progressing = "Progressing";  ///< pods have still to say so
inline constexpr std::string_view refused = "Refused";          ///< a pod named what is wrong; the last good one stays
inline constexpr std::string_view not_applied = "NotApplied";   ///< Accepted or ResolvedRefs is False
inline constexpr std::string_view unreachable = "Unreachable";  ///< a pod doesn't answer
inline constexpr std::string_view no_pods = "NoPods";
inline constexpr std::string_view apply_failed = "ApplyFailed";  ///< the API server didn't take an object
// Ready
inline constexpr std::string_view ready = "Ready";
inline constexpr std::string_view pods_not_ready = "PodsNotReady";
inline constexpr std::string_view no_address = "NoAddress";  ///< the load balancer has none yet
// TopicsFit
inline constexpr std::string_view topics_fit = "TopicsFit";
inline constexpr std::string_view topics_differ = "TopicsDiffer";
// Only of Events
inline constexpr std::string_view contested = "Contested";           ///< somebody undoes what is applied
inline constexpr std::string_view config_warning = "ConfigWarning";  ///< accepted, but hardly what was meant
inline constexpr std::string_view port_not_served = "PortNotServed";
inline constexpr std::string_view no_service_monitors = "NoServiceMonitors";  ///< asked for, but its CRD isn't there
inline constexpr std::string_view certificate_made = "CertificateMade";

inline constexpr std::array all{accepted,
                                invalid,
                                conflict,
                                forbidden,
                                pattern_matches_no_broker,
                                resolved,
                                secret_not_found,
                                secret_key_missing,
                                secret_not_allowed,
                                invalid_certificate,
                                key_mismatch,
                                certificate_expired,
                                certificate_expiring,
                                name_not_covered,
                                invalid_credentials,
                                programmed,
                                progressing,
                                refused,
                                not_applied,
                                unreachable,
                                no_pods,
                                contested,
                                ready,
                                pods_not_ready,
                                no_address,
                                topics_fit,
                                topics_differ,
                                apply_failed,
                                config_warning,
                                port_not_served,
                                no_service_monitors,
                                certificate_made};
}  // namespace reason

enum class Truth : std::uint8_t { True, False, Unknown };
std::string_view name_of(Truth truth);

struct Condition {
  std::string type;
  Truth status = Truth::Unknown;
  std::string reason;
  std::string message{};
  std::int64_t observed_generation = 0;
  Time last_transition{};  ///< of `status`; set() sees to it

  bool operator==(const Condition&) const = default;
};

/// Puts `next` in the place of the condition of its type. What time it got counts only if the status changes.
void set(std::vector<Condition>& conditions, Condition next, Time now);

/// nullptr: not there.
const Condition* find(const std::vector<Condition>& conditions, std::string_view type);

kube::Json to_json(const Condition& condition);
/// Those of ours that can be read.
std::vector<Condition> read_conditions(const kube::Json& list);

}  // namespace kp::api
