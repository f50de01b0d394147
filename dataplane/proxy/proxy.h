#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "broker/topology.h"
#include "config/files.h"
#include "config/model.h"
#include "proxy/doors.h"
#include "proxy/pages.h"
#include "proxy/ports.h"
#include "proxy/route.h"
#include "proxy/runtime.h"
#include "proxy/side_service.h"
#include "proxy/worker.h"
#include "telemetry/admin.h"

namespace kp::proxy {

/// The running data plane: loops, listeners, what was learned, the admin endpoint. Made and ended by one thread.
class Proxy {
 public:
  /// Builds everything, binds every port, then serves. Errors: Invalid (a file or value), Conflict (a port is taken).
  /// `threads` 0: as many as this process may use. `inherited`: of a process that this one takes over from.
  /// `side` (may be empty): what else is served.
  static Result<std::unique_ptr<Proxy>> start(config::Config config, unsigned threads = 0, Inheritance inherited = {},
                                              const MakeSideService& side = {});
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Puts `config` in force, for the connections that are there too; or fails, and all is as before. Any thread but a
  /// loop's, one at a time, not after drain(). Errors: as of start; also Io where `config` leads to brokers none of
  /// which answers, Draining when the process ends meanwhile.
  Status reload(config::Config config);
  /// With the files that `config` names as the caller has read them. `still_so` is asked when all is built, on the
  /// caller's thread: false ends it with Conflict.
  Status reload(config::Config config, std::vector<config::FileContent> files, const std::function<bool()>& still_so);
  void stop_reloads() { draining_ = true; }        ///< one that is under way gives up, a further one fails; any thread
  std::vector<config::FileContent> files() const;  ///< that what is in force names, as it found them
  /// Why the configuration that is wanted is not in force, for /config and metrics; no errors: it is again.
  void note_refusal(Refusal refusal);

  /// Of a process that takes over: waits until it can serve, then lets clients in. False: not within `limit`, or
  /// `hurry` (looked at often) was true; the process before goes on.
  bool open_when_ready(std::chrono::milliseconds limit, const std::function<bool()>& hurry);
  /// The admin endpoint is the next process's.
  void close_admin();
  /// What the next process needs to take over. Any thread, not after drain().
  Inheritance hand_over();
  /// The process before has gone: its ports that this one has no use for close.
  void drop_inherited();

  /// Stops accepting, lets every connection answer what is in flight, returns when all have ended or drain_timeout is
  /// over. True: all ended by themselves. `hurry` is looked at ten times a second: true ends the wait.
  bool drain(const std::function<bool()>& hurry);

  /// Waits until the brokers are known, or learning can't be (SASL passthrough), at most `limit`.
  bool wait_until_ready(std::chrono::milliseconds limit) const;
  std::string summary() const;
  std::optional<HostPort> admin_address() const;

 private:
  struct Next;      ///< what a start or a reload has built, beside what is in force
  struct Building;  ///< of endpoints: which ports they have taken

  Proxy() = default;
  void start_workers(unsigned threads, std::vector<HandedPort> inherited);
  std::shared_ptr<const Runtime> runtime() const;  ///< what is in force; any thread
  std::shared_ptr<broker::Topology> topology() const;
  net::Loop& first_loop() { return workers_.front()->loop; }

  // proxy_reload.cc
  Status build(config::Config config, std::vector<config::FileContent> files, Next& next);
  Status add_endpoints(Next& next, const Runtime* before);
  Result<bool> same_cluster(Next& next, const Runtime& before);
  Result<broker::Cluster> look_at_cluster(const Runtime& runtime);
  void add_topology(Next& next, const Runtime* before);
  broker::Topology::Options topology_options(const Runtime& runtime);
  Endpoints::Open opener(std::shared_ptr<Building> building);
  void publish(Next& next);
  void let_go(Next& next);
  void on_first_loop(const std::function<void()>& what);  ///< and waits for its end; any other thread
  void start_topology();
  void put_in_force(Next& next);

  void learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at);
  void start_accepting();
  Listener::Accept acceptor();
  void accept(net::Accepted accepted, Route route);
  Worker& least_loaded();
  void refuse(std::uint32_t limit);

  // proxy_admin.cc
  Result<std::unique_ptr<telemetry::AdminServer>> start_admin(const HostPort& address);
  std::string metrics_page() const;
  std::string config_page() const;
  std::optional<std::string> not_ready() const;
  std::optional<telemetry::Counters> gather() const;  ///< nothing: a loop did not answer in time

  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<SideService> side_;  ///< may be null
  std::unique_ptr<Ports> ports_;
  mutable std::mutex mutex_;  ///< guards what follows, down to state_; the first loop alone changes runtime_ and doors_
  std::shared_ptr<const Runtime> runtime_;
  std::vector<OpenDoor> doors_;  ///< bootstrap and SNI; listeners of brokers belong to Endpoints
  std::shared_ptr<broker::Topology> topology_;
  std::unique_ptr<telemetry::AdminServer> admin_;
  std::optional<HandedPort> inherited_admin_;  ///< start() alone
  ConfigState state_;
  std::set<BrokerId> looked_at_again_;  ///< brokers whose last dial failed, being dialled; first loop's thread
  mutable std::mutex digests_mutex_;    ///< guards what follows, of the last /config: digests are slow
  mutable std::shared_ptr<const Runtime> digested_;
  mutable std::vector<config::FileDigest> digests_;
  std::atomic<bool> patient_{false};  ///< takes over from another process: lets nobody in before it can serve
  std::atomic<bool> accepting_{false};
  std::atomic<bool> draining_{false};
  std::atomic<std::uint64_t> refused_full_{0};
};

}  // namespace kp::proxy
