#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"
#include "proxy/route.h"

/// A new process of the same host takes over the listening sockets of the old one, so that an upgrade refuses nobody:
/// who connects meanwhile waits in the queue of a socket that both have. They meet at a Unix socket (SOCK_SEQPACKET), a
/// message each:
///
///   new → old   take 1                                       the version of what follows
///   old → new   port ROUTE SLOT BROKER HOST:PORT  + socket   for each port; then
///   old → new   broker ID HOST:PORT                          where it is known to be, for each; then
///   old → new   end
///   new → old   serving                                      when it does; until then the old one serves as before
///   old → new   leaving                                      from here on it drains
namespace kp::proxy {

struct HandedPort {
  HostPort asked;              ///< as configured: its port may be 0
  std::optional<Route> route;  ///< nothing: the admin endpoint
  Descriptor socket;
};

struct HandedBroker {
  BrokerId id = -1;
  HostPort upstream;
};

/// What a process leaves to the next one.
struct Inheritance {
  std::vector<HandedPort> ports;
  std::vector<HandedBroker> brokers;  ///< for who can't ask the cluster (SASL passthrough)
};

/// The old process's end, with a thread of its own. Only a process of the same user, or root's, gets anything.
class HandoverServer {
 public:
  using Inherit = std::function<Inheritance()>;

  /// `path`, at most 107 bytes, is made anew. `inheritance` gives duplicates, `leave` starts the drain; both are called
  /// on the thread here. Errors: Io.
  static Result<std::unique_ptr<HandoverServer>> start(const std::string& path, Inherit inheritance,
                                                       std::function<void()> leave);
  bool handed_over() const { return handed_over_; }  ///< any thread
  ~HandoverServer();  ///< waits for the thread; the socket's file stays when another process has taken over
  HandoverServer(const HandoverServer&) = delete;
  HandoverServer& operator=(const HandoverServer&) = delete;

 private:
  HandoverServer() = default;
  void run();
  bool hand_over(const Descriptor& successor);

  std::string path_;
  Inherit inheritance_;
  std::function<void()> leave_;
  Descriptor listening_;
  Descriptor wake_;  ///< an eventfd: the end
  std::atomic<bool> handed_over_ = false;
  std::thread thread_;
};

/// The new process's end.
class Takeover {
 public:
  /// Asks the process at `path` for its ports; nothing: none is there. Errors: Io, Malformed, Unauthorized.
  static Result<std::optional<Takeover>> begin(const std::string& path);

  Inheritance inheritance;
  /// Says that this process serves, so that the other one drains.
  Status finish();

 private:
  Descriptor predecessor_;
};

}  // namespace kp::proxy
