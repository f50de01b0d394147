#pragma once

#include <memory>

#include "auth/swap.h"
#include "broker/dial.h"
#include "config/model.h"
#include "config/principal_rules.h"
#include "net/tls.h"
#include "proxy/endpoints.h"

namespace kp::proxy {

/// What one configuration became: built whole before it serves, never changed after. A connection keeps the one that it
/// began with.
struct Runtime {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const net::TlsContext> downstream_tls;  ///< null: plaintext
  std::shared_ptr<const net::TlsContext> upstream_tls;
  std::shared_ptr<const config::PrincipalRules> principal_rules;  ///< never null: from certificate to identity
  std::shared_ptr<const auth::Swap> swap;                         ///< never null
  std::shared_ptr<const broker::Dialer> dialer;
  std::shared_ptr<Endpoints> endpoints;

  /// Upstream addresses in the order of the bootstrap slots.
  std::vector<HostPort> bootstrap;

  /// The client's identity by its certificate. Unauthorized: no rule names it, or not so.
  Result<std::string> identity_of(const net::PeerCertificate& certificate) const;

  /// Loads the certificates and credentials. Endpoints are the caller's to add: they bind ports.
  static Result<std::shared_ptr<Runtime>> build(std::shared_ptr<const config::Config> config);
};

}  // namespace kp::proxy
