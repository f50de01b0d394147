#pragma once

#include <optional>
#include <string_view>

#include "config/model.h"

namespace kp::auth {

using Mechanism = config::SaslMechanism;

constexpr bool is_scram(Mechanism mechanism) { return mechanism != Mechanism::Plain; }

/// The name on the wire: "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512".
std::string_view wire_name(Mechanism mechanism);

/// What wire_name gives, in exactly that spelling; nothing for all other text.
std::optional<Mechanism> find_mechanism(std::string_view wire_name);

}  // namespace kp::auth
