#include "proxy/proxy.h"

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <future>
#include <thread>

#include "base/log.h"
#include "config/emit.h"
#include "proxy/session.h"

namespace kp::proxy {
namespace {

namespace asio = net::asio;

unsigned usable_threads() {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (sched_getaffinity(0, sizeof mine, &mine) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&mine)));
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

/// The descriptor as a socket of `loop`. The kernel knows its family.
Result<asio::ip::tcp::socket> adopt(net::Loop& loop, int descriptor) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size);
  asio::ip::tcp::socket socket(loop.context());
  boost::system::error_code failed;
  socket.assign(local.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor, failed);
  if (!failed) return socket;
  ::close(descriptor);
  return Error{Errc::Io, failed.message()};
}

net::Task<void> look_again(net::Loop& loop, std::shared_ptr<const Runtime> runtime, Endpoint broker) {
  const Result<net::Stream> dialled = co_await runtime->dialer->dial(loop, broker.upstream);
  runtime->endpoints->set_dialled(broker.id, dialled.has_value());
}

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(config::Config config, unsigned threads) {
  std::unique_ptr<Proxy> made(new Proxy);
  made->state_ = {.hash = config::hash(config), .loaded_at = now_text(), .last_reload_error = {}};
  auto runtime = Runtime::build(std::make_shared<const config::Config>(std::move(config)));
  if (!runtime) return std::move(runtime).error();
  made->runtime_ = std::move(*runtime);
  made->start_workers(threads == 0 ? usable_threads() : threads);
  Proxy* const self = made.get();
  made->runtime_->endpoints = std::make_shared<Endpoints>(
      *made->runtime_->config,
      [self](const HostPort& address, BrokerId id) { return self->open_for_broker(address, id); });
  if (Status ok = made->start_listeners(); !ok) return std::move(ok).error();
  if (Status ok = made->start_admin(); !ok) return std::move(ok).error();
  made->start_learning();
  return made;
}

Proxy::~Proxy() {
  admin_.reset();  // its pages read all the rest
  if (topology_) topology_->stop();
  for (const Door& door : listeners_) door.listener->close();
  if (runtime_ && runtime_->endpoints) runtime_->endpoints->close();
  for (const auto& worker : workers_) worker->loop.stop();
}

void Proxy::start_workers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->loop.start();
  }
}

Status Proxy::start_listeners() {
  const config::Config& config = *runtime_->config;
  if (const auto* sni = std::get_if<config::SniMapping>(&*config.broker_mapping))
    return listen({config.bind_address, sni->bind_port}, {.to = Route::To::ServerName});
  if (const auto* ports = std::get_if<config::PortOffsetMapping>(&*config.broker_mapping)) {
    for (std::size_t slot = 0; slot < runtime_->bootstrap.size(); ++slot) {
      const auto port = static_cast<std::uint16_t>(ports->base + slot);
      if (Status ok = listen({config.bind_address, port}, {.to = Route::To::Bootstrap, .slot = slot}); !ok) return ok;
    }
    return Done{};
  }
  const auto& dynamic = std::get<config::DynamicMapping>(*config.broker_mapping);
  for (std::size_t slot = 0; slot < dynamic.bootstrap.size(); ++slot)
    if (Status ok = listen(dynamic.bootstrap[slot].listen, {.to = Route::To::Mapping, .slot = slot}); !ok) return ok;
  return Done{};
}

Status Proxy::listen(const HostPort& address, Route route) {
  auto opened = Listener::open(workers_.front()->loop, address);
  if (!opened) return std::move(opened).error();
  listeners_.push_back({std::move(*opened), route});
  return Done{};
}

/// Broker endpoints are opened as brokers are learned, on any thread.
Result<Endpoints::Bound> Proxy::open_for_broker(const HostPort& address, BrokerId id) {
  if (draining_) return Error{Errc::Draining, "the proxy is ending"};
  auto opened = Listener::open(workers_.front()->loop, address);
  if (!opened) return std::move(opened).error();
  const Route route{.to = Route::To::Broker, .broker = id};
  (*opened)->start([this, route](int descriptor) { accept(descriptor, route); });
  const std::uint16_t port = (*opened)->port();
  // The handle that Endpoints keeps: when it lets go, the port closes.
  Listener* const bound = opened->get();
  std::shared_ptr<void> handle(bound, [listener = std::move(*opened)](void*) { listener->close(); });
  return Endpoints::Bound{port, std::move(handle)};
}

