#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "auth/login_step.h"
#include "auth/mechanism.h"
#include "auth/users.h"

namespace kp::auth {

/// Bounds of what a client may send; honest clients stay far below. RFC 4616 asks for 255 bytes of name and password.
inline constexpr std::size_t max_token_bytes = 8 * 1024;
inline constexpr std::size_t max_user_bytes = 1024;

/// What a mechanism says to a client's token.
struct Verdict {
  std::string token = {};  ///< to send back; may be empty
  LoginRefusal refusal = LoginRefusal::None;
  std::string why = {};   ///< of a refusal, for the log
  std::string told = {};  ///< of a refusal, for the client; empty: only that its credentials are invalid
};

/// One exchange of tokens, the server's side: a mechanism without Kafka around it. `users` outlives it.
class Exchange {
 public:
  static std::unique_ptr<Exchange> make(const Users& users, Mechanism mechanism);
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// The client's next token. After a refusal, or once done, nothing more may come.
  Verdict take(std::string_view token);

  bool done() const { return done_; }                ///< the client is user()
  const std::string& user() const { return user_; }  ///< claimed only, until done; empty before it was said

 protected:
  Exchange() = default;
  virtual Verdict evaluate(std::string_view token) = 0;
  Verdict claim(std::string user, std::string_view authorization_id);

  bool done_ = false;
  std::string user_;

 private:
  bool over_ = false;
};

}  // namespace kp::auth
