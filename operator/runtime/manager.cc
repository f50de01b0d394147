#include "runtime/manager.h"

#include <algorithm>
#include <map>
#include <thread>

#include "base/log.h"
#include "base/version.h"
#include "runtime/metrics_text.h"
#include "telemetry/process_stats.h"

namespace kp::runtime {
namespace {

void add_process(MetricsText& out) {
  const telemetry::ProcessStats process = telemetry::read_process_stats();
  out.shared("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
  out.sample(static_cast<double>(process.resident_bytes));
  out.shared("process_cpu_seconds_total", "counter", "User and system CPU time spent in seconds.");
  out.sample(process.cpu_seconds);
  out.shared("process_open_fds", "gauge", "Number of open file descriptors.");
  out.sample(static_cast<double>(process.open_fds));
  out.shared("process_start_time_seconds", "gauge", "Start time of the process since the Unix epoch in seconds.");
  out.sample(process.start_time_seconds);
}

}  // namespace

Manager::Manager(kube::Client& client, kube::Client& lease_client, const kube::RequestCounters& requests, Clock& clock,
                 Options options)
    : client_(client), lease_client_(lease_client), requests_(requests), clock_(clock), options_(std::move(options)) {
  if (!options_.leader) return;
  LeaderElector::Options election = *options_.leader;
  election.on_lost = [this, before = election.on_lost] {
    client_.shut_down();
    if (before) before();
  };
  elector_ = std::make_unique<LeaderElector>(lease_client_, clock_, std::move(election));
}

/// The threads end in the reverse order of their start: each when its jthread's scope does.
Status Manager::run(const std::stop_token& stop) {
  const Result<std::unique_ptr<telemetry::AdminServer>> admin = start_admin();
  if (!admin) return admin.error();
  {
    const std::lock_guard lock(mutex_);
    admin_address_ = (*admin)->address();
  }
  std::jthread events;
  if (events_ != nullptr) events = std::jthread([this](const std::stop_token& end) { events_->run(end); });
  std::vector<std::jthread> informers;
  for (Informer* const each : informers_)
    informers.emplace_back([each](const std::stop_token& end) { each->run(end); });

  std::jthread cut_off([this, stop](const std::stop_token& ended) { cut_off_late(stop, ended); });
  const Status acted = act(stop);
  for (std::jthread& each : informers) each.request_stop();
  informers.clear();
  events = {};
  cut_off = {};
  return acted;
}

/// What does not end in time is cut off: then everything ends.
void Manager::cut_off_late(const std::stop_token& stop, const std::stop_token& ended) {
  std::stop_source either;
  const std::stop_callback on_stop(stop, [&] { either.request_stop(); });
  const std::stop_callback on_end(ended, [&] { either.request_stop(); });
  clock_.sleep(Clock::Duration::max(), either.get_token());
  if (!clock_.sleep(options_.stop_within, ended)) return;
  log::warn("the end takes too long: requests are cut off");
  client_.shut_down();
  lease_client_.shut_down();
}

Status Manager::act(const std::stop_token& stop) {
  for (const Informer* const each : informers_)
    if (!each->wait_synced(stop)) return Done{};
  log::info("caches are synced");
  const auto leading = [this](const std::stop_token& end) { lead(end); };
  if (elector_) return elector_->run(stop, leading);
  leading(stop);
  return Done{};
}

void Manager::lead(const std::stop_token& stop) {
  acting_ = true;
  {
    std::vector<std::jthread> running;
    for (Controller* const each : controllers_) running.emplace_back([each, stop] { each->run(stop); });
  }
  acting_ = false;
}

Result<std::unique_ptr<telemetry::AdminServer>> Manager::start_admin() {
  telemetry::AdminPages pages;
  pages.metrics = [this] { return metrics(); };
  pages.health = [] { return std::nullopt; };
  pages.ready = [this] { return not_ready(); };
  return telemetry::AdminServer::start(options_.admin, std::move(pages));
}

std::optional<HostPort> Manager::admin_address() const {
  const std::lock_guard lock(mutex_);
  return admin_address_;
}

bool Manager::leading() const { return acting_; }

/// Who waits for the lease is ready: else a rollout of two would never end. Who no longer hears of what changes is not,
/// though it still acts by what it knew.
std::optional<std::string> Manager::not_ready() const {
  for (const Informer* const each : informers_) {
    const std::optional<std::string> trouble = each->trouble();
    if (!each->synced()) return trouble ? *trouble : "not yet listed: " + std::string(each->kind().plural);
    const auto span = std::chrono::duration_cast<std::chrono::seconds>(each->troubled_for());
    if (trouble && span > options_.troubled_at_most)
      return "nothing heard of " + std::string(each->kind().plural) + " for " + std::to_string(span.count()) +
             " s: " + *trouble;
  }
  return std::nullopt;
}

std::string Manager::metrics() const {
  MetricsText out;
  out.gauge("build_info", "Which version runs.");
  out.sample({{"version", version}}, 1);
  out.gauge("leader", "1 while this process acts.");
  out.sample(acting_ ? 1 : 0);
  add_controllers(out);
  add_api(out);
  add_process(out);
  return out.take() + (options_.more_metrics ? options_.more_metrics() : "");
}

void Manager::add_controllers(MetricsText& out) const {
  out.counter("reconciles_total", "Reconciles by result; again: to be looked at once more after a while.");
  for (const Controller* const each : controllers_)
    for (const auto& [result, count] : each->stats().results)
      out.sample({{"controller", each->name()}, {"result", result}}, static_cast<double>(count));
  out.histogram("reconcile_duration_seconds", "How long a reconcile took.");
  for (const Controller* const each : controllers_) out.sample({{"controller", each->name()}}, each->stats().duration);
  out.gauge("reconciles_running", "Reconciles under way.");
  for (const Controller* const each : controllers_)
    out.sample({{"controller", each->name()}}, static_cast<double>(each->stats().running));
  out.gauge("queue_depth", "Objects that wait for a worker.");
  for (const Controller* const each : controllers_)
    out.sample({{"controller", each->name()}}, static_cast<double>(each->queue().depth()));
  out.counter("queue_retries_total", "Times that an object was put back because its reconcile failed.");
  for (const Controller* const each : controllers_)
    out.sample({{"controller", each->name()}}, static_cast<double>(each->queue().retries()));
}

void Manager::add_api(MetricsText& out) const {
  out.counter("api_requests_total", "Requests to the API server, by verb and HTTP status or kind of failure.");
  for (const auto& [key, count] : requests_.snapshot())
    out.sample({{"verb", key.first}, {"code", key.second}}, static_cast<double>(count));
  std::map<std::string_view, std::uint64_t> restarts;
  for (const Informer* const each : informers_) restarts[each->kind().plural] += each->watch_restarts();
  out.counter("watch_restarts_total", "Watches that ended and were begun again.");
  for (const auto& [resource, count] : restarts) out.sample({{"resource", resource}}, static_cast<double>(count));
  std::map<std::string_view, double> troubled;
  for (const Informer* const each : informers_) {
    double& longest = troubled[each->kind().plural];
    longest = std::max(longest, std::chrono::duration<double>(each->troubled_for()).count());
  }
  out.gauge("watch_troubled_seconds", "For how long objects could neither be listed nor watched; 0: they can.");
  for (const auto& [resource, seconds] : troubled) out.sample({{"resource", resource}}, seconds);
  out.counter("events_written_total", "Kubernetes Events made or counted up.");
  out.sample(events_ == nullptr ? 0 : static_cast<double>(events_->written()));
  out.counter("events_dropped_total", "Notes that became no Event: too many, or not taken by the API server.");
  out.sample(events_ == nullptr ? 0 : static_cast<double>(events_->dropped()));
}

}  // namespace kp::runtime
