#include "reconcile/reconciler.h"

#include <algorithm>

#include "base/log.h"
#include "plan/objects.h"
#include "reconcile/progress.h"

namespace kp::reconcile {
namespace {

using kube::Json;
using runtime::Next;

// The kubelet may have looked before it had heard of the new content. Later it is the pod that takes its time.
constexpr std::chrono::seconds nudge_again_after{1};
constexpr std::chrono::seconds nudge_later_after{3};
constexpr std::chrono::hours look_at_least{12};

api::Time wall_time(const runtime::Clock& clock) { return std::chrono::floor<std::chrono::seconds>(clock.wall_time()); }

int number_at(const Json& object, const char* block, const char* key) {
  const auto found = object.find(block);
  return found != object.end() && found->is_object() ? found->value(key, 0) : 0;
}

/// How long a refused content rests before it is tried again: what pods refuse may lie outside of them.
std::chrono::minutes rest_after(int refusals) {
  constexpr int doublings = 5;
  return std::min(std::chrono::minutes(30), std::chrono::minutes(1 << std::clamp(refusals - 1, 0, doublings)));
}

void sooner(std::chrono::milliseconds& again_in, std::chrono::milliseconds other) {
  if (again_in.count() == 0 || other < again_in) again_in = other;
}

}  // namespace

/// What one reconcile finds and decides.
struct Reconciler::Pass {
  const Json& object;
  const api::KafkaProxy& proxy;
  const plan::Plan& plan;
  const std::vector<PodView>& pods;
  api::Time now;
  api::Status status;                    ///< as it is to be
  api::Status written;                   ///< as it is
  std::optional<plan::Content> applied;  ///< what pods are to run now; nothing: what is there stays
  /// What clients are led to, when that isn't what is wanted: no pod runs that yet, or it is refused.
  std::optional<plan::Content> served{};
  std::optional<plan::Content> last_good{};
  Progress progress{};
  bool newly_refused = false;
  std::chrono::milliseconds again_in{0};
};

runtime::Object Reconciler::find(const kube::Kind& kind, const kube::Name& name) const {
  const auto cache = parts_.caches.find(kind.plural);
  return cache == parts_.caches.end() ? nullptr : cache->second->find(name);
}

Result<Next> Reconciler::reconcile(const kube::Name& name) {
  const runtime::Object object = find(kube::kafka_proxy, name);
  if (object == nullptr || (*object)["metadata"].contains("deletionTimestamp")) {
    parts_.fleet.forget(name);
    const std::lock_guard lock(mutex_);
    told_.erase(name);
    nudged_.erase(name);
    statuses_.erase(name);
    refusals_.erase(name);
    if (const auto owner = owners_.extract(name)) parts_.applier.forget(owner.mapped());
    return Next{};
  }
  const std::vector<PodView> pods = parts_.fleet.of(name);
  const plan::Inputs inputs = gather(*object, pods);
  {
    const std::lock_guard lock(mutex_);
    owners_[name] = inputs.resource.proxy.uid;
  }
  const plan::Plan plan = plan::plan(inputs);
  Pass pass{.object = *object,
            .proxy = inputs.resource.proxy,
            .plan = plan,
            .pods = pods,
            .now = inputs.now,
            .status = inputs.resource.proxy.status,
            .written = inputs.resource.proxy.status,
            .applied = {}};
  Result<Next> next = act(pass);
  // Conflict: between us and another writer, or a name that is taken; the second is for people.
  if (!next && next.error().code != Errc::Draining)
    tell(pass, {true, std::string(api::reason::apply_failed), next.error().message});
  return next;
}

plan::Inputs Reconciler::gather(const Json& object, const std::vector<PodView>& pods) const {
  plan::Inputs inputs{.resource = api::parse(object)};
  const api::KafkaProxy& proxy = inputs.resource.proxy;
  inputs.resource.proxy.status = status_of(object, proxy.status);
  for (const std::string& wanted : api::referenced_secrets(proxy.spec))
    if (const runtime::Object secret = find(kube::secret, {proxy.name.space, wanted})) {
      inputs.secrets[wanted] = plan::secret_data(*secret);
      if (plan::is_made_by_us(*secret)) inputs.made_by_us.insert(wanted);
    }
  if (const runtime::Object files = find(kube::secret, {proxy.name.space, plan::files_name(proxy.name.name)}))
    inputs.files_in_force = plan::secret_data(*files);
  const kube::Name own{proxy.name.space, plan::self_signed_name(proxy.name.name)};
  if (const runtime::Object secret = find(kube::secret, own)) inputs.self_signed = plan::secret_data(*secret);
  if (const runtime::Object service = find(kube::service, proxy.name))
    inputs.load_balancer = plan::load_balancer_addresses(*service);
  if (const runtime::Object good = find(kube::config_map, {proxy.name.space, plan::last_good_name(proxy.name.name)}))
    inputs.partitions_in_force = plan::partitions_in(*good);
  inputs.learned = learned_from(pods, proxy.status.generation);
  if (inputs.resource.errors.empty()) inputs.others = parts_.claims.others(proxy.name, plan::claims_of(proxy));
  inputs.in_force = find(kube::config_map, {proxy.name.space, plan::config_name(proxy.name.name)}) != nullptr;
  inputs.options = parts_.options;
  inputs.now = wall_time(parts_.clock);
  return inputs;
}

/// What is written counts at once, also while the cache has yet to hear of it: a refusal must not be forgotten.
api::Status Reconciler::status_of(const Json& object, api::Status read) const {
  const std::lock_guard lock(mutex_);
  const auto written = statuses_.find(kube::name_of(object));
  if (written == statuses_.end() || written->second.before != runtime::resource_version(object)) return read;
  return written->second.status;
}

Result<Next> Reconciler::act(Pass& pass) {
  tell_news(pass);
  const Status applied = apply_all(pass);
  if (!applied && applied.error().code == Errc::Draining) return applied.error();
  if (pass.plan.certificate_made && applied) return Next{};  // its Secret brings us back
  Status told = write_status(pass, applied);
  if (!applied) return applied.error();
  if (!told) return std::move(told).error();
  if (pass.again_in.count() == 0 && pass.plan.look_again) {
    const auto until = std::max<std::chrono::milliseconds>(*pass.plan.look_again - pass.now, std::chrono::seconds(1));
    pass.again_in = std::min<std::chrono::milliseconds>(until, look_at_least);
  }
  return Next{pass.again_in};
}

Status Reconciler::apply_all(Pass& pass) {
  // Its key is random: only what can be read back may be planned with.
  if (pass.plan.certificate_made) return apply_planned(pass, true);
  if (pass.plan.content) {
    const std::string& wanted = pass.plan.content->generation;
    pass.progress = progress_of(pass.pods, wanted, parts_.clock.now(), pass.now);
    judge(pass);
    // Once what was good is back no pod refuses anything: without the status it would be tried again.
    if (pass.newly_refused)
      if (Status done = write_status(pass, Done{}); !done) return done;
    if (Status done = apply_content(pass); !done) return done;
    if (Status done = nudge(pass); !done) return done;
  }
  return apply_rest(pass);
}

/// The one place where objects are made what they should be.
Status Reconciler::ensure(Pass& pass, const Json& wanted, bool* written) {
  Result<Applier::Ensured> done = parts_.applier.ensure(wanted);
  if (!done) return std::move(done).error();
  if (written != nullptr) *written = *written || done->written;
  if (done->wait.count() > 0) sooner(pass.again_in, done->wait);
  if (!done->contested) return Done{};
  tell(pass, {true, std::string(api::reason::contested),
              kube::text_at(wanted, "kind") + " " + kube::name_of(wanted).name +
                  " is changed again and again by somebody else, perhaps by another operator: see its managedFields; "
                  "it is put right more and more seldom"});
  return Done{};
}

/// Is what is wanted refused, or was it? Then what was good goes back to every pod, until something else is wanted, or
/// it has rested.
void Reconciler::judge(Pass& pass) {
  const std::string& wanted = pass.plan.content->generation;
  std::optional<api::Refused>& refused = pass.status.refused;
  const std::lock_guard lock(mutex_);
  int& refusals = refusals_[pass.proxy.name];
  if (refused && (plan::digest_of(refused->generation) != plan::digest_of(wanted) ||
                  refused->spec_generation != pass.proxy.generation)) {
    refusals = 0;
    refused.reset();
  }
  if (refused && pass.now >= refused->at + rest_after(refusals)) refused.reset();
  if (!refused && pass.progress.refused) {
    refused = pass.progress.refused;
    refused->spec_generation = pass.proxy.generation;
    ++refusals;
    log::warn("configuration refused", {{"kafkaproxy", to_string(pass.proxy.name)},
                                        {"generation", wanted},
                                        {"pod", refused->pod},
                                        {"reason", refused->message}});
    pass.newly_refused = true;
    tell(pass, {true, std::string(api::reason::refused), "pod " + refused->pod + ": " + refused->message});
  }
  if (pass.progress.refusal_pending) sooner(pass.again_in, refusal_counts_after);
  if (refused)
    sooner(pass.again_in,
           std::max<std::chrono::milliseconds>(refused->at + rest_after(refusals) - pass.now, std::chrono::seconds(1)));
  pass.last_good = last_good(pass.proxy);
  const bool awaited = pass.progress.pods > 0 && pass.progress.programmed == 0;
  if (refused || awaited) pass.served = pass.last_good;
  if (pass.served && plan::digest_of(pass.served->generation) == plan::digest_of(wanted)) pass.served.reset();
  pass.applied = refused ? pass.last_good : pass.plan.content;
}

std::optional<plan::Content> Reconciler::last_good(const api::KafkaProxy& proxy) const {
  const kube::Name name{proxy.name.space, plan::last_good_name(proxy.name.name)};
  const runtime::Object config_map = find(kube::config_map, name);
  const runtime::Object secret = find(kube::secret, name);
  return config_map && secret ? plan::content_of(*config_map, *secret) : std::nullopt;
}

/// Of the plan's objects the Secrets (what the content is made of), or the others.
Status Reconciler::apply_planned(Pass& pass, bool secrets) {
  for (const Json& object : pass.plan.objects)
    if ((*kube::kind_of(object) == kube::secret) == secrets)
      if (Status done = ensure(pass, object); !done) return done;
  return Done{};
}

Status Reconciler::apply_content(Pass& pass) {
  // The certificate of the operator's own comes first: the content is made of it.
  if (Status done = apply_planned(pass, true); !done || !pass.applied) return done;
  bool written = false;
  for (const Json& object : plan::content_objects(pass.proxy, *pass.applied))
    if (Status done = ensure(pass, object, &written); !done) return done;
  if (written)
    log::info("configuration applied",
              {{"kafkaproxy", to_string(pass.proxy.name)}, {"generation", pass.applied->generation}});
  parts_.fleet.expect(pass.proxy.name, pass.applied->generation);
  if (pass.status.refused || !pass.progress.proven()) return Done{};
  for (const Json& object : plan::last_good_objects(pass.proxy, *pass.applied))
    if (Status done = ensure(pass, object); !done) return done;
  return Done{};
}

/// A kubelet looks at a pod's volumes about once a minute, and at once when the pod changes.
Status Reconciler::nudge(Pass& pass) {
  if (!pass.applied) return Done{};
  const std::string& wanted = pass.applied->generation;
  const auto now = parts_.clock.now();
  std::map<std::string, Nudge> nudged;
  {
    const std::lock_guard lock(mutex_);
    nudged.swap(nudged_[pass.proxy.name]);
  }
  std::map<std::string, Nudge> still;
  for (const PodView& pod : pass.pods) {
    // One that has just begun has the newest anyway; one that refuses something may still have that mounted.
    if (!pod.report || (pod.report->generation == wanted && pod.report->refusal.empty())) continue;
    const auto last = nudged.find(pod.uid);
    const bool again = last != nudged.end() && pod.told.starts_with(wanted);
    const auto pause = again && last->second.again ? nudge_later_after : nudge_again_after;
    sooner(pass.again_in, pause);
    if (again && now - last->second.at < pause) {
      still.insert(*last);
      continue;
    }
    // The same generation a second time must still be a change.
    const std::string value = pod.told == wanted ? wanted + "-again" : wanted;
    const Json patch{{"metadata", {{"annotations", {{generation_annotation, value}}}}}};
    Result<Json> done = parts_.client.merge_patch(kube::pod, {pass.proxy.name.space, pod.name}, patch);
    if (!done && done.error().code != Errc::NotFound) return std::move(done).error().within("pod " + pod.name);
    still[pod.uid] = {now, again};
  }
  const std::lock_guard lock(mutex_);
  if (still.empty()) {
    nudged_.erase(pass.proxy.name);
  } else {
    nudged_[pass.proxy.name] = std::move(still);
  }
  return Done{};
}

Status Reconciler::apply_rest(Pass& pass) {
  // A Service that were ahead of the pods would lead clients to ports which nobody serves.
  std::vector<Json> front;
  if (pass.served) front = plan::front_of(pass.proxy, *pass.served, pass.plan.brokers);
  for (const Json& object : front.empty() ? pass.plan.front : front)
    if (Status done = ensure(pass, object); !done) return done;
  if (Status done = apply_planned(pass, false); !done) return done;
  for (const plan::ObjectName& gone : pass.plan.absent)
    if (Status done = parts_.applier.remove(gone.kind, {pass.proxy.name.space, gone.name}, pass.proxy.uid); !done)
      return std::move(done).error().within(std::string(gone.kind.kind) + " " + gone.name);
  return Done{};
}

Status Reconciler::write_status(Pass& pass, const Status& applied) {
  api::Status& status = pass.status;
  const plan::Plan& plan = pass.plan;
  status.observed_generation = pass.proxy.generation;
  const runtime::Object deployment = find(kube::deployment, pass.proxy.name);
  const bool read = pass.plan.mode.empty() && deployment;  // else the spec says nothing
  const int replicas = read ? number_at(*deployment, "spec", "replicas") : pass.proxy.spec.replicas;
  status.replicas = deployment ? number_at(*deployment, "status", "replicas") : 0;
  status.ready_replicas = deployment ? number_at(*deployment, "status", "readyReplicas") : 0;
  std::vector<api::Condition> conditions = plan.conditions;
  if (!plan.mode.empty()) {
    status.selector = plan.selector;
    status.addresses = plan.addresses;
  }
  // Otherwise they are those of what clients are still led to.
  if (!plan.mode.empty() && (status.mode.empty() || (plan.content && !pass.served))) {
    status.mode = plan.mode;
    status.bootstrap_servers = plan.bootstrap_servers;
    status.brokers = plan.brokers;
    status.learned_from = plan.learned_from;
  }
  if (plan.content) {
    status.generation = plan.content->generation;
    status.config_hash = plan.config_hash;
    status.programmed = pass.progress.text(replicas);
    conditions.push_back(applied
                             ? programmed_condition(pass.progress, status.refused, pass.last_good.has_value(), replicas)
                             : apply_failed_condition(applied.error()));
  } else {
    conditions.push_back(applied ? not_applied_condition(plan.conditions) : apply_failed_condition(applied.error()));
  }
  const bool waits =
      pass.proxy.spec.service.type == api::ServiceType::LoadBalancer && plan.content && plan.addresses.empty();
  conditions.push_back(ready_condition(status.ready_replicas, replicas, waits));
  look_at_topics(pass, conditions);
  for (api::Condition& condition : conditions) {
    condition.observed_generation = pass.proxy.generation;
    api::set(status.conditions, std::move(condition), pass.now);
  }
  if (status == pass.written) return Done{};
  const Json object{{"apiVersion", kube::api_version(kube::kafka_proxy)},
                    {"kind", kube::kafka_proxy.kind},
                    {"metadata", {{"name", pass.proxy.name.name}, {"namespace", pass.proxy.name.space}}},
                    {"status", api::to_json(status)}};
  Result<Json> done = parts_.client.apply_status(object);
  if (!done) return done.error().code == Errc::NotFound ? Status(Done{}) : std::move(done).error().within("status");
  pass.written = status;
  const std::lock_guard lock(mutex_);
  statuses_[pass.proxy.name] = {runtime::resource_version(pass.object), status};
  return Done{};
}

/// What stays the same is told once.
void Reconciler::look_at_topics(Pass& pass, std::vector<api::Condition>& conditions) {
  constexpr std::string_view type = api::condition::topics_fit;
  if (!pass.proxy.spec.partition_mapping) {
    const bool read = !pass.plan.mode.empty();  // else the spec says nothing
    if (read) std::erase_if(pass.status.conditions, [&](const auto& each) { return each.type == type; });
    return;
  }
  api::Condition now = topics_fit_condition(pass.pods);
  const api::Condition* const before = api::find(pass.written.conditions, type);
  if (now.status == api::Truth::False && (before == nullptr || before->message != now.message))
    tell(pass, {true, now.reason, now.message});
  conditions.push_back(std::move(now));
}

/// What a plan finds is told once, until it is no longer found.
void Reconciler::tell_news(const Pass& pass) {
  std::set<std::string> found;
  for (const plan::Event& event : pass.plan.events) found.insert(event.reason + "\n" + event.message);
  std::set<std::string> before = found;
  {
    const std::lock_guard lock(mutex_);
    before.swap(told_[pass.proxy.name]);
  }
  for (const plan::Event& event : pass.plan.events)
    if (!before.contains(event.reason + "\n" + event.message)) tell(pass, event);
}

void Reconciler::tell(const Pass& pass, const plan::Event& event) {
  parts_.events.record(pass.object, {event.warning ? runtime::Note::Type::Warning : runtime::Note::Type::Normal,
                                     event.reason, "Reconcile", event.message});
}

}  // namespace kp::reconcile
