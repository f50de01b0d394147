#include "reconcile/progress.h"

#include <algorithm>
#include <map>

namespace kp::reconcile {
namespace {

api::Condition made(std::string_view type, bool good, std::string_view reason, std::string message) {
  return {std::string(type), good ? api::Truth::True : api::Truth::False, std::string(reason), std::move(message)};
}

std::string count(int some, int all) { return std::to_string(some) + "/" + std::to_string(all); }

std::string misfit(const UnfitTopic& topic) {
  if (topic.compacted) return "is compacted";
  return "has " + std::to_string(topic.partitions) + " partitions, not " + std::to_string(topic.physical_partitions);
}

}  // namespace

std::string Progress::text(int replicas) const { return count(programmed, std::max(pods, replicas)); }

Progress progress_of(const std::vector<PodView>& pods, const std::string& wanted, runtime::Clock::Time now,
                     api::Time wall_time) {
  Progress out;
  for (const PodView& pod : pods) {
    ++out.pods;
    if (!pod.report) {
      if (out.silent.empty()) out.silent = "pod " + pod.name + ": " + pod.trouble;
      continue;
    }
    ++out.answering;
    if (pod.report->generation == wanted) ++out.programmed;
    if (pod.report->refusal.empty() || pod.report->refused_generation != wanted || !pod.refused_since) continue;
    if (now - *pod.refused_since < refusal_counts_after) {
      out.refusal_pending = true;
    } else if (!out.refused) {
      out.refused = api::Refused{wanted, pod.name, pod.report->refusal, wall_time};
    }
  }
  return out;
}

plan::Learned learned_from(const std::vector<PodView>& pods, const std::string& generation) {
  const auto says = [](const PodView& pod) { return pod.report && !pod.report->brokers.empty(); };
  auto found =
      std::ranges::find_if(pods, [&](const PodView& pod) { return says(pod) && pod.report->generation == generation; });
  if (found == pods.end()) found = std::ranges::find_if(pods, says);
  if (found == pods.end()) return {};
  return {found->report->brokers, found->report->learned_from};
}

api::Condition apply_failed_condition(const Error& error) {
  return made(api::condition::programmed, false, api::reason::apply_failed, error.message);
}

api::Condition programmed_condition(const Progress& progress, const std::optional<api::Refused>& refused,
                                    bool last_good, int replicas) {
  const auto programmed = [](bool good, std::string_view reason, std::string message) {
    return made(api::condition::programmed, good, reason, std::move(message));
  };
  if (refused)
    return programmed(false, api::reason::refused,
                      "pod " + refused->pod + " refuses it, and " +
                          (last_good ? "what was in force before stays: " : "there is nothing older to go back to: ") +
                          refused->message);
  if (progress.whole(replicas)) return programmed(true, api::reason::programmed, "every pod runs this configuration");
  if (progress.pods == 0 && replicas > 0) return programmed(false, api::reason::no_pods, "no pod is there yet");
  if (!progress.silent.empty()) return programmed(false, api::reason::unreachable, progress.silent);
  if (progress.pods == 0) return programmed(true, api::reason::programmed, "no pod is wanted");
  return programmed(false, api::reason::progressing, progress.text(replicas) + " pods run this configuration");
}

api::Condition not_applied_condition(const std::vector<api::Condition>& conditions) {
  const auto bad = std::ranges::find(conditions, api::Truth::False, &api::Condition::status);
  return made(api::condition::programmed, false, api::reason::not_applied,
              (bad == conditions.end() ? std::string("it") : bad->type + " is False, and the configuration") +
                  " was not applied; what was in force before stays");
}

api::Condition topics_fit_condition(const std::vector<PodView>& pods) {
  const bool heard = std::ranges::any_of(pods, [](const PodView& pod) { return pod.report.has_value(); });
  if (!heard)
    return {std::string(api::condition::topics_fit), api::Truth::Unknown,
            std::string(pods.empty() ? api::reason::no_pods : api::reason::unreachable), "no pod says anything"};
  std::map<std::string, const UnfitTopic*> unfit;
  for (const PodView& pod : pods)
    if (pod.report)
      for (const UnfitTopic& topic : pod.report->unfit_topics) unfit.try_emplace(topic.name, &topic);
  if (unfit.empty()) return made(api::condition::topics_fit, true, api::reason::topics_fit, "");
  std::string told;
  std::size_t named = 0;
  for (const auto& [name, topic] : unfit) {
    if (++named > report_limits::unfit_topics) break;
    told += (told.empty() ? "" : ", ") + name + " " + misfit(*topic);
  }
  if (unfit.size() > report_limits::unfit_topics) told += " and so on";
  return made(api::condition::topics_fit, false, api::reason::topics_differ,
              told +
                  "; clients get INVALID_TOPIC. Add missing partitions at the brokers, or make the topic anew with its "
                  "physicalPartitions; a compacted one is usable with compacted: keyed");
}

api::Condition ready_condition(int ready, int replicas, bool waits_for_address) {
  if (waits_for_address)
    return made(api::condition::ready, false, api::reason::no_address, "the load balancer has no address yet");
  const bool good = replicas > 0 && ready >= replicas;
  return made(api::condition::ready, good, good ? api::reason::ready : api::reason::pods_not_ready,
              count(ready, replicas) + " pods are ready");
}

}  // namespace kp::reconcile
