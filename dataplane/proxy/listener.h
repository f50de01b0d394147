#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"
#include "net/listen.h"
#include "net/loop.h"
#include "proxy/route.h"

namespace kp::proxy {

/// A bound port that accepts. It closes with the last handle; connections that were accepted stay.
class Listener {
 public:
  /// Takes a connection, non-blocking, that came in by `route`. Called on the home loop.
  using Accept = std::function<void(net::Accepted accepted, const Route& route)>;
  enum class Share : bool { No, Yes };  ///< Yes: an overlapping address may be bound by this user too (SO_REUSEPORT)

  /// Binds and listens, doesn't accept yet: those who come wait in the kernel. Any thread. Errors: Conflict (in use),
  /// Invalid (no IP address), Io.
  static Result<std::shared_ptr<Listener>> open(net::Loop& home, const HostPort& address, Share share = Share::No);
  /// A socket that listens already. Errors: Io.
  static Result<std::shared_ptr<Listener>> adopt(net::Loop& home, Descriptor socket);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Accepts from now on; a second call changes only the route. Any thread.
  void start(Route route, Accept accept);
  void close();             ///< any thread; at once when that is the home loop's
  void share(Share share);  ///< not while another thread closes it

  std::uint16_t port() const;    ///< the real one
  Descriptor duplicate() const;  ///< of the socket; not while another thread closes it
  /// Tells listeners apart, also where one takes another's address later. Never 0.
  std::uint64_t door() const;

 private:
  struct Accepting;
  explicit Listener(std::shared_ptr<Accepting> accepting) : accepting_(std::move(accepting)) {}
  std::shared_ptr<Accepting> accepting_;  ///< the accepting coroutine holds it too
};

}  // namespace kp::proxy
