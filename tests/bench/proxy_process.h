#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/peers.h"
#include "bench/process.h"

namespace kp::bench {

/// The values of its configuration that reloads change.
struct ProxyConfig {
  int generation = 0;
  int idle_minutes = 10;  ///< limits.idle_timeout
  std::string_view log_level = "info";
  bool another_override = false;   ///< in resolve
  bool another_bootstrap = false;  ///< a second name of the same broker
  int max_broker_id = 1;           ///< 1 or 2
};

/// What is spoken on either side.
struct ProxySides {
  Security security = Security::Plain;
  Certificate certificate{};  ///< of the clients' side, unless it is plain
};

/// kafkaproxy as users get it, with a configuration file: port_offset, admin endpoint on.
class ProxyProcess {
 public:
  /// Returns when it is ready. `folder` gets the configuration and the log.
  ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port, ProxySides sides = {});

  /// Replaces the configuration file by a rename. Returns the moment before it.
  std::chrono::steady_clock::time_point configure(const ProxyConfig& config) const;

  std::uint16_t port() const;        ///< that stands for the broker
  std::uint16_t admin_port() const;  ///< on 127.0.0.1
  const Process& process() const { return process_; }

 private:
  const std::string folder_;
  const std::uint16_t broker_port_;
  const ProxySides sides_;
  const int base_;  ///< of its ports
  Process process_;
};

}  // namespace kp::bench
