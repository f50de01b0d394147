#include "auth/mechanism.h"

namespace kp::auth {

std::string_view wire_name(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::Plain:
      return "PLAIN";
    case Mechanism::ScramSha256:
      return "SCRAM-SHA-256";
    case Mechanism::ScramSha512:
      return "SCRAM-SHA-512";
  }
  return {};
}

std::optional<Mechanism> find_mechanism(std::string_view name) {
  for (const Mechanism mechanism : {Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512})
    if (name == wire_name(mechanism)) return mechanism;
  return std::nullopt;
}

}  // namespace kp::auth
