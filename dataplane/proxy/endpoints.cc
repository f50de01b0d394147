#include "proxy/endpoints.h"

#include <algorithm>

#include "base/log.h"

namespace kp::proxy {
namespace {

/// May a broker whose place is `place` stay at the port that it has?
bool fits(const Place& place, const std::string& host, std::uint16_t port) {
  if (place.listen->host != host) return false;
  return place.listen->port == 0 || (port >= place.listen->port && port < place.listen->port + place.ports);
}

}  // namespace

Endpoints::Endpoints(const config::Config& config, Open open) : placement_(config), open_(std::move(open)) {}

Result<std::shared_ptr<Endpoints>> Endpoints::successor(const config::Config& config, Open open,
                                                        const std::set<std::uint64_t>& taken) const {
  auto next = std::make_shared<Endpoints>(config, std::move(open));
  const std::lock_guard lock(next->mutex_);
  const auto now = table();
  auto made = std::make_shared<Table>();
  std::vector<const Entry*> others;
  for (const auto& [id, entry] : now->brokers)
    if (entry.endpoint.door != 0 && taken.contains(entry.endpoint.door))
      if (const Result<Place> place = next->placement_.place(id, entry.endpoint.upstream);
          place && place->listen && fits(*place, entry.place.listen->host, entry.port) && place->ports == 1)
        return Error{Errc::Conflict, "broker " + std::to_string(id) + " needs the port " + std::to_string(entry.port) +
                                         ", which would be another one's: give one of them another port"};
  for (const auto& [id, entry] : now->brokers) {  // who keeps its place comes first: nobody else shall get it
    const Result<Place> place = next->placement_.place(id, entry.endpoint.upstream);
    if (!place || *place != entry.place || taken.contains(entry.endpoint.door)) {
      others.push_back(&entry);
      continue;
    }
    made->names[entry.endpoint.downstream.host] = id;
    made->brokers.emplace(id, entry);
  }
  // Then who can stay at its port: one that has to move shall not take it.
  std::ranges::stable_partition(others, [&next](const Entry* entry) {
    const Result<Place> place = next->placement_.place(entry->endpoint.id, entry->endpoint.upstream);
    return place && place->listen && entry->place.listen && fits(*place, entry->place.listen->host, entry->port);
  });
  for (const Entry* entry : others) {
    const Endpoint& broker = entry->endpoint;
    const bool lost = taken.contains(broker.door);  // its port is another one's now
    Result<Entry> moved = next->make_locked(*made, lost ? nullptr : entry, broker.id, broker.upstream);
    if (!moved && (moved.error().code == Errc::Conflict || moved.error().code == Errc::Io))
      return std::move(moved).error().within("broker " + std::to_string(broker.id));
    if (!moved) {
      (void)next->refuse_locked(broker.id, broker.upstream, std::move(moved).error());
      continue;
    }
    moved->endpoint.fenced = broker.fenced;
    moved->endpoint.dial_failed = broker.dial_failed;
    moved->last_seen = entry->last_seen;
    made->names[moved->endpoint.downstream.host] = broker.id;
    made->brokers.insert_or_assign(broker.id, std::move(*moved));
  }
  next->table_.store(std::move(made));
  return next;
}

void Endpoints::count_on_from(const Endpoints& before) {
  const auto counts = before.unmapped();
  const std::lock_guard lock(mutex_);
  for (const auto& [reason, count] : counts) unmapped_[reason] += count;
}

Result<HostPort> Endpoints::downstream(BrokerId id, const HostPort& upstream) {
  const auto now = table();
  if (const auto known = now->brokers.find(id);
      known != now->brokers.end() && known->second.endpoint.upstream == upstream)
    return known->second.endpoint.downstream;
  const std::lock_guard lock(mutex_);
  return map_locked(id, upstream);
}

Result<HostPort> Endpoints::map_locked(BrokerId id, const HostPort& upstream) {
  const auto now = table();
  const auto known = now->brokers.find(id);
  if (known != now->brokers.end() && known->second.endpoint.upstream == upstream)
    return known->second.endpoint.downstream;

  const auto refused = refused_.find(id);
  if (refused != refused_.end() && refused->second.upstream == upstream &&
      std::chrono::steady_clock::now() < refused->second.until) {
    ++unmapped_[std::string(name(refused->second.why.code))];
    return refused->second.why;
  }
  Result<Entry> made = make_locked(*now, known == now->brokers.end() ? nullptr : &known->second, id, upstream);
  if (!made) return refuse_locked(id, upstream, std::move(made).error());
  refused_.erase(id);
  auto next = std::make_shared<Table>(*now);
  if (known != now->brokers.end()) next->names.erase(known->second.endpoint.downstream.host);
  next->names[made->endpoint.downstream.host] = id;
  const HostPort downstream = made->endpoint.downstream;
  next->brokers.insert_or_assign(id, std::move(*made));
  table_.store(std::move(next));
  log::info("broker mapped", {{"broker", id}, {"upstream", upstream}, {"downstream", downstream}});
  return downstream;
}

/// Is it another broker's? A port that is taken over may be.
bool Endpoints::has_door(const Table& now, BrokerId id, std::uint64_t door) {
  return door != 0 && std::ranges::any_of(now.brokers, [id, door](const auto& one) {
           return one.first != id && one.second.endpoint.door == door;
         });
}

/// `known`: the broker as it stood until now, here or in the configuration before.
Result<Endpoints::Entry> Endpoints::make_locked(const Table& now, const Entry* known, BrokerId id,
                                                const HostPort& upstream) const {
  if (closed_) return Error{Errc::Draining, "the configuration has been replaced"};
  Result<Place> place = placement_.place(id, upstream);
  if (!place) return std::move(place).error();
  if (known == nullptr && now.brokers.size() >= max_brokers)
    return Error{Errc::Conflict, "more than " + std::to_string(max_brokers) + " brokers"};

  Entry entry;
  entry.endpoint.id = id;
  entry.endpoint.upstream = upstream;
  entry.endpoint.downstream = place->advertised;
  entry.last_seen = std::chrono::steady_clock::now();
  if (place->listen && known != nullptr && known->listener != nullptr && known->place.listen &&
      fits(*place, known->place.listen->host, known->port) && !has_door(now, id, known->endpoint.door)) {
    entry.listener = known->listener;
    entry.port = known->port;
    entry.endpoint.door = known->endpoint.door;
  } else if (place->listen) {
    Result<Bound> bound = bind_locked(now, *place, id);
    if (!bound) return std::move(bound).error();
    entry.listener = std::move(bound->listener);
    entry.port = bound->port;
    entry.endpoint.door = bound->door;
  }
  if (entry.endpoint.downstream.port == 0) entry.endpoint.downstream.port = entry.port;
  entry.place = std::move(*place);
  for (const auto& [other, existing] : now.brokers)
    if (other != id && existing.endpoint.downstream == entry.endpoint.downstream)
      return Error{Errc::Conflict, "broker " + std::to_string(id) + " would get " +
                                       to_string(entry.endpoint.downstream) + ", which is broker " +
                                       std::to_string(other) + "'s: let the template or the mapping tell them apart"};
  return entry;
}

Result<Endpoints::Bound> Endpoints::bind_locked(const Table& now, const Place& place, BrokerId id) const {
  Error last{Errc::Conflict, "no port left"};
  for (std::uint32_t i = 0; i < place.ports; ++i) {
    HostPort listen = *place.listen;
    listen.port = static_cast<std::uint16_t>(listen.port + i);
    Result<Bound> bound = open_(listen, id);
    if (bound && !has_door(now, id, bound->door)) return bound;
    last = bound ? Error{Errc::Conflict, to_string(listen) + " is another broker's"} : std::move(bound).error();
  }
  return last;
}

Error Endpoints::refuse_locked(BrokerId id, const HostPort& upstream, Error why) {
  ++unmapped_[std::string(name(why.code))];
  if (refused_.size() >= max_brokers) refused_.clear();
  refused_.insert_or_assign(id, Refusal{upstream, why, std::chrono::steady_clock::now() + refusal_holds});
  if (told_.size() < max_brokers && told_.emplace(id, why.message).second)
    log::warn("broker not reachable through the proxy", {{"broker", id}, {"reason", why.message}});
  return why;
}

void Endpoints::learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at) {
  const std::lock_guard lock(mutex_);
  for (const auto& seen : cluster.brokers) (void)map_locked(seen.id, seen.address);  // refusals are logged there

  auto next = std::make_shared<Table>(*table());
  for (const auto& seen : cluster.brokers) {
    const auto entry = next->brokers.find(seen.id);
    if (entry == next->brokers.end()) continue;
    entry->second.last_seen = asked_at;
    entry->second.endpoint.fenced = seen.fenced;
  }
  for (auto entry = next->brokers.begin(); entry != next->brokers.end();) {
    const bool gone =
        cluster.complete ? entry->second.last_seen < asked_at : asked_at - entry->second.last_seen > forget_after;
    if (!gone) {
      ++entry;
      continue;
    }
    log::info("broker left the cluster", {{"broker", entry->first}, {"downstream", entry->second.endpoint.downstream}});
    next->names.erase(entry->second.endpoint.downstream.host);
    entry = next->brokers.erase(entry);
  }
  table_.store(std::move(next));
}

