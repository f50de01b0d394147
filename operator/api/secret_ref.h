#pragma once

#include <string>

namespace kp::api {

/// A Secret of the same namespace, and the key in it.
struct SecretRef {
  std::string name;
  std::string key{};  ///< of certSecretRef and clientCertSecretRef empty: tls.crt and tls.key; of credentials: as found
  bool operator==(const SecretRef&) const = default;
};

}  // namespace kp::api
