#include "reconcile/fleet.h"

#include <algorithm>

#include "plan/objects.h"
#include "reconcile/applier.h"

namespace kp::reconcile {
namespace {

using kube::Json;
using kube::text_at;
using runtime::Next;

constexpr std::chrono::milliseconds held_back{50};

bool leaves(const Json& pod) {
  const std::string phase = text_at(pod, {"status", "phase"});
  return pod["metadata"].contains("deletionTimestamp") || phase == "Succeeded" || phase == "Failed";
}

/// Empty: there is nobody to be asked, or nobody of ours. Before a pod runs its address may still be another's.
std::string address_of(const runtime::Object& pod) {
  const bool runs = pod != nullptr && !leaves(*pod) && text_at(*pod, {"status", "phase"}) == "Running";
  return runs && !proxy_of(*pod).name.empty() ? text_at(*pod, {"status", "podIP"}) : std::string();
}

}  // namespace

kube::Name proxy_of(const Json& pod) {
  if (text_at(pod, {"metadata", "labels", "app.kubernetes.io/name"}) != "kafkaproxy") return {};
  const std::string name = text_at(pod, {"metadata", "labels", "app.kubernetes.io/instance"});
  const Json* const owner = controller_of(pod);
  if (name.empty() || owner == nullptr || text_at(*owner, "kind") != "ReplicaSet") return {};
  if (!text_at(*owner, "name").starts_with(name + "-")) return {};
  return {kube::name_of(pod).space, name};
}

std::vector<std::string> Fleet::keys_of(const Json& pod) {
  const kube::Name proxy = proxy_of(pod);
  return proxy.name.empty() ? std::vector<std::string>{} : std::vector<std::string>{to_string(proxy)};
}

Fleet::Fleet(runtime::Cache& pods, runtime::Clock& clock, Get get, std::function<void(const kube::Name&)> changed,
             Pace pace)
    : pods_(pods), clock_(clock), get_(std::move(get)), changed_(std::move(changed)), pace_(pace) {
  pods_.add_index(by_proxy, keys_of);
  pods_.add_handlers(runtime::Cache::Handlers::any([this](const runtime::Object& pod) { on_event(*pod); }));
}

/// Whatever kept it silent may be over: it is asked at once, and often again.
void Fleet::on_event(const Json& pod) {
  const kube::Name name = kube::name_of(pod);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(name); known != known_.end()) known->second.silences = 0;
  }
  lane_of(name).queue.add(name);
  changed_(proxy_of(pod));
}

Fleet::Lane& Fleet::lane_of(const kube::Name& pod) {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(pod);
  return known != known_.end() && known->second.prompt ? prompt_ : slow_;
}

std::vector<PodView> Fleet::of(const kube::Name& proxy) const {
  std::vector<PodView> out;
  for (const runtime::Object& pod : pods_.with(by_proxy, to_string(proxy))) {
    if (leaves(*pod)) continue;
    const kube::Name name = kube::name_of(*pod);
    PodView view{.name = name.name,
                 .uid = text_at(*pod, {"metadata", "uid"}),
                 .told = text_at(*pod, {"metadata", "annotations", generation_annotation}),
                 .report = {},
                 .trouble = "has not answered yet",
                 .refused_since = {}};
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(name); known != known_.end() && known->second.uid == view.uid) {
      view.report = known->second.report;
      view.trouble = known->second.trouble;
      view.refused_since = known->second.refused_since;
    }
    out.push_back(std::move(view));
  }
  return out;
}

void Fleet::expect(const kube::Name& proxy, const std::string& generation) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(expectations_[proxy], generation) == generation) return;
  }
  for (const runtime::Object& pod : pods_.with(by_proxy, to_string(proxy))) {
    const kube::Name name = kube::name_of(*pod);
    lane_of(name).queue.add(name);
  }
}

void Fleet::forget(const kube::Name& proxy) {
  const std::lock_guard lock(mutex_);
  expectations_.erase(proxy);
}