void Endpoints::set_dialled(BrokerId id, bool connected) {
  const auto seen = table();
  const auto before = seen->brokers.find(id);
  if (before == seen->brokers.end() || before->second.endpoint.dial_failed != connected) return;
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Table>(*table());
  const auto entry = next->brokers.find(id);
  if (entry == next->brokers.end()) return;
  entry->second.endpoint.dial_failed = !connected;
  table_.store(std::move(next));
}

std::optional<Endpoint> Endpoints::find(BrokerId id) const {
  const auto now = table();
  const auto entry = now->brokers.find(id);
  if (entry == now->brokers.end()) return std::nullopt;
  return entry->second.endpoint;
}

std::optional<HostPort> Endpoints::upstream_of(BrokerId id) const {
  const auto known = find(id);
  if (!known) return std::nullopt;
  return known->upstream;
}

std::optional<BrokerId> Endpoints::named(const std::string& server_name) const {
  const auto now = table();
  const auto entry = now->names.find(server_name);
  if (entry == now->names.end()) return std::nullopt;
  return entry->second;
}

std::vector<Endpoint> Endpoints::list() const {
  const auto now = table();
  std::vector<Endpoint> all;
  for (const auto& [id, entry] : now->brokers) all.push_back(entry.endpoint);
  return all;
}

std::size_t Endpoints::listeners() const {
  const auto now = table();
  std::size_t bound = 0;
  for (const auto& [id, entry] : now->brokers) bound += entry.listener == nullptr ? 0 : 1;
  return bound;
}

std::map<std::string, std::uint64_t, std::less<>> Endpoints::unmapped() const {
  const std::lock_guard lock(mutex_);
  return unmapped_;
}

void Endpoints::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  auto next = std::make_shared<Table>(*table());
  for (auto& [id, entry] : next->brokers) entry.listener.reset();
  table_.store(std::move(next));
}

}  // namespace kp::proxy
