#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "auth/users.h"
#include "base/result.h"
#include "config/model.h"
#include "kafka/apis.h"

namespace kp::auth {

/// Who may come in, and as whom they go on: one configuration's auth_swap, with its credential files read. Immutable;
/// any thread. Without auth_swap neither side is touched: SASL passes between client and broker.
class Swap {
 public:
  /// `before` (may be null) spares the work for users who stay the same. Errors: Invalid, with the file or user and
  /// what is wrong.
  static Result<std::shared_ptr<const Swap>> make(const config::Config& config, const Swap* before = nullptr);

  /// Clients' SASL ends here: they log in to the proxy.
  bool takes_logins() const { return users_ != nullptr; }
  /// The proxy logs in to the brokers, as whom the client is mapped to.
  bool makes_logins() const { return !upstream_.empty(); }

  /// APIs that clients can't use, since each of them goes on as a user of the proxy's: a delegation token would be that
  /// user's, and good without the proxy.
  std::span<const std::int16_t> withheld() const {
    return makes_logins() ? std::span<const std::int16_t>(kafka::api::delegation_tokens)
                          : std::span<const std::int16_t>();
  }

  const std::shared_ptr<const Users>& users() const { return users_; }
  Mechanism upstream_mechanism() const { return mechanism_; }

  /// The brokers' credential for a client. Its own entry of the mapping counts, then `*`; $anonymous may also be the
  /// name of a credential. Unauthorized: nobody mapped it. The pointer lives as long as this.
  Result<const config::Credential*> upstream_of(const std::string& identity) const;

  /// Whom the proxy asks as when it looks at the cluster by itself: the anonymous clients' credential, else the first.
  const config::Credential& own() const;

 private:
  const config::Credential* find(std::string_view user) const;

  std::shared_ptr<const Users> users_;
  Mechanism mechanism_ = Mechanism::Plain;
  std::vector<config::Credential> upstream_;
  std::vector<std::pair<std::string, std::string>> mapping_;
};

}  // namespace kp::auth
