#pragma once

#include <cstddef>
#include <cstdint>

#include "base/host_port.h"

namespace kp::proxy {

/// Where the connections of a listener go.
struct Route {
  enum class To : std::uint8_t {
    Bootstrap,   ///< bootstrap server `slot`, or another one when that is down
    Broker,      ///< broker `broker`, wherever the cluster says it is
    Mapping,     ///< bootstrap mapping `slot` of dynamic mode, and no other: a broker may be known by that address
    ServerName,  ///< the TLS server name says which broker; an unknown name goes to bootstrap
  };
  To to = To::Bootstrap;
  std::size_t slot = 0;
  BrokerId broker = -1;
  std::uint64_t door = 0;  ///< the listener that let the connection in

  bool operator==(const Route&) const = default;
};

}  // namespace kp::proxy
