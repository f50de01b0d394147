#pragma once

#include <string>
#include <string_view>

#include "auth/crypto.h"
#include "auth/mechanism.h"
#include "base/result.h"

namespace kp::auth {

/// SCRAM (RFC 5802, 7677), the client's side. Errors are Malformed, or Unauthorized when the server turns us down or
/// can't prove that it knows us; never a secret.
class ScramClient {
 public:
  ScramClient(Mechanism scram, std::string_view user);
  /// `nonce`: for exchanges that must be repeatable.
  ScramClient(Mechanism scram, std::string_view user, std::string nonce);

  std::string first() const { return "n,," + bare_; }
  /// Takes server-first, gives client-final. Costs one PBKDF2.
  Result<std::string> last(std::string_view server_first, std::string_view password);
  /// Takes server-final, after last().
  Status check(std::string_view server_final) const;

 private:
  Mechanism mechanism_;
  std::string nonce_;
  std::string bare_;
  Key server_signature_;  ///< what server-final must hold
};

}  // namespace kp::auth
