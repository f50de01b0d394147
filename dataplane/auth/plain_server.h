#pragma once

#include <string_view>

#include "auth/exchange.h"

namespace kp::auth {

/// SASL PLAIN (RFC 4616): one token, the last.
class PlainServer : public Exchange {
 public:
  explicit PlainServer(const Users& users) : users_(users) {}

 private:
  Verdict evaluate(std::string_view token) override;

  const Users& users_;
};

}  // namespace kp::auth
