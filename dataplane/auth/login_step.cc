#include "auth/login_step.h"

namespace kp::auth {

std::string_view name(LoginRefusal refusal) {
  switch (refusal) {
    case LoginRefusal::None:
      return "none";
    case LoginRefusal::UnknownMechanism:
      return "unknown_mechanism";
    case LoginRefusal::BadCredentials:
      return "bad_credentials";
    case LoginRefusal::BadState:
      return "bad_state";
    case LoginRefusal::Malformed:
      return "malformed";
    case LoginRefusal::UnsupportedVersion:
      return "unsupported_version";
    case LoginRefusal::WrongAuthorizationId:
      return "wrong_authorization_id";
    case LoginRefusal::WrongUserOnReauthentication:
      return "wrong_user_on_reauthentication";
    case LoginRefusal::WrongMechanismOnReauthentication:
      return "wrong_mechanism_on_reauthentication";
    case LoginRefusal::Busy:
      return "busy";
  }
  return "unknown";
}

}  // namespace kp::auth
