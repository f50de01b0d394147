#include "virtual/apis/fetch_plan.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <tuple>

namespace kp::virt {
namespace {

/// Those whose offsets lie further apart are read separately: who is behind must not hold the others back.
constexpr std::int64_t far_apart = 10'000;

bool read_together(const Want& one, const Want& next) {
  return !one.alone && !next.alone && one.physical() == next.physical() &&
         one.asked.current_leader_epoch == next.asked.current_leader_epoch && next.from - one.from <= far_apart;
}

/// Those of one physical partition stand side by side.
std::vector<Cluster> clusters_of(std::vector<Want*> wants) {
  const auto place = [](const Want* want) {
    return std::tuple(want->key, want->upstream(), want->asked.current_leader_epoch, want->from);
  };
  std::ranges::stable_sort(wants, {}, place);
  std::vector<Cluster> clusters;
  for (Want* const want : wants) {
    if (clusters.empty() || !read_together(*clusters.back().wants.back(), *want)) clusters.emplace_back();
    clusters.back().wants.push_back(want);
  }
  return clusters;
}

/// How many groups stand between the one whose turn it is and the next of the cluster.
std::int32_t distance(const Cluster& cluster, std::int32_t first) {
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  for (const Want* const want : cluster.wants) {
    const std::int32_t groups = want->rule->groups();
    least = std::min(least, (want->rule->group_of(want->partition) - first % groups + groups) % groups);
  }
  return least;
}

/// Moves those of one physical partition that have their turn to `kept`.
void take_turns(std::span<Cluster> clusters, Turns& turns, std::vector<Cluster>& kept) {
  if (clusters.size() > most_reads) {
    const Want& any = *clusters[0].wants[0];  // virtual: another is wanted once only
    const std::int32_t first = turns.first(any.physical());
    std::ranges::stable_sort(clusters, {}, [&](const Cluster& each) { return distance(each, first); });
    const std::span<Cluster> rest = clusters.subspan(most_reads);
    turns.begin_with(any.physical(), (first + distance(rest[0], first)) % any.rule->groups());
    for (const Cluster& cluster : rest) {
      for (Want* const want : cluster.wants) want->left_out = true;
    }
    clusters = clusters.first(most_reads);
  }
  std::ranges::move(clusters, std::back_inserter(kept));
}

}  // namespace

FetchPlan plan_fetch(std::vector<Want*> wants, Turns& turns) {
  for (Want* const want : wants) want->left_out = false;
  std::vector<Cluster> clusters = clusters_of(std::move(wants));
  FetchPlan plan;
  for (std::span<Cluster> rest = clusters; !rest.empty();) {
    const auto other = [&](const Cluster& each) { return each.wants[0]->physical() != rest[0].wants[0]->physical(); };
    const auto size = static_cast<std::size_t>(std::ranges::find_if(rest, other) - rest.begin());
    take_turns(rest.first(size), turns, plan.clusters);
    rest = rest.subspan(size);
  }
  // Each goes into the first request that hasn't its partition yet.
  std::map<Turns::Key, std::size_t> used;
  for (Cluster& cluster : plan.clusters) {
    cluster.ask = used[cluster.wants[0]->physical()]++;
    plan.asks = std::max(plan.asks, cluster.ask + 1);
  }
  return plan;
}

}  // namespace kp::virt
