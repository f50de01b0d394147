#pragma once

#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"
#include "net/loop.h"

namespace kp::gateway {

/// The port for HTTP. Closes with its owner; connections that were accepted stay.
class Door {
 public:
  using Accept = std::function<void(int descriptor)>;

  /// Binds and listens; those who come wait in the kernel. `shared`: another process of this user may have the port
  /// too, one that is about to end. Errors: Conflict, Invalid, Io.
  static Result<std::shared_ptr<Door>> open(net::Loop& home, const HostPort& address, bool shared);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// Accepts from now on, on the home loop; `accept` owns the descriptor. Any thread.
  void start(Accept accept);
  void close();  ///< any thread
  const HostPort& address() const { return address_; }

 private:
  struct Accepting;
  Door(std::shared_ptr<Accepting> accepting, HostPort address)
      : accepting_(std::move(accepting)), address_(std::move(address)) {}
  std::shared_ptr<Accepting> accepting_;
  const HostPort address_;
};

}  // namespace kp::gateway
