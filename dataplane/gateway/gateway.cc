#include "gateway/gateway.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>

#include "base/log.h"
#include "base/log_file.h"
#include "base/thread.h"
#include "gateway/connection.h"

namespace kp::gateway {
namespace {

namespace asio = net::asio;

constexpr std::chrono::seconds loop_patience{2};
constexpr std::chrono::milliseconds reap_every{200};

}  // namespace

Gateway::Gateway(std::vector<net::Loop*> loops, std::function<std::string()> metrics, bool shares_port)
    : shares_port_(shares_port), metrics_page_(std::move(metrics)), slow_(std::make_unique<asio::thread_pool>(1)) {
  for (net::Loop* const loop : loops) {
    lanes_.push_back(std::make_unique<Lane>(*loop, common_));
    lanes_.back()->slow = slow_.get();
  }
  reaper_ = thread_without_signals([this] { reap(); });
}

Gateway::~Gateway() {
  drain();
  while (common_.connections > 0) {  // each has a limit of its own
    for (const auto& lane : lanes_)
      asio::post(lane->loop.context(), [each = lane.get()] {
        for (Connection* one : each->connections) one->drain();
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  slow_->join();
  // What loops still hold of a runtime goes now, and what they were told to do is done.
  for (const auto& lane : lanes_) {
    std::promise<void> done;
    asio::post(lane->loop.context(), [each = lane.get(), &done] {
      each->runtime = nullptr;
      done.set_value();
    });
    done.get_future().wait();
  }
  next_.reset();
  {
    const std::lock_guard lock(mutex_);
    if (common_.current != nullptr) retire(*common_.current, nullptr);
    common_.current = nullptr;
    ending_ = true;
  }
  wanted_.notify_all();
  reaper_.join();
}

Status Gateway::prepare(const config::Config& config, const std::vector<config::FileContent>& files) {
  Next next;
  next.wanted = config.http_produce.has_value();
  next_.reset();
  next.output_file = next.wanted ? config.http_produce->output_file : "";
  next.config_logging = config.logging;
  if (!next.output_file.empty() && !std::ofstream(next.output_file, std::ios::app))
    return Error{Errc::Invalid, "http_produce.output_file: " + next.output_file + " can't be written"};
  if (!next.wanted) {
    next_ = std::move(next);
    return Done{};
  }
  const auto before = common_.runtime();
  auto runtime = Runtime::build(config, files, before.get());
  if (!runtime) return std::move(runtime).error();
  next.runtime = std::move(*runtime);
  const HostPort address{config.bind_address, config.http_produce->http.port};
  std::shared_ptr<Door> standing;
  {
    const std::lock_guard lock(mutex_);
    standing = door_;
  }
  if (standing != nullptr && standing->address() == address) {
    next.door = standing;
  } else {
    auto door = Door::open(lanes_.front()->loop, address, shares_port_);
    if (!door) return std::move(door).error().within("http_produce.http.port");
    next.door = std::move(*door);
  }
  if (Status ok = prepare_metrics(config, next); !ok) return ok;
  next_ = std::move(next);
  return Done{};
}

Status Gateway::prepare_metrics(const config::Config& config, Next& next) {
  const std::uint16_t port = config.http_produce->http.metrics_port;
  const HostPort address{config.bind_address, port};
  const std::lock_guard lock(mutex_);
  const std::optional<HostPort> wanted = port == 0 ? std::nullopt : std::optional(address);
  next.other_metrics = wanted != metrics_address_;
  if (!next.other_metrics || !wanted) return Done{};
  telemetry::AdminPages pages;
  pages.metrics = metrics_page_;
  pages.health = [] { return std::nullopt; };
  pages.ready = [this] { return not_ready(); };
  auto server = telemetry::AdminServer::start(address, std::move(pages));
  if (!server) return std::move(server).error().within("http_produce.http.metrics_port");
  next.metrics = std::move(*server);
  return Done{};
}

void Gateway::discard() {
  if (!next_) return;
  const auto gone = std::move(next_->runtime);
  next_.reset();
  if (gone == nullptr) return;
  const auto current = common_.runtime();
  const std::lock_guard lock(mutex_);
  retire(*gone, current.get());
}

void Gateway::publish() {
  if (!next_) return;
  Next next = std::move(*next_);
  next_.reset();
  if (next.runtime != nullptr && next.runtime->wal != nullptr)
    next.runtime->wal->go_on_by(*next.runtime->config->http_produce->wal, next.runtime->logged, next.runtime->logins);
  if (next.output_file != output_file_) {
    if (Status ok = log::write_to(next.output_file); !ok) log::error("output_file", {{"reason", ok.error().message}});
    log::configure(next.config_logging.level, next.config_logging.format);
    output_file_ = next.output_file;
  }
  const auto before = common_.exchange(next.runtime);
  ++common_.generation;
  std::shared_ptr<Door> old_door;
  {
    const std::lock_guard lock(mutex_);
    old_door = std::exchange(door_, next.door);
    if (next.other_metrics || !next.wanted) {
      metrics_.swap(next.metrics);
      if (next.metrics != nullptr) retired_servers_.push_back(std::move(next.metrics));
      metrics_address_.reset();
      if (next.wanted && metrics_ != nullptr) metrics_address_ = metrics_->address();
    }
    if (before != nullptr) retire(*before, next.runtime.get());
  }
  if (next.door != nullptr && next.door != old_door)
    log::info("HTTP: listening",
              {{"address", next.door->address()}, {"protocol", next.runtime->http().tls ? "https" : "http"}});
  if (next.door != nullptr) next.door->start([this](int descriptor) { accept(descriptor); });
  if (old_door != nullptr && old_door != next.door) old_door->close();
  for (const auto& lane : lanes_)
    asio::post(lane->loop.context(), [each = lane.get(), ended = !next.wanted] {
      (void)each->now();
      if (!ended) return;
      for (Connection* one : each->connections) one->drain();
      each->let_go();
    });
}

/// With mutex_ held. What `next` has kept stays.
void Gateway::retire(const Runtime& gone, const Runtime* next) {
  if (next == nullptr || next->producers != gone.producers) retired_.push_back(gone.producers);
  if (gone.wal != nullptr) {
    if (next == nullptr || next->logged != gone.logged) retired_.push_back(gone.logged);
    if (next == nullptr || next->wal != gone.wal) retired_logs_.push_back(gone.wal);
  }
  wanted_.notify_all();
}

/// Ends of producers and logs take their time: it is this thread's.
void Gateway::reap() {
  std::unique_lock lock(mutex_);
  while (!ending_ || !retired_.empty() || !retired_logs_.empty()) {
    std::vector<std::unique_ptr<telemetry::AdminServer>> servers;
    servers.swap(retired_servers_);
    const auto unused = [](const auto& each) { return each.use_count() == 1; };
    std::vector<std::shared_ptr<Wal>> logs;
    for (auto& each : retired_logs_)
      if (unused(each)) logs.push_back(std::move(each));
    std::erase(retired_logs_, nullptr);
    std::vector<std::shared_ptr<Producers>> gone;
    std::ranges::copy_if(retired_, std::back_inserter(gone), unused);
    lock.unlock();
    servers.clear();
    logs.clear();
    for (const auto& each : gone) each->finish();
    if (const auto now = common_.runtime()) {
      now->producers->end_failed();
      if (now->logged != nullptr) now->logged->end_failed();
    }
    lock.lock();
    for (const auto& each : gone) {
      past_ += each->counters();
      std::erase(retired_, each);
    }
    lock.unlock();
    gone.clear();
    lock.lock();
    if (!ending_ || !retired_.empty() || !retired_logs_.empty()) wanted_.wait_for(lock, reap_every);
  }
}

Lane& Gateway::least_loaded() {
  return **std::min_element(lanes_.begin(), lanes_.end(),
                            [](const auto& a, const auto& b) { return a->load < b->load; });
}

void Gateway::accept(int descriptor) {
  const auto now = common_.runtime();
  Lane& lane = least_loaded();
  if (now == nullptr || common_.draining || common_.connections >= now->http().max_connections) {
    ::close(descriptor);
    asio::post(lane.loop.context(), [each = &lane] { ++each->counters.refused["max_connections"]; });
    return;
  }
  ++common_.connections;
  ++lane.load;
  asio::post(lane.loop.context(), [&lane, socket = Descriptor(descriptor)]() mutable {
    auto connection = std::make_shared<Connection>(lane, net::Stream(lane.loop.context(), std::move(socket)));
    asio::co_spawn(lane.loop.executor(), Connection::serve(std::move(connection)), asio::detached);
  });
}

void Gateway::drain() {
  if (common_.draining.exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
    if (door_ != nullptr) door_->close();
  }
  for (const auto& each : producers()) each->hurry_up();
  for (const auto& lane : lanes_)
    asio::post(lane->loop.context(), [each = lane.get()] {
      for (Connection* one : each->connections) one->drain();
    });
}

bool Gateway::idle() const {
  if (common_.connections > 0) return false;
  const auto now = common_.runtime();
  if (now == nullptr) return true;
  if (!now->producers->quiet()) return false;
  return now->wal == nullptr || now->wal->figures().unsent == 0 || !now->logged->trouble().empty();
}

std::optional<std::string> Gateway::not_ready() const {
  const auto now = common_.runtime();
  if (now == nullptr) return std::nullopt;
  const std::string trouble = now->producers->trouble();
  if (trouble.empty()) return std::nullopt;
  return "http_produce: Kafka: " + trouble;
}

std::vector<std::shared_ptr<Producers>> Gateway::producers() const {
  std::vector<std::shared_ptr<Producers>> out;
  if (const auto now = common_.runtime()) {
    out.push_back(now->producers);
    if (now->wal != nullptr) out.push_back(now->logged);
  }
  const std::lock_guard lock(mutex_);
  out.insert(out.end(), retired_.begin(), retired_.end());
  return out;
}

std::optional<telemetry::GatewayFigures> Gateway::figures() const {
  const auto now = common_.runtime();
  if (now == nullptr) return std::nullopt;
  telemetry::GatewayFigures out;
  std::vector<std::future<telemetry::GatewayCounters>> answers;
  for (const auto& lane : lanes_) {
    auto answer = std::make_shared<std::promise<telemetry::GatewayCounters>>();
    answers.push_back(answer->get_future());
    asio::post(lane->loop.context(), [answer, each = lane.get()] { answer->set_value(each->counters); });
  }
  const auto end = std::chrono::steady_clock::now() + loop_patience;
  for (auto& answer : answers) {
    if (answer.wait_until(end) != std::future_status::ready) return std::nullopt;
    out.counters += answer.get();
  }
  for (const auto& group : producers()) {
    out.producer += group->counters();
    for (const auto& each : group->all()) {
      out.queue_records += static_cast<double>(each->records());
      out.queue_bytes += static_cast<double>(each->bytes());
    }
  }
  {
    const std::lock_guard lock(mutex_);
    out.producer += past_;
  }
  out.buffered_bytes = static_cast<double>(common_.buffered);
  out.kafka_answers = now->producers->trouble().empty();
  if (now->wal == nullptr) return out;
  const Wal::Figures log = now->wal->figures();
  out.has_log = true;
  out.log_bytes = static_cast<double>(log.bytes);
  out.log_segments = static_cast<double>(log.segments);
  out.log_unsent = static_cast<double>(log.unsent);
  out.log_appended = log.appended;
  out.log_replayed = log.replayed;
  out.log_rejected = log.rejected;
  out.log_refused = log.refused;
  out.log_fsyncs = log.fsyncs;
  return out;
}

}  // namespace kp::gateway
