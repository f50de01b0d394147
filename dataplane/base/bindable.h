#pragma once

#include "base/host_port.h"

namespace kp {

/// The address to bind for `address`: itself, but 0.0.0.0 for "::" where the kernel has no IPv6 (ipv6.disable=1).
HostPort bindable(HostPort address);

}  // namespace kp
