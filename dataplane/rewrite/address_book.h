#pragma once

#include "base/host_port.h"
#include "base/result.h"

namespace kp::rewrite {

/// Where clients reach the brokers. Implemented by proxy/.
class AddressBook {
 public:
  virtual ~AddressBook() = default;

  /// Downstream address of broker `id`, which the cluster says is at `upstream`. An error: this broker has none; it is
  /// left out of the response.
  virtual Result<HostPort> downstream(BrokerId id, const HostPort& upstream) = 0;
};

}  // namespace kp::rewrite
