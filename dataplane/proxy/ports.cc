#include "proxy/ports.h"

#include <algorithm>
#include <utility>

namespace kp::proxy {
namespace {

bool same_target(const Route& left, const Route& right) {
  return left.to == right.to && left.slot == right.slot && left.broker == right.broker;
}

}  // namespace

Ports::Ports(net::Loop& home, std::vector<HandedPort> inherited) : home_(home), inherited_(std::move(inherited)) {}

Ports::Opened Ports::open(const HostPort& address, const Route& route) {
  const std::lock_guard lock(mutex_);
  return noted_locked(open_locked(address, route), address, route);
}

Ports::Opened Ports::take(const HostPort& address, const Route& route) {
  const std::lock_guard lock(mutex_);
  if (const auto known = bound_.find(address); address.port != 0 && known != bound_.end())
    if (auto standing = known->second.listener.lock()) return standing;  // for what it is so far, until note()
  return noted_locked(open_beside_locked(address, route), address, route);
}

Ports::Opened Ports::noted_locked(Opened opened, const HostPort& asked, const Route& route) {
  std::erase_if(bound_, [](const auto& entry) { return entry.second.listener.expired(); });
  if (opened) bound_[{asked.host, (*opened)->port()}] = {asked, route, *opened};
  return opened;
}

Ports::Opened Ports::open_locked(const HostPort& address, const Route& route) {
  for (auto port = inherited_.begin(); port != inherited_.end(); ++port) {
    if (port->asked != address || !port->route) continue;
    const bool same = same_target(*port->route, route);
    if (address.port == 0 && !same) continue;
    // Clients still take it for that one.
    if (!same && port->route->to == Route::To::Broker && route.to == Route::To::Broker)
      return Error{Errc::Conflict, to_string(address) + " was broker " + std::to_string(port->route->broker) + "'s"};
    Opened adopted = Listener::adopt(home_, std::move(port->socket));
    inherited_.erase(port);
    return adopted;
  }
  return Listener::open(home_, address);
}

/// From 127.0.0.1 to 0.0.0.0, or back, the same port overlaps with one of ours: for the moment that both are bound they
/// share it. Somebody else's port stays a conflict.
Ports::Opened Ports::open_beside_locked(const HostPort& address, const Route& route) {
  Opened opened = open_locked(address, route);
  if (opened || opened.error().code != Errc::Conflict) return opened;
  std::vector<std::shared_ptr<Listener>> overlapping;
  for (const auto& [other, standing] : bound_)
    if (other.port == address.port)
      if (auto listener = standing.listener.lock()) overlapping.push_back(std::move(listener));
  if (overlapping.empty()) return opened;
  for (const auto& listener : overlapping) listener->share(Listener::Share::Yes);
  opened = Listener::open(home_, address, Listener::Share::Yes);
  for (const auto& listener : overlapping) listener->share(Listener::Share::No);
  if (opened) (*opened)->share(Listener::Share::No);
  return opened;
}

void Ports::note(std::uint64_t door, const HostPort& asked, const Route& route) {
  const std::lock_guard lock(mutex_);
  for (auto& [address, standing] : bound_)
    if (const auto listener = standing.listener.lock(); listener && listener->door() == door) {
      standing.asked = asked;
      standing.route = route;
    }
}

void Ports::drop_inherited() {
  const std::lock_guard lock(mutex_);
  inherited_.clear();
}

std::vector<HandedPort> Ports::hand_over() const {
  const std::lock_guard lock(mutex_);
  std::vector<HandedPort> all;
  for (const auto& [address, standing] : bound_) {
    const auto listener = standing.listener.lock();
    if (listener == nullptr) continue;
    Descriptor socket = listener->duplicate();
    if (socket) all.push_back({.asked = standing.asked, .route = standing.route, .socket = std::move(socket)});
  }
  return all;
}

}  // namespace kp::proxy
