#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "net/pem.h"

namespace kp::certs {

struct PeerChain {
  std::vector<net::Certificate> sent;  ///< as the server sent them, at least one, its own first
  bool trusted = false;                ///< the system's roots vouch for it
  bool right_name = false;             ///< its own certificate is for the host that was asked for
};

/// What `server` shows to whoever connects. Blocks, no longer than `deadline` for everything; SIGPIPE must be ignored.
Result<PeerChain> peer_chain(const HostPort& server, std::chrono::milliseconds deadline);

}  // namespace kp::certs
