#pragma once

#include <cstdint>
#include <string>

#include "bench/process.h"

namespace kp::bench {

/// One way to the broker.
struct Target {
  std::string name;  ///< direct | relay | kafkaproxy
  std::uint16_t port = 0;
  const Process* between = nullptr;  ///< what stands between client and broker; null: nothing does
};

}  // namespace kp::bench
