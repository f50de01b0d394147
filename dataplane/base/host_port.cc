#include "base/host_port.h"

#include <charconv>

namespace kp {

std::string to_string(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<HostPort> parse_host_port(std::string_view text, bool port_zero) {
  const auto invalid = [&](std::string_view why) {
    return Error{Errc::Invalid, "'" + std::string(text) + "' " + std::string(why)};
  };
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return invalid("has a '[' without ']'");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.starts_with(':')) return invalid("has no port: write [address]:port");
    port.remove_prefix(1);
  } else {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return invalid("has no port: write host:port");
    if (text.find(':', colon + 1) != std::string_view::npos) return invalid("is ambiguous: write [IPv6 address]:port");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.empty()) return invalid("has no host: write host:port");
  if (host.find_first_of(" \t/@") != std::string_view::npos) return invalid("has a character that no host name has");
  unsigned number = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failed != std::errc{} || end != port.data() + port.size() || port.empty())
    return invalid("has a port that is not a number");
  if (number > 65535 || (number == 0 && !port_zero)) return invalid("has a port outside 1…65535");
  return HostPort{std::string(host), static_cast<std::uint16_t>(number)};
}

}  // namespace kp
