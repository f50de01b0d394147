#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "base/host_port.h"
#include "base/result.h"
#include "net/loop.h"

namespace kp::proxy {

/// A bound port that accepts. It lives until close(); its accepting coroutine keeps it.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Takes an accepted socket (a file descriptor, non-blocking). Called on the home loop; owns the descriptor from then
  /// on.
  using Accept = std::function<void(int descriptor)>;

  /// Binds and listens, doesn't accept yet. Any thread. Errors: Conflict (in use), Io.
  static Result<std::shared_ptr<Listener>> open(net::Loop& home, const HostPort& address);

  void start(Accept accept);
  void close();  ///< any thread; connections that were accepted stay
  std::uint16_t port() const { return port_; }

  explicit Listener(net::Loop& home) : home_(home), acceptor_(home.context()) {}

 private:
  static net::Task<void> accept_all(std::shared_ptr<Listener> self);
  bool accept_some();

  net::Loop& home_;
  net::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  Accept accept_;
};

}  // namespace kp::proxy
