#include "config/readers.h"

namespace kp::config {
namespace {

void read_identity_mapping(Section& section, Report& report, AuthSwap& swap) {
  section.each("mapping", Need::Optional, [&](const YamlNode& node, const std::string& path) {
    const std::string* const text = scalar_at(report, node, path);
    if (text == nullptr) return;
    const auto equals = text->find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text->size())
      return report.error(path, node.line,
                          "must be client=upstream_user, where * is every other client and $self the same name");
    swap.mapping.emplace_back(text->substr(0, equals), text->substr(equals + 1));
  });
}

}  // namespace

void read_credentials(Section& section, Report& report, std::string_view key, std::vector<Credential>& out) {
  section.each(key, Need::Optional, [&](const YamlNode& node, const std::string& path) {
    const std::string* const text = scalar_at(report, node, path);
    if (text == nullptr) return;
    auto credential = parse_credential(*text);
    if (!credential) return report.error(path, node.line, credential.error().message);
    out.push_back(std::move(*credential));
  });
}

void read_duration(Section& section, std::string_view key, std::chrono::milliseconds& out, std::chrono::hours most) {
  section.value(key, out, Need::Optional, [&](std::string_view text) -> Result<std::chrono::milliseconds> {
    const auto duration = parse_duration(text);
    if (duration && (*duration <= std::chrono::milliseconds(0) || *duration > most))
      return Error{Errc::Invalid, "must be from 1ms to " + format_duration(most)};
    return duration;
  });
}

void read_auth_swap(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("auth_swap");
  if (node == nullptr) return;
  AuthSwap& swap = config.auth_swap.emplace();
  Section section(report, *node, "auth_swap");
  section.flag("enabled", swap.enabled, Need::Required);
  read_credentials(section, report, "downstream_credentials", swap.downstream_credentials);
  read_credentials(section, report, "upstream_credentials", swap.upstream_credentials);
  section.text("downstream_credentials_file", swap.downstream_credentials_file);
  section.text("upstream_credentials_file", swap.upstream_credentials_file);
  read_identity_mapping(section, report, swap);
}

void read_resolve(Section& top, Report& report, Config& config) {
  top.each("resolve", Need::Optional, [&](const YamlNode& node, const std::string& path) {
    ResolveRule rule;
    Section section(report, node, path);
    section.text("host", rule.host, Need::Required);
    section.text("ipv4", rule.ipv4);
    section.text("ipv6", rule.ipv6);
    config.resolve.push_back(std::move(rule));
  });
}

void read_admin(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("admin");
  if (node == nullptr) return;
  Section section(report, *node, "admin");
  std::string text;
  if (!section.text("address", text)) return;
  if (equal_ignoring_case(text, "none")) {
    config.admin_address.reset();
    return;
  }
  HostPort address;
  if (section.host_port("address", address, Need::Required, true)) config.admin_address = address;
}

void read_limits(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("limits");
  if (node == nullptr) return;
  Section section(report, *node, "limits");
  Limits& limits = config.limits;
  section.integer("max_connections", limits.max_connections, 1, 10'000'000);
  std::int64_t frame = 0;
  // Kafka's frame size is an int32; below some KiB not even ApiVersions fits.
  if (section.bounded("max_frame_bytes", frame, 16 * 1024, std::numeric_limits<std::int32_t>::max(), Need::Optional,
                      parse_bytes))
    limits.max_frame_bytes = static_cast<std::uint32_t>(frame);
  section.integer("max_in_flight", limits.max_in_flight, 1, 1'000'000);
  read_duration(section, "handshake_timeout", limits.handshake_timeout, std::chrono::hours(1));
  read_duration(section, "idle_timeout", limits.idle_timeout, std::chrono::hours(24 * 30));
  read_duration(section, "connect_timeout", limits.connect_timeout, std::chrono::hours(1));
  read_duration(section, "drain_timeout", limits.drain_timeout, std::chrono::hours(24));
}

void read_logging(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("logging");
  if (node == nullptr) return;
  Section section(report, *node, "logging");
  section.choice("level", config.logging.level, log_levels);
  section.choice("format", config.logging.format, log_formats);
}

}  // namespace kp::config
