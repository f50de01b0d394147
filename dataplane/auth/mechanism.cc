#include "auth/mechanism.h"

#include "config/values.h"

namespace kp::auth {

// The configuration's first name for each is Kafka's.
std::string_view wire_name(Mechanism mechanism) { return config::name_of(mechanism, config::sasl_mechanisms); }

std::optional<Mechanism> find_mechanism(std::string_view name) {
  for (const Mechanism mechanism : {Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512})
    if (name == wire_name(mechanism)) return mechanism;
  return std::nullopt;
}

}  // namespace kp::auth
