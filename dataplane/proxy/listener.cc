#include "proxy/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace kp::proxy {

namespace asio = net::asio;
using asio::ip::tcp;

namespace {

std::uint64_t next_door() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

struct Listener::Accepting {
  explicit Accepting(net::Loop& loop) : home(loop), acceptor(loop.context()) {}

  static net::Task<void> run(std::shared_ptr<Accepting> self);
  bool accept_some();

  net::Loop& home;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  const std::uint64_t door = next_door();
  bool started = false;  // this and what follows: home loop's thread
  Route route;
  Accept accept;
};

Result<std::shared_ptr<Listener>> Listener::open(net::Loop& home, const HostPort& address, Share share) {
  Result<tcp::acceptor> acceptor = net::listen_at(home.context(), address, share == Share::Yes);
  if (!acceptor) return std::move(acceptor).error();
  auto made = std::make_shared<Accepting>(home);
  made->acceptor = std::move(*acceptor);
  boost::system::error_code failed;
  made->port = made->acceptor.local_endpoint(failed).port();
  return std::shared_ptr<Listener>(new Listener(std::move(made)));
}

Result<std::shared_ptr<Listener>> Listener::adopt(net::Loop& home, Descriptor socket) {
  auto made = std::make_shared<Accepting>(home);
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size);
  boost::system::error_code failed;
  made->acceptor.assign(local.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.get(), failed);
  if (failed) return Error{Errc::Io, "a socket that was handed over: " + failed.message()};
  (void)socket.release();
  made->acceptor.native_non_blocking(true, failed);
  net::set_connection_options(made->acceptor.native_handle());
  made->port = made->acceptor.local_endpoint(failed).port();
  return std::shared_ptr<Listener>(new Listener(std::move(made)));
}

Descriptor Listener::duplicate() const {
  return Descriptor(::fcntl(accepting_->acceptor.native_handle(), F_DUPFD_CLOEXEC, 0));
}

Listener::~Listener() { close(); }

void Listener::start(Route route, Accept accept) {
  route.door = door();
  asio::dispatch(accepting_->home.context(), [self = accepting_, route, accept = std::move(accept)]() mutable {
    self->route = route;
    self->accept = std::move(accept);
    if (!self->acceptor.is_open() || std::exchange(self->started, true)) return;
    asio::co_spawn(self->home.executor(), Accepting::run(self), asio::detached);
  });
}

void Listener::close() {
  asio::dispatch(accepting_->home.context(), [self = accepting_] {
    boost::system::error_code ignored;
    // Who waits in the kernel believes to be connected and would be reset.
    if (self->started && self->acceptor.is_open()) self->accept_some();
    self->acceptor.close(ignored);
  });
}

void Listener::share(Share share) {
  const int on = share == Share::Yes ? 1 : 0;
  ::setsockopt(accepting_->acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

std::uint16_t Listener::port() const { return accepting_->port; }

std::uint64_t Listener::door() const { return accepting_->door; }

net::Task<void> Listener::Accepting::run(std::shared_ptr<Accepting> self) {
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

/// Takes those who wait, a bounded number so that the loop stays fair. False: the system is short of something, pause.
bool Listener::Accepting::accept_some() {
  for (int taken = 0; taken < 64; ++taken) {
    if (auto accepted = net::accept_at(acceptor.native_handle())) {
      accept(std::move(*accepted), route);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    log::error("accept failed",
               {{"port", port}, {"reason", std::strerror(errno)}, {"remedy", "raise the open files limit"}});
    return false;
  }
  return true;
}

}  // namespace kp::proxy
