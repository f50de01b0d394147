#include "runtime/informer.h"

#include <set>

#include "base/log.h"

namespace kp::runtime {
namespace {

/// A watch that lived so long has nothing to do with the failures before it.
constexpr std::chrono::seconds healthy{5};

}  // namespace

Informer::Informer(kube::Client& client, Clock& clock, Cache& cache, Options options)
    : client_(client), clock_(clock), cache_(cache), options_(std::move(options)) {}

/// The first list is repeated until it works; after that the cache is never emptied, only brought up to date.
void Informer::run(const std::stop_token& stop) {
  for (const Informer* const each : options_.after)
    if (!each->wait_synced(stop)) return;
  std::string version;
  while (!stop.stop_requested()) {
    if (version.empty()) {
      Result<std::string> listed = list();
      if (!listed && listed.error().code == Errc::Draining) return;
      if (!listed) {
        report(std::move(listed).error().within("list " + std::string(options_.kind.plural)));
        if (!pause(stop)) return;
        continue;
      }
      version = *std::move(listed);
    }
    const Clock::Time begun = clock_.now();
    kube::WatchEnd end = watch(version, stop);
    if (end.why == Why::Stopped) return;
    ++restarts_;
    const bool was_healthy = clock_.now() - begun >= healthy;
    if (was_healthy) failures_ = 0;
    if (was_healthy && end.why == Why::Ended) {
      heard();
      continue;
    }
    if (end.why == Why::Expired) version.clear();
    if (end.why == Why::Failed) report(std::move(end.error).within("watch " + std::string(options_.kind.plural)));
    if (!pause(stop)) return;
  }
}

Object Informer::keep(kube::Json&& object) const {
  if (const auto metadata = object.find("metadata"); metadata != object.end()) metadata->erase("managedFields");
  if (options_.transform) options_.transform(object);
  return std::make_shared<const kube::Json>(std::move(object));
}

/// What a list holds is taken in as it comes: never all of it is in memory at once.
Result<std::string> Informer::list() {
  std::set<kube::Name> there;
  Result<std::string> version = client_.list_each(options_.kind, options_.scope, [&](kube::Json&& object) {
    there.insert(kube::name_of(object));
    cache_.put(keep(std::move(object)));
  });
  if (!version) return version;
  if (version->empty()) return Error{Errc::Malformed, "a list without a resourceVersion"};
  cache_.retain(options_.scope.space, there);
  heard();
  const std::lock_guard lock(mutex_);
  synced_ = true;
  changed_.notify_all();
  return version;
}

kube::WatchEnd Informer::watch(std::string& version, const std::stop_token& stop) {
  const auto on_event = [&](kube::WatchEvent type, kube::Json&& object) {
    std::string at = resource_version(object);
    if (type == kube::WatchEvent::Deleted) {
      cache_.remove(kube::name_of(object));
    } else if (type != kube::WatchEvent::Bookmark) {
      cache_.put(keep(std::move(object)));
    }
    if (!at.empty()) version = std::move(at);  // only now: what follows goes on after this event
    heard();
  };
  return client_.watch(options_.kind, options_.scope, std::string(version), on_event, stop);
}

void Informer::heard() {
  const std::lock_guard lock(mutex_);
  trouble_.reset();
}

void Informer::report(const Error& trouble) {
  log::warn("the API server is not heard", {{"error", trouble.message}});
  const std::lock_guard lock(mutex_);
  if (!trouble_) troubled_since_ = clock_.now();
  trouble_ = trouble.message;
}

bool Informer::pause(const std::stop_token& stop) {
  return clock_.sleep(options_.backoff.draw(++failures_, random_), stop);
}

bool Informer::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

bool Informer::wait_synced(const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return synced_; });
}

std::optional<std::string> Informer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

Clock::Duration Informer::troubled_for() const {
  const std::lock_guard lock(mutex_);
  return trouble_ ? clock_.now() - troubled_since_ : Clock::Duration::zero();
}

}  // namespace kp::runtime
