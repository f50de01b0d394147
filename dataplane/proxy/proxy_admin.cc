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

Status Proxy::start_admin() {
  const auto& address = runtime_->config->admin_address;
  if (!address) return Done{};
  telemetry::AdminPages pages;
  pages.metrics = [this] { return metrics_page(); };
  pages.health = [this]() -> std::optional<std::string> {
    if (gather()) return std::nullopt;
    return "an event loop has not answered for 2 s";
  };
  pages.ready = [this] { return not_ready(); };
  pages.config = [this] {
    return config_page(*runtime_->config, state_, config::emit(*runtime_->config, config::Secrets::Mask));
  };
  pages.brokers = [this] { return brokers_page(runtime_->endpoints->list()); };
  auto started = telemetry::AdminServer::start(*address, std::move(pages));
  if (!started) return std::move(started).error().within("admin.address");
  admin_ = std::move(*started);
  return Done{};
}

std::optional<std::string> Proxy::not_ready() const {
  if (draining_) return "draining";
  if (!accepting_) return "starting";  // and topology_ may not be there yet
  const broker::Topology::State state = topology_->state();
  if (!state.trouble.empty()) return "upstream: " + state.trouble;
  if (!state.known) return "the brokers are not known yet";
  return std::nullopt;
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
  for (const auto& [reason, count] : runtime_->endpoints->unmapped()) all.unmapped_brokers[reason] += count;
  if (refused_full_ > 0) all.refused["max_connections"] += refused_full_;
  return all;
}

std::string Proxy::metrics_page() const {
  const auto counters = gather();
  telemetry::Gauges gauges;
  gauges.version = version;
  gauges.config_hash = state_.hash;
  gauges.config_generation = runtime_->config->generation;
  gauges.ready = !not_ready();
  gauges.draining = draining_;
  for (const Endpoint& broker : runtime_->endpoints->list()) gauges.brokers[broker.id] = broker.reachable();
  gauges.connection_limit = runtime_->config->limits.max_connections;
  gauges.listeners = listeners_.size() + runtime_->endpoints->listeners();
  for (const auto& context : {runtime_->downstream_tls, runtime_->upstream_tls}) {
    if (context == nullptr) continue;
    for (const auto& expiry : context->expiries()) gauges.certificates[expiry.file] = expiry.at;
  }
  gauges.process = telemetry::read_process_stats();
  return telemetry::prometheus_text(counters.value_or(telemetry::Counters{}), gauges);
}

}  // namespace kp::proxy
