#include "proxy/proxy.h"

#include <sched.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/log.h"
#include "net/start.h"
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

net::Task<void> look_again(net::Loop& loop, std::shared_ptr<const Runtime> runtime, Endpoint broker) {
  const Result<net::Stream> dialled = co_await runtime->dialer->dial(loop, broker.upstream);
  runtime->endpoints->set_dialled(broker.id, dialled.has_value());
}

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(config::Config config, unsigned threads, Inheritance inherited,
                                            const MakeSideService& side) {
  std::unique_ptr<Proxy> made(new Proxy);
  made->start_workers(threads == 0 ? usable_threads() : threads, std::move(inherited.ports));
  std::vector<net::Loop*> loops;
  for (const auto& worker : made->workers_) loops.push_back(&worker->loop);
  if (side) made->side_ = side(std::move(loops), [self = made.get()] { return self->metrics_page(); });
  if (Status ok = made->reload(std::move(config)); !ok) return std::move(ok).error();
  if (made->runtime_->passive())
    for (const HandedBroker& broker : inherited.brokers)
      (void)made->runtime_->endpoints->downstream(broker.id, broker.upstream);
  return made;
}

Proxy::~Proxy() {
  admin_.reset();  // its pages read all the rest
  side_.reset();
  if (topology_) topology_->stop();
  for (const OpenDoor& door : doors_) door.listener->close();
  if (runtime_) runtime_->endpoints->close();
  for (const auto& worker : workers_) worker->loop.stop();
}

std::shared_ptr<const Runtime> Proxy::runtime() const {
  const std::lock_guard lock(mutex_);
  return runtime_;
}

void Proxy::start_workers(unsigned threads, std::vector<HandedPort> inherited) {
  for (unsigned i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->loops = threads;
    workers_.back()->loop.start();
  }
  for (HandedPort& port : inherited)
    if (!port.route) inherited_admin_ = std::move(port);
  std::erase_if(inherited, [](const HandedPort& port) { return !port.route; });
  patient_ = !inherited.empty();
  ports_ = std::make_unique<Ports>(first_loop(), std::move(inherited));
}

/// On the first loop, where listeners close: none does so meanwhile.
Inheritance Proxy::hand_over() {
  Inheritance all;
  on_first_loop([this, &all] { all.ports = ports_->hand_over(); });
  const std::lock_guard lock(mutex_);
  for (const Endpoint& broker : runtime_->endpoints->list()) all.brokers.push_back({broker.id, broker.upstream});
  if (admin_ != nullptr)
    all.ports.push_back({.asked = *runtime_->config->admin_address, .route = {}, .socket = admin_->duplicate()});
  return all;
}

bool Proxy::open_when_ready(std::chrono::milliseconds limit, const std::function<bool()>& hurry) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const broker::Topology::State state = topology()->state();
    if (state.known && state.trouble.empty()) break;
    if (std::chrono::steady_clock::now() > end || hurry()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (hurry()) return false;
  patient_ = false;
  on_first_loop([this] { start_accepting(); });
  return true;
}

std::shared_ptr<broker::Topology> Proxy::topology() const {
  const std::lock_guard lock(mutex_);
  return topology_;
}

void Proxy::close_admin() {
  std::unique_ptr<telemetry::AdminServer> gone;
  const std::lock_guard lock(mutex_);
  gone.swap(admin_);
}

void Proxy::drop_inherited() {
  inherited_admin_.reset();
  ports_->drop_inherited();
}

/// What the cluster says, and a look for ourselves at brokers that we didn't reach the last time: no client may come.
void Proxy::learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at) {
  const auto now = runtime();
  now->endpoints->learned(cluster, asked_at);
  for (const Endpoint& broker : now->endpoints->list())
    if (broker.dial_failed && !broker.fenced && looked_at_again_.insert(broker.id).second)
      asio::co_spawn(first_loop().executor(), look_again(first_loop(), now, broker),
                     [this, id = broker.id](std::exception_ptr) { looked_at_again_.erase(id); });
}

/// Those who connected since the ports were bound wait in the kernel: a name that asks for a broker must not be taken
/// for an unknown one just because the brokers are not learned yet.
void Proxy::start_accepting() {
  const std::lock_guard lock(mutex_);
  for (const OpenDoor& open : doors_) open.listener->start(open.door.route, acceptor());
  accepting_ = true;
}

Listener::Accept Proxy::acceptor() {
  return [this](net::Accepted accepted, const Route& route) { accept(std::move(accepted), route); };
}

Worker& Proxy::least_loaded() {
  return **std::min_element(workers_.begin(), workers_.end(),
                            [](const auto& a, const auto& b) { return a->connections < b->connections; });
}

void Proxy::accept(net::Accepted accepted, Route route) {
  std::uint32_t open = 0;
  for (const auto& worker : workers_) open += worker->connections;
  auto now = runtime();
  const std::uint32_t limit = now->config->limits.max_connections;
  if (open >= limit) return refuse(limit);
  Worker& worker = least_loaded();
  ++worker.connections;
  asio::post(worker.loop.context(), [&worker, now = std::move(now), route, accepted = std::move(accepted)]() mutable {
    auto session = std::make_shared<Session>(worker, std::move(now), route, std::move(accepted));
    if (worker.draining) session->drain();
    net::start(worker.loop.executor(), Session::serve(std::move(session)));
  });
}

void Proxy::refuse(std::uint32_t limit) {
  // One line per power of two: a flood of connections must not become a flood of lines.
  const std::uint64_t so_far = ++refused_full_;
  if ((so_far & (so_far - 1)) == 0)
    log::warn("connection refused: limits.max_connections reached", {{"limit", limit}, {"refused", so_far}});
}

bool Proxy::drain(const std::function<bool()>& hurry) {
  draining_ = true;
  accepting_ = false;
  const auto now = runtime();
  topology_->stop();
  if (side_) side_->drain();
  std::promise<void> closed;  // first the doors, so that who is sent away doesn't come back in
  asio::post(first_loop().context(), [this, &now, &closed] {
    for (const OpenDoor& open : doors_) open.listener->close();
    now->endpoints->close();
    closed.set_value();
  });
  closed.get_future().wait();
  for (const auto& worker : workers_)
    asio::post(worker->loop.context(), [each = worker.get()] {
      each->draining = true;
      const std::vector<Session*> all(each->sessions.begin(), each->sessions.end());
      for (Session* session : all) session->drain();
    });
  const auto end = std::chrono::steady_clock::now() + now->config->limits.drain_timeout;
  const auto open = [this] {
    std::uint32_t all = 0;
    for (const auto& worker : workers_) all += worker->connections;
    return all;
  };
  const auto busy = [this, &open] { return open() > 0 || (side_ && !side_->idle()); };
  while (busy() && std::chrono::steady_clock::now() < end && !hurry())
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
  const auto admin = admin_address();
  const auto now = runtime();
  return proxy::summary(*now->config, now->endpoints->list()) +
         "  admin: " + (admin ? "http://" + to_string(*admin) : "none") + "\n";
}

std::optional<HostPort> Proxy::admin_address() const {
  const std::lock_guard lock(mutex_);
  if (admin_ == nullptr) return std::nullopt;
  return admin_->address();
}

}  // namespace kp::proxy
