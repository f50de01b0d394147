// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include "gateway/door.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/listen.h"

namespace kp::gateway {

namespace asio = net::asio;
using asio::ip::tcp;

struct Door::Accepting {
  explicit Accepting(net::Loop& loop) : home(loop), acceptor(loop.context()) {}

  /// Takes those who wait, a bounded number. False: the system is short of something.
  bool accept_some() {
    for (int taken = 0; taken < 64; ++taken) {
      const int descriptor = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        accept(descriptor);
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      log::error("HTTP: accept failed", {{"reason", std::strerror(errno)}, {"remedy", "raise the open files limit"}});
      return false;
    }
    return true;
  }

  static net::Task<void> run(std::shared_ptr<Accepting> self) {
    asio::steady_timer pause(self->home.executor());
    for (;;) {
      boost::system::error_code failed;
      co_await self->acceptor.async_wait(tcp::acceptor::wait_read, net::capture(failed));
      if (!self->acceptor.is_open()) co_return;
      if (!failed && self->accept_some()) continue;
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(net::capture(failed));
      if (!self->acceptor.is_open()) co_return;
    }
  }

  net::Loop& home;
  tcp::acceptor acceptor;
  bool started = false;  ///< this and what follows: home loop's thread
  Accept accept;
};

Result<std::shared_ptr<Door>> Door::open(net::Loop& home, const HostPort& address, bool shared) {
  Result<tcp::acceptor> acceptor = net::listen_at(home.context(), address, shared);
  if (!acceptor) return std::move(acceptor).error();
  auto made = std::make_shared<Accepting>(home);
  made->acceptor = std::move(*acceptor);
  return std::shared_ptr<Door>(new Door(std::move(made), address));
}

Door::~Door() { close(); }

void Door::start(Accept accept) {
  asio::dispatch(accepting_->home.context(), [self = accepting_, accept = std::move(accept)]() mutable {
    self->accept = std::move(accept);
    if (!self->acceptor.is_open() || std::exchange(self->started, true)) return;
    asio::co_spawn(self->home.executor(), Accepting::run(self), asio::detached);
  });
}

void Door::close() {
  asio::dispatch(accepting_->home.context(), [self = accepting_] {
    boost::system::error_code ignored;
    if (self->started && self->acceptor.is_open()) self->accept_some();  // who waits believes to be connected
    self->acceptor.close(ignored);
  });
}

}  // namespace kp::gateway
