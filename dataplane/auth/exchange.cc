#include "auth/exchange.h"

#include <utility>

#include "auth/plain_server.h"
#include "auth/scram_server.h"
#include "base/utf8.h"

namespace kp::auth {

std::unique_ptr<Exchange> Exchange::make(const Users& users, Mechanism mechanism) {
  if (mechanism == Mechanism::Plain) return std::make_unique<PlainServer>(users);
  return std::make_unique<ScramServer>(users, mechanism);
}

Verdict Exchange::take(std::string_view token) {
  if (over_) return {.refusal = LoginRefusal::BadState, .why = "a token after the last one"};
  Verdict verdict = token.size() > max_token_bytes
                        ? Verdict{.refusal = LoginRefusal::Malformed, .why = "the token is too long"}
                        : evaluate(token);
  over_ = done_ || verdict.refusal != LoginRefusal::None;
  return verdict;
}

/// Notes who the client says it is; refuses what can be nobody's name, whether there is such a user or not.
Verdict Exchange::claim(std::string user, std::string_view authorization_id) {
  if (user.empty() || user.size() > max_user_bytes || !is_utf8(user))
    return {.refusal = LoginRefusal::Malformed, .why = "the user name is empty, too long or not UTF-8"};
  user_ = std::move(user);
  if (!authorization_id.empty() && authorization_id != user_)
    return {.refusal = LoginRefusal::WrongAuthorizationId,
            .why = "wants to act as another user than the one that logs in",
            .told = "Authentication failed: Client requested an authorization id that is different from username"};
  return {};
}

}  // namespace kp::auth
