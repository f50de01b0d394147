// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <future>
#include <set>

#include "base/log.h"
#include "config/emit.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

/// From one configuration to the next: build all of it beside what is in force, publish it in one step, tell those who
/// are connected. A start is the same, from nothing.
namespace kp::proxy {
namespace {

namespace asio = net::asio;
using std::chrono::steady_clock;

constexpr std::chrono::seconds look_limit{15};  ///< for the cluster that new bootstrap servers lead to
constexpr unsigned told_in_a_row = 16;          ///< connections, before the loop's others have their turn
constexpr unsigned told_at_once = 256;          ///< before the core has its turn: all loops tell at the same time
constexpr std::chrono::milliseconds breath{1};  ///< then

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

/// Every connection of a loop hears of `next`. Those that have no place in it get drain_timeout to come to a boundary.
net::Task<void> tell_sessions(Worker& worker, std::shared_ptr<const Runtime> next) {
  unsigned told = 0;
  asio::steady_timer pause(worker.loop.executor());
  boost::system::error_code ignored;
  // Backwards: where one ends meanwhile, only one that was told can take the place of one that wasn't. Who comes
  // meanwhile begins with `next`.
  for (std::size_t at = worker.sessions.size(); at-- > 0;) {
    if (++told % told_at_once == 0) {
      pause.expires_after(breath);
      co_await pause.async_wait(net::capture(ignored));
    } else if (told % told_in_a_row == 0) {
      co_await net::let_others_run(worker.loop.executor());
    }
    if (at >= worker.sessions.size()) continue;
    const auto session = worker.sessions[at]->shared_from_this();
    session->adopt(next);
  }
}

}  // namespace

struct Proxy::Building {
  std::atomic<bool> in_force{false};
  std::set<std::uint64_t> claimed;                                                   ///< doors; while building
  std::vector<std::tuple<std::shared_ptr<Listener>, HostPort, BrokerId>> listeners;  ///< that were tried for brokers
};

struct Proxy::Next {
  std::shared_ptr<Runtime> runtime;
  std::vector<OpenDoor> doors;
  std::shared_ptr<Building> building;          ///< null: the endpoints stay as they are
  std::shared_ptr<broker::Topology> topology;  ///< null: the one that asks goes on
  std::unique_ptr<telemetry::AdminServer> admin;
  bool other_admin = false;
  std::optional<broker::Cluster> cluster;  ///< another one than before, as it was when asked
  std::string hash;
};

Status Proxy::reload(config::Config config) {
  std::vector<config::FileContent> files = config::read_files(config);
  return reload(std::move(config), std::move(files), [] { return true; });
}

Status Proxy::reload(config::Config config, std::vector<config::FileContent> files,
                     const std::function<bool()>& still_so) {
  Next next;
  Status ok = build(std::move(config), std::move(files), next);
  if (ok && !still_so()) ok = Error{Errc::Conflict, "a file changed while it was read"};
  if (!ok) {
    let_go(next);
    return ok;
  }
  publish(next);
  return Done{};
}

std::vector<config::FileContent> Proxy::files() const { return runtime()->files; }

void Proxy::note_refusal(Refusal refusal) {
  const std::lock_guard lock(mutex_);
  if (!refusal.errors.empty()) ++state_.reload_failures;
  state_.refused_at = refusal.errors.empty() ? "" : now_text();
  state_.refusal = std::move(refusal);
}

Status Proxy::build(config::Config config, std::vector<config::FileContent> files, Next& next) {
  const auto before = runtime();
  next.hash = config::hash(config);
  auto built =
      Runtime::build(std::make_shared<const config::Config>(std::move(config)), std::move(files), before.get());
  if (!built) return std::move(built).error();
  next.runtime = std::move(*built);
  const config::Config& now = *next.runtime->config;

  auto doors = open_doors(now, *ports_, doors_);
  if (!doors) return std::move(doors).error();
  next.doors = std::move(*doors);
  for (const OpenDoor& open : next.doors) next.runtime->doors.push_back(open.door);
  if (Status ok = add_endpoints(next, before.get()); !ok) return std::move(ok).error();

  next.other_admin = before == nullptr || before->config->admin_address != now.admin_address;
  if (next.other_admin && now.admin_address) {
    auto admin = start_admin(*now.admin_address);
    if (!admin) return std::move(admin).error().within("admin.address");
    next.admin = std::move(*admin);
  }
  add_topology(next, before.get());
  if (side_)
    if (Status ok = side_->prepare(now, next.runtime->files); !ok) return ok;
  if (draining_) return Error{Errc::Draining, "the process ends"};
  return Done{};
}

/// Where the mapping stays, and the cluster, brokers keep all that they have.
Status Proxy::add_endpoints(Next& next, const Runtime* before) {
  const config::Config& now = *next.runtime->config;
  next.building = std::make_shared<Building>();
  for (const OpenDoor& open : next.doors) next.building->claimed.insert(open.listener->door());
  if (before != nullptr) {
    Result<bool> same = same_cluster(next, *before);
    if (!same) return std::move(same).error();
    const bool same_mapping =
        now.broker_mapping == before->config->broker_mapping && now.bind_address == before->config->bind_address;
    if (*same && same_mapping) {
      next.building = nullptr;
      next.runtime->endpoints = before->endpoints;
      return Done{};
    }
    if (*same && now.broker_mapping) {
      auto moved = before->endpoints->successor(now, opener(next.building), next.building->claimed);
      if (!moved) return std::move(moved).error().within("broker_mapping");
      next.runtime->endpoints = std::move(*moved);
    }
  }
  if (next.runtime->endpoints == nullptr)
    next.runtime->endpoints = std::make_shared<Endpoints>(now, opener(next.building));
  if (next.cluster) {
    next.runtime->endpoints->learned(*next.cluster, steady_clock::now());
    const auto refused = next.runtime->endpoints->unmapped();
    if (refused.contains("conflict") || refused.contains("io"))
      return Error{Errc::Conflict, "a broker of the new cluster can't have its port, the log says which"};
  }
  if (before != nullptr) next.runtime->endpoints->count_on_from(*before->endpoints);
  return Done{};
}

/// New bootstrap servers may lead to the cluster of before, or to another: its id tells. Where only clients can log in,
/// one server in common is taken for the same cluster.
Result<bool> Proxy::same_cluster(Next& next, const Runtime& before) {
  const auto known = [&before](const HostPort& server) {
    return std::ranges::find(before.bootstrap, server) != before.bootstrap.end();
  };
  const auto& servers = next.runtime->bootstrap;
  if (std::ranges::all_of(servers, known)) return true;
  bool same = std::ranges::any_of(servers, known);
  if (!next.runtime->passive()) {
    Result<broker::Cluster> seen = look_at_cluster(*next.runtime);
    if (!seen) return std::move(seen).error().within("the new bootstrap servers");
    const std::string id = topology_->state().cluster_id;
    if (!seen->cluster_id.empty() || !id.empty()) same = seen->cluster_id == id;
    if (!same) next.cluster = std::move(*seen);
  }
  if (!same) {
    ++next.runtime->cluster;
    next.runtime->unfit = std::make_shared<UnfitTopics>();
  }
  return same;
}

Result<broker::Cluster> Proxy::look_at_cluster(const Runtime& runtime) {
  const auto seen = std::make_shared<broker::Cluster>();
  broker::Topology::Options options = topology_options(runtime);
  options.learned = [seen](const broker::Cluster& cluster, steady_clock::time_point) { *seen = cluster; };
  options.first_outcome = [] {};
  options.known = [] { return std::vector<HostPort>{}; };
  const auto look = std::make_shared<broker::Topology>(first_loop(), std::move(options));
  std::future<Status> asked = look->ask_once();
  const auto end = steady_clock::now() + look_limit;
  while (asked.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    if (!draining_ && steady_clock::now() < end) continue;
    look->stop();
    return Error{Errc::Timeout, "no answer in time"};
  }
  Status outcome = asked.get();
  if (!outcome) return std::move(outcome).error();
  return std::move(*seen);
}

/// Where endpoints are others, a new one asks at once: there may be room for brokers that had none.
void Proxy::add_topology(Next& next, const Runtime* before) {
  const Runtime& now = *next.runtime;
  if (before != nullptr && next.building == nullptr && now.dialer == before->dialer && now.swap == before->swap &&
      now.bootstrap == before->bootstrap && now.cluster == before->cluster && now.passive() == before->passive() &&
      now.config->limits.max_frame_bytes == before->config->limits.max_frame_bytes)
    return;
  broker::Topology::State known;
  if (before != nullptr && now.cluster == before->cluster) known = topology_->state();
  if (!now.config->broker_mapping) known = {.known = true, .trouble = {}, .cluster_id = {}};
  if (next.cluster) known = {.known = true, .trouble = {}, .cluster_id = next.cluster->cluster_id};
  next.topology = std::make_shared<broker::Topology>(first_loop(), topology_options(now), std::move(known));
}

broker::Topology::Options Proxy::topology_options(const Runtime& now) {
  return {.dialer = now.dialer,
          .swap = now.swap,
          .bootstrap = now.bootstrap,
          .passive = now.passive(),
          .max_frame_bytes = now.config->limits.max_frame_bytes,
          .learned = [this](const broker::Cluster& cluster,
                            steady_clock::time_point asked_at) { learned(cluster, asked_at); },
          .first_outcome =
              [this] {
                if (!patient_) start_accepting();
              },
          .dial_failed = [worker = workers_.front().get()](const Error& why) { worker->count_failed_dial(why); },
          .known =
              [this] {
                std::vector<HostPort> all;
                for (const Endpoint& endpoint : runtime()->endpoints->list()) all.push_back(endpoint.upstream);
                return all;
              }};
}

/// Binds the port of a broker; on any thread once the endpoints are in force, since responses name new brokers.
Endpoints::Open Proxy::opener(std::shared_ptr<Building> building) {
  return [this, building = std::move(building)](const HostPort& address, BrokerId id) -> Result<Endpoints::Bound> {
    if (draining_) return Error{Errc::Draining, "the proxy is ending"};
    const bool in_force = building->in_force;
    const Route route{.to = Route::To::Broker, .broker = id};
    Result<std::shared_ptr<Listener>> opened = in_force ? ports_->open(address, route) : ports_->take(address, route);
    if (!opened) return std::move(opened).error();
    const std::shared_ptr<Listener>& listener = *opened;
    if (in_force) {
      listener->start(route, acceptor());
    } else {
      if (!building->claimed.insert(listener->door()).second)
        return Error{Errc::Conflict, to_string(address) + " is wanted twice"};
      building->listeners.emplace_back(listener, address, id);
    }
    return Endpoints::Bound{listener->port(), listener, listener->door()};
  };
}

/// On the first loop, where connections are accepted: none comes in between.
void Proxy::publish(Next& next) {
  on_first_loop([this, &next] { put_in_force(next); });
}

/// Ports that were bound for nothing are free when this returns: the next reload may want them. They close on their
/// loop.
void Proxy::let_go(Next& next) {
  next.admin.reset();  // its thread may be asking the loop
  if (side_) side_->discard();
  on_first_loop([&next] { next = {}; });
}

void Proxy::on_first_loop(const std::function<void()>& what) {
  std::promise<void> done;
  asio::post(first_loop().context(), [&what, &done] {
    what();
    done.set_value();
  });
  done.get_future().wait();
}

/// Without a mapping there is nothing to learn, and all is known.
void Proxy::start_topology() {
  if (runtime_->config->broker_mapping) topology_->start();
}

void Proxy::put_in_force(Next& next) {
  if (draining_) return;
  const config::Config& config = *next.runtime->config;
  log::configure(config.logging.level, config.logging.format);
  std::shared_ptr<const Runtime> before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(runtime_, next.runtime);
    doors_.swap(next.doors);
    if (next.topology) topology_.swap(next.topology);
    if (next.other_admin) admin_.swap(next.admin);
    state_.hash = next.hash;
    state_.loaded_at = now_text();
    state_.refusal = {};
    state_.refused_at.clear();
    if (before != nullptr) ++state_.reloads;
  }
  // What each port is for now is also noted, for a process that takes over.
  for (const OpenDoor& open : doors_) ports_->note(open.listener->door(), open.door.asked, open.door.route);
  if (next.building) {
    for (const auto& [listener, asked, id] : next.building->listeners) {
      const auto broker = next.runtime->endpoints->find(id);
      if (!broker || broker->door != listener->door()) continue;
      const Route route{.to = Route::To::Broker, .broker = id};
      ports_->note(listener->door(), asked, route);
      listener->start(route, acceptor());
    }
    next.building->listeners.clear();
    next.building->in_force = true;
  }
  if (side_) side_->publish();
  if (!config.broker_mapping) patient_ = false;  // there are no brokers to wait for
  if (accepting_ || !config.broker_mapping) start_accepting();
  if (before == nullptr) return start_topology();
  if (before->endpoints != next.runtime->endpoints) before->endpoints->close();
  next.doors.clear();  // those of before: what nobody took over closes
  if (next.topology) {
    next.topology->stop();
    start_topology();
  }
  for (const auto& worker : workers_)
    asio::co_spawn(worker->loop.executor(), tell_sessions(*worker, next.runtime), asio::detached);
}

}  // namespace kp::proxy
