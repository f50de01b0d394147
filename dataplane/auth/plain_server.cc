#include "auth/plain_server.h"

#include <string>

namespace kp::auth {

Verdict PlainServer::evaluate(std::string_view token) {
  const std::size_t first = token.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : token.find('\0', first + 1);
  if (second == std::string_view::npos)
    return {.refusal = LoginRefusal::Malformed, .why = "the PLAIN token doesn't have three parts"};
  const std::string_view password = token.substr(second + 1);
  if (password.empty() || password.find('\0') != std::string_view::npos)
    return {.refusal = LoginRefusal::Malformed, .why = "the PLAIN token has no password, or more than three parts"};

  const Verdict claimed = claim(std::string(token.substr(first + 1, second - first - 1)), token.substr(0, first));
  // The password comes first, as in Kafka: who doesn't know it learns nothing else. A name that can't be is refused.
  if (claimed.refusal == LoginRefusal::Malformed) return claimed;
  if (!users_.check_password(user_, password))
    return {.refusal = LoginRefusal::BadCredentials,
            .why = "unknown user or wrong password",
            .told = "Authentication failed: Invalid username or password"};
  if (claimed.refusal != LoginRefusal::None) return claimed;
  done_ = true;
  return {};
}

}  // namespace kp::auth
