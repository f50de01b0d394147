#include "config/flags.h"

#include <string>
#include <vector>

#include "config/values.h"

namespace kp::config {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Result<HostPort> address(std::string_view text, std::string_view what, bool port_zero = false) {
  Result<HostPort> parsed = parse_address(text, port_zero);
  if (!parsed) return std::move(parsed).error().within(what);
  return parsed;
}

}  // namespace

Result<BootstrapMapping> parse_bootstrap_mapping(std::string_view text) {
  const auto parts = parts_of(text);
  if (parts.size() < 2 || parts.size() > 3)
    return Error{Errc::Invalid, "'" + std::string(text) + "': write host:port,lhost:lport[,ahost:aport]"};
  Result<HostPort> upstream = address(parts[0], "upstream");
  if (!upstream) return std::move(upstream).error();
  const std::string everywhere = parts[1].starts_with(':') ? "0.0.0.0" + std::string(parts[1]) : std::string(parts[1]);
  Result<HostPort> listen = address(everywhere, "listener", true);
  if (!listen) return std::move(listen).error();
  if (parts.size() == 2) return BootstrapMapping{*upstream, *listen, *listen};
  Result<HostPort> advertised = address(parts[2], "advertised");
  if (!advertised) return std::move(advertised).error();
  return BootstrapMapping{*upstream, *listen, *advertised};
}

Result<ExternalMapping> parse_external_mapping(std::string_view text) {
  const auto parts = parts_of(text);
  if (parts.size() != 2) return Error{Errc::Invalid, "'" + std::string(text) + "': write host:port,ahost:aport"};
  Result<HostPort> upstream = address(parts[0], "upstream");
  if (!upstream) return std::move(upstream).error();
  Result<HostPort> advertised = address(parts[1], "advertised");
  if (!advertised) return std::move(advertised).error();
  return ExternalMapping{*upstream, *advertised};
}

}  // namespace kp::config
