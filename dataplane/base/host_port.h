#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kp {

/// A broker's number in its cluster (Kafka's node.id): 0…2^31-1; negative means "none" on the wire.
using BrokerId = std::int32_t;

/// Where something listens. `host` is a name or an address, IPv6 without brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
  auto operator<=>(const HostPort&) const = default;
};

/// "kafka:9092", "10.0.0.1:9092", "[2001:db8::1]:9092".
std::string to_string(const HostPort& address);

/// Reads what to_string writes. Errors are Invalid and say what is missing; port 0 is allowed only with `port_zero`.
Result<HostPort> parse_host_port(std::string_view text, bool port_zero = false);

}  // namespace kp
