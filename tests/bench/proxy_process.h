#pragma once

#include <cstdint>
#include <string>

#include "bench/process.h"

namespace kp::bench {

/// kafkaproxy as users get it, with a configuration file: plaintext on both sides, port_offset, admin endpoint on.
class ProxyProcess {
 public:
  /// Returns when the broker's endpoint answers. `folder` gets the configuration and the log.
  ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port);

  std::uint16_t port() const { return port_; }  ///< that stands for the broker
  const Process& process() const { return process_; }

 private:
  ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port, int base);

  const std::uint16_t port_;
  Process process_;
};

}  // namespace kp::bench