void Proxy::start_learning() {
  const config::Config& config = *runtime_->config;
  const auto endpoints = runtime_->endpoints;
  const bool sasl = config.upstream && config::uses_sasl(config.upstream->security_protocol);
  broker::Topology::Options options{
      .dialer = runtime_->dialer,
      .swap = runtime_->swap,
      .bootstrap = runtime_->bootstrap,
      .passive = sasl && !runtime_->swap->makes_logins(),
      .max_frame_bytes = config.limits.max_frame_bytes,
      .learned = [this](const broker::Cluster& cluster,
                        std::chrono::steady_clock::time_point asked_at) { learned(cluster, asked_at); },
      .first_outcome = [this] { start_accepting(); },
      .dial_failed = [worker = workers_.front().get()](const Error& why) { worker->count_failed_dial(why); },
      .known =
          [endpoints] {
            std::vector<HostPort> all;
            for (const Endpoint& endpoint : endpoints->list()) all.push_back(endpoint.upstream);
            return all;
          }};
  topology_ = std::make_shared<broker::Topology>(workers_.front()->loop, std::move(options));
  topology_->start();
}

/// What the cluster says, and a look for ourselves at brokers that we didn't reach the last time: no client may come.
void Proxy::learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at) {
  runtime_->endpoints->learned(cluster, asked_at);
  net::Loop& loop = workers_.front()->loop;
  for (const Endpoint& broker : runtime_->endpoints->list())
    if (broker.dial_failed && !broker.fenced && looked_at_again_.insert(broker.id).second)
      asio::co_spawn(loop.executor(), look_again(loop, runtime_, broker),
                     [this, id = broker.id](std::exception_ptr) { looked_at_again_.erase(id); });
}

/// Those who connected since the ports were bound wait in the kernel: a name that asks for a broker must not be taken
/// for an unknown one just because the brokers are not learned yet.
void Proxy::start_accepting() {
  for (const Door& door : listeners_)
    door.listener->start([this, route = door.route](int descriptor) { accept(descriptor, route); });
  accepting_ = true;
}

Worker& Proxy::least_loaded() {
  return **std::min_element(workers_.begin(), workers_.end(),
                            [](const auto& a, const auto& b) { return a->connections < b->connections; });
}

void Proxy::accept(int descriptor, Route route) {
  std::uint32_t open = 0;
  for (const auto& worker : workers_) open += worker->connections;
  if (open >= runtime_->config->limits.max_connections) return refuse(descriptor);
  Worker& worker = least_loaded();
  ++worker.connections;
  asio::post(worker.loop.context(), [&worker, runtime = runtime_, route, descriptor] {
    Result<asio::ip::tcp::socket> socket = adopt(worker.loop, descriptor);
    if (!socket || worker.draining) {
      --worker.connections;
      return;
    }
    auto session = std::make_shared<Session>(worker, runtime, route, std::move(*socket));
    asio::co_spawn(worker.loop.executor(), Session::serve(std::move(session)), asio::detached);
  });
}

void Proxy::refuse(int descriptor) {
  ::close(descriptor);
  // One line per power of two: a flood of connections must not become a flood of lines.
  const std::uint64_t so_far = ++refused_full_;
  if ((so_far & (so_far - 1)) == 0)
    log::warn("connection refused: limits.max_connections reached",
              {{"limit", runtime_->config->limits.max_connections}, {"refused", so_far}});
}

bool Proxy::drain(const std::function<bool()>& hurry) {
  draining_ = true;
  accepting_ = false;
  for (const Door& door : listeners_) door.listener->close();
  runtime_->endpoints->close();
  if (topology_) topology_->stop();
  for (const auto& worker : workers_)
    asio::post(worker->loop.context(), [each = worker.get()] {
      each->draining = true;
      const std::vector<Session*> now(each->sessions.begin(), each->sessions.end());
      for (Session* session : now) session->drain();
    });
  const auto end = std::chrono::steady_clock::now() + runtime_->config->limits.drain_timeout;
  const auto open = [this] {
    std::uint32_t all = 0;
    for (const auto& worker : workers_) all += worker->connections;
    return all;
  };
  while (open() > 0 && std::chrono::steady_clock::now() < end && !hurry())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  if (open() > 0) log::warn("drain ended with open connections", {{"connections", open()}});
  return open() == 0;
}

bool Proxy::wait_until_ready(std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (not_ready() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return !not_ready();
}

std::string Proxy::summary() const {
  const std::string admin = admin_ == nullptr ? "none" : "http://" + to_string(admin_->address());
  return proxy::summary(*runtime_->config, runtime_->endpoints->list()) + "  admin: " + admin + "\n";
}

std::optional<HostPort> Proxy::admin_address() const {
  if (admin_ == nullptr) return std::nullopt;
  return admin_->address();
}

}  // namespace kp::proxy
