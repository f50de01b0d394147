#include "proxy/doors.h"

#include <algorithm>

namespace kp::proxy {
namespace {

std::vector<Door> doors_of(const config::Config& config) {
  if (!config.broker_mapping) return {};
  if (const auto* sni = std::get_if<config::SniMapping>(&*config.broker_mapping))
    return {{.route = {.to = Route::To::ServerName},
             .asked = {config.bind_address, sni->bind_port},
             .advertised = {"", sni->advertised_port},
             .upstream = {}}};
  std::vector<Door> all;
  if (const auto* ports = std::get_if<config::PortOffsetMapping>(&*config.broker_mapping)) {
    for (std::size_t slot = 0; slot < config.upstream->bootstrap_servers.size(); ++slot) {
      const auto port = static_cast<std::uint16_t>(ports->base + slot);
      all.push_back({.route = {.to = Route::To::Bootstrap, .slot = slot},
                     .asked = {config.bind_address, port},
                     .advertised = {ports->hostname, port},
                     .upstream = {}});
    }
    return all;
  }
  const auto& dynamic = std::get<config::DynamicMapping>(*config.broker_mapping);
  for (std::size_t slot = 0; slot < dynamic.bootstrap.size(); ++slot) {
    const config::BootstrapMapping& mapping = dynamic.bootstrap[slot];
    all.push_back({.route = {.to = Route::To::Mapping, .slot = slot},
                   .asked = mapping.listen,
                   .advertised = mapping.advertised,
                   .upstream = mapping.upstream});
  }
  return all;
}

/// One that stands for the same, at a port that any would do for.
std::shared_ptr<Listener> standing(const Door& door, const std::vector<OpenDoor>& before) {
  if (door.asked.port != 0) return nullptr;
  const auto same = std::ranges::find_if(before, [&door](const OpenDoor& one) {
    return one.door.asked == door.asked && one.door.upstream == door.upstream;
  });
  return same == before.end() ? nullptr : same->listener;
}

}  // namespace

Result<std::vector<OpenDoor>> open_doors(const config::Config& config, Ports& ports,
                                         const std::vector<OpenDoor>& before) {
  std::vector<OpenDoor> all;
  for (Door& door : doors_of(config)) {
    std::shared_ptr<Listener> listener = standing(door, before);
    if (listener == nullptr) {
      Result<std::shared_ptr<Listener>> taken = ports.take(door.asked, door.route);
      if (!taken) return std::move(taken).error();
      listener = std::move(*taken);
    }
    door.route.door = listener->door();
    all.push_back({std::move(door), std::move(listener)});
  }
  return all;
}

}  // namespace kp::proxy
