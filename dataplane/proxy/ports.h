#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/handover.h"
#include "proxy/listener.h"

namespace kp::proxy {

/// The ports that are bound, by address. A new configuration takes over those that it shares with the one before, and a
/// new process those of the old one, so that nobody who connects meanwhile is refused. Any thread.
class Ports {
 public:
  /// `inherited`: of the process before; they wait to be asked for.
  explicit Ports(net::Loop& home, std::vector<HandedPort> inherited = {});

  /// A new listener, by which connections will go to `route`. Errors: as Listener::open; Conflict also when one of ours
  /// stands there, or the process before had it for another broker.
  Result<std::shared_ptr<Listener>> open(const HostPort& address, const Route& route);

  /// The listener that stands at `address`, else a new one; port 0: always a new one.
  Result<std::shared_ptr<Listener>> take(const HostPort& address, const Route& route);

  /// A port is for something else now.
  void note(std::uint64_t door, const HostPort& asked, const Route& route);

  /// The process before has gone: what nobody has asked for closes.
  void drop_inherited();
  /// Duplicates, for the next process.
  std::vector<HandedPort> hand_over() const;

 private:
  struct Standing {
    HostPort asked;
    Route route;
    std::weak_ptr<Listener> listener;
  };
  using Opened = Result<std::shared_ptr<Listener>>;

  Opened noted_locked(Opened opened, const HostPort& asked, const Route& route);
  Opened open_locked(const HostPort& address, const Route& route);
  Opened open_beside_locked(const HostPort& address, const Route& route);

  net::Loop& home_;
  mutable std::mutex mutex_;            ///< guards what follows
  std::map<HostPort, Standing> bound_;  ///< by real port
  std::vector<HandedPort> inherited_;
};

}  // namespace kp::proxy
