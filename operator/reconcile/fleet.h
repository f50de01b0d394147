#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/pod_report.h"
#include "runtime/cache.h"
#include "runtime/clock.h"
#include "runtime/controller.h"
#include "runtime/queue.h"

namespace kp::reconcile {

/// What is known of a pod.
struct PodView {
  std::string name;
  std::string uid;
  std::string told;                 ///< the generation that was put on it last: its annotation
  std::optional<PodReport> report;  ///< nothing: it has not answered
  std::string trouble;              ///< why it does not answer
  /// Since when it has refused what it refuses now.
  std::optional<runtime::Clock::Time> refused_since;
};

/// The pods of all KafkaProxies, and what their admin endpoints say: asked often while something is awaited, else now
/// and then. Those that don't answer, or late, have askers of their own, so that they delay nobody but each other. Any
/// thread.
class Fleet {
 public:
  /// Answers GET of `path` on a pod's admin endpoint.
  using Get = std::function<Result<std::string>(const std::string& address, const std::string& path)>;

  struct Pace {
    std::chrono::milliseconds awaited{150};  ///< while a pod has still to say what is expected of it
    std::chrono::milliseconds refusing{1'000};
    std::chrono::milliseconds silent{1'000};        ///< after it has not answered; doubles each time, up to
    std::chrono::milliseconds silent_most{30'000};  ///< this, until the pod changes
    std::chrono::milliseconds steady{3'000};
    unsigned per_second = 100;  ///< pods asked in a second while nothing is awaited: with many, steady is longer
    std::chrono::milliseconds prompt{500};  ///< who takes longer for an answer counts among the slow
    unsigned askers = 4;                    ///< of the prompt, and as many of all others
  };

  /// `pods` has an index by_proxy. `changed` is called with a KafkaProxy whose pods say something new; it only notes
  /// that. The arguments outlive it.
  Fleet(runtime::Cache& pods, runtime::Clock& clock, Get get, std::function<void(const kube::Name& proxy)> changed,
        Pace pace);

  static constexpr const char* by_proxy = "proxy";  ///< "shop/orders" → its pods
  static std::vector<std::string> keys_of(const kube::Json& pod);

  /// Those that are not on their way out.
  std::vector<PodView> of(const kube::Name& proxy) const;
  /// What pods of `proxy` are to say. Where one doesn't, it is asked soon, again and again.
  void expect(const kube::Name& proxy, const std::string& generation);
  void forget(const kube::Name& proxy);

  std::array<runtime::Controller*, 2> controllers() { return {&prompt_.controller, &slow_.controller}; }

 private:
  struct Known {
    std::string uid;
    std::optional<PodReport> report;
    std::string trouble;
    std::optional<runtime::Clock::Time> refused_since;
    unsigned silences = 0;  ///< in a row, since the pod changed
    bool prompt = false;    ///< it answered in good time, the last time
  };
  /// Pods, and who asks them. Each pod belongs to one; what the other still has of it is handed on.
  struct Lane {
    Lane(Fleet& fleet, const char* name)
        : queue(fleet.clock_),
          controller(
              name, queue, [this, &fleet](const kube::Name& pod) { return fleet.ask(pod, *this); },
              fleet.pace_.askers) {}
    runtime::WorkQueue queue;
    runtime::Controller controller;
  };
  struct Share;

  void on_event(const kube::Json& pod);
  Lane& lane_of(const kube::Name& pod);
  Result<runtime::Next> ask(const kube::Name& pod, Lane& lane);
  Result<PodReport> report_of(const std::string& address) const;
  bool note(const kube::Name& pod, const std::string& uid, Result<PodReport> report, runtime::Clock::Duration took);
  std::chrono::milliseconds pause_after(const kube::Name& pod, const kube::Name& proxy) const;

  runtime::Cache& pods_;
  runtime::Clock& clock_;
  const Get get_;
  const std::function<void(const kube::Name&)> changed_;
  const Pace pace_;
  Lane prompt_{*this, "pods"};
  Lane slow_{*this, "slow_pods"};
  mutable std::mutex mutex_;                        ///< of all below
  std::map<kube::Name, Known> known_;               ///< by pod
  std::map<kube::Name, std::string> expectations_;  ///< generation, by proxy
  std::map<kube::Name, unsigned> slow_asked_;       ///< pods that slow_ asks just now, by proxy
};

/// On a pod: the generation that the operator last told it of. Its change makes the kubelet look at the volumes now.
inline constexpr const char* generation_annotation = "kafkaproxy.dev/generation";

/// The KafkaProxy that a pod belongs to; empty: none. By its labels, which anybody can write on a pod of his own, and
/// by its controller, a ReplicaSet of the Deployment's. That can be forged too, but only by who may make pods with it
/// in that namespace.
kube::Name proxy_of(const kube::Json& pod);

}  // namespace kp::reconcile
