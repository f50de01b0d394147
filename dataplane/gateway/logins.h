#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/crypto.h"
#include "auth/swap.h"
#include "config/model.h"
#include "config/principal_rules.h"

namespace kp::gateway {

/// Who HTTP clients are, and as whom their records go on: the same users and the same mapping as on the Kafka side.
/// Immutable; any thread.
class Logins {
 public:
  /// Errors: Invalid, with the file or user and what is wrong, never a secret.
  static Result<std::shared_ptr<const Logins>> make(const config::Config& config);

  /// A request must come with a login.
  bool wanted() const { return basic_ || bearer_; }
  std::string challenge() const;  ///< for WWW-Authenticate

  struct Claim {
    bool bearer = false;
    std::string user;    ///< of basic
    std::string secret;  ///< password or token
  };
  /// Of an Authorization header. Nothing: not one of the kinds that are taken here.
  std::optional<Claim> claim_of(std::string_view header) const;
  /// check() would hold up an event loop.
  bool takes_long(const Claim& claim) const { return !claim.bearer && swap_->users()->takes_long(); }
  /// Who it is; nothing: nobody.
  std::optional<std::string> check(const Claim& claim) const;

  /// By the certificate alone. Unauthorized: no rule names it.
  Result<std::string> identity_of(std::string_view distinguished_name) const;

  /// As whom records go to the brokers. Unauthorized: nobody mapped the client.
  Result<config::Credential> upstream_of(const std::string& identity) const;
  config::Credential first() const;  ///< somebody's, to begin with

 private:
  bool basic_ = false;
  bool bearer_ = false;
  bool mapped_ = false;     ///< each client goes on as whom it is mapped to; else all as own_
  config::Credential own_;  ///< http_produce.kafka.user; empty: no login
  std::shared_ptr<const auth::Swap> swap_;
  std::shared_ptr<const config::PrincipalRules> rules_;
  Bytes salt_;
  std::vector<std::pair<std::string, auth::Key>> tokens_;  ///< user → HMAC of its token
};

}  // namespace kp::gateway
