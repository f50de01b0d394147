#include "base/result.h"

namespace kp {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::Eof:
      return "eof";
    case Errc::Timeout:
      return "timeout";
    case Errc::Io:
      return "io";
    case Errc::Malformed:
      return "malformed";
    case Errc::Unsupported:
      return "unsupported";
    case Errc::Unauthorized:
      return "unauthorized";
    case Errc::Conflict:
      return "conflict";
    case Errc::NotFound:
      return "not_found";
    case Errc::Exists:
      return "exists";
    case Errc::Expired:
      return "expired";
    case Errc::Busy:
      return "busy";
    case Errc::Invalid:
      return "invalid";
    case Errc::Draining:
      return "draining";
    case Errc::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace kp
