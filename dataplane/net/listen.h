#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "base/host_port.h"
#include "base/result.h"
#include "net/task.h"

namespace kp::net {

/// A socket that listens at `address`, non-blocking; "::" takes IPv4 clients as well. `shared`: others may listen
/// there, too (SO_REUSEPORT). Errors: Invalid: not an IP address; Conflict: taken; Io.
Result<asio::ip::tcp::acceptor> listen_at(asio::io_context& context, const HostPort& address, bool shared);

}  // namespace kp::net
