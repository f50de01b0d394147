#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/host_port.h"
#include "config/model.h"

namespace re2 {
class RE2;
}

namespace kp::proxy {

/// Where clients shall reach a broker, before anything is bound.
struct Place {
  HostPort advertised;             ///< port 0: the one that gets bound
  std::optional<HostPort> listen;  ///< absent: no listener of its own (SNI, or an address that a mapping names)
  std::uint16_t ports = 1;         ///< this many, from listen->port on, may be tried; listen port 0: any free one

  bool operator==(const Place&) const = default;
};

/// The rule of the configured mode: broker → Place. Pure: the same on every replica and after every restart. Immutable,
/// any thread.
class Placement {
 public:
  explicit Placement(const config::Config& config);
  ~Placement();

  /// Errors: Invalid (id or port out of range, the pattern doesn't match), Unsupported (dynamic listeners are off).
  Result<Place> place(BrokerId id, const HostPort& upstream) const;

 private:
  Result<Place> by_port(const config::PortOffsetMapping& mapping, BrokerId id) const;
  Result<Place> by_name(const config::SniMapping& mapping, BrokerId id, const HostPort& upstream) const;
  Result<Place> by_listener(const config::DynamicMapping& mapping, BrokerId id, const HostPort& upstream) const;

  config::BrokerMapping mapping_;
  std::string bind_address_;
  std::unique_ptr<re2::RE2> pattern_;  ///< SNI mode only
};

}  // namespace kp::proxy
