#include "config/validate.h"

#include <algorithm>

namespace kp::config {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

void check_tls_is_used(SecurityProtocol protocol, const std::string& side, bool written, Report& report) {
  if (uses_tls(protocol) || !written) return;
  report.warning(side + ".tls", report.line(side + ".tls"),
                 "is ignored: security_protocol " + std::string(name_of(protocol, security_protocols)) + " has no TLS");
}

void check_mechanism_is_used(SecurityProtocol protocol, const std::string& side, const std::string& key,
                             Report& report) {
  const std::string path = side + "." + key;
  if (uses_sasl(protocol) || !report.sound(side + ".security_protocol")) return;
  report.error(path, report.line(path),
               "contradicts security_protocol " + std::string(name_of(protocol, security_protocols)) + "; write " +
                   (uses_tls(protocol) ? "SASL_SSL" : "SASL_PLAINTEXT") + ", or remove it");
}

void check_bootstrap_servers(const std::vector<HostPort>& servers, Report& report) {
  const std::string path = "upstream.bootstrap_servers";
  if (servers.size() > PortOffsetMapping::bootstrap_slots)
    report.error(path, report.line(path),
                 "names " + std::to_string(servers.size()) + " brokers; at most " +
                     std::to_string(PortOffsetMapping::bootstrap_slots) + " are possible");
  if (!report.sound(path)) return;  // an item that couldn't be read is not in `servers`, so the indexes would be wrong
  std::set<HostPort> seen;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (!seen.insert({lower_case(servers[i].host), servers[i].port}).second)
      report.error(item, report.line(item), to_string(servers[i]) + " stands twice");
  }
}

void validate_upstream(const Upstream& upstream, Report& report) {
  check_bootstrap_servers(upstream.bootstrap_servers, report);
  if (upstream.sasl_mechanism)
    check_mechanism_is_used(upstream.security_protocol, "upstream", "sasl_mechanism", report);
  const UpstreamTls& tls = upstream.tls;
  check_tls_is_used(upstream.security_protocol, "upstream", tls != UpstreamTls{} || report.has("upstream.tls"), report);
  if (tls.cert.empty() != tls.key.empty() && report.sound("upstream.tls"))
    report.error("upstream.tls", report.line("upstream.tls"),
                 std::string("a client certificate needs both cert and key; ") + (tls.cert.empty() ? "cert" : "key") +
                     " is missing");
  if (tls.trust_server_certs && !tls.ca_certs.empty())
    report.warning("upstream.tls.ca_certs", report.line("upstream.tls.ca_certs"),
                   "is ignored: trust_server_certs accepts any certificate");
}

void validate_downstream(const Downstream& downstream, Report& report) {
  if (!downstream.sasl_mechanisms.empty()) {
    const bool list = report.has("downstream.sasl_mechanisms");
    check_mechanism_is_used(downstream.security_protocol, "downstream", list ? "sasl_mechanisms" : "sasl_mechanism",
                            report);
  }
  std::set<SaslMechanism> seen;
  for (const SaslMechanism mechanism : downstream.sasl_mechanisms)
    if (!seen.insert(mechanism).second && report.sound("downstream.sasl_mechanisms"))
      report.error("downstream.sasl_mechanisms", report.line("downstream.sasl_mechanisms"),
                   std::string(name_of(mechanism, sasl_mechanisms)) + " stands twice");
  const DownstreamTls& tls = downstream.tls;
  check_tls_is_used(downstream.security_protocol, "downstream", tls != DownstreamTls{} || report.has("downstream.tls"),
                    report);
  if (!uses_tls(downstream.security_protocol)) return;
  for (const auto& [key, file] : {std::pair<std::string, const std::string&>{"cert", tls.cert}, {"key", tls.key}})
    if (file.empty())
      report.error("downstream.tls." + key, report.line("downstream.tls." + key), "must name a file, under TLS");
}

void validate_resolve(const std::vector<ResolveRule>& rules, Report& report) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string path = "resolve[" + std::to_string(i) + "]";
    const ResolveRule& rule = rules[i];
    std::string host = rule.host;
    std::ranges::replace(host, '*', 'x');
    if (report.sound(path + ".host") && (!is_host(host) || is_ipv6(host)))
      report.error(path + ".host", report.line(path + ".host"),
                   "must be a host name, in which '*' stands for a part of one label");
    if (!rule.ipv4.empty() && !is_ipv4(rule.ipv4))
      report.error(path + ".ipv4", report.line(path + ".ipv4"), "must be an IPv4 address such as 10.0.0.7");
    if (!rule.ipv6.empty() && !is_ipv6(rule.ipv6))
      report.error(path + ".ipv6", report.line(path + ".ipv6"), "must be an IPv6 address such as 2001:db8::10");
    if (rule.ipv4.empty() && rule.ipv6.empty() && report.sound(path))
      report.error(path, report.line(path), "has no address; write ipv4, ipv6 or both");
  }
}

}  // namespace

bool wants_proxy(const Config& config) {
  return config.upstream.has_value() || config.broker_mapping.has_value() || !config.http_produce.has_value();
}

void validate_sides(const Config& config, Report& report) {
  if (!is_ipv4(config.bind_address) && !is_ipv6(config.bind_address) && report.sound("bind_address"))
    report.error("bind_address", report.line("bind_address"), "must be an IP address such as 0.0.0.0 or ::");
  if (config.admin_address && !is_ipv4(config.admin_address->host) && !is_ipv6(config.admin_address->host) &&
      report.sound("admin"))
    report.error("admin.address", report.line("admin.address"),
                 "must be an IP address and a port, such as 0.0.0.0:9404, or none");
  if (config.upstream) validate_upstream(*config.upstream, report);
  validate_downstream(config.downstream, report);
  validate_resolve(config.resolve, report);
}

void validate(const Config& config, Report& report) {
  validate_sides(config, report);
  validate_mapping(config, report);
  validate_auth_swap(config, report);
  validate_ports(config, report);
  validate_products(config, report);
}

}  // namespace kp::config
