#pragma once

#include <string>
#include <string_view>

#include "auth/exchange.h"
#include "auth/scram_messages.h"

namespace kp::auth {

/// SCRAM (RFC 5802, 7677), the server's side: client-first, then client-final. A user that doesn't exist fails where a
/// wrong password fails, at the proof.
class ScramServer : public Exchange {
 public:
  ScramServer(const Users& users, Mechanism scram);
  /// `nonce`: the server's part of it, for exchanges that must be repeatable.
  ScramServer(const Users& users, Mechanism scram, std::string nonce);

 private:
  Verdict evaluate(std::string_view token) override;
  Verdict first(std::string_view token);
  Verdict last(std::string_view token);

  const Users& users_;
  Mechanism mechanism_;
  std::string server_nonce_;
  ClientFirst client_first_;
  Users::Found found_;
  std::string nonce_;         ///< both parts
  std::string server_first_;  ///< empty until client-first has come
};

}  // namespace kp::auth
