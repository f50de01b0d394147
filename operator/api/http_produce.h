#pragma once

#include <optional>
#include <vector>

#include "api/secret_ref.h"
#include "config/model.h"

namespace kp::api {

struct HttpTls {
  std::optional<SecretRef> cert;  ///< absent: the certificate of downstream.tls
  bool mtls = false;
  config::ClientAuth client_auth = config::ClientAuth::Required;
  std::optional<SecretRef> client_ca;
  config::TlsRules rules;
};

/// HTTP beside the proxy: to upstream's brokers, as whom authSwap says.
struct HttpProduce {
  config::HttpDoor door;  ///< but for tls and tokens
  std::optional<HttpTls> tls;
  std::optional<SecretRef> bearer_tokens;
  config::HttpKafka kafka;  ///< compression and settings alone
  std::vector<config::RateLimitRule> rate_limits;
};

}  // namespace kp::api
