#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "api/kafka_proxy.h"
#include "kube/client.h"
#include "plan/plan.h"
#include "reconcile/applier.h"
#include "reconcile/claims.h"
#include "reconcile/fleet.h"
#include "runtime/controller.h"
#include "runtime/events.h"

namespace kp::reconcile {

/// Read the caches → plan → apply → status, for one KafkaProxy at a time. Any thread, one name at a time.
class Reconciler {
 public:
  struct Parts {
    kube::Client& client;
    const Caches& caches;
    Applier& applier;
    Fleet& fleet;
    Claims& claims;
    runtime::EventRecorder& events;
    runtime::Clock& clock;
    plan::Options options;
  };

  explicit Reconciler(Parts parts) : parts_(std::move(parts)) {}

  Result<runtime::Next> reconcile(const kube::Name& name);

 private:
  struct Pass;

  plan::Inputs gather(const kube::Json& object, const std::vector<PodView>& pods) const;
  Result<runtime::Next> act(Pass& pass);
  Status apply_all(Pass& pass);
  Status ensure(Pass& pass, const kube::Json& wanted, bool* written = nullptr);
  Status apply_planned(Pass& pass, bool secrets);
  Status apply_content(Pass& pass);
  Status apply_rest(Pass& pass);
  Status nudge(Pass& pass);
  void judge(Pass& pass);
  Status write_status(Pass& pass, const Status& applied);
  api::Status status_of(const kube::Json& object, api::Status read) const;
  void tell_news(const Pass& pass);
  void look_at_topics(Pass& pass, std::vector<api::Condition>& conditions);
  void tell(const Pass& pass, const plan::Event& event);
  runtime::Object find(const kube::Kind& kind, const kube::Name& name) const;
  std::optional<plan::Content> last_good(const api::KafkaProxy& proxy) const;

  /// A status that was written: while the cache still has the version before, this one counts.
  struct WrittenStatus {
    std::string before;
    api::Status status;
  };

  struct Nudge {
    runtime::Clock::Time at{};
    bool again = false;  ///< of the same generation
  };

  const Parts parts_;
  mutable std::mutex mutex_;  ///< of all below
  std::map<kube::Name, WrittenStatus> statuses_;
  std::map<kube::Name, int> refusals_;                         ///< of the same content, one after the other
  std::map<kube::Name, std::set<std::string>> told_;           ///< what the last plan found
  std::map<kube::Name, std::map<std::string, Nudge>> nudged_;  ///< by uid of pod
  std::map<kube::Name, std::string> owners_;                   ///< uid
};

}  // namespace kp::reconcile
