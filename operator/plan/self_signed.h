#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/inputs.h"

/// tls.selfSigned: an authority and a certificate of the operator's own.
namespace kp::plan {

inline constexpr int self_signed_days = 90;  ///< the authority lives for 20 years

struct SelfSigned {
  SecretData data;       ///< ca.crt, ca.key, tls.crt, tls.key
  bool made = false;     ///< the certificate at least is new
  api::Time renew_at{};  ///< two thirds of its life
};

/// What `existing` holds, as long as it serves: for all of `names`, not due, signed by its authority. Else a new
/// certificate by the same authority; else a new authority too. Whether and when is decided by the inputs alone; keys
/// are random: so an answer that was `made` must have been written, and been read back, before the next one is asked
/// for.
Result<SelfSigned> self_signed(const std::optional<SecretData>& existing, const std::vector<std::string>& names,
                               api::Time now);

/// The names that the certificate must have: what routing gives to clients, the Service's, and those of the spec.
/// `brokers`: names of brokers that no wildcard covers.
std::vector<std::string> certificate_names(const api::KafkaProxy& proxy, const std::string& hostname,
                                           const std::vector<std::string>& brokers);

}  // namespace kp::plan
