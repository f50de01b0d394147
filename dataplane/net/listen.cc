#include "net/listen.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>

#include "base/bindable.h"

namespace kp::net {

using asio::ip::tcp;

void set_connection_options(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

HostPort address_of(const tcp::endpoint& end) {
  asio::ip::address address = end.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return {address.to_string(), end.port()};
}

std::optional<Accepted> accept_at(int listening) {
  Accepted made;
  auto size = static_cast<socklen_t>(made.from.capacity());
  made.socket = Descriptor(::accept4(listening, made.from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!made.socket) return std::nullopt;
  made.from.resize(size);
  return made;
}

Result<tcp::acceptor> listen_at(asio::io_context& context, const HostPort& address, bool shared) {
  boost::system::error_code failed;
  const auto ip = asio::ip::make_address(bindable(address).host, failed);
  if (failed) return Error{Errc::Invalid, to_string(address) + ": not an IP address to listen on"};
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint(ip, address.port);
  const auto step = [&](std::string_view what) {
    const bool taken = failed.value() == EADDRINUSE;
    return Error{taken ? Errc::Conflict : Errc::Io,
                 "listen on " + to_string(address) + ": " + std::string(what) + ": " + failed.message()};
  };
  acceptor.open(endpoint.protocol(), failed);
  if (failed) return step("socket");
  acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  set_connection_options(acceptor.native_handle());
  const int on = shared ? 1 : 0;
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (ip.is_v6()) acceptor.set_option(asio::ip::v6_only(false), failed);
  acceptor.bind(endpoint, failed);
  if (failed) return step("bind");
  acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return step("listen");
  acceptor.native_non_blocking(true, failed);
  return acceptor;
}

}  // namespace kp::net
