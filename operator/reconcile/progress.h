#pragma once

#include <string>
#include <vector>

#include "api/conditions.h"
#include "api/status.h"
#include "plan/inputs.h"
#include "reconcile/fleet.h"

/// From what the pods say to what the status says. Pure.
namespace kp::reconcile {

/// Mounted volumes change as a whole, but a kubelet may see a new ConfigMap before the new Secret: only what is still
/// refused after this long is.
inline constexpr std::chrono::seconds refusal_counts_after{2};

struct Progress {
  int pods = 0;
  int answering = 0;
  int programmed = 0;
  std::optional<api::Refused> refused;  ///< of the wanted generation
  bool refusal_pending = false;         ///< one that has not lasted long enough
  std::string silent;                   ///< "pod orders-1: connection refused", the first that doesn't answer

  /// Nobody who says anything runs something else: it may be gone back to. Who has yet to start doesn't count.
  bool proven() const { return programmed > 0 && programmed == answering; }
  bool whole(int replicas) const { return pods > 0 && programmed == pods && pods >= replicas; }
  std::string text(int replicas) const;  ///< "2/3"
};

Progress progress_of(const std::vector<PodView>& pods, const std::string& wanted, runtime::Clock::Time now,
                     api::Time wall_time);

/// What the pods have learned of the cluster: of one that runs `generation`, else of any.
plan::Learned learned_from(const std::vector<PodView>& pods, const std::string& generation);

/// `refused`: the wanted generation was refused before, and what was good, if there is such, is in force again.
api::Condition programmed_condition(const Progress& progress, const std::optional<api::Refused>& refused,
                                    bool last_good, int replicas);
/// Of one that the API server doesn't take.
api::Condition apply_failed_condition(const Error& error);
/// Of a KafkaProxy whose spec or Secrets can't be applied.
api::Condition not_applied_condition(const std::vector<api::Condition>& conditions);
/// With partitionMapping: what the pods say of topics that clients asked them for.
api::Condition topics_fit_condition(const std::vector<PodView>& pods);
api::Condition ready_condition(int ready, int replicas, bool waits_for_address);

}  // namespace kp::reconcile