/// One KafkaProxy's pods never have all askers of the slow lane. An asking that throws gives its share back too.
struct Fleet::Share {
  Share(Fleet& of, const kube::Name& whose, bool counts) : fleet(of), proxy(whose), counted(counts) {
    if (!counted) return;
    const std::lock_guard lock(fleet.mutex_);
    unsigned& asked = fleet.slow_asked_[proxy];
    granted = asked < std::max(fleet.pace_.askers / 2, 1U);
    counted = granted;
    if (granted) ++asked;
  }
  ~Share() {
    if (!counted) return;
    const std::lock_guard lock(fleet.mutex_);
    if (const auto asked = fleet.slow_asked_.find(proxy); --asked->second == 0) fleet.slow_asked_.erase(asked);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  Fleet& fleet;
  const kube::Name& proxy;
  bool counted;
  bool granted = true;
};

Result<Next> Fleet::ask(const kube::Name& name, Lane& lane) {
  const runtime::Object pod = pods_.find(name);
  const std::string address = address_of(pod);
  if (address.empty()) {
    const std::lock_guard lock(mutex_);
    known_.erase(name);
    return Next{};  // its next event brings it back
  }
  if (Lane& right = lane_of(name); &right != &lane) {
    right.queue.add(name);
    return Next{};
  }
  const kube::Name proxy = proxy_of(*pod);
  const Share share(*this, proxy, &lane == &slow_);
  if (!share.granted) return Next{held_back};
  const auto begun = clock_.now();
  Result<PodReport> report = report_of(address);
  if (note(name, text_at(*pod, {"metadata", "uid"}), std::move(report), clock_.now() - begun)) changed_(proxy);
  const std::chrono::milliseconds pause = pause_after(name, proxy);
  Lane& next = lane_of(name);
  if (&next == &lane) return Next{pause};
  next.queue.add_after(name, pause);
  return Next{};
}

Result<PodReport> Fleet::report_of(const std::string& address) const {
  Result<std::string> config = get_(address, "/config");
  if (!config) return std::move(config).error();
  Result<std::string> brokers = get_(address, "/brokers");
  if (!brokers) return std::move(brokers).error();
  return read_report(*config, *brokers);
}

/// True: it is news.
bool Fleet::note(const kube::Name& pod, const std::string& uid, Result<PodReport> report,
                 runtime::Clock::Duration took) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[pod];
  if (known.uid != uid) {
    known = Known();
    known.uid = uid;
  }
  known.prompt = report && took <= pace_.prompt;
  known.silences = report ? 0 : known.silences + 1;
  if (!report) {
    const bool news = known.report.has_value() || known.trouble.empty();
    known.report.reset();
    known.refused_since.reset();
    known.trouble = report.error().message;
    return news;
  }
  const bool same_refusal = known.report && known.report->refusal == report->refusal &&
                            known.report->refused_generation == report->refused_generation;
  if (report->refusal.empty()) {
    known.refused_since.reset();
  } else if (!same_refusal) {
    known.refused_since = clock_.now();
  }
  known.trouble.clear();
  if (known.report == *report) return false;
  known.report = std::move(*report);
  return true;
}

std::chrono::milliseconds Fleet::pause_after(const kube::Name& pod, const kube::Name& proxy) const {
  const auto total = std::chrono::milliseconds(1000 * pods_.size() / pace_.per_second);
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(pod);
  if (known == known_.end()) return std::max(pace_.silent, total);
  if (!known->second.report) {
    // 0: it changed while it was asked.
    const unsigned doublings = std::min(std::max(known->second.silences, 1U) - 1, 16U);
    return std::max(std::min(pace_.silent * (1 << doublings), pace_.silent_most), total);
  }
  const auto expected = expectations_.find(proxy);
  const PodReport& report = *known->second.report;
  if (expected != expectations_.end() && expected->second != report.generation) return pace_.awaited;
  return report.refusal.empty() ? std::max(pace_.steady, total) : pace_.refusing;
}

}  // namespace kp::reconcile
