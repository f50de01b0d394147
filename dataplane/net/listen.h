#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"
#include "net/task.h"

namespace kp::net {

/// As all connections have it: small packets leave at once, and a peer that is gone is noticed. Said of a listening
/// socket it holds for every connection that comes by it (Linux), which costs none of them a call.
void set_connection_options(int socket);

/// A connection that somebody made, and from where.
struct Accepted {
  Descriptor socket;
  asio::ip::tcp::endpoint from;
};

/// As people write it: an IPv4 client at a listener for both has its own address.
HostPort address_of(const asio::ip::tcp::endpoint& end);

/// The next who waits at a listening socket, not blocking; none: errno says why.
std::optional<Accepted> accept_at(int listening);

/// A socket that listens at `address`, non-blocking; "::" takes IPv4 clients as well. `shared`: others may listen
/// there, too (SO_REUSEPORT). With set_connection_options. Errors: Invalid: not an IP address; Conflict: taken; Io.
Result<asio::ip::tcp::acceptor> listen_at(asio::io_context& context, const HostPort& address, bool shared);

}  // namespace kp::net
