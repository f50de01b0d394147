#pragma once

#include <cstdint>
#include <string>

#include "bench/process.h"

namespace kp::bench {

/// One way to the broker.
struct Target {
  std::string name;  ///< such as direct, relay, nginx, kafkaproxy
  std::uint16_t port = 0;
  const Process* between = nullptr;  ///< what stands between client and broker; null: nothing does
  bool login = false;                ///< clients log in first, see log_in
};

}  // namespace kp::bench
