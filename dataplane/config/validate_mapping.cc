#include <re2/re2.h>

#include <algorithm>

#include "config/name_template.h"
#include "config/validate.h"

namespace kp::config {
namespace {

const std::string sni_path = "broker_mapping.sni";
const std::string dynamic_path = "broker_mapping.dynamic";

void complain(Report& report, const std::string& path, std::string message) {
  report.error(path, report.line(path), std::move(message));
}

/// `groups`: of the pattern; the template may use <$0> (everything that matched) to <$groups>.
void validate_template(const SniMapping& sni, int groups, Report& report) {
  const std::string path = sni_path + ".downstream";
  std::string sample;  // the name, with 0 for each token
  bool distinguishes = false;
  std::string_view rest = sni.downstream;
  while (!rest.empty()) {
    const auto start = std::min(rest.find("<$"), rest.size());
    sample += rest.substr(0, start);
    rest.remove_prefix(start);
    if (rest.empty()) break;
    const auto end = rest.find('>');
    if (end == std::string_view::npos) return complain(report, path, "has a '<$' without '>'");
    const std::string token(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
    sample += '0';
    const std::optional<NameToken> known = name_token(std::string_view(token).substr(2, token.size() - 3));
    const bool missing = known && known->group && *known->group > static_cast<std::size_t>(groups);
    distinguishes = distinguishes || (known && !missing);
    if (missing)
      complain(report, path, token + " names no group of the pattern in upstream, which has " + std::to_string(groups));
    if (!known)
      report.warning(path, report.line(path), token + " is no token and stays as it is; there are <$id>, <$0>, <$1>…");
  }
  if (!report.sound(path)) return;
  if (!distinguishes)
    return complain(report, path, "gives every broker the same name; use <$id>, or a group of the pattern in upstream");
  if (sample.find(':') != std::string::npos)
    return complain(report, path, "must be a host name only; the port is advertised_port");
  if (!is_host(sample)) complain(report, path, "must be a host name made of letters, digits, '-', '_' and '.'");
}

void validate_sni(const Config& config, const SniMapping& sni, Report& report) {
  if (!uses_tls(config.downstream.security_protocol) && report.sound("downstream.security_protocol"))
    complain(report, sni_path,
             "needs TLS on the clients' side, which carries the name; write downstream.security_protocol: SSL or "
             "SASL_SSL, or use mode port_offset");
  if (!report.sound(sni_path + ".upstream")) return;
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 pattern(sni.upstream, options);
  if (!pattern.ok())
    return complain(report, sni_path + ".upstream", "is no regular expression (RE2): " + pattern.error());
  if (report.sound(sni_path + ".downstream")) validate_template(sni, pattern.NumberOfCapturingGroups(), report);
}

void validate_port_offset(const PortOffsetMapping& mapping, Report& report) {
  const std::string path = "broker_mapping.port_offset";
  if (report.sound(path + ".hostname") && !is_host(mapping.hostname))
    complain(report, path + ".hostname", "must be a host name or an IP address, without a port");
  if (!report.sound(path + ".base")) return;
  constexpr int slots = PortOffsetMapping::bootstrap_slots;
  const int largest = 65535 - mapping.base - slots;
  if (largest < 0)
    return complain(report, path + ".base",
                    "leaves no port for broker 0, which is base + 20; at most " + std::to_string(65535 - slots));
  if (mapping.max_broker_id > largest)
    complain(report, report.has(path + ".max_broker_id") ? path + ".max_broker_id" : path,
             "broker " + std::to_string(mapping.max_broker_id) + " would need port " +
                 std::to_string(std::int64_t{mapping.base} + slots + mapping.max_broker_id) +
                 "; with this base, max_broker_id is at most " + std::to_string(largest));
}

void validate_listeners(const DynamicMapping& mapping, Report& report) {
  const auto at = [](const char* key) { return dynamic_path + "." + key; };
  if (!is_ipv4(mapping.listener_ip) && !is_ipv6(mapping.listener_ip))
    complain(report, at("listener_ip"), "must be an IP address such as 0.0.0.0 or ::");
  if (!mapping.listeners && (mapping.deterministic || mapping.min_port != 0 || mapping.max_ports != 0))
    complain(report, at("listeners"),
             "false contradicts min_port, max_ports and deterministic, which are for listeners");
  if (mapping.deterministic && mapping.min_port == 0)
    complain(report, at("deterministic"), "needs min_port: a broker's port is min_port + its id");
  if (mapping.deterministic && mapping.max_ports != 0)
    complain(report, at("max_ports"), "contradicts deterministic, under which the broker id alone decides the port");
  if (mapping.max_ports != 0 && mapping.min_port == 0 && !mapping.deterministic)
    complain(report, at("max_ports"), "needs min_port, where the range begins");
  if (mapping.listeners && mapping.min_port != 0 && mapping.max_ports == 0 && !mapping.deterministic)
    complain(report, at("min_port"), "needs max_ports, how many ports there are, or deterministic: true");
  if (int{mapping.min_port} + int{mapping.max_ports} > 65536)
    complain(report, at("max_ports"),
             "reaches beyond port 65535; with this min_port it is at most " + std::to_string(65536 - mapping.min_port));
}

void validate_advertised_listener(const DynamicMapping& mapping, Report& report) {
  const std::string path = dynamic_path + ".advertised_listener";
  constexpr std::string_view token = "{{.brokerId}}";
  std::string sample = mapping.advertised_listener;
  if (sample.empty() || !report.sound(path)) return;
  for (auto found = sample.find(token); found != std::string::npos; found = sample.find(token))
    sample.replace(found, token.size(), "0");
  if (sample.find_first_of("{}") != std::string::npos)
    return complain(report, path, "may hold {{.brokerId}} and no other '{' or '}'");
  const auto address = parse_host_port(sample);
  if (!is_host(sample) && (!address || !is_host(address->host)))
    complain(report, path, "must be host or host:port, in which {{.brokerId}} is the id");
}

bool wildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

/// Two listeners can't both have this port; 0 is a free one each time.
bool clash(const HostPort& left, const HostPort& right) {
  return left.port != 0 && left.port == right.port &&
         (left.host == right.host || wildcard(left.host) || wildcard(right.host));
}

void validate_bootstrap_mapping(const DynamicMapping& mapping, std::size_t i, Report& report) {
  const std::string path = dynamic_path + ".bootstrap[" + std::to_string(i) + "]";
  const BootstrapMapping& entry = mapping.bootstrap[i];
  if (!report.sound(path)) return;
  if (wildcard(entry.advertised.host))
    report.warning(
        path, report.line(path),
        "tells clients to connect to " + entry.advertised.host + "; write advertised, an address of this host");
  for (std::size_t j = 0; j < i; ++j) {
    const BootstrapMapping& other = mapping.bootstrap[j];
    if (entry.upstream == other.upstream)
      complain(report, path + ".upstream", to_string(entry.upstream) + " stands twice");
    if (clash(entry.listen, other.listen))
      complain(report, path + ".listen",
               to_string(entry.listen) + " clashes with bootstrap[" + std::to_string(j) + "]");
  }
}

void validate_dynamic(const DynamicMapping& mapping, Report& report) {
  constexpr std::size_t most_mappings = 1000;
  const std::string path = dynamic_path + ".bootstrap";
  if (mapping.bootstrap.empty() && report.sound(path))
    complain(report, path, "must hold at least one mapping, or no client finds a way in");
  if (mapping.bootstrap.size() + mapping.external.size() > most_mappings)
    return complain(report, path, "holds too many mappings; at most " + std::to_string(most_mappings));
  for (std::size_t i = 0; i < mapping.bootstrap.size(); ++i) validate_bootstrap_mapping(mapping, i, report);
  std::set<HostPort> seen;
  for (const BootstrapMapping& entry : mapping.bootstrap) seen.insert(entry.upstream);
  for (std::size_t i = 0; i < mapping.external.size(); ++i) {
    const std::string item = dynamic_path + ".external[" + std::to_string(i) + "]";
    const ExternalMapping& entry = mapping.external[i];
    if (!report.sound(item)) continue;
    if (!seen.insert(entry.upstream).second)
      complain(report, item + ".upstream", to_string(entry.upstream) + " already has a mapping");
  }
  if (report.sound(dynamic_path)) validate_listeners(mapping, report);
  validate_advertised_listener(mapping, report);
}

}  // namespace

void validate_mapping(const Config& config, Report& report) {
  if (!config.broker_mapping) return;
  if (const auto* const sni = std::get_if<SniMapping>(&*config.broker_mapping)) validate_sni(config, *sni, report);
  if (const auto* const offset = std::get_if<PortOffsetMapping>(&*config.broker_mapping))
    validate_port_offset(*offset, report);
  if (const auto* const dynamic = std::get_if<DynamicMapping>(&*config.broker_mapping))
    validate_dynamic(*dynamic, report);
}

}  // namespace kp::config
