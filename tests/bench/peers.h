#pragma once

#include <optional>
#include <string>

#include "bench/process.h"

namespace kp::bench {

/// What stands on either side of what is measured. Swap: SASL/PLAIN on both, without TLS, and auth_swap between.
/// What is asked of whoever stands between, beyond passing bytes on.
enum class Security : std::uint8_t { Plain, ClientTls, BothTls, Swap, Virtual };

constexpr bool clients_use_tls(Security security) {
  return security == Security::ClientTls || security == Security::BothTls;
}

struct Certificate {
  std::string certificate;  ///< PEM file, the chain
  std::string key;          ///< PEM file
};

/// A program that others use as a proxy for TCP, as they would set it up on this machine: as many workers as cores.
struct Peer {
  Process process;
  std::uint16_t port = 0;
};

/// Nothing: it isn't installed. `folder` gets configuration and log.
std::optional<Peer> start_nginx(const std::string& folder, std::uint16_t broker_port, Security security,
                                const Certificate& certificate);
std::optional<Peer> start_haproxy(const std::string& folder, std::uint16_t broker_port, Security security,
                                  const Certificate& certificate);

}  // namespace kp::bench
