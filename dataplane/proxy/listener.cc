#include "proxy/listener.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace kp::proxy {

namespace asio = net::asio;
using asio::ip::tcp;

Result<std::shared_ptr<Listener>> Listener::open(net::Loop& home, const HostPort& address) {
  boost::system::error_code failed;
  const auto ip = asio::ip::make_address(address.host, failed);
  if (failed) return Error{Errc::Invalid, to_string(address) + ": not an IP address to listen on"};
  auto made = std::make_shared<Listener>(home);
  const tcp::endpoint endpoint(ip, address.port);
  const auto step = [&](std::string_view what) {
    const bool taken = failed.value() == EADDRINUSE;
    return Error{taken ? Errc::Conflict : Errc::Io,
                 "listen on " + to_string(address) + ": " + std::string(what) + ": " + failed.message()};
  };
  made->acceptor_.open(endpoint.protocol(), failed);
  if (failed) return step("socket");
  made->acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (ip.is_v6()) made->acceptor_.set_option(asio::ip::v6_only(false), failed);  // "::" takes IPv4 clients as well
  made->acceptor_.bind(endpoint, failed);
  if (failed) return step("bind");
  made->acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return step("listen");
  made->acceptor_.native_non_blocking(true, failed);
  made->port_ = made->acceptor_.local_endpoint(failed).port();
  return made;
}

void Listener::start(Accept accept) {
  accept_ = std::move(accept);
  asio::co_spawn(home_.executor(), accept_all(shared_from_this()), asio::detached);
}

void Listener::close() {
  asio::post(home_.context(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
  });
}

net::Task<void> Listener::accept_all(std::shared_ptr<Listener> self) {
  asio::steady_timer pause(self->home_.executor());
  for (;;) {
    boost::system::error_code failed;
    co_await self->acceptor_.async_wait(tcp::acceptor::wait_read, net::capture(failed));
    if (!self->acceptor_.is_open()) co_return;
    if (!failed && self->accept_some()) continue;
    pause.expires_after(std::chrono::milliseconds(100));
    co_await pause.async_wait(net::capture(failed));
    if (!self->acceptor_.is_open()) co_return;
  }
}

/// Takes those who wait, a bounded number so that the loop stays fair. False: the system is short of something, pause.
bool Listener::accept_some() {
  for (int taken = 0; taken < 64; ++taken) {
    const int descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      accept_(descriptor);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    log::error("accept failed",
               {{"port", port_}, {"reason", std::strerror(errno)}, {"remedy", "raise the open files limit"}});
    return false;
  }
  return true;
}

}  // namespace kp::proxy
