#include "reconcile/applier.h"

#include <algorithm>
#include <optional>

#include "config/digest.h"
#include "runtime/cache.h"

namespace kp::reconcile {

using kube::holds;
using kube::Json;

const Json* controller_of(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return nullptr;
  const auto owners = metadata->find("ownerReferences");
  if (owners == metadata->end() || !owners->is_array()) return nullptr;
  for (const Json& owner : *owners)
    if (owner.value("controller", false)) return &owner;
  return nullptr;
}

namespace {

constexpr int patience = 3;
constexpr std::chrono::milliseconds first_pause{1'000};
constexpr std::chrono::milliseconds longest_pause{300'000};
constexpr std::chrono::milliseconds heard_of_by{2'000};
constexpr const char* lost = "lost";  ///< no version of any object

std::string title(const Json& object) { return kube::text_at(object, "kind") + " " + kube::name_of(object).name; }

/// Empty: nothing controls it.
std::string controller_uid(const Json& object) {
  const Json* const owner = controller_of(object);
  return owner == nullptr ? std::string() : owner->value("uid", "");
}

}  // namespace

Status Applier::may_take(const Json& wanted, const Json& live) const {
  const std::string owner = controller_uid(live);
  if (owner == controller_uid(wanted)) return Done{};
  // One of ours that lost its owner: deleted with --cascade=orphan, or restored from a backup.
  const Json labels = wanted["metadata"].value("labels", Json::object());
  if (owner.empty() && !labels.empty() && holds(live["metadata"].value("labels", Json::object()), labels))
    return Done{};
  return Error{Errc::Conflict, title(wanted) + " exists and isn't this KafkaProxy's; rename one of the two"};
}

/// The first times at once: people undo by mistake. Who does it for ever is a program, and two who fight cost
/// everybody.
std::chrono::milliseconds Applier::pause_of(const Written& written) const {
  if (written.again < patience) return std::chrono::milliseconds(0);
  const auto pause = std::min(longest_pause, first_pause * (1 << std::min(written.again - patience, 16)));
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - written.at);
  return std::max(std::chrono::milliseconds(0), pause - since);
}

Result<Applier::Ensured> Applier::ensure(const Json& wanted) {
  const kube::Kind* const kind = kube::kind_of(wanted);
  const kube::Name name = kube::name_of(wanted);
  const Key key{kind->plural, name};
  const std::string hash = config::sha256(wanted.dump()).substr(0, 16);
  const runtime::Object live = caches_.at(kind->plural)->find(name);
  const std::string version = live == nullptr ? std::string() : runtime::resource_version(*live);
  std::optional<Written> last;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = written_.find(key); found != written_.end()) last = found->second;
  }
  const bool same = last && last->hash == hash;
  if (same && live == nullptr && last->before.empty()) {
    // Not heard of yet; or deleted before anybody heard of it, which a watch that begins anew doesn't tell.
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - last->at);
    if (age < heard_of_by) return Ensured{.wait = heard_of_by - age};
    Result<Json> there = client_.get(*kind, name);
    if (there) return Ensured{.wait = heard_of_by};
    if (there.error().code != Errc::NotFound) return std::move(there).error().within(title(wanted));
  } else if (same && (last->before == version || last->after == version)) {
    return Ensured{};
  }
  Json object = wanted;
  object["metadata"]["annotations"][applied_annotation] = hash;
  if (live != nullptr) {
    if (Status mine = may_take(wanted, *live); !mine) return std::move(mine).error();
    if (holds(*live, object)) return Ensured{};
  } else if (!last || last->after == lost) {
    // The cache has only what carries our label: something else may have that name.
    Result<Json> there = client_.get(*kind, name);
    if (!there && there.error().code != Errc::NotFound) return std::move(there).error().within(title(wanted));
    if (there)
      if (Status mine = may_take(wanted, *there); !mine) return std::move(mine).error();
  }
  if (same)
    if (const auto wait = pause_of(*last); wait.count() > 0) return Ensured{.contested = true, .wait = wait};
  Result<Json> applied = client_.apply(object);
  if (!applied) return std::move(applied).error().within(title(wanted));
  const bool again = same && clock_.now() - last->at < 2 * longest_pause;
  const std::lock_guard lock(mutex_);
  written_[key] = {controller_uid(wanted),      hash,        version, runtime::resource_version(*applied),
                   again ? last->again + 1 : 0, clock_.now()};
  return Ensured{.written = true};
}

Status Applier::remove(const kube::Kind& kind, const kube::Name& name, const std::string& owner) {
  {
    const std::lock_guard lock(mutex_);
    written_.erase(Key{kind.plural, name});
  }
  const auto cache = caches_.find(kind.plural);
  const runtime::Object live = cache == caches_.end() ? nullptr : cache->second->find(name);
  if (live == nullptr || controller_uid(*live) != owner || (*live)["metadata"].contains("deletionTimestamp"))
    return Done{};
  return client_.remove(kind, name, (*live)["metadata"].value("uid", ""));
}

void Applier::gone(const Json& object) {
  const kube::Kind* const kind = kube::kind_of(object);
  if (kind == nullptr) return;
  const std::lock_guard lock(mutex_);
  const auto written = written_.find(Key{kind->plural, kube::name_of(object)});
  if (written == written_.end()) return;
  // It is to be made anew; how often that was needed still counts.
  written->second.before = written->second.after = lost;
}

void Applier::forget(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  std::erase_if(written_, [&](const auto& entry) { return entry.second.owner == owner; });
}

}  // namespace kp::reconcile
