#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "kube/object.h"
#include "runtime/clock.h"
#include "runtime/queue.h"
#include "telemetry/metrics.h"

namespace kp::runtime {

/// What to do with a name after a reconcile that did not fail.
struct Next {
  std::chrono::milliseconds again_in{0};  ///< 0: when something changes
};

/// Makes the world match one object, found by its name; safe to call at any time, any number of times. An Error is
/// tried again, each time later; so what a user must mend is no Error, but a condition.
using Reconcile = std::function<Result<Next>(const kube::Name&)>;

/// Workers that take names from a queue.
class Controller {
 public:
  struct Stats {
    std::map<std::string, std::uint64_t> results;  ///< "success", "again", "error"
    telemetry::Histogram duration;                 ///< seconds, of all
    std::uint64_t running = 0;
  };

  /// The queue outlives it. `reconcile` is called by all workers, never for one name by two.
  Controller(std::string name, WorkQueue& queue, Reconcile reconcile, unsigned workers = 2);

  /// Until stopped; then shuts the queue down, and returns when what is under way is done. Once.
  void run(const std::stop_token& stop);

  const std::string& name() const { return name_; }
  const WorkQueue& queue() const { return queue_; }
  Stats stats() const;

 private:
  void work();
  void work_on(const kube::Name& key);
  Result<Next> reconcile(const kube::Name& key) const;

  const std::string name_;
  WorkQueue& queue_;
  const Reconcile reconcile_;
  const unsigned workers_;
  mutable std::mutex mutex_;  ///< of stats_
  Stats stats_{{{"success", 0}, {"again", 0}, {"error", 0}}, {}, 0};
};

}  // namespace kp::runtime
