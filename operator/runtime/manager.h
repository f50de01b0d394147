#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/counters.h"
#include "runtime/controller.h"
#include "runtime/events.h"
#include "runtime/informer.h"
#include "runtime/leader.h"
#include "telemetry/admin.h"

namespace kp::runtime {

class MetricsText;

/// Starts the parts of an operator in order, and stops them in the reverse of it: /metrics, /healthz and /readyz;
/// Events; informers; once all are synced and the lease is ours, controllers.
class Manager {
 public:
  struct Options {
    HostPort admin{"::", 8080};
    std::optional<LeaderElector::Options> leader = {};  ///< nullopt: acts at once
    std::chrono::milliseconds stop_within{20'000};      ///< after that requests under way are cut off
    /// Without a word of a kind of objects for longer, it is not ready. The server sends a bookmark each minute.
    std::chrono::seconds troubled_at_most{120};
    /// Further metrics, appended to ours; on the admin thread. May be empty.
    std::function<std::string()> more_metrics = {};
  };

  /// `lease_client`: as LeaderElector wants it; not looked at without leader election. All arguments outlive it.
  Manager(kube::Client& client, kube::Client& lease_client, const kube::RequestCounters& requests, Clock& clock,
          Options options);

  /// All before `run`; they outlive it.
  void add(Informer& informer) { informers_.push_back(&informer); }
  void add(Controller& controller) { controllers_.push_back(&controller); }
  void use(EventRecorder& events) { events_ = &events; }

  /// Until stopped. Errors: Conflict when the admin port is taken or the lease is lost; whoever loses it ends the
  /// process, since nothing is known any more of what others do.
  Status run(const std::stop_token& stop);

  /// Of the admin endpoint, with the real port; once `run` has bound it.
  std::optional<HostPort> admin_address() const;
  bool leading() const;
  bool may_act() const { return elector_ == nullptr || elector_->may_act(); }  ///< any thread, while `run` runs

 private:
  Status act(const std::stop_token& stop);
  void lead(const std::stop_token& stop);
  void cut_off_late(const std::stop_token& stop, const std::stop_token& ended);
  Result<std::unique_ptr<telemetry::AdminServer>> start_admin();
  std::optional<std::string> not_ready() const;
  std::string metrics() const;
  void add_controllers(MetricsText& out) const;
  void add_api(MetricsText& out) const;

  kube::Client& client_;
  kube::Client& lease_client_;
  const kube::RequestCounters& requests_;
  Clock& clock_;
  const Options options_;
  std::vector<Informer*> informers_;
  std::vector<Controller*> controllers_;
  EventRecorder* events_ = nullptr;
  std::unique_ptr<LeaderElector> elector_;  ///< made before the threads that look at it
  std::atomic<bool> acting_ = false;
  mutable std::mutex mutex_;  ///< of admin_address_
  std::optional<HostPort> admin_address_;
};

}  // namespace kp::runtime
