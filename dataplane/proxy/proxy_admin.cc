#include <boost/asio/post.hpp>
#include <future>

#include "base/version.h"
#include "config/emit.h"
#include "proxy/proxy.h"
#include "telemetry/exposition.h"

/// What the admin endpoint shows of the running proxy.
namespace kp::proxy {
namespace {

constexpr std::chrono::seconds loop_patience{2};

}  // namespace

Result<std::unique_ptr<telemetry::AdminServer>> Proxy::start_admin(const HostPort& address) {
  telemetry::AdminPages pages;
  pages.metrics = [this] { return metrics_page(); };
  pages.health = [this]() -> std::optional<std::string> {
    if (gather()) return std::nullopt;
    return "an event loop has not answered for 2 s";
  };
  pages.ready = [this] { return not_ready(); };
  pages.config = [this] { return config_page(); };
  pages.brokers = [this] {
    const auto now = runtime();
    return brokers_page(now ? now->endpoints->list() : std::vector<Endpoint>{});
  };
  Descriptor listening;
  if (inherited_admin_ && inherited_admin_->asked == address) listening = std::move(inherited_admin_->socket);
  return telemetry::AdminServer::start(address, std::move(pages), {}, std::move(listening), admin_.get());
}

std::string Proxy::config_page() const {
  std::unique_lock lock(mutex_);
  if (runtime_ == nullptr) return "{}\n";  // asked before the start is over
  const auto now = runtime_;
  const ConfigState state = state_;
  lock.unlock();
  const std::lock_guard digesting(digests_mutex_);
  if (digested_ != now) {
    digests_ = config::digests(now->files);
    digested_ = now;
  }
  return proxy::config_page(*now->config, state, digests_, now->unfit->list(std::chrono::steady_clock::now()));
}

std::optional<std::string> Proxy::not_ready() const {
  if (draining_) return "draining";
  if (!accepting_) return "starting";  // and topology_ may not be there yet
  const broker::Topology::State state = topology()->state();
  if (!state.trouble.empty()) return "upstream: " + state.trouble;
  if (!state.known) return "the brokers are not known yet";
  return side_ ? side_->not_ready() : std::nullopt;
}

/// Each loop copies its own counters, on its own thread.
std::optional<telemetry::Counters> Proxy::gather() const {
  std::vector<std::future<telemetry::Counters>> answers;
  for (const auto& worker : workers_) {
    auto answer = std::make_shared<std::promise<telemetry::Counters>>();
    answers.push_back(answer->get_future());
    net::asio::post(worker->loop.context(), [answer, each = worker.get()] { answer->set_value(each->counters); });
  }
  const auto end = std::chrono::steady_clock::now() + loop_patience;
  telemetry::Counters all;
  for (auto& answer : answers) {
    if (answer.wait_until(end) != std::future_status::ready) return std::nullopt;
    all += answer.get();
  }
  if (const auto now = runtime())
    for (const auto& [reason, count] : now->endpoints->unmapped()) all.unmapped_brokers[reason] += count;
  if (refused_full_ > 0) all.refused["max_connections"] += refused_full_;
  return all;
}

std::string Proxy::metrics_page() const {
  const auto counters = gather();
  telemetry::Gauges gauges;
  gauges.version = version;
  gauges.ready = !not_ready();
  gauges.draining = draining_;
  std::unique_lock lock(mutex_);
  const auto now = runtime_;
  gauges.config_hash = state_.hash;
  gauges.reloads = state_.reloads;
  gauges.reload_failures = state_.reload_failures;
  gauges.last_reload_worked = state_.refusal.errors.empty();
  gauges.listeners = doors_.size();
  lock.unlock();
  if (now != nullptr) {
    gauges.config_generation = now->config->generation;
    gauges.connection_limit = now->config->limits.max_connections;
    gauges.listeners += now->endpoints->listeners();
    for (const Endpoint& broker : now->endpoints->list()) gauges.brokers[broker.id] = broker.reachable();
    for (const auto& context : {now->downstream_tls, now->upstream_tls}) {
      if (context == nullptr) continue;
      for (const auto& expiry : context->expiries()) gauges.certificates[expiry.file] = expiry.at;
    }
  }
  if (side_) gauges.gateway = side_->figures();
  gauges.process = telemetry::read_process_stats();
  return telemetry::prometheus_text(counters.value_or(telemetry::Counters{}), gauges);
}

}  // namespace kp::proxy
