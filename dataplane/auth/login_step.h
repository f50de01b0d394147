#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kp::auth {

/// Why a client's login was refused; a metric label by name().
enum class LoginRefusal : std::uint8_t {
  None,
  UnknownMechanism,
  BadCredentials,
  BadState,
  Malformed,
  UnsupportedVersion,
  WrongAuthorizationId,
  WrongUserOnReauthentication,
  WrongMechanismOnReauthentication,
  Busy,  ///< the caller's: more logins than it can check
};
inline constexpr int login_refusals = 10;  ///< how many values LoginRefusal has

/// "none", "unknown_mechanism", "bad_credentials"…
std::string_view name(LoginRefusal refusal);

/// What comes of a frame of the client's login.
struct LoginStep {
  enum class State : std::uint8_t {
    Ongoing,   ///< another frame is wanted
    LoggedIn,  ///< once `reply` is sent, requests may pass
    Refused    ///< send `reply`, if any, and close
  };

  State state = State::Ongoing;
  Bytes reply = {};  ///< a whole frame; empty: nothing to send
  LoginRefusal refusal = LoginRefusal::None;
  std::string why = {};  ///< of a refusal, for the log: may name the user, never holds a secret; may tell what the
                         ///< client must not learn
};

}  // namespace kp::auth
