#include "proxy/endpoints.h"

#include "base/log.h"

namespace kp::proxy {

Endpoints::Endpoints(const config::Config& config, Open open) : placement_(config), open_(std::move(open)) {}

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
  Result<Entry> made = make_locked(*now, id, upstream);
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

Result<Endpoints::Entry> Endpoints::make_locked(const Table& now, BrokerId id, const HostPort& upstream) const {
  Result<Place> place = placement_.place(id, upstream);
  if (!place) return std::move(place).error();
  const auto known = now.brokers.find(id);
  if (known == now.brokers.end() && now.brokers.size() >= max_brokers)
    return Error{Errc::Conflict, "more than " + std::to_string(max_brokers) + " brokers"};

  Entry entry{
      .endpoint = {.id = id, .upstream = upstream, .downstream = place->advertised}, .listener = {}, .last_seen = {}};
  entry.last_seen = std::chrono::steady_clock::now();
  if (place->listen && known != now.brokers.end() && known->second.listener != nullptr) {
    entry.listener = known->second.listener;  // the broker has moved; its port stays
    entry.endpoint.downstream = known->second.endpoint.downstream;
  } else if (place->listen) {
    Result<Bound> bound = bind_locked(*place, id);
    if (!bound) return std::move(bound).error();
    entry.listener = std::move(bound->listener);
    if (entry.endpoint.downstream.port == 0) entry.endpoint.downstream.port = bound->port;
  }
  for (const auto& [other, existing] : now.brokers)
    if (other != id && existing.endpoint.downstream == entry.endpoint.downstream)
      return Error{Errc::Conflict, "broker " + std::to_string(id) + " would get " +
                                       to_string(entry.endpoint.downstream) + ", which is broker " +
                                       std::to_string(other) + "'s: let the template or the mapping tell them apart"};
  return entry;
}

Result<Endpoints::Bound> Endpoints::bind_locked(const Place& place, BrokerId id) const {
  Error last{Errc::Conflict, "no port left"};
  for (std::uint32_t i = 0; i < place.ports; ++i) {
    HostPort listen = *place.listen;
    listen.port = static_cast<std::uint16_t>(listen.port + i);
    Result<Bound> bound = open_(listen, id);
    if (bound) return bound;
    last = std::move(bound).error();
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

std::optional<HostPort> Endpoints::upstream_of(BrokerId id) const {
  const auto now = table();
  const auto entry = now->brokers.find(id);
  if (entry == now->brokers.end()) return std::nullopt;
  return entry->second.endpoint.upstream;
}

std::optional<BrokerId> Endpoints::named(const std::string& server_name) const {
  const auto now = table();
  const auto entry = now->names.find(server_name);
  if (entry == now->names.end()) return std::nullopt;
  return entry->second;
}

std::vector<Endpoint> Endpoints::list() const {
  std::vector<Endpoint> all;
  for (const auto& [id, entry] : table()->brokers) all.push_back(entry.endpoint);
  return all;
}

std::size_t Endpoints::listeners() const {
  std::size_t bound = 0;
  for (const auto& [id, entry] : table()->brokers) bound += entry.listener == nullptr ? 0 : 1;
  return bound;
}

std::map<std::string, std::uint64_t, std::less<>> Endpoints::unmapped() const {
  const std::lock_guard lock(mutex_);
  return unmapped_;
}

void Endpoints::close() {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Table>(*table());
  for (auto& [id, entry] : next->brokers) entry.listener.reset();
  table_.store(std::move(next));
}

}  // namespace kp::proxy
