#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/client.h"
#include "support/socket.h"

namespace kp::runtime::test {

using kube::Json;
using kube::Kind;
using kube::kind_of;
using kube::Name;
using kube::name_of;

/// An API server in memory, as far as the runtime sees one: versions, conflicts, watches that begin where a list ended.
/// Any thread.
class FakeApi final : public kube::Client {
 public:
  Result<Json> get(const Kind& kind, const Name& name) override {
    const std::lock_guard lock(mutex_);
    if (Status ok = asked("get"); !ok) return std::move(ok).error();
    const auto found = objects_.find({kind.plural, name});
    if (found == objects_.end()) return Error{Errc::NotFound, to_string(name)};
    return found->second;
  }

  Result<std::string> list_each(const Kind& kind, const kube::Scope& scope,
                                const std::function<void(Json&&)>& each) override {
    std::vector<Json> found;
    std::string version;
    {
      const std::lock_guard lock(mutex_);
      if (Status ok = asked("list"); !ok) return std::move(ok).error();
      for (const auto& [key, object] : objects_)
        if (key.first == kind.plural && (scope.space.empty() || scope.space == key.second.space))
          found.push_back(object);
      version = std::to_string(version_);
    }
    for (Json& object : found) each(std::move(object));
    return version;
  }

  Result<Json> create(const Json& object) override {
    const std::lock_guard lock(mutex_);
    if (Status ok = asked("create"); !ok) return std::move(ok).error();
    if (objects_.contains(key_of(object))) return Error{Errc::Exists, "exists"};
    return store("ADDED", object);
  }

  Result<Json> apply(const Json& object) override {
    const std::lock_guard lock(mutex_);
    if (Status ok = asked("apply"); !ok) return std::move(ok).error();
    return store(objects_.contains(key_of(object)) ? "MODIFIED" : "ADDED", object);
  }
  Result<Json> apply_status(const Json& object) override { return apply(object); }

  Result<Json> update(const Json& object) override {
    const std::lock_guard lock(mutex_);
    if (Status ok = asked("update"); !ok) return std::move(ok).error();
    const auto there = objects_.find(key_of(object));
    if (there == objects_.end()) return Error{Errc::NotFound, "not found"};
    if (there->second["metadata"]["resourceVersion"] != object["metadata"].value("resourceVersion", ""))
      return Error{Errc::Conflict, "the object has been modified"};
    return store("MODIFIED", object);
  }

  Result<Json> merge_patch(const Kind& kind, const Name& name, const Json& patch) override {
    const std::lock_guard lock(mutex_);
    if (Status ok = asked("merge_patch"); !ok) return std::move(ok).error();
    const auto there = objects_.find({kind.plural, name});
    if (there == objects_.end()) return Error{Errc::NotFound, "not found"};
    Json patched = there->second;
    patched.merge_patch(patch);
    return store("MODIFIED", patched);
  }

  Status remove(const Kind& kind, const Name& name, const std::string&) override {
    const std::lock_guard lock(mutex_);
    const auto there = objects_.find({kind.plural, name});
    if (there == objects_.end()) return Done{};
    Json last = there->second;
    last["metadata"]["resourceVersion"] = std::to_string(++version_);
    history_.push_back({version_, "DELETED", std::string(kind.plural), std::move(last)});
    objects_.erase(there);
    changed_.notify_all();
    return Done{};
  }

  kube::WatchEnd watch(const Kind& kind, const kube::Scope& scope, const std::string& from,
                       const std::function<void(kube::WatchEvent, Json&&)>& on_event, std::stop_token stop) override {
    const std::stop_callback wake(stop, [this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    std::uint64_t at = std::stoull(from);
    if (at < forgotten_) return {kube::WatchEnd::Why::Expired, {Errc::Expired, "too old"}};
    const std::uint64_t cut = cuts_;
    ++watching_;
    for (;;) {
      if (stop.stop_requested() || ended_) return done({kube::WatchEnd::Why::Stopped, {}});
      if (cut != cuts_) return done(cut_as_);
      const Past* const next = after(at, kind, scope);
      if (next == nullptr) {
        changed_.wait(lock);
        continue;
      }
      at = next->version;
      Json object = next->object;
      const auto type = next->type == "ADDED"     ? kube::WatchEvent::Added
                        : next->type == "DELETED" ? kube::WatchEvent::Deleted
                                                  : kube::WatchEvent::Modified;
      lock.unlock();
      on_event(type, std::move(object));
      lock.lock();
    }
  }

  void shut_down() override {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // What a test does to it.
  void fail(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(error);
  }
  /// Ends all watches of now; where another goes on, it is with what came meanwhile.
  void cut_watches(kube::WatchEnd end) {
    const std::lock_guard lock(mutex_);
    ++cuts_;
    cut_as_ = std::move(end);
    changed_.notify_all();
  }
  /// Watches from before now are Expired.
  void forget_history() {
    const std::lock_guard lock(mutex_);
    forgotten_ = ++version_;
  }
  bool wait_for_watches(int count) const {
    return kp::test::eventually([&] {
      const std::lock_guard lock(mutex_);
      return watching_ >= count;
    });
  }
  int calls(const std::string& verb) const {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(verb);
    return found == calls_.end() ? 0 : found->second;
  }
  bool is_shut_down() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  using Key = std::pair<std::string_view, Name>;
  struct Past {
    std::uint64_t version;
    std::string type;
    std::string plural;
    Json object;
  };

  static Key key_of(const Json& object) { return {kind_of(object)->plural, name_of(object)}; }

  Status asked(const std::string& verb) {
    ++calls_[verb];
    if (ended_) return Error{Errc::Draining, "ended"};
    if (failing_) return *failing_;
    return Done{};
  }
  Json store(const std::string& type, Json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    objects_[key_of(object)] = object;
    history_.push_back({version_, type, std::string(kind_of(object)->plural), object});
    changed_.notify_all();
    return object;
  }
  const Past* after(std::uint64_t at, const Kind& kind, const kube::Scope& scope) const {
    for (const Past& each : history_)
      if (each.version > at && each.plural == kind.plural &&
          (scope.space.empty() || name_of(each.object).space == scope.space))
        return &each;
    return nullptr;
  }
  kube::WatchEnd done(kube::WatchEnd end) {
    --watching_;
    if (ended_) end.why = kube::WatchEnd::Why::Stopped;
    return end;
  }

  mutable std::mutex mutex_;  ///< of all below
  std::condition_variable changed_;
  std::map<Key, Json> objects_;
  std::vector<Past> history_;
  std::map<std::string, int> calls_;
  std::uint64_t version_ = 1;
  std::uint64_t forgotten_ = 0;
  std::uint64_t cuts_ = 0;
  kube::WatchEnd cut_as_{};
  int watching_ = 0;
  bool ended_ = false;
  std::optional<Error> failing_;
};

inline Json config_map(const std::string& name, const std::string& value = "1") {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"data", {{"value", value}}}};
}

}  // namespace kp::runtime::test
