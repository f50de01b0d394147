#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "broker/topology.h"
#include "config/model.h"
#include "proxy/listener.h"
#include "proxy/pages.h"
#include "proxy/route.h"
#include "proxy/runtime.h"
#include "proxy/worker.h"
#include "telemetry/admin.h"

namespace kp::proxy {

/// The running data plane: loops, listeners, what was learned, the admin endpoint. Made and ended by one thread.
class Proxy {
 public:
  /// Builds everything, binds every port, then serves. Errors: Invalid (a file or value), Conflict (a port is taken).
  /// `threads` 0: as many as this process may use.
  static Result<std::unique_ptr<Proxy>> start(config::Config config, unsigned threads = 0);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Stops accepting, lets every connection answer what is in flight, returns when all have ended or drain_timeout is
  /// over. True: all ended by themselves. `hurry` is looked at ten times a second: true ends the wait.
  bool drain(const std::function<bool()>& hurry);

  /// Waits until the brokers are known, or learning can't be (SASL passthrough), at most `limit`.
  bool wait_until_ready(std::chrono::milliseconds limit) const;
  std::string summary() const;
  std::optional<HostPort> admin_address() const;

 private:
  Proxy() = default;
  void start_workers(unsigned threads);
  Status start_listeners();
  Status listen(const HostPort& address, Route route);
  Result<Endpoints::Bound> open_for_broker(const HostPort& address, BrokerId id);
  Status start_admin();
  void start_learning();
  void learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at);
  void start_accepting();
  void accept(int descriptor, Route route);
  Worker& least_loaded();
  void refuse(int descriptor);

  std::string metrics_page() const;
  std::optional<std::string> not_ready() const;
  std::optional<telemetry::Counters> gather() const;  ///< nothing: a loop did not answer in time

  std::vector<std::unique_ptr<Worker>> workers_;
  std::shared_ptr<Runtime> runtime_;
  struct Door {
    std::shared_ptr<Listener> listener;
    Route route;
  };
  std::vector<Door> listeners_;  ///< bootstrap and SNI; those of brokers belong to Endpoints
  std::shared_ptr<broker::Topology> topology_;
  std::set<BrokerId> looked_at_again_;  ///< brokers whose last dial failed, being dialled; first loop's thread
  std::unique_ptr<telemetry::AdminServer> admin_;
  ConfigState state_;
  std::atomic<bool> accepting_{false};
  std::atomic<bool> draining_{false};
  std::atomic<std::uint64_t> refused_full_{0};
};

}  // namespace kp::proxy
