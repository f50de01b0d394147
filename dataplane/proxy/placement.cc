#include "proxy/placement.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "config/name_template.h"

namespace kp::proxy {
namespace {

bool is_any_address(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

/// A DNS name as RFC 1123 has it, at most 253 characters: what a client can put into its TLS hello.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

Placement::Placement(const config::Config& config)
    : mapping_(config.broker_mapping.value_or(config::DynamicMapping{})), bind_address_(config.bind_address) {
  if (const auto* sni = std::get_if<config::SniMapping>(&mapping_))
    pattern_ = std::make_unique<re2::RE2>(sni->upstream, re2::RE2::Quiet);
}

Placement::~Placement() = default;

Result<Place> Placement::place(BrokerId id, const HostPort& upstream) const {
  if (id < 0) return Error{Errc::Invalid, fmt::format("broker id {} is negative", id)};
  if (const auto* sni = std::get_if<config::SniMapping>(&mapping_)) return by_name(*sni, id, upstream);
  if (const auto* port = std::get_if<config::PortOffsetMapping>(&mapping_)) return by_port(*port, id);
  return by_listener(std::get<config::DynamicMapping>(mapping_), id, upstream);
}

Result<Place> Placement::by_port(const config::PortOffsetMapping& mapping, BrokerId id) const {
  if (id > mapping.max_broker_id)
    return Error{Errc::Invalid,
                 fmt::format("broker id {} is above broker_mapping.port_offset.max_broker_id {}: raise it", id,
                             mapping.max_broker_id)};
  const std::int64_t port = std::int64_t{mapping.base} + config::PortOffsetMapping::bootstrap_slots + id;
  if (port > 65535) return Error{Errc::Invalid, fmt::format("broker id {} would need port {}", id, port)};
  const auto number = static_cast<std::uint16_t>(port);
  return Place{.advertised = {mapping.hostname, number}, .listen = HostPort{bind_address_, number}};
}

Result<Place> Placement::by_name(const config::SniMapping& mapping, BrokerId id, const HostPort& upstream) const {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(pattern_->NumberOfCapturingGroups()) + 1);
  if (!pattern_->Match(upstream.host, 0, upstream.host.size(), re2::RE2::UNANCHORED, found.data(),
                       static_cast<int>(found.size())))
    return Error{Errc::Invalid, fmt::format("broker {} at '{}' does not match broker_mapping.sni.upstream '{}'", id,
                                            upstream.host, mapping.upstream)};
  std::vector<std::string> groups;
  for (const auto& group : found) groups.emplace_back(group.data(), group.size());
  const std::string host = config::broker_name(mapping.downstream, id, groups);
  if (!is_host_name(host))
    return Error{Errc::Invalid, fmt::format("broker_mapping.sni.downstream gives broker {} the name '{}', "
                                            "which no client can ask for",
                                            id, host)};
  const std::uint16_t port = mapping.advertised_port != 0 ? mapping.advertised_port : mapping.bind_port;
  return Place{.advertised = {host, port}, .listen = std::nullopt};
}

Result<Place> Placement::by_listener(const config::DynamicMapping& mapping, BrokerId id,
                                     const HostPort& upstream) const {
  for (const config::ExternalMapping& fixed : mapping.external)
    if (fixed.upstream == upstream) return Place{.advertised = fixed.advertised, .listen = std::nullopt};
  for (const config::BootstrapMapping& fixed : mapping.bootstrap)
    if (fixed.upstream == upstream && fixed.advertised.port != 0)
      return Place{.advertised = fixed.advertised, .listen = std::nullopt};
  if (!mapping.listeners)
    return Error{Errc::Unsupported,
                 fmt::format("broker {} at {} has no mapping and dynamic listeners are off", id, to_string(upstream))};

  Place place{.advertised = {mapping.listener_ip, 0}, .listen = HostPort{mapping.listener_ip, mapping.min_port}};
  if (mapping.deterministic) {
    const std::int64_t port = std::int64_t{mapping.min_port} + id;
    if (port > 65535) return Error{Errc::Invalid, fmt::format("broker id {} would need port {}", id, port)};
    place.listen->port = static_cast<std::uint16_t>(port);
  } else if (mapping.min_port != 0) {
    const int last = mapping.max_ports != 0 ? mapping.min_port + mapping.max_ports - 1 : 65535;
    place.ports = static_cast<std::uint16_t>(std::min(last, 65535) - mapping.min_port + 1);
  }
  // 0.0.0.0 is where we listen, not where a client can go: the bootstrap listener's advertised name leads here too.
  if (is_any_address(mapping.listener_ip) && !mapping.bootstrap.empty())
    place.advertised.host = mapping.bootstrap.front().advertised.host;
  if (!mapping.advertised_listener.empty()) {
    const std::string text = replaced(mapping.advertised_listener, "{{.brokerId}}", std::to_string(id));
    const Result<HostPort> full = parse_host_port(text);
    place.advertised = full ? *full : HostPort{text, 0};
  }
  return place;
}

}  // namespace kp::proxy
