#include "runtime/leader.h"

#include <thread>

#include "base/log.h"

namespace kp::runtime {

using kube::Json;
using kube::text_at;

namespace {

Json spec_of(const Json& lease) {
  const auto spec = lease.find("spec");
  return spec != lease.end() && spec->is_object() ? *spec : Json::object();
}

}  // namespace

LeaderElector::LeaderElector(kube::Client& client, Clock& clock, Options options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

/// Does another hold it, as far as we can tell? Only our own clock counts: from when we first saw this renewal.
bool LeaderElector::others_hold(const Json& spec) {
  const std::string holder = text_at(spec, "holderIdentity");
  if (holder.empty() || holder == options_.identity) return false;
  const std::string seen = holder + " " + text_at(spec, "renewTime");
  if (seen != observed_) {
    observed_ = seen;
    observed_at_ = clock_.now();
  }
  const auto duration = spec.find("leaseDurationSeconds");
  const std::int64_t seconds = duration != spec.end() && duration->is_number_integer() ? duration->get<std::int64_t>()
                                                                                       : options_.duration.count();
  return clock_.now() < observed_at_ + std::chrono::seconds(seconds);
}

Json LeaderElector::desired(Json lease) const {
  Json spec = spec_of(lease);
  const std::string now = micro_time(clock_.wall_time());
  if (text_at(spec, "holderIdentity") != options_.identity) {
    const auto before = spec.find("leaseTransitions");
    const std::int64_t transitions =
        before != spec.end() && before->is_number_integer() ? before->get<std::int64_t>() + 1 : 0;
    spec["leaseTransitions"] = transitions;
    spec["acquireTime"] = now;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = options_.duration.count();
  spec["renewTime"] = now;
  lease["spec"] = std::move(spec);
  return lease;
}

LeaderElector::Held LeaderElector::write(Result<Json> written, Clock::Time asked) {
  if (!written) {
    last_.reset();
    const Errc why = written.error().code;
    if (why != Errc::Conflict && why != Errc::Exists)
      log::warn("lease not written", {{"lease", to_string(options_.lease)}, {"error", written.error().message}});
    return Held::Unknown;
  }
  last_ = *std::move(written);
  const std::lock_guard lock(mutex_);
  renewed_ = asked;
  return Held::Ours;
}

LeaderElector::Held LeaderElector::take(Json lease) {
  const Clock::Time asked = clock_.now();
  return write(client_.update(desired(std::move(lease))), asked);
}

/// One try to get or to renew it. What we wrote last is taken for what is there, which saves the question; when that
/// is wrong the server says so, and the next try asks.
LeaderElector::Held LeaderElector::try_hold() {
  if (last_) return take(*last_);
  Result<Json> there = client_.get(kube::lease, options_.lease);
  if (!there && there.error().code == Errc::NotFound) {
    const Clock::Time asked = clock_.now();
    Json fresh{{"apiVersion", api_version(kube::lease)},
               {"kind", kube::lease.kind},
               {"metadata", {{"namespace", options_.lease.space}, {"name", options_.lease.name}}}};
    return write(client_.create(desired(std::move(fresh))), asked);
  }
  if (!there) {
    log::warn("lease not read", {{"lease", to_string(options_.lease)}, {"error", there.error().message}});
    return Held::Unknown;
  }
  if (others_hold(spec_of(*there))) return Held::Theirs;
  return take(*std::move(there));
}

bool LeaderElector::acquire(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (try_hold() == Held::Ours) return true;
    if (!clock_.sleep(options_.retry, stop)) return false;
  }
  return false;
}

void LeaderElector::renew(const std::stop_token& stop) {
  while (clock_.sleep(options_.retry, stop)) {
    Held held = try_hold();
    if (held == Held::Unknown && !last_ && !stop.stop_requested()) held = try_hold();  // after a conflict: ask
    const std::lock_guard lock(mutex_);
    if (held == Held::Theirs) taken_ = true;
    changed_.notify_all();
  }
}

bool LeaderElector::may_act() const {
  const std::lock_guard lock(mutex_);
  return !taken_ && clock_.now() < renewed_ + options_.renew;
}

/// True when it ends as it should, false when the lease is lost.
bool LeaderElector::wait_while_leading(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stop.stop_requested() || finished_) return true;
    const Clock::Time end = renewed_ + options_.renew;
    if (taken_ || clock_.now() >= end) return false;
    clock_.wait_until(changed_, lock, end);
  }
}

Status LeaderElector::run(const std::stop_token& stop, const std::function<void(std::stop_token)>& lead) {
  if (!acquire(stop)) return Done{};
  log::info("leading", {{"lease", to_string(options_.lease)}, {"identity", options_.identity}});
  leading_ = true;
  std::jthread renewer([this](const std::stop_token& end) { renew(end); });
  std::jthread leader([&](const std::stop_token& end) {
    lead(end);
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  });
  const bool orderly = wait_while_leading(stop);
  leader.request_stop();
  if (!orderly && options_.on_lost) options_.on_lost();
  leader.join();  // it is renewed as long as something may still act
  leading_ = false;
  renewer.request_stop();
  renewer.join();
  if (!orderly) return Error{Errc::Conflict, "the lease " + to_string(options_.lease) + " is lost"};
  release();
  return Done{};
}

/// Saves the next one the wait. What fails here costs only that.
void LeaderElector::release() {
  if (!last_) return;
  Json lease = *last_;
  lease["spec"].erase("holderIdentity");
  lease["spec"]["leaseDurationSeconds"] = 1;
  lease["spec"]["renewTime"] = micro_time(clock_.wall_time());
  const Result<Json> released = client_.update(lease);
  if (!released) log::warn("lease not released", {{"error", released.error().message}});
}

}  // namespace kp::runtime
