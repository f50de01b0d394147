#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"

/// The admin endpoint: read-only HTTP/1.1 for scrapers, probes and people.
namespace kp::telemetry {

/// What the pages show. Each is called on the admin thread, and only there, so a slow one delays the others: it bounds
/// its own waits.
struct AdminPages {
  std::function<std::string()> metrics;                ///< Prometheus text
  std::function<std::optional<std::string>()> health;  ///< nullopt: the process turns; else why not
  std::function<std::optional<std::string>()> ready;   ///< nullopt: ready; else the reason
  std::function<std::string()> config;                 ///< JSON; empty: there is no such page
  std::function<std::string()> brokers;                ///< the same
};

struct AdminLimits {
  std::chrono::milliseconds request{10'000};  ///< to send a request, and again to take its answer
  std::chrono::milliseconds idle{60'000};     ///< between two requests of one connection
  std::size_t connections = 64;               ///< further ones are answered 503 and closed
};

/// Owns its thread. Clients are untrusted: nothing that they send reaches anything but the choice of a page.
class AdminServer {
 public:
  /// Binds and serves. Port 0 takes any free one. `listening`: a socket that is bound there already. `before` (may be
  /// null) is about to end: where the addresses overlap they share the port until then. Errors: Conflict when the port
  /// is taken, else Io.
  static Result<std::unique_ptr<AdminServer>> start(const HostPort& address, AdminPages pages, AdminLimits limits = {},
                                                    Descriptor listening = Descriptor(),
                                                    const AdminServer* before = nullptr);

  /// Cuts off every client and joins the thread; waits for a page that is being made. Not from a page.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Where it listens, with the real port.
  HostPort address() const;
  /// Of the listening socket. Any thread.
  Descriptor duplicate() const;

 private:
  struct Running;
  explicit AdminServer(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace kp::telemetry
