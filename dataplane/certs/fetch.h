#pragma once

#include <chrono>
#include <string>

#include "base/host_port.h"
#include "base/result.h"

namespace kp::certs {

struct FetchOptions {
  HostPort server{};
  std::string out = "server_ca.pem";
  bool leaf = false;  ///< save the server's own certificate when it sends no authority
  std::chrono::milliseconds deadline{10'000};
};

/// Asks a TLS server for its certificates, believes none, and saves the topmost one, so that a proxy can trust in it
/// once somebody has compared the fingerprint: what was found and saved, in words. Errors: Conflict when `out` is there
/// already; NotFound when there is no authority to save; else why there was no handshake.
Result<std::string> fetch_ca(const FetchOptions& options);

}  // namespace kp::certs
